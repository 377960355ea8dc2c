//! The trust of sources at an edge.

use crate::read::source::{Belief, Condition, Source};
use crate::request::Role;

use super::draft::Draft;
use super::node::{Entry, Node, Object};

#[derive(Clone, Copy)]
enum Trust {
    Mesh,
    Verified,
    Anyone,
}

const WORDS: [(&str, Trust); 3] = [("mesh", Trust::Mesh), ("verified", Trust::Verified), ("anyone", Trust::Anyone)];

/// The condition of a source that no client can write.
pub(super) fn without_trust<K>(entry: &Entry<'_, K>, belief: Belief) -> Condition {
    if let Some(trust) = entry.object.field("trust") {
        let remedy = if entry.word == "host" { ", or add of" } else { "" };
        trust.mistake(format!("{} needs no trust; leave it out{remedy}", entry.word));
    }
    Condition { belief }
}

/// The condition for a source that a client can write; always believed in the mesh.
pub(super) fn of_client(source: &Object<'_>, draft: &mut Draft) -> Condition {
    let node = source.field("trust");
    let trust = node.as_ref().and_then(|node| node.word(&WORDS)).unwrap_or(Trust::Mesh);
    if let (Trust::Verified, Some(node)) = (trust, node) {
        draft.trusts_verified = true;
        draft.needs_verified.get_or_insert(node.path);
    }
    let belief = match (draft.role, trust) {
        (Role::Mesh | Role::Waypoint, Trust::Mesh | Trust::Verified | Trust::Anyone) => Belief::Always,
        (Role::Edge, Trust::Anyone) => Belief::Always,
        (Role::Edge, Trust::Verified) => Belief::Vouched,
        (Role::Edge, Trust::Mesh) => Belief::Never,
    };
    draft.reads_token |= belief == Belief::Vouched;
    Condition { belief }
}

/// The same for a source that no edge removes; `None` if it is not believed there either, and so has no effect.
pub(super) fn of_client_at_edge(source: &Object<'_>, place: &Node<'_>, draft: &mut Draft) -> Option<Condition> {
    let condition = of_client(source, draft);
    if condition.belief != Belief::Never {
        return Some(condition);
    }
    // Any other word is a separate mistake.
    if source.field("trust").is_none_or(|trust| trust.value == "mesh") {
        place.mistake(
            "is never believed under trust: mesh, the default; write trust: verified to believe a client whose token counts, or trust: anyone to believe every client",
        );
    }
    None
}

/// Warns of the sources that an edge removes and never believes: of each without an explicit `trust: mesh`, or, if
/// there are no other sources, of the whole list, which then has no effect.
pub(super) fn warn_of_unbelieved<P>(from: Option<&Node<'_>>, entries: &[Node<'_>], sources: &[Source<P>]) {
    let unbelieved: Vec<_> = sources.iter().filter(|source| source.when.belief == Belief::Never).collect();
    if let (Some(from), true) = (from, !entries.is_empty() && unbelieved.len() == entries.len()) {
        return from.warn(
            "holds no source that an edge believes, so it chooses nothing; give one trust: verified or trust: anyone, or name in strip what is only to be removed",
        );
    }
    let entries = unbelieved.into_iter().filter_map(|source| entries.get(source.origin.index));
    for entry in entries.filter(|entry| entry.value.get("trust").is_none()) {
        entry.warn(
            "is removed at an edge and never believed; write trust: verified to believe a client whose token counts, trust: anyone to believe every client, or trust: mesh if neither is meant",
        );
    }
}

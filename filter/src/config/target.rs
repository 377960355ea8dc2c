//! The targets of a context, and the sources that they are for the next proxy.

use crate::events::Origin;
use crate::read::source::Source;
use crate::request::Role;

use super::node::Node;

/// The targets of a context. Headers are read before baggage.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TargetKind {
    Header,
    Baggage,
}

impl TargetKind {
    pub(super) const WORDS: [(&'static str, Self); 2] = [("header", Self::Header), ("baggage", Self::Baggage)];

    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }
}

/// Reads the entries of a list of targets. Returns the targets as sources of the mesh, because the previous proxy wrote
/// them, headers first; an edge does not read its targets.
pub(super) fn read_targets<P>(
    entries: &[Node<'_>],
    role: Role,
    list: &'static str,
    mut read: impl FnMut(&Node<'_>) -> Option<(TargetKind, P)>,
) -> Vec<Source<P>> {
    let (mut written, mut members) = (Vec::new(), Vec::new());
    for (index, entry) in entries.iter().enumerate() {
        let Some((kind, place)) = read(entry) else { continue };
        let source = Source::always(place, Origin { list, index, kind: kind.word() });
        match kind {
            TargetKind::Header => written.push(source),
            TargetKind::Baggage => members.push(source),
        }
    }
    written.append(&mut members);
    match role {
        Role::Edge => Vec::new(),
        Role::Mesh | Role::Waypoint => written,
    }
}

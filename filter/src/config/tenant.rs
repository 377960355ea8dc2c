//! `tenant`.

use crate::bytes::grammar::Bytes;
use crate::decision::Policy;
use crate::events::{Origin, TenantKind};
use crate::read::issuer::IssuerPattern;
use crate::read::link::Link;
use crate::read::source::{Belief, Source};
use crate::read::tenant::{TenantPlace, TenantRules};
use crate::request::Role;
use crate::write::targets::TenantTargets;

use super::draft::Draft;
use super::node::{Entry, Form, Node, Object};
use super::ownership::Owner;
use super::pattern;
use super::target::{TargetKind, read_targets};
use super::trust::{self, without_trust};
use super::{host, link};

const SOURCE: Form<TenantKind> = Form { kinds: &TenantKind::WORDS, options: &["trust", "except", "of", "link"] };
/// Options of one kind only.
const OPTIONS: [(&str, TenantKind); 3] =
    [("except", TenantKind::Host), ("of", TenantKind::Host), ("link", TenantKind::Query)];
const TARGET: Form<TargetKind> = Form { kinds: &TargetKind::WORDS, options: &[] };

pub(super) const ON_INVALID: [(&str, Policy); 2] = [("ignore", Policy::Tolerate), ("reject", Policy::Reject)];

/// The rules without `tenant`: no source, so no value to tolerate.
pub(super) fn none() -> (TenantRules, TenantTargets) {
    // A seal may still contain a tenant, which then has no effect.
    let [on_conflict, on_invalid] = [Policy::Tolerate; 2];
    (
        TenantRules { sources: Vec::new(), links: Vec::new(), pattern: None, on_conflict, on_invalid },
        TenantTargets::default(),
    )
}

pub(super) fn read(node: &Node<'_>, draft: &mut Draft) -> Option<(TenantRules, TenantTargets)> {
    let tenant = node.object(&["from", "to", "pattern", "onConflict", "onInvalid", "levels"])?;
    let mut targets = TenantTargets::default();
    let entries = tenant.required_list("to", "name where the tenant is written, as in [{header: x-tenant}]");
    let mut sources = read_targets(&entries, draft.role, "tenant.to", |entry| read_target(entry, draft, &mut targets));
    let links = read_sources(&tenant, draft, &mut sources);
    let asks_hosts = sources.iter().any(|source| matches!(source.place, TenantPlace::Host(_)));
    let pattern = tenant.field("pattern").and_then(|node| pattern::read(&node, asks_hosts));
    draft.levels = tenant.field("levels").and_then(|node| read_levels(&node, draft));
    let default = match draft.role {
        Role::Edge => Policy::Reject,
        Role::Mesh | Role::Waypoint => Policy::Tolerate,
    };
    let word = |name, words: &[(&str, Policy)]| tenant.field(name).and_then(|node| node.word(words));
    let on_conflict = word("onConflict", &[("first", Policy::Tolerate), ("reject", Policy::Reject)]);
    let on_conflict = on_conflict.unwrap_or(default);
    let on_invalid = word("onInvalid", &ON_INVALID).unwrap_or(Policy::Tolerate);
    Some((TenantRules { sources, links, pattern, on_conflict, on_invalid }, targets))
}

/// A separator of environments consists of bytes that a tenant may contain.
fn read_levels(node: &Node<'_>, draft: &Draft) -> Option<Box<str>> {
    if !draft.has_destinations {
        node.warn("decides nothing without destinations; add them, or leave this out");
    }
    let text = node.text()?;
    let fits = (1..=8).contains(&text.len()) && Bytes::NAME.hold(text.as_bytes());
    if !fits {
        node.mistake(format!("expected 1 to 8 of A-Za-z0-9._- as in \"--\", found {text:?}"));
    }
    fits.then(|| text.to_ascii_lowercase().into())
}

fn read_target(entry: &Node<'_>, draft: &mut Draft, targets: &mut TenantTargets) -> Option<(TargetKind, TenantPlace)> {
    let Entry { kind, place, .. } = entry.entry(&TARGET)?;
    let place = match kind {
        TargetKind::Header => {
            let (name, field) = draft.owned.target_header(&place, Owner::Tenant)?;
            targets.headers.push((name, field));
            TenantPlace::Header(field)
        }
        TargetKind::Baggage => {
            let (key, place) = draft.owned.target_key(&place, Owner::Tenant)?;
            targets.baggage.push(key);
            TenantPlace::Baggage(place)
        }
    };
    Some((kind, place))
}

/// Adds the sources of `from` to those of `to`. Returns the links among them.
fn read_sources(tenant: &Object<'_>, draft: &mut Draft, sources: &mut Vec<Source<TenantPlace>>) -> Vec<Link> {
    let entries = tenant.sources(draft.role, &SOURCE, "[{host: \"{tenant}.www.example.com\"}]");
    let mut links = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let source = read_source(entry, index, sources, &mut links, draft);
        let is_new = |source: &Source<_>| sources.iter().all(|known| known.place != source.place);
        let source = source.filter(is_new);
        sources.extend(source);
    }
    trust::warn_of_unbelieved(tenant.field("from").as_ref(), &entries, sources);
    link::with_cookies(links, sources, draft)
}

fn read_source<'c>(
    entry: &Node<'c>,
    index: usize,
    earlier: &[Source<TenantPlace>],
    links: &mut Vec<(Link, Node<'c>)>,
    draft: &mut Draft,
) -> Option<Source<TenantPlace>> {
    let entry = entry.entry(&SOURCE)?;
    refuse_misplaced(&entry);
    let when = match entry.kind {
        TenantKind::Host => match entry.object.field("of") {
            Some(header) => trust::of_client_at_edge(&entry.object, &header, draft),
            None => Some(without_trust(&entry, Belief::Always)),
        },
        TenantKind::Claim | TenantKind::Issuer => Some(without_trust(&entry, Belief::Verified)),
        TenantKind::Header | TenantKind::Baggage => Some(trust::of_client(&entry.object, draft)),
        TenantKind::Cookie | TenantKind::Query => trust::of_client_at_edge(&entry.object, &entry.place, draft),
    };
    let node = &entry.place;
    let place = match entry.kind {
        TenantKind::Host => TenantPlace::Host(host::read(&entry, earlier, draft)?),
        TenantKind::Claim => TenantPlace::Claim(draft.source_claim(node)?),
        TenantKind::Issuer => TenantPlace::Issuer(read_issuer(node, draft)?),
        TenantKind::Header => TenantPlace::Header(draft.owned.source_header(node, Owner::Tenant)?),
        TenantKind::Baggage => TenantPlace::Baggage(draft.owned.source_key(node, Owner::Tenant)?),
        TenantKind::Cookie => TenantPlace::Cookie(draft.owned.cookie(node)?),
        TenantKind::Query => TenantPlace::Query(draft.owned.query(node)?),
    };
    let origin = Origin { list: "tenant.from", index, kind: entry.word };
    if let (TenantPlace::Query(number), Some(node)) = (&place, entry.object.field("link")) {
        links.extend(link::read(&node, (entry.place.text()?, *number), when?, origin, draft));
    }
    Some(Source { place, when: when?, origin })
}

fn refuse_misplaced(entry: &Entry<'_, TenantKind>) {
    for (option, kind) in OPTIONS.iter().filter(|(_, kind)| *kind != entry.kind) {
        if let Some(node) = entry.object.field(option) {
            let word = TenantKind::WORDS.iter().find(|(_, known)| known == kind).map_or("", |(word, _)| word);
            node.mistake(format!("belongs to a {word}, not to a {}; leave it out", entry.word));
        }
    }
}

/// An issuer is read before every other source of its token, so that it cannot name another issuer's tenant.
fn read_issuer(node: &Node<'_>, draft: &mut Draft) -> Option<IssuerPattern> {
    (draft.admits_issuers, draft.reads_token) = (true, true);
    if let Some(path) = &draft.needs_verified {
        node.mistake(format!("stands behind {path}, by which one issuer could name the tenant of another; move it up"));
    }
    let pattern = node.text()?;
    IssuerPattern::parse(pattern).map_err(|why| node.mistake(format!("{pattern:?} {why}"))).ok()
}

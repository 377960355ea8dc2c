//! `tenant`.

use regex_lite::Regex;

use crate::read::host::HostPattern;
use crate::read::tenant::{Place, Policy, Source, TenantRules};
use crate::rules::{Role, TenantTargets};

use super::draft::{Belief, Draft};
use super::node::{Node, Object};
use super::ownership::Owner;

const PLACES: &[&str] = &["host", "claim", "header", "baggage", "cookie", "query"];

/// A pattern describes a name, not a list of names.
const MAX_PATTERN_BYTES: usize = 1024;

pub(super) fn read(node: &Node<'_>, draft: &mut Draft) -> Option<(TenantRules, TenantTargets)> {
    let tenant = node.object(&["from", "to", "pattern", "onConflict", "onInvalid"])?;
    let mut rules = TenantRules::default();
    let mut targets = TenantTargets::default();
    for entry in tenant.required_list("to", "name where the tenant is written, as in [{header: x-tenant}]") {
        read_target(&entry, draft, &mut targets);
    }
    if draft.role == Role::Mesh {
        let headers = targets.headers.iter().map(|(_, field)| Place::Header(*field));
        let places = headers.chain(targets.baggage.iter().cloned().map(Place::Baggage));
        rules.sources.extend(places.map(|place| Source { place, needs_vouching: false }));
    }
    for entry in tenant.sources(draft.role, "[{host: \"{tenant}.www.example.com\"}]") {
        let source = read_source(&entry, draft);
        rules.sources.extend(source.filter(|source| !rules.sources.contains(source)));
    }
    rules.pattern = tenant.field("pattern").and_then(|node| read_pattern(&node));
    let default = if draft.role == Role::Edge { Policy::Reject } else { Policy::Tolerate };
    let word = |name, words: &[(&str, Policy)]| tenant.field(name).and_then(|node| node.word(words));
    let on_conflict = word("onConflict", &[("first", Policy::Tolerate), ("reject", Policy::Reject)]);
    rules.on_conflict = on_conflict.unwrap_or(default);
    rules.on_invalid = word("onInvalid", &ON_INVALID).unwrap_or_default();
    Some((rules, targets))
}

pub(super) const ON_INVALID: [(&str, Policy); 2] = [("ignore", Policy::Tolerate), ("reject", Policy::Reject)];

fn read_target(entry: &Node<'_>, draft: &mut Draft, targets: &mut TenantTargets) -> Option<()> {
    match entry.object(&["header", "baggage"])?.one_of(&["header", "baggage"])? {
        ("header", node) => targets.headers.push(draft.carriers.target_header(&node, Owner::Tenant)?),
        (_, node) => targets.baggage.push(draft.carriers.target_key(&node, Owner::Tenant)?),
    }
    Some(())
}

/// A source, if it may be believed here.
fn read_source(entry: &Node<'_>, draft: &mut Draft) -> Option<Source> {
    let source = entry.object(&["host", "claim", "header", "baggage", "cookie", "query", "trust"])?;
    let (kind, node) = source.one_of(PLACES)?;
    let belief = match kind {
        "host" | "claim" => {
            refuse_trust(&source, kind);
            Belief::Always
        }
        _ => draft.belief(&source),
    };
    let place = read_place(kind, &node, draft)?;
    (belief != Belief::Never).then_some(Source { place, needs_vouching: belief == Belief::Vouched })
}

fn read_place(kind: &str, node: &Node<'_>, draft: &mut Draft) -> Option<Place> {
    Some(match kind {
        "host" => Place::Host(read_host(node)?),
        "claim" => Place::Claim(draft.source_claim(node)?),
        "header" => Place::Header(draft.carriers.source_header(node, Owner::Tenant)?),
        "baggage" => Place::Baggage(draft.carriers.source_key(node, Owner::Tenant)?),
        "cookie" => Place::Cookie(draft.carriers.cookie(node)?),
        _ => Place::Query(draft.carriers.query(node)?),
    })
}

fn refuse_trust(source: &Object<'_>, kind: &str) {
    if let Some(trust) = source.field("trust") {
        trust.mistake(format!("a {kind} needs no trust; leave it out"));
    }
}

fn read_host(node: &Node<'_>) -> Option<HostPattern> {
    let pattern = node.text()?;
    HostPattern::parse(pattern).map_err(|why| node.mistake(format!("{pattern:?} {why}"))).ok()
}

/// A regular expression for whole names.
fn read_pattern(node: &Node<'_>) -> Option<Regex> {
    let pattern = node.text()?;
    if pattern.is_empty() || pattern.len() > MAX_PATTERN_BYTES {
        node.mistake(format!("expected a regular expression of 1 to {MAX_PATTERN_BYTES} bytes"));
        return None;
    }
    let whole = Regex::new(pattern).and_then(|_| Regex::new(&format!("^(?:{pattern})$")));
    whole.map_err(|error| node.mistake(format!("is no regular expression: {error}"))).ok()
}

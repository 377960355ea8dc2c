//! `tenant`.

use regex_lite::{Regex, RegexBuilder};

use crate::decision::Policy;
use crate::events::{Origin, TenantKind};
use crate::read::host::HostPattern;
use crate::read::issuer::IssuerPattern;
use crate::read::source::{Belief, Condition, Source};
use crate::read::tenant::{TenantPlace, TenantRules};
use crate::request::Role;
use crate::write::targets::TenantTargets;

use super::draft::Draft;
use super::node::{Entry, Form, Node};
use super::ownership::Owner;
use super::target::{TargetKind, read_targets};

const SOURCE: Form<TenantKind> = Form { kinds: &TenantKind::WORDS, options: &["trust"] };
const TARGET: Form<TargetKind> = Form { kinds: &TargetKind::WORDS, options: &[] };

/// A pattern describes a name, not a list of names.
const MAX_PATTERN_BYTES: usize = 1024;

/// What a pattern may take once compiled, in bytes. Each of its steps may run for each byte of a name, so this bounds
/// its time too: `[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?` takes 7.7 kB, and 30 repetitions within 30 others 107 kB.
const MAX_COMPILED_BYTES: usize = 16 * 1024;
/// As much a byte of the pattern, if that is more: a long list of names repeats nothing.
const COMPILED_BYTES_OF_A_BYTE: usize = 64;

pub(super) const ON_INVALID: [(&str, Policy); 2] = [("ignore", Policy::Tolerate), ("reject", Policy::Reject)];

/// The rules without `tenant`: no source, so no value to tolerate.
pub(super) fn none() -> (TenantRules, TenantTargets) {
    let [on_conflict, on_invalid] = [Policy::Reject; 2];
    (TenantRules { sources: Vec::new(), pattern: None, on_conflict, on_invalid }, TenantTargets::default())
}

pub(super) fn read(node: &Node<'_>, draft: &mut Draft) -> Option<(TenantRules, TenantTargets)> {
    let tenant = node.object(&["from", "to", "pattern", "onConflict", "onInvalid"])?;
    let mut targets = TenantTargets::default();
    let entries = tenant.required_list("to", "name where the tenant is written, as in [{header: x-tenant}]");
    let mut sources = read_targets(&entries, draft.role, "tenant.to", |entry| read_target(entry, draft, &mut targets));
    for (index, entry) in
        tenant.sources(draft.role, &SOURCE, "[{host: \"{tenant}.www.example.com\"}]").iter().enumerate()
    {
        let source = read_source(entry, index, draft);
        let is_new = |source: &Source<_>| sources.iter().all(|known| known.place != source.place);
        let source = source.filter(is_new);
        sources.extend(source);
    }
    let pattern = tenant.field("pattern").and_then(|node| read_pattern(&node));
    let default = match draft.role {
        Role::Edge => Policy::Reject,
        Role::Mesh => Policy::Tolerate,
    };
    let word = |name, words: &[(&str, Policy)]| tenant.field(name).and_then(|node| node.word(words));
    let on_conflict = word("onConflict", &[("first", Policy::Tolerate), ("reject", Policy::Reject)]);
    let on_conflict = on_conflict.unwrap_or(default);
    let on_invalid = word("onInvalid", &ON_INVALID).unwrap_or(Policy::Tolerate);
    Some((TenantRules { sources, pattern, on_conflict, on_invalid }, targets))
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

fn read_source(entry: &Node<'_>, index: usize, draft: &mut Draft) -> Option<Source<TenantPlace>> {
    let entry = entry.entry(&SOURCE)?;
    let when = match entry.kind {
        TenantKind::Host => without_trust(&entry, Belief::Always),
        TenantKind::Claim | TenantKind::Issuer => without_trust(&entry, Belief::Verified),
        TenantKind::Header | TenantKind::Baggage | TenantKind::Cookie | TenantKind::Query => {
            draft.condition(&entry.object)
        }
    };
    let node = &entry.place;
    let place = match entry.kind {
        TenantKind::Host => TenantPlace::Host(read_host(node)?),
        TenantKind::Claim => TenantPlace::Claim(draft.source_claim(node)?),
        TenantKind::Issuer => TenantPlace::Issuer(read_issuer(node, draft)?),
        TenantKind::Header => TenantPlace::Header(draft.owned.source_header(node, Owner::Tenant)?),
        TenantKind::Baggage => TenantPlace::Baggage(draft.owned.source_key(node, Owner::Tenant)?),
        TenantKind::Cookie => TenantPlace::Cookie(draft.owned.cookie(node)?),
        TenantKind::Query => TenantPlace::Query(draft.owned.query(node)?),
    };
    Some(Source { place, when, origin: Origin { list: "tenant.from", index, kind: entry.word } })
}

/// The condition of a source that no client can write.
pub(super) fn without_trust<K>(entry: &Entry<'_, K>, belief: Belief) -> Condition {
    if let Some(trust) = entry.object.field("trust") {
        trust.mistake(format!("{} needs no trust; leave it out", entry.word));
    }
    Condition { belief }
}

fn read_host(node: &Node<'_>) -> Option<HostPattern> {
    let pattern = node.text()?;
    HostPattern::parse(pattern).map_err(|why| node.mistake(format!("{pattern:?} {why}"))).ok()
}

/// An issuer is read before whatever rests on its token, so that it cannot name another's tenant.
fn read_issuer(node: &Node<'_>, draft: &mut Draft) -> Option<IssuerPattern> {
    (draft.admits_issuers, draft.reads_token) = (true, true);
    if let Some(path) = &draft.needs_verified {
        node.mistake(format!("stands behind {path}, by which one issuer could name the tenant of another; move it up"));
    }
    let pattern = node.text()?;
    IssuerPattern::parse(pattern).map_err(|why| node.mistake(format!("{pattern:?} {why}"))).ok()
}

/// A regular expression for whole names.
fn read_pattern(node: &Node<'_>) -> Option<Regex> {
    let pattern = node.text()?;
    if pattern.is_empty() || pattern.len() > MAX_PATTERN_BYTES {
        node.mistake(format!("expected a regular expression of 1 to {MAX_PATTERN_BYTES} bytes"));
        return None;
    }
    let whole = format!("^(?:{pattern})$");
    let built = Regex::new(pattern).and_then(|_| Regex::new(&whole));
    built.map_err(|error| node.mistake(format!("is no regular expression: {error}"))).ok()?;
    let limit = pattern.len().saturating_mul(COMPILED_BYTES_OF_A_BYTE).max(MAX_COMPILED_BYTES);
    let bounded = RegexBuilder::new(&whole).size_limit(limit).build();
    if bounded.is_err() {
        let remedy = "count less, and no repetition within another, as in [a-z0-9-]{1,63}";
        node.mistake(format!("{pattern:?} takes more than {limit} bytes once compiled; {remedy}"));
    }
    bounded.ok()
}

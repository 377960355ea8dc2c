//! `overrides` and `projections`.

use crate::bytes::grammar::Bytes;
use crate::names::{Field, HeaderName};
use crate::read::overrides::{Dialect, OnDuplicate, OverridePlace, OverrideRules, OverrideSource, is_service};
use crate::rules::{OverrideTargets, Role};
use crate::write::projection::{Projection, Service};

use super::draft::{Belief, Draft};
use super::node::{Node, Object};
use super::ownership::Owner;
use super::tenant::ON_INVALID;

pub(super) fn read(node: &Node<'_>, draft: &mut Draft) -> Option<(OverrideRules, OverrideTargets)> {
    let overrides = node.object(&["from", "to", "onDuplicate", "onInvalid"])?;
    let mut targets = OverrideTargets::default();
    for entry in overrides.required_list("to", "name where the overrides are written, as in [{header: x-override}]") {
        read_target(&entry, draft, &mut targets);
    }
    let mut rules = OverrideRules { decided: decided(&targets, draft.role), ..OverrideRules::default() };
    for entry in overrides.sources(draft.role, "[{header: x-override}]") {
        let source = read_source(&entry, draft, &targets);
        let known = |source: &OverrideSource| rules.decided.contains(source) || rules.sources.contains(source);
        let source = source.filter(|source| !known(source));
        rules.sources.extend(source);
    }
    let words = [("first", OnDuplicate::First), ("last", OnDuplicate::Last), ("reject", OnDuplicate::Reject)];
    rules.on_duplicate = overrides.field("onDuplicate").and_then(|node| node.word(&words)).unwrap_or_default();
    rules.on_invalid = overrides.field("onInvalid").and_then(|node| node.word(&ON_INVALID)).unwrap_or_default();
    Some((rules, targets))
}

/// In the mesh, what the previous proxy wrote.
fn decided(targets: &OverrideTargets, role: Role) -> Vec<OverrideSource> {
    if role == Role::Edge {
        return Vec::new();
    }
    let headers = targets.headers.iter().map(|(_, field, dialect)| OverridePlace::Header(*field, dialect.clone()));
    let places = headers.chain(targets.baggage.iter().cloned().map(OverridePlace::Baggage));
    places.map(|place| OverrideSource { place, needs_vouching: false }).collect()
}

fn read_target(entry: &Node<'_>, draft: &mut Draft, targets: &mut OverrideTargets) -> Option<()> {
    let target = entry.object(&["header", "baggage", "list", "pair"])?;
    match target.one_of(&["header", "baggage"])? {
        ("header", node) => {
            let dialect = read_dialect(entry, &target);
            let (name, field) = draft.carriers.target_header(&node, Owner::Overrides)?;
            targets.headers.push((name, field, dialect?));
        }
        (_, node) => {
            refuse(&target, &["list", "pair"], "baggage has one dialect, foo:v1,bar:v2; leave it out");
            if targets.baggage.is_some() {
                node.mistake("is a second baggage key; two lists could exceed what baggage may hold");
                return None;
            }
            targets.baggage = Some(draft.carriers.target_key(&node, Owner::Overrides)?);
        }
    }
    Some(())
}

/// A source, if it may be believed here.
fn read_source(entry: &Node<'_>, draft: &mut Draft, targets: &OverrideTargets) -> Option<OverrideSource> {
    let source = entry.object(&["header", "claim", "baggage", "list", "pair", "trust"])?;
    let (kind, node) = source.one_of(&["header", "claim", "baggage"])?;
    if kind != "header" {
        refuse(&source, &["list", "pair"], "only headers have dialects; leave it out");
    }
    let belief = match kind {
        "claim" => {
            refuse(&source, &["trust"], "a claim needs no trust; leave it out");
            Belief::Always
        }
        _ => draft.belief(&source),
    };
    let place = match kind {
        "header" => read_header(entry, &source, &node, draft, targets)?,
        "claim" => OverridePlace::Claim(draft.source_claim(&node)?),
        _ => OverridePlace::Baggage(draft.carriers.source_key(&node, Owner::Overrides)?),
    };
    (belief != Belief::Never).then_some(OverrideSource { place, needs_vouching: belief == Belief::Vouched })
}

fn read_header(
    entry: &Node<'_>,
    source: &Object<'_>,
    node: &Node<'_>,
    draft: &mut Draft,
    targets: &OverrideTargets,
) -> Option<OverridePlace> {
    let dialect = read_dialect(entry, source);
    let field = draft.carriers.source_header(node, Owner::Overrides)?;
    let dialect = dialect?;
    let differs = |(_, written, other): &(HeaderName, Field, Dialect)| *written == field && *other != dialect;
    if targets.headers.iter().any(differs) {
        entry.mistake("is written with other separators; a header keeps one dialect");
    }
    Some(OverridePlace::Header(field, dialect))
}

fn refuse(object: &Object<'_>, fields: &[&'static str], why: &str) {
    fields.iter().filter_map(|name| object.field(name)).for_each(|node| node.mistake(why));
}

fn read_dialect(entry: &Node<'_>, object: &Object<'_>) -> Option<Dialect> {
    let list = object.field("list").map_or(Some(","), |node| separator(&node));
    let pair = object.field("pair").map_or(Some(":"), |node| separator(&node));
    let (list, pair) = (list?, pair?);
    if pair.contains(list) {
        let why = "so no entry could be told; choose another";
        entry.mistake(format!("pair {pair:?} holds the list separator {list:?}, {why}"));
        return None;
    }
    if list.contains(',') && list.trim() != "," {
        entry.mistake(format!(
            "list {list:?} holds a comma, which joins lines and so separates by itself; choose another"
        ));
        return None;
    }
    Some(Dialect { list: list.to_owned().into(), pair: pair.to_owned().into() })
}

/// A separator is printable, and no byte of it may stand in a service or a version.
fn separator<'c>(node: &Node<'c>) -> Option<&'c str> {
    let text = node.text()?;
    let fits = |byte| matches!(byte, b' '..=b'~') && !Bytes::NAME.has(byte);
    let fits = (1..=8).contains(&text.len()) && text.bytes().all(fits);
    if !fits {
        let what = "1 to 8 printable bytes other than letters, digits, \"-\", \".\", \"_\"";
        node.mistake(format!("expected {what}, found {text:?}"));
    }
    fits.then_some(text)
}

pub(super) fn read_projections(config: &Object<'_>, draft: &mut Draft) -> Vec<Projection> {
    let Some(node) = config.field("projections") else { return Vec::new() };
    if config.field("overrides").is_none() {
        node.mistake("project overrides; add overrides, or leave this out");
    }
    node.list().iter().filter_map(|entry| read_projection(entry, draft)).collect()
}

fn read_projection(entry: &Node<'_>, draft: &mut Draft) -> Option<Projection> {
    let projection = entry.object(&["header", "service"])?;
    let header = projection.required("header", "name the header to write");
    let service =
        projection.required("service", "name a service, or write called for the one that the authority names");
    let (header, field) = draft.carriers.target_header(&header?, Owner::Projections)?;
    let service = service?;
    let service = match service.text()? {
        "called" => Service::Called,
        name if is_service(name.as_bytes()) => Service::Named(name.into()),
        name => {
            service.mistake(format!("expected called, or a service (1 to 253 of A-Za-z0-9._-), found {name:?}"));
            return None;
        }
    };
    Some(Projection { header, field, service })
}

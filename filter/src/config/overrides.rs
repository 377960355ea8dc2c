//! `overrides`, `projections` and `caller`.

use crate::bytes::grammar::Bytes;
use crate::bytes::text::cut;
use crate::caller::Caller;
use crate::decision::Policy;
use crate::events::Origin;
use crate::names::{Field, HeaderName};
use crate::read::overrides::{Format, OnDuplicate, OverridePlace, OverrideRules, is_service};
use crate::read::source::{Belief, Source};
use crate::request::Role;
use crate::rules::Rules;
use crate::write::projection::{Projection, Service};
use crate::write::targets::OverrideTargets;

use super::draft::Draft;
use super::node::{Entry, Form, Node, Object};
use super::ownership::Owner;
use super::target::{TargetKind, read_targets};
use super::tenant::ON_INVALID;
use super::trust::{self, without_trust};

/// The sources of overrides.
#[derive(Clone, Copy)]
enum SourceKind {
    Header,
    Claim,
    Baggage,
}

/// The options of a format.
const FORMAT: [&str; 3] = ["list", "pair", "when"];
const SOURCE: Form<SourceKind> = Form {
    kinds: &[("header", SourceKind::Header), ("claim", SourceKind::Claim), ("baggage", SourceKind::Baggage)],
    options: &[FORMAT[0], FORMAT[1], FORMAT[2], "trust"],
};
const TARGET: Form<TargetKind> = Form { kinds: &TargetKind::WORDS, options: &FORMAT };

pub(super) fn read(node: &Node<'_>, draft: &mut Draft) -> Option<(OverrideRules, OverrideTargets)> {
    let overrides = node.object(&["from", "to", "onDuplicate", "onInvalid"])?;
    let mut targets = OverrideTargets::default();
    let entries = overrides.required_list("to", "name where the overrides are written, as in [{header: x-override}]");
    let decided = read_targets(&entries, draft.role, "overrides.to", |entry| read_target(entry, draft, &mut targets));
    let mut sources: Vec<Source<OverridePlace>> = Vec::new();
    let entries = overrides.sources(draft.role, &SOURCE, "[{header: x-override, trust: verified}]");
    for (index, entry) in entries.iter().enumerate() {
        let source = read_source(entry, index, draft, &targets);
        let is_new = |source: &Source<_>| decided.iter().chain(&sources).all(|known| known.place != source.place);
        let source = source.filter(is_new);
        sources.extend(source);
    }
    trust::warn_of_unbelieved(overrides.field("from").as_ref(), &entries, &sources);
    let words = [("first", OnDuplicate::First), ("last", OnDuplicate::Last), ("reject", OnDuplicate::Reject)];
    let on_duplicate = overrides.field("onDuplicate").and_then(|node| node.word(&words));
    let on_duplicate = on_duplicate.unwrap_or(OnDuplicate::First);
    let on_invalid = overrides.field("onInvalid").and_then(|node| node.word(&ON_INVALID));
    let on_invalid = on_invalid.unwrap_or(Policy::Tolerate);
    Some((OverrideRules { decided, sources, on_duplicate, on_invalid }, targets))
}

fn read_target(
    entry: &Node<'_>,
    draft: &mut Draft,
    targets: &mut OverrideTargets,
) -> Option<(TargetKind, OverridePlace)> {
    let Entry { kind, place, object, .. } = entry.entry(&TARGET)?;
    let place = match kind {
        TargetKind::Header => {
            let format = read_format(entry, &object);
            let (name, field) = draft.owned.target_header(&place, Owner::Overrides)?;
            let format = format?;
            targets.headers.push((name, field, format.clone()));
            OverridePlace::Header(field, format)
        }
        TargetKind::Baggage => {
            refuse_format(&object, "baggage has one format, foo:v1,bar:v2; leave it out");
            if targets.baggage.is_some() {
                place.mistake("is a second baggage key; two lists could exceed what baggage may hold");
                return None;
            }
            let (key, place) = draft.owned.target_key(&place, Owner::Overrides)?;
            targets.baggage = Some(key);
            OverridePlace::Baggage(place)
        }
    };
    Some((kind, place))
}

fn read_source(
    entry: &Node<'_>,
    index: usize,
    draft: &mut Draft,
    targets: &OverrideTargets,
) -> Option<Source<OverridePlace>> {
    let source = entry.entry(&SOURCE)?;
    match source.kind {
        SourceKind::Header => {}
        SourceKind::Claim | SourceKind::Baggage => {
            refuse_format(&source.object, "only headers have formats; leave it out");
        }
    }
    let when = match source.kind {
        SourceKind::Claim => without_trust(&source, Belief::Verified),
        SourceKind::Header | SourceKind::Baggage => trust::of_client(&source.object, draft),
    };
    let place = match source.kind {
        SourceKind::Header => read_header(entry, &source.object, &source.place, draft, targets)?,
        SourceKind::Claim => OverridePlace::Claim(draft.source_claim(&source.place)?),
        SourceKind::Baggage => OverridePlace::Baggage(draft.owned.source_key(&source.place, Owner::Overrides)?),
    };
    Some(Source { place, when, origin: Origin { list: "overrides.from", index, kind: source.word } })
}

fn read_header(
    entry: &Node<'_>,
    source: &Object<'_>,
    node: &Node<'_>,
    draft: &mut Draft,
    targets: &OverrideTargets,
) -> Option<OverridePlace> {
    let format = read_format(entry, source);
    let field = draft.owned.source_header(node, Owner::Overrides)?;
    let format = format?;
    let differs = |(_, written, other): &(HeaderName, Field, Format)| *written == field && *other != format;
    if targets.headers.iter().any(differs) {
        entry.mistake("is written with other separators; a header keeps one format");
    }
    Some(OverridePlace::Header(field, format))
}

fn refuse_format(object: &Object<'_>, why: &str) {
    FORMAT.iter().filter_map(|name| object.field(name)).for_each(|node| node.mistake(why));
}

fn read_format(entry: &Node<'_>, object: &Object<'_>) -> Option<Format> {
    let Format { list, pair, when } = &Format::CANONICAL;
    let list = object.field("list").map_or(Some(&**list), |node| between_parts(&node));
    let pair = object.field("pair").map_or(Some(&**pair), |node| separator(&node));
    let when = object.field("when").map_or(Some(&**when), |node| between_parts(&node));
    let (list, pair, when) = (list?, pair?, when?);
    if let Some(clash) = clash(list, pair, when) {
        entry.mistake(clash);
        return None;
    }
    Some(Format { list: list.to_owned().into(), pair: pair.to_owned().into(), when: when.to_owned().into() })
}

/// Why entries, or their conditions, would be ambiguous with these separators; `None` if they are not.
fn clash(list: &str, pair: &str, when: &str) -> Option<String> {
    let holds = |text: &str, part: &str| cut(text.as_bytes(), part.as_bytes()).1.is_some();
    if holds(pair, list) {
        let why = "so no entry could be told; choose another";
        return Some(format!("pair {pair:?} holds the list separator {list:?}, {why}"));
    }
    if list.contains(',') && list.trim() != "," {
        return Some(format!(
            "list {list:?} holds a comma, which joins lines and so separates by itself; choose another"
        ));
    }
    if when.contains(',') {
        return Some(format!(
            "when {when:?} holds a comma, which joins lines and so separates entries; choose another"
        ));
    }
    (holds(list, when) || holds(when, list)).then(|| {
        let why = "so no condition could be told from an entry; choose another, as in when: \"?\"";
        format!("when {when:?} and list {list:?} hold one another, {why}")
    })
}

/// A separator that may follow a condition, and so is none of the marks in one.
fn between_parts<'c>(node: &Node<'c>) -> Option<&'c str> {
    let text = separator(node)?;
    let is_mark = ["=", "!", "=!", "|"].contains(&text);
    if is_mark {
        node.mistake(format!("{text:?} is a mark inside of conditions, as in method=POST|PUT; choose another"));
    }
    (!is_mark).then_some(text)
}

/// A separator is printable, and contains no byte of a service or a version.
fn separator<'c>(node: &Node<'c>) -> Option<&'c str> {
    let text = node.text()?;
    let fits = |byte| Bytes::PRINTABLE.has(byte) && !Bytes::NAME.has(byte);
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
    let (header, field) = draft.owned.target_header(&header?, Owner::Projections)?;
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

/// The caller matters only for versions.
pub(super) fn read_caller(config: &Object<'_>, rules: &Rules) -> Caller {
    let node = config.field("caller");
    match rules.role {
        Role::Edge | Role::Mesh => node.and_then(|node| read_name(&node, rules)).unwrap_or_default(),
        Role::Waypoint => {
            if let Some(node) = node {
                node.mistake(
                    "names nobody at a waypoint, through which many workloads call; leave it out, and put conditions on the caller where sidecars decide them",
                );
            }
            Caller::unknowable()
        }
    }
}

fn read_name(node: &Node<'_>, rules: &Rules) -> Option<Caller> {
    if !rules.reads_versions() {
        node.warn("decides nothing without projections, or {version} in destinations; leave it out");
    }
    let name = node.text()?;
    if !is_service(name.as_bytes()) {
        node.mistake(format!("expected the name of a workload (1 to 253 of A-Za-z0-9._-), found {name:?}"));
    }
    Some(Caller::configured(name))
}

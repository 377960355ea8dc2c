//! The overrides, and what is projected from them.

use serde_json::Value;
use tenancy_filter::Refusal;

use super::tenant::{host, is_label_value};
use super::{Claimed, Lines, Scene, baggage, clusters, list, put, trim};

/// Service and version.
pub(crate) type Entries = Vec<(String, String)>;

/// Between entries, and between service and version.
type Dialect<'a> = (&'a str, &'a str);

pub(crate) const CANONICAL: Dialect = (",", ":");

pub(crate) fn resolve(scene: &Scene) -> Result<Entries, Refusal> {
    let mut entries = Entries::new();
    for source in scene.decided("overrides") {
        for entry in offers(scene, source) {
            add(scene, &mut entries, 0, entry)?;
        }
    }
    let decided = entries.len();
    for source in scene.sources("overrides") {
        for entry in offers(scene, source) {
            add(scene, &mut entries, decided, entry)?;
        }
    }
    Ok(entries)
}

/// What a source holds: entries, `None` for each that is malformed.
fn offers(scene: &Scene, source: &Value) -> Vec<Option<(String, String)>> {
    let read = |lines: Vec<String>| lines.iter().flat_map(|line| parse(line, CANONICAL)).collect();
    if let Some(name) = source["header"].as_str() {
        scene.values(name).flat_map(|line| parse(line, dialect(source))).collect()
    } else if let Some(key) = source["baggage"].as_str() {
        read(baggage::values(scene, key))
    } else {
        match scene.claim(&source["claim"]) {
            None => vec![],
            Some(Claimed::Single(line)) => read(strings(vec![line.clone()])),
            Some(Claimed::List(lines)) => read(strings(lines.clone())),
        }
    }
}

/// The elements of a claim; an invalid entry in the place of all, if one may be no string.
fn strings(elements: Vec<String>) -> Vec<String> {
    let is_text = |element: &String| element.chars().all(|c| (' '..='~').contains(&c));
    if elements.iter().all(is_text) { elements } else { vec!["invalid".to_owned()] }
}

fn dialect(entry: &Value) -> Dialect<'_> {
    (entry["list"].as_str().unwrap_or(CANONICAL.0), entry["pair"].as_str().unwrap_or(CANONICAL.1))
}

fn parse(line: &str, (between, pair): Dialect) -> Vec<Option<(String, String)>> {
    // A comma joins lines, unless it stands between service and version.
    let line = if pair.contains(',') { line.to_owned() } else { line.replace(between, ",") };
    let entries = line.split(if pair.contains(',') { between } else { "," }).map(trim);
    entries.filter(|entry| !entry.is_empty()).map(|entry| parse_entry(entry, pair)).collect()
}

fn parse_entry(entry: &str, pair: &str) -> Option<(String, String)> {
    let (service, version) = entry.split_once(pair)?;
    let (service, version) = (trim(service), trim(version));
    let is_service =
        (1..=253).contains(&service.len()) && service.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    (is_service && is_label_value(version)).then(|| (service.to_owned(), version.to_owned()))
}

/// Adds an entry. What was decided stays as it is.
fn add(scene: &Scene, entries: &mut Entries, decided: usize, entry: Option<(String, String)>) -> Result<(), Refusal> {
    let rules = &scene.config["overrides"];
    let dropped = || if rules["onInvalid"] == "reject" { Err(Refusal::OverrideInvalid) } else { Ok(()) };
    let Some(entry) = entry else { return dropped() };
    let mut longer = entries.clone();
    match entries.iter().position(|(service, _)| service.eq_ignore_ascii_case(&entry.0)) {
        None => longer.push(entry),
        Some(place) if place < decided || entries[place].1 == entry.1 => return Ok(()),
        Some(place) => match rules["onDuplicate"].as_str() {
            Some("last") => longer[place] = entry,
            Some("reject") => return Err(Refusal::OverrideDuplicate),
            _ => return Ok(()),
        },
    }
    if longer.len() > 64 || line(&longer, CANONICAL).is_some_and(|line| line.len() > 4096) {
        return dropped();
    }
    *entries = longer;
    Ok(())
}

/// The entries as one line, if there are any.
pub(crate) fn line(entries: &Entries, (between, pair): Dialect) -> Option<String> {
    let entries: Vec<_> = entries.iter().map(|(service, version)| format!("{service}{pair}{version}")).collect();
    (!entries.is_empty()).then(|| entries.join(between))
}

/// Writes the headers of `to`, and the projections.
pub(crate) fn write(scene: &Scene, entries: &Entries, lines: &mut Lines) {
    for target in list(&scene.config["overrides"]["to"]) {
        if let Some(name) = target["header"].as_str() {
            put(lines, name, line(entries, dialect(target)));
        }
    }
    for projection in list(&scene.config["projections"]) {
        let services = match projection["service"].as_str() {
            Some("called") => called(scene.config, &host(scene).unwrap_or_default()),
            named => named.into_iter().map(str::to_owned).collect(),
        };
        put(lines, projection["header"].as_str().unwrap(), version_of(&services, entries));
    }
}

/// The version of the first of these services that has one.
pub(crate) fn version_of(services: &[String], entries: &Entries) -> Option<String> {
    let version = |service: &String| entries.iter().find(|(name, _)| name.eq_ignore_ascii_case(service));
    services.iter().find_map(version).map(|(_, version)| version.clone())
}

/// The names under which overrides may list the service that a host calls, the fullest first.
pub(crate) fn called(config: &Value, host: &str) -> Vec<String> {
    let host = host.to_ascii_lowercase();
    let domains = list(&config["internal"]).filter_map(Value::as_str).map(str::to_ascii_lowercase);
    let within = format!(".{host}");
    let mut heads = clusters(config).into_iter().filter_map(|cluster| within.strip_suffix(&format!(".{cluster}")));
    if let Some(names) = heads.find_map(|head| names(head).filter(|_| head.ends_with(".svc") && dots(head) == 3)) {
        return names;
    }
    let head = domains.filter_map(|domain| within.strip_suffix(&format!(".{domain}"))).min_by_key(|head| head.len());
    names(head.unwrap_or(&within)).unwrap_or_default()
}

fn dots(text: &str) -> usize {
    text.matches('.').count()
}

/// The names of a service, a dot before the first.
fn names(head: &str) -> Option<Vec<String>> {
    match head.split('.').collect::<Vec<_>>()[..] {
        ["", name] => Some(vec![name.to_owned()]),
        ["", name, namespace] | ["", name, namespace, "svc"] => {
            Some(vec![format!("{name}.{namespace}"), name.to_owned()])
        }
        _ => None,
    }
}

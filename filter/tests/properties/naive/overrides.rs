//! The overrides, and what is projected from them.

use serde_json::Value;
use tenancy_filter::Refusal;

use super::conditions::{self, Condition};
use super::tenant::{host, is_label_value, regex};
use super::{Claimed, Lines, Scene, baggage, clusters, list, put, trim};

pub(crate) type Entries = Vec<Entry>;

#[derive(Clone)]
pub(crate) struct Entry {
    service: String,
    version: String,
    conditions: Vec<Condition>,
}

/// Between entries, between service and version, and before a condition.
type Format<'a> = (&'a str, &'a str, &'a str);

pub(crate) const CANONICAL: Format = (",", ":", ";");

pub(crate) fn resolve(scene: &Scene) -> Result<Entries, Refusal> {
    let (mut found, rules) = (Found::default(), &scene.config["overrides"]);
    for entry in scene.decided("overrides").into_iter().flat_map(|source| offers(scene, source)) {
        found.add(rules, entry)?;
    }
    found.decided = found.entries.len();
    for entry in scene.sources("overrides").into_iter().flat_map(|source| offers(scene, source)) {
        found.add(rules, entry)?;
    }
    Ok(found.entries)
}

/// Those of a canonical line, which no rule refuses.
pub(crate) fn of_line(line: &str) -> Entries {
    let mut found = Found::default();
    let anything_goes = |entry| found.add(&Value::Null, entry);
    parse(line, CANONICAL).into_iter().try_for_each(anything_goes).unwrap();
    found.entries
}

/// What a source holds: entries, `None` for each that is malformed.
fn offers(scene: &Scene, source: &Value) -> Vec<Option<Entry>> {
    let read = |lines: Vec<String>| lines.iter().flat_map(|line| parse(line, CANONICAL)).collect();
    if let Some(name) = source["header"].as_str() {
        scene.values(name).flat_map(|line| parse(line, format(source))).collect()
    } else if let Some(key) = source["baggage"].as_str() {
        read(baggage::whole_values(scene, key))
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

fn format(entry: &Value) -> Format<'_> {
    let separator = |name: &str, canonical| entry[name].as_str().unwrap_or(canonical);
    (separator("list", CANONICAL.0), separator("pair", CANONICAL.1), separator("when", CANONICAL.2))
}

fn parse(line: &str, (between, pair, when): Format) -> Vec<Option<Entry>> {
    // What begins no entry stands inside of one, where blanks separate them.
    let is_blank = between.trim().is_empty();
    let line =
        if is_blank { regex(r" +[\t ]*([^\t A-Za-z0-9._,-])").replace_all(line, "$1").into() } else { line.to_owned() };
    // A comma joins lines, unless it stands between service and version.
    let line = if pair.contains(',') { line } else { line.replace(between, ",") };
    let entries = line.split(if pair.contains(',') { between } else { "," }).map(trim);
    entries.filter(|entry| !entry.is_empty()).map(|entry| parse_entry(entry, pair, when)).collect()
}

fn parse_entry(entry: &str, pair: &str, when: &str) -> Option<Entry> {
    let (service, rest) = entry.split_once(pair)?;
    let mut parts = trim(rest).split(when);
    let (service, version) = (trim(service), trim(parts.next()?));
    let conditions = conditions::parse(parts)?;
    let (service, version) = (service.to_owned(), version.to_owned());
    (is_service(&service) && is_label_value(&version)).then_some(Entry { service, version, conditions })
}

pub(crate) fn is_service(name: &str) -> bool {
    (1..=253).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
}

#[derive(Default)]
struct Found {
    entries: Entries,
    /// How many of them stay as they are.
    decided: usize,
    /// Whether one had no room; then no other version is shorter.
    is_full: bool,
}

impl Found {
    fn add(&mut self, rules: &Value, entry: Option<Entry>) -> Result<(), Refusal> {
        let dropped = || if rules["onInvalid"] == "reject" { Err(Refusal::OverrideInvalid) } else { Ok(()) };
        let Some(entry) = entry else { return dropped() };
        let mut longer = self.entries.clone();
        let is_alike =
            |other: &Entry| other.service.eq_ignore_ascii_case(&entry.service) && other.conditions == entry.conditions;
        let place = self.entries.iter().position(is_alike);
        match place {
            None => longer.push(entry),
            Some(place) if place < self.decided || longer[place].version == entry.version => return Ok(()),
            Some(place) => match rules["onDuplicate"].as_str() {
                Some("last") if self.is_full => return dropped(),
                Some("last") => longer[place] = entry,
                Some("reject") => return Err(Refusal::OverrideDuplicate),
                _ => return Ok(()),
            },
        }
        if longer.len() > 64 || line(&longer, CANONICAL).is_some_and(|line| line.len() > 4096) {
            self.is_full |= place.is_none();
            return dropped();
        }
        self.entries = longer;
        Ok(())
    }
}

/// The entries as one line, if there are any.
pub(crate) fn line(entries: &Entries, (between, pair, when): Format) -> Option<String> {
    let text = |Entry { service, version, conditions }: &Entry| {
        format!("{service}{pair}{version}{}", conditions::text(conditions, when))
    };
    let entries: Vec<_> = entries.iter().map(text).collect();
    (!entries.is_empty()).then(|| entries.join(between))
}

/// Writes the headers of `to`, and the projections.
pub(crate) fn write(scene: &Scene, entries: &Entries, lines: &mut Lines) {
    for target in list(&scene.config["overrides"]["to"]) {
        if let Some(name) = target["header"].as_str() {
            put(lines, name, line(entries, format(target)));
        }
    }
    for projection in list(&scene.config["projections"]) {
        let services = match projection["service"].as_str() {
            Some("called") => called(scene.config, &host(scene).unwrap_or_default()),
            named => named.into_iter().map(str::to_owned).collect(),
        };
        put(lines, projection["header"].as_str().unwrap(), version_of(scene, &services, entries));
    }
}

/// The version of the first of these services that has one for this call.
pub(crate) fn version_of(scene: &Scene, services: &[String], entries: &Entries) -> Option<String> {
    let counts = |service: &str, entry: &Entry| {
        entry.service.eq_ignore_ascii_case(service) && conditions::hold(scene, &entry.conditions)
    };
    let version = |service: &String| entries.iter().find(|entry| counts(service, entry));
    services.iter().find_map(version).map(|entry| entry.version.clone())
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

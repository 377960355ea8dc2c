//! Which header names are ours, and what an edge removes.

use serde_json::Value;

use super::{Lines, Scene, baggage, list, seal, trim};

pub(crate) const OLDER_BAGGAGE: [&str; 2] = ["correlation-context", "jaeger-baggage"];
const TRACE_HEADERS: [&str; 8] = [
    "traceparent",
    "tracestate",
    "b3",
    "x-b3-*",
    "x-datadog-*",
    "uber-trace-id",
    "x-cloud-trace-context",
    "grpc-trace-bin",
];
const OLDER_MEMBERS: [&str; 3] = ["ot-baggage-", "uberctx-", "baggage-"];

/// One spelling for all: letter case and punctuation tell no names apart.
pub(crate) fn fold(name: &str) -> String {
    let fold = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    name.chars().map(fold).collect()
}

/// Whether a name is a carrier of ours, in any spelling.
pub(crate) fn is_ours(scene: &Scene, name: &str) -> bool {
    let folded = fold(name);
    let carries_baggage =
        folded == "baggage" || OLDER_BAGGAGE.contains(&folded.as_str()) || older_member(name).is_some();
    !name.starts_with(':') && (is_configured(scene.config, &folded) || (baggage::is_managed(scene) && carries_baggage))
}

/// Whether the configuration names it: in `from`, `to`, `projections` or `strip`.
fn is_configured(config: &Value, folded: &str) -> bool {
    let [from, to] = ["from", "to"].map(|end| ["tenant", "overrides"].map(|section| &config[section][end]));
    let entries = from.into_iter().chain(to).chain([&config["projections"]]).flat_map(list);
    let mut headers = entries.chain(config.get("destinations")).filter_map(|entry| entry["header"].as_str());
    let is_seal = seal::header(config).is_some_and(|name| fold(&name) == folded);
    is_seal || headers.any(|name| fold(name) == folded) || is_stripped(config, folded)
}

/// Whether an edge removes a header of this folded name and nobody reads it.
pub(crate) fn is_stripped(config: &Value, folded: &str) -> bool {
    let drops = config["traceHeaders"] == "drop";
    let by_name = list(&config["strip"]).filter_map(Value::as_str);
    by_name.chain(TRACE_HEADERS.into_iter().filter(|_| drops)).any(|name| match name.strip_suffix('*') {
        Some(prefix) => folded.starts_with(&fold(prefix)),
        None => fold(name) == folded,
    })
}

/// The key of a header that carries one member in its name.
fn older_member(name: &str) -> Option<&str> {
    let folded = fold(name);
    let prefix = OLDER_MEMBERS.into_iter().find(|prefix| folded.starts_with(prefix))?;
    let at = name.char_indices().nth(prefix.len()).map_or(name.len(), |(at, _)| at);
    Some(&name[at..])
}

/// Removes what a client may not send, and what would be written anyway.
pub(crate) fn strip(scene: &Scene, lines: &mut Lines) {
    lines.retain(|(name, _)| name == "baggage" || is_third_party(scene, name));
    let older = |name: &str| OLDER_BAGGAGE.contains(&fold(name).as_str());
    rewrite(lines, older, |value| baggage::without_ours(scene, value), ",");
    rewrite(lines, |name| fold(name) == "connection", |value| without_our_names(scene, value), ", ");
}

/// Where seals alone count: removes what a reader may take for what we write.
pub(crate) fn strip_forms(scene: &Scene, lines: &mut Lines) {
    let written: Vec<_> = written(scene.config).map(|name| name.to_ascii_lowercase()).collect();
    let is_form = |name: &str| written.iter().any(|ours| fold(ours) == fold(name));
    lines.retain(|(name, _)| name.starts_with(':') || is_named(scene.config, name) || !is_form(name));
    withhold_older(scene, lines);
}

/// The headers that we write.
fn written(config: &Value) -> impl Iterator<Item = String> {
    let targets = ["tenant", "overrides"].map(|section| &config[section]["to"]);
    let entries = targets.into_iter().chain([&config["projections"]]).flat_map(list);
    let headers = entries.chain(config.get("destinations")).filter_map(|entry| entry["header"].as_str());
    headers.map(str::to_owned).chain(seal::header(config))
}

/// Whether the configuration names it, spelled so.
fn is_named(config: &Value, name: &str) -> bool {
    let sources = ["tenant", "overrides"].map(|section| &config[section]["from"]);
    let mut sources = sources.into_iter().flat_map(list).filter_map(|entry| entry["header"].as_str());
    let is_it = |known: &str| known.to_ascii_lowercase() == name;
    sources.any(is_it) || written(config).any(|ours| is_it(&ours))
}

/// Takes our members out of the older carriers.
pub(crate) fn withhold_older(scene: &Scene, lines: &mut Lines) {
    let is_ours = |name: &str| older_member(name).is_some_and(|key| baggage::owns_in_any_case(scene, key));
    lines.retain(|(name, _)| is_configured(scene.config, &fold(name)) || !is_ours(name));
    let older = |name: &str| OLDER_BAGGAGE.contains(&fold(name).as_str());
    rewrite(lines, older, |value| baggage::without_ours(scene, value), ",");
}

/// Whether a line stays, perhaps rewritten.
fn is_third_party(scene: &Scene, name: &str) -> bool {
    let is_older_list = OLDER_BAGGAGE.contains(&fold(name).as_str());
    let is_foreign_member = older_member(name).is_some_and(|key| !baggage::owns(scene, key));
    let keeps = !baggage::drops_third_party(scene) && !is_configured(scene.config, &fold(name));
    !is_ours(scene, name) || (keeps && (is_older_list || is_foreign_member))
}

/// Rewrites lists of some names where they hold something of ours, which `rest` tells by an answer.
fn rewrite(
    lines: &mut Lines,
    is_wanted: impl Fn(&str) -> bool,
    rest: impl Fn(&[String]) -> Option<Vec<String>>,
    separator: &str,
) {
    let mut names: Vec<_> = lines.iter().map(|(name, _)| name.clone()).filter(|name| is_wanted(name)).collect();
    names.sort();
    names.dedup();
    for name in names {
        let values = lines.iter().filter(|(other, _)| *other == name).flat_map(|(_, value)| value.split(','));
        let elements: Vec<_> = values.map(trim).filter(|text| !text.is_empty()).map(str::to_owned).collect();
        if let Some(rest) = rest(&elements) {
            lines.retain(|(other, _)| *other != name);
            lines.extend((!rest.is_empty()).then(|| (name, rest.join(separator))));
        }
    }
}

/// `Connection` may not name what we write; what is no token is no name, and nothing to write.
fn without_our_names(scene: &Scene, tokens: &[String]) -> Option<Vec<String>> {
    let strangers = tokens.iter().filter(|token| !is_ours(scene, token) && baggage::is_token(token));
    tokens.iter().any(|token| is_ours(scene, token)).then(|| strangers.cloned().collect())
}

//! `destinations`.

use crate::names::Field;
use crate::request::Role;
use crate::write::destinations::{Destinations, MAX_CLUSTERS, Part, Template, Value};

use super::draft::Draft;
use super::node::{Node, Object};
use super::ownership::Owner;

/// Longer than cluster names are in practice; it bounds the header that a request can cause.
const MAX_TEMPLATE_BYTES: usize = 512;

/// `None` if there are none, or no route could take them.
pub(super) fn read(config: &Object<'_>, draft: &mut Draft, believed: Vec<Field>) -> Option<Destinations> {
    let node = config.field("destinations")?;
    match draft.role {
        Role::Edge | Role::Mesh => {}
        Role::Waypoint => {
            node.mistake(
                "lead nowhere at a waypoint, whose routes no EnvoyFilter patches; leave them out, and match a projection or the tenant exactly in an HTTPRoute or VirtualService",
            );
            return None;
        }
    }
    let destinations = node.object(&["header", "clusters", "routes"])?;
    let header = destinations.required("header", "name the header to write, as in x-tenancy-clusters");
    let templates = destinations
        .required_list("clusters", "list clusters, as in [\"outbound|{port}||{service}.{tenant}.svc.cluster.local\"]");
    if templates.len() >= MAX_CLUSTERS {
        let most = MAX_CLUSTERS.saturating_sub(1);
        destinations.mistake(format!("clusters has {} entries; at most {most} are allowed", templates.len()));
    }
    let templates = templates.iter().filter_map(|entry| read_template(entry, config)).collect();
    let routes = destinations.field("routes").map_or_else(|| vec!["default".into()], |node| read_routes(&node));
    let (header, field) = draft.owned.target_header(&header?, Owner::Destinations)?;
    Some(Destinations { header, field, templates, routes, levels: draft.levels.take(), believed })
}

fn read_routes(node: &Node<'_>) -> Vec<Box<str>> {
    if node.value.as_array().is_some_and(Vec::is_empty) {
        node.mistake("is empty; leave it out, which stands for [default]");
    }
    let name = |entry: &Node<'_>| {
        let name = entry.text()?;
        if name.is_empty() {
            entry.mistake("is empty; give the route a name, and write it here");
        }
        Some(name.into())
    };
    node.list().iter().filter_map(name).collect()
}

fn read_template(node: &Node<'_>, config: &Object<'_>) -> Option<Template> {
    let text = node.text()?;
    let fits = text.len() <= MAX_TEMPLATE_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',');
    if !fits {
        node.expected(&format!("at most {MAX_TEMPLATE_BYTES} printable bytes, no space and no comma among them"));
        return None;
    }
    let template = parse(text).map_err(|why| node.mistake(format!("{text:?} {why}"))).ok()?;
    let gives = [(Value::Tenant, "tenant"), (Value::Version, "overrides")];
    for (_, field) in gives.iter().filter(|(value, field)| template.names(*value) && config.field(field).is_none()) {
        node.mistake(format!("{text:?} depends on {field}, of which the configuration says nothing; add it"));
    }
    if template.is_open() {
        node.mistake(format!("{text:?} is a name that its sender chooses; add what all such clusters have in common"));
    }
    if !gives.iter().any(|(value, _)| template.names(*value)) {
        node.mistake(format!("{text:?} names neither {{tenant}} nor {{version}}, so it is the same for all; add one"));
    }
    Some(template)
}

/// Splits it at its placeholders.
fn parse(text: &str) -> Result<Template, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        let Some((word, behind)) = behind.split_once('}') else { return Err("has a \"{\" without \"}\"".into()) };
        let Some((_, value)) = Value::WORDS.iter().find(|(known, _)| *known == word) else {
            let known: Vec<_> = Value::WORDS.iter().map(|(known, _)| format!("{{{known}}}")).collect();
            return Err(format!("names {{{word}}}; known are {}", known.join(", ")));
        };
        parts.extend([Part::Text(before.into()), Part::Value(*value)]);
        rest = behind;
    }
    parts.push(Part::Text(rest.into()));
    if parts.iter().any(|part| matches!(part, Part::Text(text) if text.contains('}'))) {
        return Err("has a \"}\" without \"{\"".into());
    }
    parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
    Ok(Template(parts))
}

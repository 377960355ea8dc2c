//! The clusters to which a request may go instead of its route's own.

use serde_json::Value;

use super::overrides::{Entries, called, version_of};
use super::tenant::{host, is_label_value, is_valid};
use super::{Scene, list};

/// The header's value; `None` if there is none to write.
pub(crate) fn offered(scene: &Scene, tenant: Option<&str>, overrides: &Entries) -> Option<String> {
    let destinations = scene.config.get("destinations")?;
    let (name, own) = scene.call.route.as_ref()?;
    let routes: Vec<_> = list(&destinations["routes"]).filter_map(Value::as_str).collect();
    let is_listed = if routes.is_empty() { name == "default" } else { routes.contains(&name.as_str()) };
    let is_listable = !own.is_empty() && own.chars().all(|c| c.is_ascii_graphic() && c != ',');
    let is_brought =
        scene.values(destinations["header"].as_str().unwrap()).next().is_some() || chose_what_it_loses(scene);
    if is_brought
        || !is_listed
        || !is_listable
        || own.starts_with("inbound|")
        || (tenant.is_none() && overrides.is_empty())
    {
        return None;
    }
    let parts: Vec<_> = own.split('|').collect();
    let (port, subset, at) = match parts[..] {
        ["outbound", port, subset, at] => (port, subset, at),
        _ => ("", "", ""),
    };
    let names = called(scene.config, at);
    let service = names.last().map_or("", |name| name);
    let namespace = names.first().and_then(|name| name.split_once('.')).map_or("", |(_, namespace)| namespace);
    // As the host of the cluster spells them, whose first words they are.
    let spelled = |start: usize, name: &str| at.get(start..start + name.len()).unwrap_or_default();
    let (service, namespace) = (spelled(0, service), spelled(service.len() + 1, namespace));
    let of_authority = called(scene.config, &host(scene).unwrap_or_default());
    let version = |names| version_of(scene, names, overrides);
    let version = version(&of_authority).or_else(|| version(&names)).unwrap_or_default();

    let mut clusters: Vec<String> = Vec::new();
    let excepted: Vec<_> = list(&scene.config["tenant"]["from"]).flat_map(|source| list(&source["except"])).collect();
    for tenant in levels(scene.config, tenant.unwrap_or_default()) {
        let is_tenant = is_valid(&scene.config["tenant"], &tenant) && !excepted.iter().any(|known| **known == *tenant);
        let tenant = if is_tenant { tenant } else { String::new() };
        for template in list(&destinations["clusters"]) {
            let values = [
                ("{port}", port),
                ("{subset}", subset),
                ("{host}", at),
                ("{service}", service),
                ("{namespace}", namespace),
                ("{cluster}", own),
                ("{tenant}", &tenant),
                ("{version}", &version),
            ];
            let Some(cluster) = fill(template.as_str().unwrap(), &values) else { continue };
            if cluster == *own || clusters.len() == 7 {
                return joined(clusters, own);
            }
            if !clusters.contains(&cluster) {
                clusters.push(cluster);
            }
        }
    }
    joined(clusters, own)
}

/// Whether a client sent a header that an edge takes away without believing it.
fn chose_what_it_loses(scene: &Scene) -> bool {
    let sections = ["tenant", "overrides"].map(|section| &scene.config[section]);
    let ends = sections.iter().flat_map(|section| [&section["from"], &section["to"]]);
    let named = || ends.clone().chain([&scene.config["projections"]]).flat_map(list);
    let is_in =
        |entry: &Value, name: &str| entry["header"].as_str().is_some_and(|known| known.to_ascii_lowercase() == name);
    let trusts = |entry: &Value| ["anyone", "verified"].iter().any(|trust| entry["trust"] == *trust);
    let is_lost = |name: &str| {
        let is_believed = named().any(|entry| is_in(entry, name) && trusts(entry));
        (named().any(|entry| is_in(entry, name)) && !is_believed)
            || super::header(scene.config).is_some_and(|seal| seal == name)
            || super::is_stripped(scene.config, &super::fold(name))
    };
    scene.is_edge && scene.call.lines.iter().any(|(name, _)| !name.starts_with(':') && is_lost(name))
}

fn joined(clusters: Vec<String>, own: &str) -> Option<String> {
    (!clusters.is_empty()).then(|| format!("{},{own}", clusters.join(",")))
}

/// `a--b--c`, `b--c`, `c`.
fn levels(config: &Value, tenant: &str) -> Vec<String> {
    let mut levels = vec![tenant.to_ascii_lowercase()];
    let separator = config["tenant"]["levels"].as_str().unwrap_or("/").to_ascii_lowercase();
    let mut rest = levels[0].clone();
    while let Some((_, outer)) = rest.split_once(&separator) {
        rest = outer.to_owned();
        levels.extend(is_label_value(&rest).then(|| rest.clone()));
    }
    levels
}

fn fill(template: &str, values: &[(&str, &str)]) -> Option<String> {
    let mut filled = String::new();
    let mut rest = template;
    while !rest.is_empty() {
        match values.iter().find(|(word, _)| rest.starts_with(word)) {
            Some((_, "")) => return None,
            Some((word, value)) => {
                filled.push_str(value);
                rest = &rest[word.len()..];
            }
            None => {
                filled.push_str(&rest[..1]);
                rest = &rest[1..];
            }
        }
    }
    Some(filled)
}

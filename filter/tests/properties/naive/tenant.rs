//! The tenant.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};

use regex_lite::{Regex, escape};
use serde_json::Value;
use tenancy_filter::Refusal;

use super::{Claimed, Scene, baggage, decode, trim};

pub(crate) fn resolve(scene: &Scene) -> Result<Option<String>, Refusal> {
    let mut tenant: Option<String> = None;
    let sources = [scene.decided("tenant"), scene.sources("tenant")].concat();
    for (index, source) in sources.iter().enumerate() {
        for names in offers(scene, source, &sources[..index]) {
            take(scene, names, &mut tenant)?;
        }
    }
    Ok(tenant)
}

/// Takes what stands in one place. What follows 64 values beside the tenant is one invalid value, whatever it says.
fn take(scene: &Scene, names: Vec<String>, tenant: &mut Option<String>) -> Result<(), Refusal> {
    let rules = &scene.config["tenant"];
    let rejects = |field: &str, default: bool| rules.get(field).map_or(default, |word| word == "reject");
    let mut others = 0;
    for name in names {
        if tenant.as_ref() == Some(&name) {
            continue;
        }
        others += 1;
        match tenant {
            _ if others > 65 => {}
            _ if others == 65 || !is_valid(rules, &name) => {
                if rejects("onInvalid", false) {
                    return Err(Refusal::TenantInvalid);
                }
            }
            None => {
                *tenant = Some(name);
                others -= 1;
            }
            Some(chosen) if chosen.eq_ignore_ascii_case(&name) => {}
            Some(_) if rejects("onConflict", scene.is_edge) => return Err(Refusal::TenantConflict),
            Some(_) => {}
        }
    }
    Ok(())
}

/// What a source behind others names in each of its places, valid or not.
fn offers(scene: &Scene, source: &Value, earlier: &[&Value]) -> Vec<Vec<String>> {
    let name = |kind: &str| source[kind].as_str().unwrap_or_default();
    let names = if source.get("host").is_some() {
        named_by_hosts(scene, source, earlier)
    } else if let Some(path) = source.get("claim") {
        match scene.claim(path) {
            None => vec![],
            Some(Claimed::Single(name)) => vec![name.clone()],
            // No list is a tenant, and neither is the empty name.
            Some(Claimed::List(_)) => vec![String::new()],
        }
    } else if source.get("issuer").is_some() {
        scene.token.and_then(|token| tenant_of_issuer(&token.issuer, name("issuer"))).into_iter().collect()
    } else if source.get("header").is_some() {
        let elements = scene.values(name("header")).flat_map(|line| line.split(',')).map(trim);
        elements.filter(|element| !element.is_empty()).map(str::to_owned).collect()
    } else if source.get("baggage").is_some() {
        return baggage::values(scene, name("baggage"));
    } else if source.get("cookie").is_some() {
        let pairs = scene.values("cookie").flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
        let values = pairs.filter(|(key, _)| trim(key) == name("cookie")).map(|(_, value)| trim(value));
        let inner = |value: &str| Some(value.strip_prefix('"')?.strip_suffix('"')?.to_owned());
        values.map(|value| inner(value).unwrap_or_else(|| value.to_owned())).collect()
    } else {
        parameters(scene, name("query"))
    };
    vec![names]
}

fn is_same(known: &Value, name: &str) -> bool {
    known.as_str().is_some_and(|known| known.eq_ignore_ascii_case(name))
}

/// The values of a query parameter, decoded.
pub(super) fn parameters(scene: &Scene, name: &str) -> Vec<String> {
    let path = scene.values(":path").last().unwrap_or_default();
    let query = path.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.filter(|(key, _)| decode(key) == name).map(|(_, value)| decode(value)).collect()
}

/// What the pattern of a source finds. Of each host the first pattern that fits says which tenant it names.
fn named_by_hosts(scene: &Scene, source: &Value, earlier: &[&Value]) -> Vec<String> {
    let find = |source: &Value, host: &str| tenant_of(host, source["host"].as_str()?);
    let is_excepted = |name: &String| super::list(&source["except"]).any(|known| is_same(known, name));
    let rivals: Vec<_> = earlier.iter().filter(|rival| rival.get("of") == source.get("of")).collect();
    let is_free = |host: &String| rivals.iter().all(|rival| find(rival, host).is_none());
    let names = hosts(scene, source["of"].as_str()).into_iter().filter(is_free).filter_map(|host| find(source, &host));
    names.filter(|name| !is_excepted(name)).collect()
}

/// The hosts of the authority or of a header, the last one first.
fn hosts(scene: &Scene, of: Option<&str>) -> Vec<String> {
    let Some(name) = of else { return host(scene).into_iter().collect() };
    let mut values: Vec<_> = scene.values(name).flat_map(|line| line.split(',')).map(trim).collect();
    if name == "origin" {
        fn in_origin(value: &str) -> Option<&str> {
            value.strip_prefix("https://").or(value.strip_prefix("http://"))
        }
        values = values.into_iter().filter_map(in_origin).collect();
    }
    let given = values.into_iter().filter(|value| !value.is_empty()).rev().take(64);
    given.filter_map(host_of).filter(|host| host.parse::<std::net::Ipv4Addr>().is_err()).collect()
}

fn tenant_of_issuer(issuer: &str, pattern: &str) -> Option<String> {
    let whole = format!("^{}$", escape(pattern).replace(&escape("{tenant}"), "([A-Za-z0-9._-]*)"));
    let name = regex(&whole).captures(issuer)?[1].to_owned();
    is_label_value(&name).then_some(name)
}

/// Whether an issuer names a valid tenant, which admits its tokens.
pub(crate) fn names_issuer(rules: &Value, issuer: &str) -> bool {
    let patterns = super::list(&rules["from"]).filter_map(|source| source["issuer"].as_str());
    patterns.filter_map(|pattern| tenant_of_issuer(issuer, pattern)).any(|name| is_valid(rules, &name))
}

pub(super) fn is_valid(rules: &Value, name: &str) -> bool {
    let pattern = rules["pattern"].as_str().map(|pattern| regex(&format!("^(?:{pattern})$")));
    is_label_value(name) && pattern.is_none_or(|pattern| pattern.is_match(name))
}

/// A Kubernetes label value that is not empty.
pub(crate) fn is_label_value(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let end = |c: char| c.is_ascii_alphanumeric();
    text.len() <= 63 && text.chars().all(inside) && text.starts_with(end) && text.ends_with(end)
}

/// The host name that the authority holds: after port and one trailing dot.
pub(crate) fn host(scene: &Scene) -> Option<String> {
    host_of(scene.values(":authority").last()?).filter(|host| host.parse::<std::net::Ipv4Addr>().is_err())
}

/// A host name, or an address that looks like one.
pub(crate) fn host_of(authority: &str) -> Option<String> {
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, ""));
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_name =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || "-_~".contains(c));
    let fits = port.chars().all(|c| c.is_ascii_digit()) && host.split('.').all(is_name) && authority.len() <= 512;
    fits.then(|| host.to_owned())
}

/// A `*` takes as little as it can, from both ends, and `{tenant}` all that is left.
fn tenant_of(host: &str, pattern: &str) -> Option<String> {
    let any = "[a-z0-9_~-]+";
    let label = |label: &str| match label.split_once("{tenant}") {
        None => escape(label).replace(&escape("*"), any),
        Some((before, after)) => {
            let before = escape(before).replace(&escape("*"), &format!("{any}?"));
            format!("{before}([a-z0-9_~-]+){}", escape(after).replace(&escape("*"), any))
        }
    };
    let is_searched = |label: &str| label != "*" && label.contains('*');
    let mut labels = pattern.split('.').zip(host.split('.'));
    if labels.any(|(label, text)| is_searched(label) && text.len() > 63) {
        return None;
    }
    let labels: Vec<_> = pattern.split('.').map(label).collect();
    let whole = regex(&format!("(?i)^{}$", labels.join(r"\.")));
    let tenant = whole.captures(host)?[1].to_ascii_lowercase();
    let is_name = tenant.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let fits = is_name && tenant.len() <= 63 && !tenant.starts_with('-') && !tenant.ends_with('-');
    fits.then_some(tenant)
}

/// A fuzz target makes patterns of its own.
const MAX_COMPILED: usize = 1000;

/// A regular expression, which takes longer to compile than all the rest of a request.
pub(super) fn regex(pattern: &str) -> Regex {
    static COMPILED: LazyLock<Mutex<BTreeMap<String, Regex>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap();
    if compiled.len() == MAX_COMPILED {
        compiled.clear();
    }
    compiled.entry(pattern.to_owned()).or_insert_with(|| Regex::new(pattern).unwrap()).clone()
}

//! Share links.

use tenancy_filter::{Answer, Redirect, Refusal};

use super::tenant::{is_valid, parameters};
use super::{Scene, decode};

/// Fails with the answer of the first link that the request follows.
pub(super) fn follow(scene: &Scene) -> Result<(), Answer> {
    let method = scene.values(":method").last().unwrap_or_default();
    let says = |name, word| scene.values(name).collect::<Vec<_>>() == [word];
    let is_opened = says("sec-fetch-mode", "navigate") && says("sec-fetch-dest", "document");
    if !["GET", "HEAD"].contains(&method) || !is_opened || scene.values("sec-purpose").count() > 0 {
        return Ok(());
    }
    for source in scene.sources("tenant") {
        let (Some(parameter), Some(link)) = (source["query"].as_str(), source.get("link")) else { continue };
        let values = parameters(scene, parameter);
        let Some(name) = values.first() else { continue };
        let is_one = values.iter().all(|value| value.eq_ignore_ascii_case(name));
        let is_name = name.is_empty() || is_valid(&scene.config["tenant"], name);
        let location = location(scene.values(":path").last().unwrap_or_default(), parameter);
        let (true, true, Some(location)) = (is_one, is_name, location) else { return Err(Refusal::Link.into()) };
        let seconds = if name.is_empty() { 0 } else { seconds(link["maxAge"].as_str().unwrap()) };
        let cookie = link["cookie"].as_str().unwrap();
        let cookie = format!("{cookie}={name}; Max-Age={seconds}; Path=/; HttpOnly; Secure; SameSite=Lax");
        return Err(Answer::Redirected(Box::new(Redirect { location: location.into_bytes(), cookie })));
    }
    Ok(())
}

fn seconds(duration: &str) -> u64 {
    let (number, unit) = duration.split_at(duration.len() - 1);
    number.parse::<u64>().unwrap() * if unit == "s" { 1 } else { 3600 }
}

/// The path without a parameter, if it can only be one of the same host.
fn location(path: &str, parameter: &str) -> Option<String> {
    let (before, query) = path.split_once('?').unwrap_or((path, ""));
    let begins: Vec<_> = decode(before).chars().take(2).collect();
    let is_local = path.starts_with('/') && !matches!(begins[..], [_, '/' | '\\']);
    let is_other = |pair: &&str| decode(pair.split('=').next().unwrap()) != parameter;
    let kept: Vec<_> = query.split('&').filter(is_other).collect();
    let rest = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    (is_local && path.chars().all(|c| ('!'..='~').contains(&c))).then(|| format!("{before}{rest}"))
}

//! What leaves the mesh, and without what.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::Value;

use super::tenant::host_of;
use super::{Call, Direction, Lines, Scene, baggage, clusters, list, names, put, seal};

/// Whether an authority belongs to the mesh, where it tells.
fn is_of_the_mesh(config: &Value, authority: &str) -> Option<bool> {
    let bracketed = authority.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let is_port = |rest: &str| {
        rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()))
    };
    if bracketed.is_some_and(|(address, rest)| is_port(rest) && address.parse::<Ipv6Addr>().is_ok()) {
        return Some(true);
    }
    let Some(host) = host_of(authority) else { return Some(false) };
    let mut domains = vec!["svc".to_owned()];
    domains.extend(clusters(config).iter().map(|cluster| format!("svc.{cluster}")));
    domains.extend(list(&config["internal"]).filter_map(Value::as_str).map(str::to_ascii_lowercase));
    let dotted = format!(".{}", host.to_ascii_lowercase());
    let is_listed = domains.iter().any(|domain| dotted.ends_with(&format!(".{domain}")));
    match host.split('.').count() {
        1 => Some(true),
        _ if is_listed || host.parse::<Ipv4Addr>().is_ok() => Some(true),
        2 => None,
        _ => Some(false),
    }
}

pub(crate) fn leaves(config: &Value, call: &Call) -> bool {
    let authority = call.lines.iter().rfind(|(name, _)| name == ":authority").map_or("", |(_, value)| value);
    if config["role"] == "waypoint" {
        return leaves_by_waypoint(config, authority, call.cluster());
    }
    let Direction::Outbound(cluster) = &call.direction else { return false };
    let is_of_the_mesh = is_of_the_mesh(config, authority).unwrap_or_else(|| {
        let parts: Vec<_> = cluster.split('|').collect();
        match parts[..] {
            ["PassthroughCluster", ..] => false,
            ["outbound" | "inbound-vip", _, _, host, ..] => self::is_of_the_mesh(config, host) == Some(true),
            _ => true,
        }
    });
    !is_of_the_mesh
}

/// A waypoint goes by what the authority calls the mesh's; otherwise by the cluster; otherwise as a sidecar does.
fn leaves_by_waypoint(config: &Value, authority: &str, cluster: &str) -> bool {
    let by_name = is_of_the_mesh(config, authority);
    if by_name == Some(true) {
        return false;
    }
    match cluster.split('|').collect::<Vec<_>>()[..] {
        ["PassthroughCluster", ..] => true,
        ["encap"] => false,
        ["outbound" | "inbound-vip", _, _, host, ..] => is_of_the_mesh(config, host) != Some(true),
        _ => by_name.is_some(),
    }
}

/// What is left of the request.
pub(super) fn withhold(scene: &Scene) -> Lines {
    let mut lines = scene.call.lines.clone();
    let sections = ["tenant", "overrides"].map(|section| &scene.config[section]);
    let ends = sections.into_iter().flat_map(|section| [&section["from"], &section["to"]]);
    let entries = ends.chain([&scene.config["projections"]]).flat_map(list);
    for name in entries.chain(scene.config.get("destinations")).filter_map(|entry| entry["header"].as_str()) {
        put(&mut lines, name, None);
    }
    seal::header(scene.config).iter().for_each(|name| put(&mut lines, name, None));
    baggage::write(scene, None, &Vec::new(), None, &mut lines);
    names::withhold_older(scene, &mut lines);
    lines
}

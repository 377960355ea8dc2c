//! Routes of a gateway as a match tree, which an EnvoyFilter of Istio puts in the place of a host's routes.

use serde_json::{Map, Value, json};

use super::Mistake;
use super::file::STABLE;
use super::headers::Side;
use super::istio;
use super::plan::{Detour, Gateway, Plan, Service};
use super::resource::{About, destination, host_name, resource};

const ENVOY_FILTER: (&str, &str) = ("networking.istio.io/v1alpha3", "EnvoyFilter");

/// One EnvoyFilter for each service with hosts, and beside it the VirtualService that makes Istio create virtual hosts.
pub(super) fn match_trees(plan: &Plan) -> Result<Vec<Value>, Vec<Mistake>> {
    let mut resources = istio::destination_rules(plan);
    let mut mistakes = Vec::new();
    for (gateway, hosts, services) in plan.hosts() {
        match (&services[..], gateway.port) {
            ([service], Some(port)) if service.path == "/" && !gateway.labels.is_empty() => {
                let stable = istio::stable(plan, service, Side::Gateway);
                resources.push(istio::at_gateway(plan, gateway, hosts, vec![stable]));
                resources.push(tree(plan, gateway, port, hosts, service));
            }
            _ => mistakes.extend(refused(gateway, &services)),
        }
    }
    if mistakes.is_empty() && resources.is_empty() {
        let at = super::Whence { place: None, path: "services".into() };
        mistakes.push(
            at.mistake("no service has `hosts`; a match tree is for the hosts of a gateway, so give a service `hosts`"),
        );
    }
    mistakes.dedup();
    if mistakes.is_empty() { Ok(resources) } else { Err(mistakes) }
}

fn refused(gateway: &Gateway, services: &[&Service]) -> Vec<Mistake> {
    let by_path = services.iter().filter(|service| service.path != "/").map(|service| {
        let message = "path: a match tree matches only headers; leave `path` out, or use another --kind";
        service.at.mistake(message)
    });
    let port = gateway
        .port
        .is_none()
        .then_some("port: missing; Istio names virtual hosts by it, so write the listener's port");
    let labels = gateway.labels.is_empty();
    let labels = labels.then_some("labels: missing; write those of the gateway's pods, as in {istio: ingressgateway}");
    by_path.chain(port.into_iter().chain(labels).map(|message| gateway.at.mistake(message))).collect()
}

fn tree(plan: &Plan, gateway: &Gateway, port: u16, hosts: &[String], service: &Service) -> Value {
    let patch = json!({"operation": "MERGE", "value": {"matcher": matcher(plan, service)}});
    let patches = hosts.iter().flat_map(|host| {
        let at = json!({"context": "GATEWAY", "routeConfiguration": {"vhost": {"name": format!("{host}:{port}")}}});
        // Envoy takes routes or a tree, not both.
        let removal = json!({"applyTo": "HTTP_ROUTE", "match": at, "patch": {"operation": "REMOVE"}});
        [removal, json!({"applyTo": "VIRTUAL_HOST", "match": at, "patch": patch})]
    });
    let patches: Vec<_> = patches.collect();
    let spec = json!({"workloadSelector": {"labels": gateway.labels}, "configPatches": patches});
    let about = About { service: Some(&service.name), ..About::default() };
    let (start, end) = host_name(hosts, 0);
    resource(ENVOY_FILTER, plan, &gateway.namespace, &[&start, &gateway.name, end], about, spec)
}

/// A look-up for each header, one after the other; a request that matches none goes to the stable version.
fn matcher(plan: &Plan, service: &Service) -> Value {
    let mut look_ups: Vec<(&str, Map<String, Value>)> = Vec::new();
    for (it, detour) in service.ranked(Side::Gateway) {
        if look_ups.last().is_none_or(|(header, _)| *header != it.header()) {
            look_ups.push((it.header(), Map::new()));
        }
        if let Some((_, map)) = look_ups.last_mut() {
            map.insert(it.value().to_owned(), action(plan, service, Some(detour)));
        }
    }
    let look_up = |otherwise: Value, (header, map): (&str, Map<String, Value>)| {
        let input = json!({
            "@type": "type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput",
            "header_name": header,
        });
        let tree = json!({"input": {"name": header, "typed_config": input}, "exact_match_map": {"map": map}});
        json!({"matcher": {"matcher_tree": tree, "on_no_match": otherwise}})
    };
    let matched = look_ups.into_iter().rev().fold(action(plan, service, None), look_up);
    match matched.get("matcher") {
        Some(matcher) => matcher.clone(),
        None => json!({"on_no_match": matched}),
    }
}

fn action(plan: &Plan, service: &Service, detour: Option<&Detour>) -> Value {
    let (host, subset) = destination(plan, service, detour);
    let cluster = format!("outbound|{}|{}|{host}", service.port, subset.unwrap_or_default());
    let route = json!({
        "@type": "type.googleapis.com/envoy.config.route.v3.Route",
        "match": {"prefix": "/"},
        "route": {"cluster": cluster},
    });
    json!({"action": {"name": detour.map_or(STABLE, |detour| &detour.sandbox), "typed_config": route}})
}

//! Routes as VirtualServices and DestinationRules of Istio.

use serde_json::{Map, Value, json};

use super::file::STABLE;
use super::headers::Side;
use super::plan::{Backend, Detour, Gateway, Match, Plan, Service};
use super::resource::{About, destination, host, host_name, resource};

const VIRTUAL_SERVICE: (&str, &str) = ("networking.istio.io/v1", "VirtualService");
const DESTINATION_RULE: (&str, &str) = ("networking.istio.io/v1", "DestinationRule");

/// One VirtualService for each service, because Istio takes only one for a host in the mesh, and one for
/// the hosts of the gateway.
pub(super) fn virtual_services(plan: &Plan) -> Vec<Value> {
    let mesh = plan.services.iter().filter(|_| plan.mesh).map(|service| between(plan, service));
    let entries = plan.hosts().into_iter().map(|(gateway, hosts, services)| {
        let routes = services.iter().flat_map(|service| routes(plan, service, Side::Gateway)).collect();
        at_gateway(plan, gateway, hosts, routes)
    });
    mesh.chain(entries).chain(destination_rules(plan)).collect()
}

fn between(plan: &Plan, service: &Service) -> Value {
    let hosts = [host(&service.name, &service.namespace, plan)];
    let spec = json!({"hosts": hosts, "http": routes(plan, service, Side::Mesh)});
    let about = About { service: Some(&service.name), ..About::default() };
    resource(VIRTUAL_SERVICE, plan, &service.namespace, &[&service.name], about, spec)
}

/// The VirtualService of some hosts of the gateway, with these routes.
pub(super) fn at_gateway(plan: &Plan, gateway: &Gateway, hosts: &[String], routes: Vec<Value>) -> Value {
    let Gateway { name, namespace, .. } = gateway;
    let spec = json!({"hosts": hosts, "gateways": [format!("{namespace}/{name}")], "http": routes});
    let (start, end) = host_name(hosts, 0);
    resource(VIRTUAL_SERVICE, plan, namespace, &[&start, name, end], About::default(), spec)
}

fn routes(plan: &Plan, service: &Service, side: Side) -> Vec<Value> {
    let ranked = service.ranked(side);
    let sandboxes = ranked.iter().map(|(it, detour)| {
        let alternatives: Vec<_> = match side {
            Side::Mesh => vec![json!({"headers": headers(it)})],
            Side::Gateway => {
                paths(&service.path).into_iter().map(|path| json!({"uri": path, "headers": headers(it)})).collect()
            }
        };
        route(plan, service, side, Some(detour), alternatives)
    });
    sandboxes.chain([stable(plan, service, side)]).collect()
}

/// The route of everybody else.
pub(super) fn stable(plan: &Plan, service: &Service, side: Side) -> Value {
    let alternatives = match side {
        Side::Gateway if service.path != "/" => {
            paths(&service.path).into_iter().map(|path| json!({"uri": path})).collect()
        }
        Side::Gateway | Side::Mesh => Vec::new(),
    };
    route(plan, service, side, None, alternatives)
}

fn route(plan: &Plan, service: &Service, side: Side, detour: Option<&Detour>, alternatives: Vec<Value>) -> Value {
    let (host, subset) = destination(plan, service, detour);
    let subset = subset.map(|subset| ("subset", subset.into()));
    // In the mesh a request keeps its port, so that a service may have several.
    let port = (side == Side::Gateway).then(|| ("port", json!({"number": service.port})));
    let to = [Some(("host", host.into())), subset, port].into_iter().flatten();
    let to: Map<_, _> = to.map(|(name, value)| (name.to_owned(), value)).collect();
    let mut route = Map::new();
    route.insert("name".into(), detour.map_or(STABLE, |detour| &detour.sandbox).into());
    if !alternatives.is_empty() {
        route.insert("match".into(), alternatives.into());
    }
    route.insert("route".into(), json!([{"destination": to}]));
    route.into()
}

fn headers(it: &Match) -> Value {
    Value::Object(Map::from_iter([(it.header().to_owned(), json!({"exact": it.value()}))]))
}

/// A path and all below it: Istio's prefix `/cart` would take `/cartoon`, too.
fn paths(path: &str) -> Vec<Value> {
    match path {
        "/" => vec![json!({"prefix": "/"})],
        _ => vec![json!({"exact": path}), json!({"prefix": format!("{path}/")})],
    }
}

/// One for each service of which subsets are used.
pub(super) fn destination_rules(plan: &Plan) -> Vec<Value> {
    plan.services.iter().filter_map(|service| destination_rule(plan, service)).collect()
}

fn destination_rule(plan: &Plan, service: &Service) -> Option<Value> {
    let sandboxes = service.detours.iter().map(|detour| (detour.sandbox.as_str(), &detour.backend));
    let subsets =
        [(STABLE, &service.stable)].into_iter().chain(sandboxes).filter_map(|(name, backend)| match backend {
            Backend::Labels(labels) => Some(json!({"name": name, "labels": labels})),
            Backend::Service { .. } => None,
        });
    let subsets: Vec<_> = subsets.collect();
    let spec = json!({"host": host(&service.name, &service.namespace, plan), "subsets": subsets});
    let about = About { service: Some(&service.name), ..About::default() };
    (!subsets.is_empty()).then(|| resource(DESTINATION_RULE, plan, &service.namespace, &[&service.name], about, spec))
}

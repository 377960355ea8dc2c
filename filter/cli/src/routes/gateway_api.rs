//! Routes as HTTPRoutes of the Gateway API, and the ReferenceGrants that let them lead into other namespaces.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Mistake;
use super::file::STABLE;
use super::headers::Side;
use super::plan::{Backend, Detour, Gateway, Match, Plan, Service};
use super::resource::{About, host_name, resource};

const HTTP_ROUTE: (&str, &str) = ("gateway.networking.k8s.io/v1", "HTTPRoute");
const REFERENCE_GRANT: (&str, &str) = ("gateway.networking.k8s.io/v1beta1", "ReferenceGrant");
const GROUP: &str = "gateway.networking.k8s.io";

/// The most rules of an HTTPRoute. A rule has at most two matches here, so the limits of 64 a rule and 128 a route are
/// never met.
const MAX_RULES: usize = 16;
/// The most Services of a ReferenceGrant.
const MAX_GRANTED: usize = 16;

/// A route of a service, for a sandbox or for everybody else.
struct Leg<'p> {
    service: &'p Service,
    detour: Option<&'p Detour>,
}

/// All of them, with the defaults of the API server, so that a comparison finds no difference.
///
/// One HTTPRoute for each sandbox and service, because all rules of a route hold for all its parents; at a gateway one
/// for each sandbox, host and namespace, or several where that has more rules than a route may have.
pub(super) fn http_routes(plan: &Plan) -> Result<Vec<Value>, Vec<Mistake>> {
    let legs: Vec<_> = plan.services.iter().flat_map(legs).collect();
    let mistakes: Vec<_> = legs.iter().filter_map(Leg::mistake).collect();
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let mesh = legs.iter().filter(|_| plan.mesh).map(|leg| leg.between(plan));
    Ok(mesh.chain(at_gateway(plan, &legs)).chain(grants(plan, &legs)).collect())
}

fn legs(service: &Service) -> impl Iterator<Item = Leg<'_>> {
    let detours = service.detours.iter().map(move |detour| Leg { service, detour: Some(detour) });
    std::iter::once(Leg { service, detour: None }).chain(detours)
}

impl<'p> Leg<'p> {
    fn sandbox(&self) -> Option<&'p str> {
        self.detour.map(|detour| detour.sandbox.as_str())
    }

    fn about(&self) -> About<'p> {
        About { sandbox: self.sandbox(), service: Some(&self.service.name) }
    }

    fn backend(&self) -> &'p Backend {
        self.detour.map_or(&self.service.stable, |detour| &detour.backend)
    }

    fn mistake(&self) -> Option<Mistake> {
        match self.backend() {
            Backend::Service { .. } => None,
            Backend::Labels(_) => {
                let at = self.detour.map_or(&self.service.at, |detour| &detour.at);
                Some(at.mistake(
                    "is told by labels of pods, which an HTTPRoute cannot choose; give the version a Service of its own, as \
                     in \"{service}-{tenant}\", or take --kind virtual-services",
                ))
            }
        }
    }

    fn between(&self, plan: &Plan) -> Value {
        let Service { name, namespace, port, .. } = self.service;
        let parent = json!({"group": "", "kind": "Service", "name": name, "port": port});
        let spec = json!({"parentRefs": [parent], "rules": [self.rule(Side::Mesh)]});
        let parts: Vec<_> = [Some(name.as_str()), self.sandbox()].into_iter().flatten().collect();
        resource(HTTP_ROUTE, plan, namespace, &parts, self.about(), spec)
    }

    fn rule(&self, side: Side) -> Value {
        let path = match side {
            Side::Mesh => "/",
            Side::Gateway => &self.service.path,
        };
        let path = json!({"type": "PathPrefix", "value": path});
        let matches: Vec<_> = match self.detour {
            Some(detour) => {
                let headers = detour.matches(side).iter().map(header);
                headers.map(|header| json!({"path": path, "headers": [header]})).collect()
            }
            None => vec![json!({"path": path})],
        };
        json!({"matches": matches, "backendRefs": [self.backend_ref()]})
    }

    fn backend_ref(&self) -> Value {
        let port = self.service.port;
        match self.backend() {
            Backend::Service { name, namespace } if *namespace == self.service.namespace => {
                json!({"group": "", "kind": "Service", "name": name, "port": port, "weight": 1})
            }
            Backend::Service { name, namespace } => {
                json!({"group": "", "kind": "Service", "name": name, "namespace": namespace, "port": port, "weight": 1})
            }
            Backend::Labels(_) => Value::Null,
        }
    }
}

fn header(it: &Match) -> Value {
    json!({"type": "Exact", "name": it.header(), "value": it.value()})
}

fn at_gateway<'p>(plan: &'p Plan, legs: &[Leg<'p>]) -> Vec<Value> {
    let Some(gateway) = &plan.gateway else { return Vec::new() };
    let mut routes: BTreeMap<_, Vec<&Leg<'p>>> = BTreeMap::new();
    for leg in legs {
        if !leg.service.hosts.is_empty() {
            routes.entry((&leg.service.hosts, &leg.service.namespace, leg.sandbox())).or_default().push(leg);
        }
    }
    let resources = routes.iter().flat_map(|((hosts, namespace, sandbox), legs)| {
        legs.chunks(MAX_RULES).enumerate().map(move |(index, legs)| {
            let (start, end) = host_name(hosts, index);
            let parts = [&start, &gateway.name, sandbox.unwrap_or(STABLE), end];
            let about = About { sandbox: *sandbox, service: None };
            resource(HTTP_ROUTE, plan, namespace, &parts, about, entry(gateway, hosts, legs))
        })
    });
    resources.collect()
}

fn entry(Gateway { name, namespace, .. }: &Gateway, hosts: &[String], legs: &[&Leg<'_>]) -> Value {
    let parent = json!({"group": GROUP, "kind": "Gateway", "name": name, "namespace": namespace});
    let rules: Vec<_> = legs.iter().map(|leg| leg.rule(Side::Gateway)).collect();
    json!({"parentRefs": [parent], "hostnames": hosts, "rules": rules})
}

/// What the owner of a namespace has to allow: that routes of another one lead to these Services.
fn grants(plan: &Plan, legs: &[Leg<'_>]) -> Vec<Value> {
    let mut granted: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for leg in legs {
        match leg.backend() {
            Backend::Service { name, namespace } if *namespace != leg.service.namespace => {
                granted.entry((namespace, &leg.service.namespace, leg.sandbox())).or_default().insert(name);
            }
            Backend::Service { .. } | Backend::Labels(_) => {}
        }
    }
    let resources = granted.iter().flat_map(|((namespace, from, sandbox), services)| {
        let services: Vec<_> = services.iter().collect();
        let chunks: Vec<_> = services.chunks(MAX_GRANTED).map(<[_]>::to_vec).enumerate().collect();
        chunks.into_iter().map(move |(index, services)| {
            let number = (index > 0).then(|| index.saturating_add(1).to_string());
            let parts = [Some("from"), Some(from.as_str()), Some(sandbox.unwrap_or(STABLE)), number.as_deref()];
            let parts: Vec<_> = parts.into_iter().flatten().collect();
            let to: Vec<_> =
                services.iter().map(|name| json!({"group": "", "kind": "Service", "name": name})).collect();
            let spec = json!({"from": [{"group": GROUP, "kind": "HTTPRoute", "namespace": from}], "to": to});
            resource(REFERENCE_GRANT, plan, namespace, &parts, About { sandbox: *sandbox, service: None }, spec)
        })
    });
    resources.collect()
}

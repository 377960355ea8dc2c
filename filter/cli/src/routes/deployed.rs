//! Services and Deployments as `kubectl get -o json` prints them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::cluster::Search;
use super::draft::{Stable, Usual};
use super::prune::items;
use super::{Mistake, Whence};

/// What was found.
pub(super) struct Found {
    pub(super) services: Services,
    pub(super) deployments: Deployments,
}

/// All Services, by namespace and name.
pub(super) struct Services {
    pub(super) all: Vec<Service>,
}

/// A Service, as far as routes depend on it.
pub(super) struct Service {
    pub(super) name: String,
    pub(super) namespace: String,
    labels: BTreeMap<String, String>,
    selector: BTreeMap<String, String>,
    ports: Vec<Port>,
}

struct Port {
    number: u16,
    is_http: bool,
}

/// All Deployments: namespace, name, and the labels of the pods.
pub(super) struct Deployments(Vec<(String, String, BTreeMap<String, String>)>);

impl Found {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let items = items(text)?;
        let of_kind =
            |kind: &str| items.iter().filter(|item| item.get("kind").is_some_and(|it| it == kind)).collect::<Vec<_>>();
        let services = of_kind("Service");
        if services.is_empty() {
            return Err("holds no Service; pipe `kubectl get services,deployments -A -o json` into this command".into());
        }
        let mut all: Vec<_> = services.into_iter().map(service).collect();
        all.sort_by(|one, other| (&one.namespace, &one.name).cmp(&(&other.namespace, &other.name)));
        let mut deployments: Vec<_> = of_kind("Deployment").into_iter().map(deployment).collect();
        deployments.sort();
        Ok(Self { services: Services { all }, deployments: Deployments(deployments) })
    }
}

impl Service {
    pub(super) fn is(&self, usual: &Usual) -> bool {
        self.name == usual.name && self.namespace == usual.namespace
    }

    /// The sandbox that its label names.
    pub(super) fn label(&self, search: &Search) -> Option<&str> {
        self.labels.get(search.label.as_ref()?).map(String::as_str)
    }

    /// Its only port, or the only one of HTTP.
    fn port(&self) -> Option<u16> {
        let http = || self.ports.iter().filter(|port| port.is_http).collect::<Vec<_>>();
        match (&self.ports[..], &http()[..]) {
            ([port], _) => Some(port.number),
            (_, [port]) => Some(port.number),
            (_, _) => None,
        }
    }
}

impl Services {
    /// Each as if it were a usual version.
    pub(super) fn usual(&self, stable: Option<&Stable>) -> Vec<Usual> {
        let usual = |service: &Service| Usual {
            name: service.name.clone(),
            namespace: service.namespace.clone(),
            port: service.port().unwrap_or_default(),
            hosts: Vec::new(),
            path: "/".into(),
            stable: stable.map(|Stable(form)| form.clone()),
            at: Whence::resource("Service", &service.namespace, &service.name),
        };
        self.all.iter().map(usual).collect()
    }

    /// Whether it is clear which port of each is routed.
    pub(super) fn check_ports(&self, services: &[Usual]) -> Result<(), Vec<Mistake>> {
        let unclear = services.iter().filter(|usual| usual.port == 0);
        let mistakes: Vec<_> = unclear
            .map(|usual| {
                usual.at.mistake(
                    "has several ports, and not just one of HTTP; list its services in a file, or give the port of HTTP an \
                     appProtocol: http",
                )
            })
            .collect();
        if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
    }
}

impl Deployments {
    /// Those whose pods a Service has, each with the pods' labels.
    pub(super) fn of<'d>(
        &'d self,
        service: &'d Service,
    ) -> impl Iterator<Item = (&'d str, &'d BTreeMap<String, String>)> {
        let is_behind = |(namespace, _, pods): &&(String, String, BTreeMap<String, String>)| {
            *namespace == service.namespace && !service.selector.is_empty() && Self::have(pods, &service.selector)
        };
        self.0.iter().filter(is_behind).map(|(_, name, pods)| (name.as_str(), pods))
    }

    pub(super) fn have(pods: &BTreeMap<String, String>, labels: &BTreeMap<String, String>) -> bool {
        labels.iter().all(|(key, value)| pods.get(key) == Some(value))
    }
}

fn service(item: &Value) -> Service {
    let ports = item.pointer("/spec/ports").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    Service {
        name: text(item, "/metadata/name"),
        namespace: text(item, "/metadata/namespace"),
        labels: labels(item, "/metadata/labels"),
        selector: labels(item, "/spec/selector"),
        ports: ports.iter().filter_map(port).collect(),
    }
}

fn port(port: &Value) -> Option<Port> {
    let number = u16::try_from(port.get("port")?.as_u64()?).ok()?;
    // The order in which Istio looks, too: what a port is called may begin with its protocol.
    let said =
        [port.get("appProtocol"), port.get("name")].into_iter().flatten().find_map(Value::as_str).unwrap_or_default();
    let is_http = ["http", "http2", "grpc"].iter().any(|known| said.split(['-', '/', '.']).any(|word| word == *known));
    Some(Port { number, is_http })
}

fn deployment(item: &Value) -> (String, String, BTreeMap<String, String>) {
    let pods = labels(item, "/spec/template/metadata/labels");
    (text(item, "/metadata/namespace"), text(item, "/metadata/name"), pods)
}

fn labels(item: &Value, at: &str) -> BTreeMap<String, String> {
    let all = item.pointer(at).and_then(Value::as_object).into_iter().flatten();
    all.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

fn text(item: &Value, at: &str) -> String {
    item.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned()
}

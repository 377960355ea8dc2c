//! What a cluster would know by itself: which service runs where (ServiceEntry), and where a sidecar listens that
//! captures no traffic (Sidecar).

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Value, json};

use super::scenario::{Kind, Place, Proxy, Scenario, Service};

/// Where a sidecar takes what is for its service, as Istio's own do.
const INBOUND: u16 = 15006;

impl Scenario {
    /// A Sidecar for every sidecar: in on [`INBOUND`], out on the services' port.
    pub(super) fn sidecars(&self) -> Vec<Value> {
        let sidecars = self.proxies.iter().filter(|(_, proxy)| proxy.kind == Kind::Sidecar);
        sidecars.map(|(name, proxy)| self.sidecar(name, proxy)).collect()
    }

    fn sidecar(&self, name: &str, proxy: &Proxy) -> Value {
        let bind = format!("127.0.0.{}", proxy.at);
        json!({
            "apiVersion": "networking.istio.io/v1",
            "kind": "Sidecar",
            "metadata": {"name": name, "namespace": proxy.namespace},
            "spec": {
                "workloadSelector": {"labels": proxy.labels},
                "ingress": [{
                    "port": {"number": INBOUND, "protocol": "HTTP", "name": "http"},
                    "bind": bind,
                    // The pod's own address.
                    "defaultEndpoint": format!("0.0.0.0:{}", self.port),
                }],
                "egress": [{
                    "port": {"number": self.port, "protocol": "HTTP", "name": "http"},
                    "bind": bind,
                    "hosts": ["*/*"],
                }],
            },
        })
    }

    /// A ServiceEntry for every host, with an endpoint for every service that has it.
    pub(super) fn service_entries(&self) -> Vec<Value> {
        let mut hosts: BTreeMap<&str, Vec<&Service>> = BTreeMap::new();
        for service in &self.services {
            hosts.entry(&service.host).or_default().push(service);
        }
        hosts.into_iter().map(|(host, services)| self.service_entry(host, &services)).collect()
    }

    fn service_entry(&self, host: &str, services: &[&Service]) -> Value {
        let mut labels = host.split('.');
        json!({
            "apiVersion": "networking.istio.io/v1",
            "kind": "ServiceEntry",
            "metadata": {"name": labels.next(), "namespace": labels.next()},
            "spec": {
                "hosts": [host],
                "location": "MESH_INTERNAL",
                "resolution": "STATIC",
                "ports": [{"number": self.port, "name": "http", "protocol": "HTTP"}],
                "endpoints": services.iter().map(|service| self.endpoint(service)).collect::<Vec<_>>(),
            },
        })
    }

    fn endpoint(&self, service: &Service) -> Value {
        let (at, port) = match &service.at {
            Place::Alone(at) => (*at, self.port),
            Place::Behind(sidecar) => (self.proxy(sidecar).at, INBOUND),
        };
        json!({"address": format!("127.0.0.{at}"), "ports": {"http": port}, "labels": service.labels})
    }

    /// A proxy by its name.
    pub(super) fn proxy(&self, name: &str) -> &Proxy {
        self.proxies.get(name).unwrap_or_else(|| panic!("{}: no proxy {name}", self.name))
    }
}

impl Proxy {
    /// The last number of its pod's address: no service's, or istiod would take that service's labels for the proxy's.
    pub(super) fn pod(&self) -> u8 {
        self.at + 100
    }

    /// How it presents itself to istiod.
    pub(super) fn node(&self, name: &str, ip: IpAddr, release: &str) -> Value {
        let (kind, namespace) = (if self.kind == Kind::Router { "router" } else { "sidecar" }, &self.namespace);
        json!({
            "id": format!("{kind}~{ip}~{name}.{namespace}~{namespace}.svc.cluster.local"),
            "cluster": format!("{name}.{namespace}"),
            "metadata": {
                "NAMESPACE": namespace,
                "LABELS": self.labels,
                "INSTANCE_IPS": ip,
                "ISTIO_VERSION": release,
                "CLUSTER_ID": "Kubernetes",
                "MESH_ID": "cluster.local",
                // Envoy listens where it is told to, and nothing is redirected to it.
                "INTERCEPTION_MODE": "NONE",
            },
        })
    }
}

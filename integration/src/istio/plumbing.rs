//! What a cluster would know by itself: which service runs where (ServiceEntry), and where a sidecar listens that
//! captures no traffic (Sidecar).

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Value, json};

use super::scenario::{Kind, Place, Proxy, Scenario, Service};

/// The inbound port of a sidecar, as in Istio's own.
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
        let documents = hosts.into_iter().map(|(host, services)| {
            let vip = services.iter().find_map(|service| service.vip);
            match (vip, host.strip_suffix(".svc.cluster.local").and_then(|name| name.split_once('.'))) {
                (Some(vip), Some((name, namespace))) => self.kubernetes_service(name, namespace, vip, &services),
                _ => vec![self.service_entry(host, &services, vip)],
            }
        });
        documents.flatten().collect()
    }

    /// A Kubernetes Service behind the waypoint, with its address.
    fn kubernetes_service(&self, name: &str, namespace: &str, vip: u8, services: &[&Service]) -> Vec<Value> {
        let vip = format!("127.0.0.{vip}");
        let port = json!({"name": "http", "port": self.port, "protocol": "TCP"});
        let address = |service: &&Service| match service.at {
            Place::Alone(at) => json!({"addresses": [format!("127.0.0.{at}")], "conditions": {"ready": true}}),
            Place::Behind(_) => panic!("{name} stands behind a waypoint and a sidecar"),
        };
        let labels = if self.waypoint().is_some() { json!({"istio.io/use-waypoint": "waypoint"}) } else { json!({}) };
        let spec = json!({"type": "ClusterIP", "clusterIP": vip, "clusterIPs": [vip], "ports": [port]});
        vec![
            json!({
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": name, "namespace": namespace, "labels": labels},
                "spec": spec,
            }),
            json!({
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {"name": name, "namespace": namespace, "labels": {"kubernetes.io/service-name": name}},
                "addressType": "IPv4",
                "ports": [port],
                "endpoints": services.iter().map(address).collect::<Vec<_>>(),
            }),
        ]
    }

    fn service_entry(&self, host: &str, services: &[&Service], vip: Option<u8>) -> Value {
        let mut labels = host.split('.');
        // A service of the mesh with an address of its own is Kubernetes', as above.
        let is_external = vip.is_some();
        let mut entry = json!({
            "apiVersion": "networking.istio.io/v1",
            "kind": "ServiceEntry",
            "metadata": {"name": labels.next(), "namespace": if is_external { Some("default") } else { labels.next() }},
            "spec": {
                "hosts": [host],
                "location": if is_external { "MESH_EXTERNAL" } else { "MESH_INTERNAL" },
                "resolution": "STATIC",
                "ports": [{"number": self.port, "name": "http", "protocol": "HTTP"}],
                "endpoints": services.iter().map(|service| self.endpoint(service)).collect::<Vec<_>>(),
            },
        });
        if let Some(vip) = vip {
            entry["metadata"]["labels"] = json!({"istio.io/use-waypoint": "waypoint"});
            entry["spec"]["addresses"] = json!([format!("127.0.0.{vip}")]);
        }
        entry
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
        let namespace = &self.namespace;
        let kind = match self.kind {
            Kind::Router | Kind::Gateway => "router",
            Kind::Sidecar => "sidecar",
            Kind::Waypoint => "waypoint",
        };
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
                // Envoy listens on configured addresses; no traffic is redirected to it.
                "INTERCEPTION_MODE": "NONE",
            },
        })
    }
}

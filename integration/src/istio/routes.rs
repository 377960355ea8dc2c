//! `integration/istio/routes`: the output of `tenancy routes` for 40 services and 100 sandboxes.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use playground::root;
use serde::Deserialize;
use serde_json::{Value, json};

use super::manifests::documents;
use super::scenario::{Place, Row, Scenario, Service};

/// A list of sandboxes, read for itself, so that what the command makes of it is compared with something.
#[derive(Deserialize)]
struct Sandboxes {
    services: Vec<Usual>,
    sandboxes: Vec<Sandbox>,
}

#[derive(Deserialize)]
struct Usual {
    name: String,
    namespace: String,
}

#[derive(Deserialize)]
struct Sandbox {
    name: String,
    tenant: Option<String>,
    deploys: Vec<Value>,
}

/// One version of a service, and the header lines by which a call reaches it.
struct Way {
    name: String,
    called: String,
    host: String,
    headers: Vec<String>,
}

impl Way {
    /// A call that reaches it.
    fn request(&self) -> Result<Row> {
        let Self { name, called, headers, .. } = self;
        let row = json!({"name": name, "to": "web", "host": called, "headers": headers, "reaches": [name]});
        Ok(serde_json::from_value(row)?)
    }
}

impl Scenario {
    /// A request to each version of each service, beside those of `scenario.yaml`.
    pub fn routes() -> Result<Self> {
        let folder = root().join("integration/istio/routes");
        let text = fs::read_to_string(folder.join("sandboxes.yaml"))?;
        let list: Sandboxes = serde_norway::from_str(&text).context("sandboxes.yaml")?;
        let mut scenario = Self::open(&folder)?;
        scenario.name = "routes".into();
        let pods: Vec<_> = scenario.proxies.values().map(super::scenario::Proxy::pod).collect();
        let free = (30..=250).filter(|last| !pods.contains(last));
        for (way, at) in list.ways()?.into_iter().zip(free) {
            scenario.requests.push(way.request()?);
            let (at, labels) = (Place::Alone(at), BTreeMap::new());
            let (calls, forwards) = (Vec::new(), Vec::new());
            scenario.services.push(Service { name: way.name, host: way.host, labels, at, calls, forwards, vip: None });
        }
        Ok(scenario)
    }

    /// The requests at the gateway, with a match tree in place of its VirtualService.
    pub fn match_tree_of_routes() -> Result<Self> {
        let mut scenario = Self::routes()?;
        scenario.name = "routes-match-tree".into();
        scenario.requests.retain(|row| row.to == "gateway");
        scenario.services.retain(|service| service.name.starts_with("s01 "));
        scenario
            .manifests
            .retain(|document| document["kind"] != "VirtualService" && document["kind"] != "DestinationRule");
        scenario.manifests.extend(documents(&root().join("integration/istio/routes/match-tree.yaml"))?);
        Ok(scenario)
    }

    /// The calls between services, by HTTPRoutes, which lead to Services of Kubernetes. Earlier releases read none from
    /// files.
    pub fn http_routes() -> Result<Self> {
        let mut scenario = Self::routes()?;
        scenario.name = "routes-http".into();
        scenario.since = GATEWAY_API;
        scenario.proxies.remove("gateway");
        scenario.requests.retain(|row| row.to == "web" && !row.host.starts_with(SUBSETS));
        scenario.services.retain(|service| !service.host.starts_with(SUBSETS));
        let is_of_istio = |document: &Value| {
            let is_route = document["kind"] == "VirtualService" || document["kind"] == "DestinationRule";
            is_route || document["metadata"]["namespace"] == "istio-ingress"
        };
        scenario.manifests.retain(|document| !is_of_istio(document));
        scenario.manifests.extend(documents(&root().join("integration/istio/routes/http-routes.yaml"))?);
        let services = scenario.services.iter().map(|service| kubernetes_service(service, scenario.port));
        let services: Vec<_> = services.collect();
        scenario.manifests.extend(services);
        Ok(scenario)
    }
}

/// How the host of the service begins whose versions no HTTPRoute can tell apart.
const SUBSETS: &str = "s41.";

/// The release line whose HTTPRoutes are recorded.
const GATEWAY_API: u32 = 31;

/// A Service of Kubernetes. Its endpoints are those of the ServiceEntry for the same host.
fn kubernetes_service(service: &Service, port: u16) -> Value {
    let mut labels = service.host.split('.');
    let address = match &service.at {
        Place::Alone(at) => format!("10.0.0.{at}"),
        Place::Behind(sidecar) => panic!("{} stands behind {sidecar}", service.name),
    };
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": labels.next(), "namespace": labels.next()},
        "spec": {"type": "ClusterIP", "clusterIP": address, "ports": [{"name": "http", "port": port, "protocol": "TCP"}]},
    })
}

impl Sandboxes {
    fn ways(&self) -> Result<Vec<Way>> {
        let usual = |Usual { name, namespace }: &Usual| Way {
            name: format!("{name} stable"),
            called: host(name, namespace),
            host: host(name, namespace),
            headers: Vec::new(),
        };
        let mut ways: Vec<_> = self.services.iter().map(usual).collect();
        for Sandbox { name, tenant, deploys } in &self.sandboxes {
            for deployed in deploys {
                let service = deployed.as_str().or(deployed["service"].as_str()).context("a service")?;
                // Those of a tenant are in its namespace, and those of a version beside the usual one.
                let (header, at) = match tenant {
                    Some(tenant) => (format!("x-tenant: {tenant}"), host(service, tenant)),
                    None => (format!("x-override: {service}:{name}"), host(&format!("{service}-{name}"), NAMESPACE)),
                };
                let name = format!("{service} {name}");
                ways.push(Way { name, called: host(service, NAMESPACE), host: at, headers: vec![header] });
            }
        }
        Ok(ways)
    }
}

/// The namespace of all usual versions.
const NAMESPACE: &str = "shop";

fn host(service: &str, namespace: &str) -> String {
    format!("{service}.{namespace}.svc.cluster.local")
}

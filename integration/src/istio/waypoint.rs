//! A waypoint on an Envoy that lacks Istio's filters, tunnels and certificates: what stands behind the tunnel.
//!
//! Of what istiod pushed, `main_internal` is left: its chain for each service, with routes, plugins and clusters as they
//! were pushed. It listens on the services' own addresses, by which it tells them apart. Left out are the tunnels
//! (`connect_terminate`, `connect_originate`) and the filter that tells telemetry who the peer is.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use playground::{Bootstrap, root};
use serde_json::{Map, Value, json};

use super::resources::Resources;
use super::scenario::{Kind, Proxy, Scenario, TRAFFIC_EXTENSION};
use super::shipped::{kustomized, located};
use super::site::Site;

/// The folders of `wasm-plugin/manifests` for waypoints.
pub const WAYPOINTS: [&str; 6] = [
    "waypoint/gateway",
    "waypoint/service",
    "waypoint/class",
    "traffic-extension/waypoint/gateway",
    "traffic-extension/waypoint/service",
    "traffic-extension/waypoint/class",
];

/// The listener behind the tunnel.
const INNER: &str = "main_internal";
/// The cluster that leads into a tunnel, and needs certificates.
const TUNNEL: &str = "connect_originate";
/// Filters that only Istio's build of Envoy has.
const ISTIO: &str = "type.googleapis.com/io.istio.";

impl Scenario {
    /// `integration/istio/waypoint`, with the manifests of one of [`WAYPOINTS`].
    pub fn behind_waypoint(folder: &str) -> Result<Self> {
        let mut scenario = Self::open(&root().join("integration/istio/waypoint"))?;
        scenario.name = folder.replace('/', "-");
        scenario.manifests.extend(located(&kustomized(&format!("wasm-plugin/manifests/{folder}"))?)?);
        scenario.since = TRAFFIC_EXTENSION;
        if folder.ends_with("/service") {
            // Only this service has the plugin.
            scenario.requests.retain(|row| row.called() == "shop.default.svc.cluster.local");
        }
        Ok(scenario)
    }

    /// `integration/istio/gateway-api`, with the manifests that we ship.
    pub fn gateway_api() -> Result<Self> {
        let mut scenario = Self::open(&root().join("integration/istio/gateway-api"))?;
        scenario.name = "gateway-api".into();
        for folder in ["gateway-api", "sidecars"] {
            scenario.manifests.extend(located(&kustomized(&format!("wasm-plugin/manifests/{folder}"))?)?);
        }
        scenario.since = TRAFFIC_EXTENSION;
        Ok(scenario)
    }

    /// Whether a stock Envoy, or one of several on a machine, runs nothing of what some of its proxies are pushed before
    /// something else stands in for a part of it.
    pub(super) fn needs_stand_in(&self) -> bool {
        self.proxies.values().any(|proxy| matches!(proxy.kind, Kind::Waypoint | Kind::Gateway))
    }

    /// The proxy that is a waypoint, if there is one.
    pub(super) fn waypoint(&self) -> Option<&str> {
        let is_waypoint = |(_, proxy): &(&String, &Proxy)| proxy.kind == Kind::Waypoint;
        self.proxies.iter().find(is_waypoint).map(|(name, _)| name.as_str())
    }

    /// The last numbers of all hosts' own addresses.
    pub(super) fn vips(&self) -> Vec<u8> {
        self.services.iter().filter_map(|service| service.vip).collect()
    }

    /// The last number of a host's own address.
    pub(super) fn vip(&self, host: &str) -> Option<u8> {
        self.services.iter().filter(|service| service.host == host).find_map(|service| service.vip)
    }
}

/// Puts listeners in place of the waypoint's that a stock Envoy runs, on these addresses, by their last numbers.
pub(super) fn stand_in(resources: &mut Resources, site: &Site, vips: &[u8], port: u16) -> Result<()> {
    resources.clusters.remove(TUNNEL);
    resources.listeners.retain(|name, _| name == INNER);
    let inner = resources.listeners.get_mut(INNER).and_then(Value::as_object_mut).context("no main_internal")?;
    inner.remove("internal_listener");
    let mut addresses = vips.iter().map(|vip| {
        let address = site.address(*vip, port);
        json!({"address": {"socket_address": {"address": address.ip(), "port_value": port}}})
    });
    inner.extend(addresses.next().context("no service has an address")?.as_object().context("an address")?.clone());
    inner.insert("additional_addresses".into(), addresses.collect());
    let chains = inner.get_mut("filter_chains").and_then(Value::as_array_mut).context("no filter_chains")?;
    chains.iter_mut().flat_map(http_filters).for_each(|filters| {
        filters
            .retain(|filter| filter["typed_config"]["type_url"].as_str().is_none_or(|kind| !kind.starts_with(ISTIO)));
    });
    Ok(())
}

/// Lets a gateway listen there in place of everywhere, where others do.
pub(super) fn listen_at(resources: &mut Resources, address: SocketAddr) {
    for listener in resources.listeners.values_mut() {
        let address = json!({"socket_address": {"address": address.ip(), "port_value": address.port()}});
        listener["address"] = address;
    }
}

/// The plugins that it has yet to ask istiod for, because it refuses the listeners in which they stand.
pub(super) fn undiscovered(refused: &Map<String, Value>) -> Vec<Value> {
    let mut listeners = refused.clone();
    let chains = listeners.values_mut().filter_map(|listener| listener["filter_chains"].as_array_mut()).flatten();
    let filters = chains.flat_map(http_filters).flat_map(|filters| filters.drain(..));
    let mut named = Map::new();
    for filter in filters.filter(|filter| filter.get("config_discovery").is_some()) {
        named.insert(filter["name"].as_str().unwrap_or_default().into(), filter);
    }
    named.into_iter().map(|(_, filter)| filter).collect()
}

/// The same bootstrap, with a listener that has these filters, so that it asks for them.
pub(super) fn discovering(mut bootstrap: Bootstrap, mut filters: Vec<Value>) -> Bootstrap {
    filters.push(json!({
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
    }));
    *bootstrap.at("/static_resources/listeners/0/filter_chains/0/filters/0") = json!({
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "up",
            "route_config": {},
            "http_filters": filters,
        },
    });
    bootstrap
}

fn http_filters(chain: &mut Value) -> impl Iterator<Item = &mut Vec<Value>> {
    let filters = chain["filters"].as_array_mut().into_iter().flatten();
    filters.filter_map(|filter| filter.pointer_mut("/typed_config/http_filters")?.as_array_mut())
}

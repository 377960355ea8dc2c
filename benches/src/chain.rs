//! Chains of filters, each in a listener of its own, side by side in one Envoy.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;
use integration::{Bootstrap, root};
use serde_json::{Value, json};

/// The upstream of requests without a sandbox.
pub(crate) const STABLE: &str = "stable";
/// What answers for all sandboxes.
pub(crate) const SANDBOX: &str = "sandbox";
/// What is behind Envoy, and answers under [`FORWARDED`].
pub(crate) const UPSTREAM: &str = "upstream";
/// The start of the paths that are forwarded. Envoy answers all others itself: a connection to an upstream is work that
/// differs from one minute to the next.
pub(crate) const FORWARDED: &str = "/forwarded";

/// The header, and its value in no request that is counted, that one route matches. Every user has such a route. With it
/// Envoy itself looks headers up by name, and pays for the index that the first look-up builds; without it, the first
/// filter that writes a header does.
pub(crate) const OTHER_TENANT: (&str, &str) = ("c-tenancy", "feat-y");

const HTTP: &str = "type.googleapis.com/envoy.extensions.filters.http";

/// The HTTP filters of a listener, but for the router, and its routes.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    pub(crate) name: String,
    pub(crate) filters: Vec<Value>,
    /// The fields of its one virtual host that choose a cluster.
    pub(crate) routing: Value,
    /// Which way requests pass it (Envoy, `TrafficDirection`).
    pub(crate) direction: &'static str,
}

impl Chain {
    /// One that sends [`OTHER_TENANT`] to the sandboxes, forwards a part and answers the rest as [`STABLE`].
    pub(crate) fn new(name: impl Into<String>, filters: Vec<Value>) -> Self {
        let (header, value) = OTHER_TENANT;
        let other = sandbox_route(json!({"name": header, "string_match": {"exact": value}}));
        let routing = json!({"routes": [other, forwarded(), answer(STABLE)]});
        Self { name: name.into(), filters, routing, direction: "UNSPECIFIED" }
    }

    /// One without filters, and without a route that matches a header.
    pub(crate) fn without_rules(name: impl Into<String>) -> Self {
        Self { routing: json!({"routes": [forwarded(), answer(STABLE)]}), ..Self::new(name, vec![]) }
    }

    /// The files of its modules.
    pub(crate) fn modules(&self) -> impl Iterator<Item = &str> {
        let file = "/typed_config/config/vm_config/code/local/filename";
        self.filters.iter().filter_map(move |filter| filter.pointer(file)?.as_str())
    }

    fn listener(&self) -> Value {
        let mut virtual_host = json!({"name": "all", "domains": ["*"]});
        let routing = self.routing.as_object().expect("fields").clone();
        virtual_host.as_object_mut().expect("fields").extend(routing);
        let router = json!({"name": "router", "typed_config": {"@type": format!("{HTTP}.router.v3.Router")}});
        let connection_manager = json!({
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "bench",
            "generate_request_id": false,
            "max_request_headers_kb": 96,
            "http_filters": ([&self.filters[..], &[router]].concat()),
            "route_config": {"name": self.name, "virtual_hosts": [virtual_host]},
        });
        let filter =
            json!({"name": "envoy.filters.network.http_connection_manager", "typed_config": connection_manager});
        json!({
            "name": self.name,
            "address": address(([127, 0, 0, 1], 0).into()),
            "traffic_direction": self.direction,
            "filter_chains": [{"filters": [filter]}],
        })
    }
}

/// An Envoy with a listener for every chain, before these clusters.
pub(crate) fn bootstrap(chains: &[Chain], clusters: impl Iterator<Item = (String, SocketAddr)>) -> Bootstrap {
    let listeners: Vec<_> = chains.iter().map(Chain::listener).collect();
    let clusters: Vec<_> = clusters.map(|(name, address)| cluster(&name, address)).collect();
    Bootstrap::from(json!({
        "admin": {"address": address(([127, 0, 0, 1], 0).into())},
        // Nothing else to do meanwhile.
        "stats_flush_interval": "299s",
        "static_resources": {"listeners": listeners, "clusters": clusters},
    }))
}

pub(crate) fn cluster(name: &str, upstream: SocketAddr) -> Value {
    let endpoint = json!({"endpoint": {"address": address(upstream)}});
    json!({
        "name": name,
        "type": "STATIC",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    })
}

fn address(address: SocketAddr) -> Value {
    json!({"socket_address": {"address": address.ip(), "port_value": address.port()}})
}

fn forwarded() -> Value {
    json!({"match": {"prefix": FORWARDED}, "route": {"cluster": UPSTREAM}})
}

/// A route for every request, which answers with this name.
pub(crate) fn answer(name: &str) -> Value {
    let told = json!({"header": {"key": "x-from", "value": name}});
    json!({"match": {"prefix": "/"}, "direct_response": {"status": 200}, "response_headers_to_add": [told]})
}

/// A route for what has this header, to the sandboxes.
pub(crate) fn sandbox_route(header: Value) -> Value {
    let mut route = answer(SANDBOX);
    route["match"]["headers"] = json!([header]);
    route
}

/// A module with a configuration.
pub(crate) fn wasm(module: &Path, configuration: &str) -> Value {
    let text = "type.googleapis.com/google.protobuf.StringValue";
    let config = json!({
        "name": "bench",
        "vm_config": {"runtime": "envoy.wasm.runtime.v8", "code": {"local": {"filename": module}}},
        "configuration": {"@type": text, "value": configuration},
    });
    json!({"name": "wasm", "typed_config": {"@type": format!("{HTTP}.wasm.v3.Wasm"), "config": config}})
}

/// A program in Lua: these of `benches/modules`, one after the other.
pub(crate) fn lua(programs: &[&str]) -> Result<Value> {
    let read = |name: &&str| std::fs::read_to_string(root().join("benches/modules").join(name));
    let code = json!({"inline_string": programs.iter().map(read).collect::<Result<String, _>>()?});
    Ok(json!({"name": "lua", "typed_config": {"@type": format!("{HTTP}.lua.v3.Lua"), "default_source_code": code}}))
}

/// Envoy's own filter that writes a header to every request.
pub(crate) fn header_mutation(name: &str, value: &str) -> Value {
    let append =
        json!({"append": {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}});
    json!({"name": "header_mutation", "typed_config": {
        "@type": format!("{HTTP}.header_mutation.v3.HeaderMutation"),
        "mutations": {"request_mutations": [append]},
    }})
}

/// What `jwt_authn` leaves behind of a token that it verified, without its work.
pub(crate) fn verified(payload: &Value) -> Value {
    let metadata = json!({"metadata_namespace": "envoy.filters.http.jwt_authn", "value": {"payload": payload}});
    json!({"name": "set_metadata", "typed_config": {
        "@type": format!("{HTTP}.set_metadata.v3.Config"),
        "metadata": [metadata],
    }})
}

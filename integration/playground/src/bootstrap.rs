//! The bootstraps of `envoyfilter/bootstrap`, and the changes that tests make to them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::client::Protocol;

const WASM: &str = "envoy.filters.http.wasm";
/// What a connection manager removes before it chooses a route.
const EARLY: &str = "early_header_mutation_extensions";
const UPSTREAM: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// An Envoy bootstrap with one listener; a change that finds nothing to change panics.
#[derive(Clone, Debug)]
pub struct Bootstrap(Value);

impl Bootstrap {
    /// The ingress gateway (`role: edge`), on free ports.
    pub fn gateway() -> Result<Self> {
        Self::load("gateway")
    }

    /// The sidecar (`role: mesh`) in front of two versions of the shop, on free ports.
    pub fn sidecar() -> Result<Self> {
        Self::load("sidecar")
    }

    /// The gateway that answers by itself, on free ports.
    pub fn alone() -> Result<Self> {
        Self::load("alone")
    }

    /// One of `envoyfilter/bootstrap`, with the module by its full path, so that it starts from any folder.
    fn load(name: &str) -> Result<Self> {
        let path = root().join("envoyfilter/bootstrap").join(name).with_extension("yaml");
        let yaml = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let bootstrap = Self(serde_norway::from_str(&yaml).with_context(|| path.display().to_string())?);
        Ok(bootstrap.module(&module()?).listen_on(0).admin_on(0))
    }

    /// Chooses the port of the listener, 0 for a free one.
    pub fn listen_on(mut self, port: u16) -> Self {
        *self.at("/static_resources/listeners/0/address/socket_address/port_value") = port.into();
        self
    }

    /// Chooses the port of the admin interface, 0 for a free one.
    pub fn admin_on(mut self, port: u16) -> Self {
        *self.at("/admin/address/socket_address/port_value") = port.into();
        self
    }

    /// Sends a cluster's requests to this address.
    pub fn cluster(mut self, name: &str, address: SocketAddr) -> Self {
        let endpoint = "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address";
        let socket = self.find("/static_resources/clusters", name).pointer_mut(endpoint).expect("an endpoint");
        *socket = json!({"address": address.ip(), "port_value": address.port()});
        self
    }

    /// Sends the requests of all clusters to this address.
    pub fn clusters(mut self, address: SocketAddr) -> Self {
        let list = self.at("/static_resources/clusters").as_array().expect("a list");
        let names: Vec<_> = list.iter().map(|cluster| cluster["name"].as_str().expect("a name").to_owned()).collect();
        names.iter().fold(self, |bootstrap, name| bootstrap.cluster(name, address))
    }

    /// Chooses the protocol that a cluster speaks.
    pub fn upstream(mut self, cluster: &str, protocol: Protocol) -> Self {
        let options = match protocol {
            Protocol::Http1 => json!({"http_protocol_options": {"enable_trailers": true}}),
            Protocol::Http2 => json!({"http2_protocol_options": {}}),
        };
        let cluster = self.find("/static_resources/clusters", cluster);
        cluster["typed_extension_protocol_options"][UPSTREAM]["explicit_http_config"] = options;
        self
    }

    /// Chooses the node that Envoy is.
    pub fn node(mut self, node: Value) -> Self {
        self.0["node"] = node;
        self
    }

    /// Loads another module.
    pub fn module(mut self, path: &Path) -> Self {
        self.plugin()["vm_config"]["code"] = json!({"local": {"filename": path}});
        self
    }

    /// Replaces the plugin configuration.
    pub fn configuration(self, configuration: Value) -> Self {
        self.configuration_text(&configuration.to_string())
    }

    /// Replaces the plugin configuration by this text, which need not be JSON; without what is removed early for the
    /// shipped one.
    pub fn configuration_text(self, text: &str) -> Self {
        let kind = "type.googleapis.com/google.protobuf.StringValue";
        let mut bootstrap = self.removing_early(Value::Array(Vec::new()));
        bootstrap.plugin()["configuration"] = json!({"@type": kind, "value": text});
        bootstrap
    }

    /// The plugin configuration.
    pub fn plugin_configuration(&mut self) -> Result<Value> {
        let text = self.plugin()["configuration"]["value"].as_str().context("a configuration")?;
        Ok(serde_json::from_str(text)?)
    }

    /// Lets the module call, and be called for, nothing but these.
    pub fn restricted(mut self, capabilities: &[String]) -> Self {
        self.plugin()["capability_restriction_config"] = restriction(capabilities);
        self
    }

    /// Sets the connection manager's early header mutations.
    pub fn removing_early(mut self, extensions: Value) -> Self {
        self.connection_manager()[EARLY] = extensions;
        self
    }

    /// Removes our filter, and its early header mutations.
    pub fn without_filter(self) -> Self {
        let mut bootstrap = self.removing_early(Value::Array(Vec::new()));
        bootstrap.http_filters().as_array_mut().expect("a list").retain(|filter| filter["name"] != WASM);
        bootstrap
    }

    /// Puts an HTTP filter before all others.
    pub fn behind(mut self, filter: Value) -> Self {
        self.http_filters().as_array_mut().expect("a list").insert(0, filter);
        self
    }

    /// The list of HTTP filters, for whatever else a test needs there.
    pub fn http_filters(&mut self) -> &mut Value {
        &mut self.connection_manager()["http_filters"]
    }

    /// The listener.
    pub fn listener(&mut self) -> &mut Value {
        self.at("/static_resources/listeners/0")
    }

    /// Its filter chain.
    pub fn filter_chain(&mut self) -> &mut Value {
        self.at("/static_resources/listeners/0/filter_chains/0")
    }

    /// Its HTTP connection manager.
    pub fn connection_manager(&mut self) -> &mut Value {
        self.at("/static_resources/listeners/0/filter_chains/0/filters/0/typed_config")
    }

    /// The list of routes.
    pub fn routes(&mut self) -> &mut Value {
        self.at(
            "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/routes",
        )
    }

    /// The value at a JSON pointer.
    pub fn at(&mut self, pointer: &str) -> &mut Value {
        self.0.pointer_mut(pointer).unwrap_or_else(|| panic!("the bootstrap has no {pointer}"))
    }

    /// What Envoy reads.
    pub fn json(&self) -> &Value {
        &self.0
    }

    /// The plugin: its name, failure policy, module and configuration.
    pub fn plugin(&mut self) -> &mut Value {
        &mut self.filter()["typed_config"]["config"]
    }

    /// Our filter.
    pub fn filter(&mut self) -> &mut Value {
        let filters = self.http_filters().as_array_mut().expect("a list");
        filters.iter_mut().find(|filter| filter["name"] == WASM).expect("our filter")
    }

    fn find(&mut self, list: &str, name: &str) -> &mut Value {
        let entries = self.at(list).as_array_mut().expect("a list");
        entries.iter_mut().find(|entry| entry["name"] == name).unwrap_or_else(|| panic!("{list} has no {name}"))
    }
}

impl From<Value> for Bootstrap {
    fn from(json: Value) -> Self {
        Self(json)
    }
}

/// Allows these capabilities and no others (Envoy, `CapabilityRestrictionConfig`).
pub fn restriction(capabilities: &[String]) -> Value {
    let allowed: serde_json::Map<_, _> = capabilities.iter().map(|name| (name.clone(), json!({}))).collect();
    json!({"allowed_capabilities": allowed})
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the crate's own folder")
}

/// The module to load.
pub fn module() -> Result<PathBuf> {
    let path = root().join(env::var_os("MODULE").unwrap_or_else(|| "target/tenancy_filter.wasm".into()));
    ensure!(path.exists(), "no module at {}: run `make module`", path.display());
    Ok(path)
}

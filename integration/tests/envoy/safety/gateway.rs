//! The gateway as `envoyfilter` ships it, around filters of a test's own.

use std::fs;

use anyhow::{Context, Result};
use integration::{Bootstrap, root};
use serde::Deserialize;
use serde_json::Value;

/// A host without a tenant.
pub(crate) const HOST: &str = "www.example.com";

/// The patches of one of the manifests.
fn patches(manifest: &str) -> Result<Vec<Value>> {
    let yaml = fs::read_to_string(root().join("envoyfilter").join(manifest).with_extension("yaml"))?;
    let document = Value::deserialize(serde_norway::Deserializer::from_str(&yaml))?;
    document["spec"]["configPatches"].as_array().cloned().context("patches")
}

/// The filter of this name that one of the manifests inserts.
pub(crate) fn shipped(manifest: &str, name: &str) -> Result<Value> {
    let mut values = patches(manifest)?.into_iter().map(|mut patch| patch["patch"]["value"].take());
    values.find(|value| value["name"] == name).with_context(|| format!("{manifest} inserts no {name}"))
}

/// What `envoyfilter/gateway.yaml` has the connection manager do before it chooses a route.
pub(crate) fn early_strip() -> Result<Value> {
    let mut manager = shipped("gateway", "envoy.filters.network.http_connection_manager")?;
    Ok(manager["typed_config"]["early_header_mutation_extensions"].take())
}

/// The same of `envoyfilter/gateway.yaml`, with the module of this test.
pub(crate) fn instance(name: &str) -> Result<Value> {
    let mut filter = shipped("gateway", name)?;
    filter["typed_config"]["config"]["vm_config"]["code"]["local"]["filename"] = module()?.into();
    Ok(filter)
}

/// The same with the configuration of the plugin of this name: of them the first only strips, the second decides all.
pub(crate) fn plugin(name: &str) -> Result<Value> {
    let yaml = fs::read_to_string(root().join("wasm-plugin/manifests/gateway/plugins.yaml"))?;
    let plugins = serde_norway::Deserializer::from_str(&yaml).map(Value::deserialize);
    let plugins = plugins.collect::<Result<Vec<_>, _>>()?;
    let plugin = plugins.iter().find(|plugin| plugin["metadata"]["name"] == name).context("a plugin")?;
    let mut filter = instance(name)?;
    let configuration = &mut filter["typed_config"]["config"]["configuration"];
    configuration["value"] = plugin["spec"]["pluginConfig"].to_string().into();
    Ok(filter)
}

/// The path of the module.
pub(crate) fn module() -> Result<String> {
    let mut bootstrap = Bootstrap::gateway()?;
    let path = bootstrap.plugin()["vm_config"]["code"]["local"]["filename"].as_str();
    path.map(str::to_owned).context("a local module")
}

/// A gateway of these filters, and a router.
pub(crate) fn gateway(filters: impl IntoIterator<Item = Value>) -> Result<Bootstrap> {
    let mut bootstrap = Bootstrap::gateway()?.without_filter();
    bootstrap.http_filters().as_array_mut().context("a list")?.splice(0..0, filters);
    Ok(bootstrap)
}

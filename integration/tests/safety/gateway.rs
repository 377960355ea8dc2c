//! The gateway as `envoyfilter` ships it, around filters of a test's own.

use std::fs;

use anyhow::{Context, Result};
use integration::{Bootstrap, root};
use serde::Deserialize;
use serde_json::Value;

/// A host without a tenant.
pub(crate) const HOST: &str = "www.example.com";

/// The filter of this name that one of the manifests inserts.
pub(crate) fn shipped(manifest: &str, name: &str) -> Result<Value> {
    let yaml = fs::read_to_string(root().join("envoyfilter").join(manifest).with_extension("yaml"))?;
    let document = Value::deserialize(serde_norway::Deserializer::from_str(&yaml))?;
    let patches = document["spec"]["configPatches"].as_array().context("patches")?;
    let mut values = patches.iter().map(|patch| &patch["patch"]["value"]);
    values.find(|value| value["name"] == name).cloned().with_context(|| format!("{manifest} inserts no {name}"))
}

/// The same of `envoyfilter/gateway.yaml`, with the module of this test.
pub(crate) fn instance(name: &str) -> Result<Value> {
    let mut filter = shipped("gateway", name)?;
    filter["typed_config"]["config"]["vm_config"]["code"]["local"]["filename"] = module()?.into();
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

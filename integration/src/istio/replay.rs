//! A recording on an Envoy that no istiod configures: the same resources, from files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use playground::Bootstrap;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::resources::Resources;

/// The files of one proxy. Envoy reads a file of routes or a plugin only if it holds that alone. Endpoints stand in their
/// clusters: Envoy watches each file for itself, and Linux lets a user watch by 128 at once.
#[derive(Debug)]
pub(super) struct Files(TempDir);

impl Files {
    /// Writes them for the site that they are of.
    pub(super) fn write(mut resources: Resources) -> Result<Self> {
        let files = Self(TempDir::with_prefix("replay-")?);
        for (kind, named) in [("route", &resources.routes), ("extension", &resources.extensions)] {
            for (position, resource) in named.values().enumerate() {
                files.save(&format!("{kind}-{position}"), &[resource])?;
            }
        }
        let sources = Sources { files: &files, resources: &resources.clone() };
        for resource in resources.listeners.values_mut().chain(resources.clusters.values_mut()) {
            sources.redirect(resource)?;
        }
        files.save("listeners", &resources.listeners.values().collect::<Vec<_>>())?;
        files.save("clusters", &resources.clusters.values().collect::<Vec<_>>())?;
        Ok(files)
    }

    /// A bootstrap that reads them.
    pub(super) fn bootstrap(&self, node: Value) -> Bootstrap {
        let source = |name| self.source(name);
        Bootstrap::from(json!({
            "node": node,
            "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
            "bootstrap_extensions": [internal_listeners()],
            "dynamic_resources": {"lds_config": source("listeners"), "cds_config": source("clusters")},
        }))
    }

    fn save(&self, name: &str, resources: &[&Value]) -> Result<()> {
        Ok(fs::write(self.path(name), json!({"resources": resources}).to_string())?)
    }

    fn source(&self, name: &str) -> Value {
        json!({"path_config_source": {"path": self.path(name)}, "resource_api_version": "V3"})
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(self.0.path()).join(name).with_extension("json")
    }
}

/// A waypoint's clusters lead to listeners of its own.
pub(super) fn internal_listeners() -> Value {
    json!({
        "name": "envoy.bootstrap.internal_listener",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener",
        },
    })
}

/// The files that a proxy's listeners and clusters refer to.
struct Sources<'a> {
    files: &'a Files,
    resources: &'a Resources,
}

impl Sources<'_> {
    /// Puts a file in place of every reference to istiod.
    fn redirect(&self, value: &mut Value) -> Result<()> {
        match value {
            Value::Array(list) => list.iter_mut().try_for_each(|item| self.redirect(item)),
            Value::Object(object) => {
                self.redirect_object(object)?;
                object.values_mut().try_for_each(|item| self.redirect(item))
            }
            _ => Ok(()),
        }
    }

    fn redirect_object(&self, object: &mut Map<String, Value>) -> Result<()> {
        if let Some(rds) = object.get_mut("rds") {
            rds["config_source"] = self.find("route", &self.resources.routes, &rds["route_config_name"])?;
        }
        if let Some(eds) = object.remove("eds_cluster_config") {
            let name = eds["service_name"].as_str().unwrap_or_default();
            let endpoints = self.resources.endpoints.get(name);
            let mut endpoints =
                endpoints.cloned().with_context(|| format!("the recording has no endpoint {name:?}"))?;
            endpoints.as_object_mut().context("endpoints")?.remove("@type");
            object.insert("load_assignment".into(), endpoints);
            object.insert("type".into(), "STATIC".into());
        }
        let name = object.get("name").cloned().unwrap_or_default();
        if let Some(discovery) = object.get_mut("config_discovery") {
            discovery["config_source"] = self.find("extension", &self.resources.extensions, &name)?;
        }
        Ok(())
    }

    fn find(&self, kind: &str, named: &Map<String, Value>, name: &Value) -> Result<Value> {
        let position = named.keys().position(|known| *name == **known);
        let position = position.with_context(|| format!("the recording has no {kind} {name}"))?;
        Ok(self.files.source(&format!("{kind}-{position}")))
    }
}

//! What a proxy got from istiod, as Envoy's config dump shows it.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::site::Site;

/// The resources of one proxy, each kind by name.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resources {
    pub(crate) listeners: Map<String, Value>,
    pub(super) clusters: Map<String, Value>,
    pub(super) routes: Map<String, Value>,
    pub(super) endpoints: Map<String, Value>,
    /// The listeners that Envoy refused: a waypoint's that have filters of Istio's alone.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) refused: Map<String, Value>,
    /// Plugins.
    pub(super) extensions: Map<String, Value>,
}

impl Resources {
    /// The same, written for this site.
    pub(super) fn here(&self, site: &Site) -> Result<Self> {
        Ok(serde_json::from_str(&site.translate(&serde_json::to_string(self)?))?)
    }

    /// Reads `/config_dump?include_eds`: what came from istiod, without times and version numbers.
    pub(crate) fn from_dump(dump: &str) -> Result<Self> {
        let dump: Value = serde_json::from_str(dump)?;
        let of = |kind, list, inner, name| collect(&dump, kind, list, inner, name);
        let mut resources = Self {
            listeners: of("Listeners", "dynamic_listeners", "/active_state/listener", "name")?,
            refused: of("Listeners", "dynamic_listeners", "/error_state/failed_configuration", "name")?,
            clusters: of("Clusters", "dynamic_active_clusters", "/cluster", "name")?,
            routes: of("Routes", "dynamic_route_configs", "/route_config", "name")?,
            endpoints: of("Endpoints", "dynamic_endpoint_configs", "/endpoint_config", "cluster_name")?,
            extensions: of("Ecds", "ecds_filters", "/ecds_filter", "name")?,
        };
        // The rest is in the clusters.
        let Self { clusters, endpoints, .. } = &mut resources;
        endpoints.retain(|name, _| clusters.get(name).is_some_and(|cluster| cluster["type"] == "EDS"));
        resources.extensions.values_mut().for_each(forget_version);
        Ok(resources)
    }
}

/// A plugin is told the version of its manifest, which differs from one istiod to the next.
fn forget_version(extension: &mut Value) {
    let version = "/typed_config/config/vm_config/environment_variables/key_values";
    if let Some(variables) = extension.pointer_mut(version) {
        variables["ISTIO_META_WASM_PLUGIN_RESOURCE_VERSION"] = "".into();
    }
}

fn collect(dump: &Value, kind: &str, list: &str, inner: &str, name: &str) -> Result<Map<String, Value>> {
    let parts = dump["configs"].as_array().context("a config dump")?;
    let is_kind =
        |part: &&Value| part["@type"].as_str().is_some_and(|known| known.ends_with(&format!("{kind}ConfigDump")));
    let entries = parts.iter().filter(is_kind).filter_map(|part| part[list].as_array()).flatten();
    let named = entries.filter_map(|entry| entry.pointer(inner)).map(|resource| {
        let name = resource[name].as_str().with_context(|| format!("{kind}: a resource without {name}"))?;
        Ok((name.to_owned(), resource.clone()))
    });
    named.collect()
}

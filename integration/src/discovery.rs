//! The plugin's configuration from a file that Envoy watches, as Istio sends it: through the extension config
//! discovery service (ECDS).

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use playground::Bootstrap;
use serde_json::{Value, json};
use tempfile::TempDir;

const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
const NAME: &str = "tenancy";
const EXTENSION: &str = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig";
const STRING: &str = "type.googleapis.com/google.protobuf.StringValue";

/// Holds the configuration that an Envoy has to follow.
#[derive(Debug)]
pub struct Discovery {
    folder: TempDir,
    filter: Value,
    updates: u64,
}

impl Discovery {
    /// Moves the filter of a bootstrap, with its configuration, into a file.
    pub fn of(mut bootstrap: Bootstrap) -> Result<(Self, Bootstrap)> {
        let folder = TempDir::with_prefix("ecds-")?;
        let filter = bootstrap.filter();
        let discovered = Self { folder, filter: filter["typed_config"].clone(), updates: 0 };
        *filter = json!({
            "name": NAME,
            "config_discovery": {
                "config_source": {"path_config_source": {"path": discovered.path()}, "resource_api_version": "V3"},
                "type_urls": [WASM],
            },
        });
        // Whoever discovers says who asks.
        bootstrap.at("")["node"] = json!({"id": NAME, "cluster": NAME});
        discovered.write()?;
        Ok((discovered, bootstrap))
    }

    /// Replaces the plugin configuration, in one step.
    pub fn configure(&mut self, configuration: &Value) -> Result<()> {
        self.updates += 1;
        self.filter["config"]["configuration"] = json!({"@type": STRING, "value": configuration.to_string()});
        self.write()
    }

    /// Replaces the whole filter by that of a bootstrap, in one step.
    pub fn replace(&mut self, mut bootstrap: Bootstrap) -> Result<()> {
        self.updates += 1;
        self.filter = bootstrap.filter()["typed_config"].clone();
        self.write()
    }

    fn write(&self) -> Result<()> {
        let resource = json!({"@type": EXTENSION, "name": NAME, "typed_config": self.filter});
        let response = json!({"version_info": self.updates.to_string(), "resources": [resource]});
        let draft = self.folder.path().join("draft");
        fs::write(&draft, response.to_string())?;
        Ok(fs::rename(draft, self.path())?)
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("filter.json")
    }
}

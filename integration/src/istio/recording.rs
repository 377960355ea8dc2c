//! What an istiod pushed for a scenario, as files: `integration/istio/recordings/<release>/<scenario>/`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use playground::root;
use serde_json::Value;

use super::resources::Resources;
use super::scenario::Scenario;
use super::site::Site;

/// The resources of every proxy of a scenario, written for 127.0.0.x.
#[derive(Debug)]
pub struct Recording {
    /// The release of the istiod that pushed them.
    pub release: String,
    pub(crate) proxies: BTreeMap<String, Resources>,
    /// The documents that it had.
    pub(crate) manifests: Vec<Value>,
}

impl Recording {
    pub(super) fn new(
        release: &str,
        scenario: &Scenario,
        proxies: BTreeMap<String, Resources>,
        site: &Site,
    ) -> Result<Self> {
        let proxies = serde_json::from_str(&site.normalise(&serde_json::to_string(&proxies)?))?;
        Ok(Self { release: release.into(), proxies, manifests: scenario.documents() })
    }

    /// The releases that were recorded.
    pub fn releases() -> Result<Vec<String>> {
        Self::releases_in(&recordings())
    }

    /// The folders in one.
    pub(crate) fn releases_in(folder: &Path) -> Result<Vec<String>> {
        let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut releases = entries.collect::<Result<Vec<_>>>()?;
        releases.sort();
        Ok(releases)
    }

    /// Reads what a release pushed for a scenario, and fails where that is not for today's manifests.
    pub fn read(release: &str, scenario: &Scenario) -> Result<Self> {
        let folder = folder(release, scenario);
        let current = Self::from_files(release, scenario, &folder).and_then(|recording| {
            recording.check(scenario)?;
            Ok(recording)
        });
        current.with_context(|| format!("recording {release}/{} is stale: make record", scenario.name))
    }

    /// Reads it, of whatever manifests it is.
    pub(crate) fn from_files(release: &str, scenario: &Scenario, folder: &Path) -> Result<Self> {
        let name = |name: &String| Ok((name.clone(), read(&folder.join(name).with_extension("json"))?));
        let proxies = scenario.proxies.keys().map(name).collect::<Result<_>>()?;
        Ok(Self { release: release.into(), proxies, manifests: read(&folder.join("manifests.json"))? })
    }

    /// The names of the HTTP filters of a proxy's listeners, in order.
    pub fn http_filters(&self, proxy: &str) -> Vec<Vec<String>> {
        let resources = self.proxies.get(proxy).into_iter();
        let listeners = resources.flat_map(|resources| resources.listeners.values().chain(resources.refused.values()));
        let chains = listeners.flat_map(|listener| {
            let chains = listener["filter_chains"].as_array().into_iter().flatten();
            chains.chain(listener.get("default_filter_chain"))
        });
        let filters = chains.filter_map(|chain| chain["filters"].as_array()).flatten();
        let http = filters.filter_map(|filter| filter["typed_config"]["http_filters"].as_array());
        http.map(|list| list.iter().filter_map(|filter| Some(filter["name"].as_str()?.to_owned())).collect()).collect()
    }

    /// What becomes of a proxy's requests when one of its plugins crashed, for each plugin.
    pub fn failure_policies(&self, proxy: &str) -> Vec<String> {
        let resources = self.proxies.get(proxy);
        let all = resources.into_iter().flat_map(|it| it.extensions.values().chain(it.listeners.values()));
        all.flat_map(failure_policies).collect()
    }

    /// Writes it in place of the one that was there.
    pub fn write(&self, scenario: &Scenario) -> Result<PathBuf> {
        let folder = folder(&self.release, scenario);
        self.write_to(&folder)?;
        Ok(folder)
    }

    /// Writes it into a folder, and replaces the folder's contents.
    pub(crate) fn write_to(&self, folder: &Path) -> Result<()> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        write(&folder.join("manifests.json"), &self.manifests)?;
        for (name, resources) in &self.proxies {
            write(&folder.join(name).with_extension("json"), resources)?;
        }
        Ok(())
    }
}

fn failure_policies(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().flat_map(failure_policies).collect(),
        Value::Object(object) if object.contains_key("vm_config") => {
            let policy = object.get("failure_policy").and_then(Value::as_str);
            let opens = object.get("fail_open").is_some_and(|opens| *opens == true);
            vec![policy.unwrap_or(if opens { "FAIL_OPEN" } else { "none" }).to_owned()]
        }
        Value::Object(object) => object.values().flat_map(failure_policies).collect(),
        _ => Vec::new(),
    }
}

fn recordings() -> PathBuf {
    root().join("integration/istio/recordings")
}

fn folder(release: &str, scenario: &Scenario) -> PathBuf {
    recordings().join(release).join(&scenario.name)
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}

fn write(path: &Path, value: &impl serde::Serialize) -> Result<()> {
    Ok(fs::write(path, serde_json::to_string_pretty(value)? + "\n")?)
}

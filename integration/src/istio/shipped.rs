//! The manifests that we ship for copying, as a user deploys them.

use std::fs;

use anyhow::{Context, Result};
use playground::root;
use serde::Deserialize;
use serde_json::Value;

use super::manifests::documents;

/// What a user changes in them, here into what stands for the module in every manifest of a scenario.
const MODULE: [(&str, &str); 2] = [
    ("oci://registry.example.com/tenancy-filter:0.1.0", "file:///tenancy_filter.wasm"),
    ("/var/lib/tenancy/tenancy_filter.wasm", "/tenancy_filter.wasm"),
];

/// A way to deploy the filter on Istio.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Shipped {
    /// `wasm-plugin/manifests`, for every release.
    WasmPlugin,
    /// `wasm-plugin/manifests/traffic-extension`, since 1.30.
    TrafficExtension,
    /// `envoyfilter`.
    EnvoyFilter,
}

/// What `kubectl apply -k` reads of a folder.
#[derive(Deserialize)]
struct Kustomization {
    namespace: Option<String>,
    resources: Vec<String>,
    #[serde(default)]
    patches: Vec<Patch>,
}

/// A patch of all documents of a kind.
#[derive(Deserialize)]
struct Patch {
    target: Target,
    /// A list of [`Operation`]s, in YAML.
    patch: String,
}

#[derive(Deserialize)]
struct Target {
    kind: String,
}

/// An operation of JSON Patch (RFC 6902), as far as we ship it: on fields of `spec`.
#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Operation {
    #[serde(alias = "replace")]
    Add {
        path: String,
        value: Value,
    },
    Remove {
        path: String,
    },
}

impl Operation {
    fn apply(&self, document: &mut Value) -> Result<()> {
        let (Self::Add { path, .. } | Self::Remove { path }) = self;
        let field = path.strip_prefix("/spec/").with_context(|| format!("{path} is none of spec"))?;
        let spec = document["spec"].as_object_mut().context("a spec")?;
        match self {
            Self::Add { value, .. } => drop(spec.insert(field.into(), value.clone())),
            Self::Remove { .. } => drop(spec.remove(field).with_context(|| format!("no {path}"))?),
        }
        Ok(())
    }
}

impl Shipped {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::WasmPlugin, Self::TrafficExtension, Self::EnvoyFilter];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::WasmPlugin => "shipped-wasm-plugin",
            Self::TrafficExtension => "shipped-traffic-extension",
            Self::EnvoyFilter => "shipped-envoy-filter",
        }
    }

    /// The gateway's manifests and the sidecars'.
    pub(super) fn manifests(self) -> Result<Vec<Value>> {
        let folder = match self {
            Self::WasmPlugin => "wasm-plugin/manifests",
            Self::TrafficExtension => "wasm-plugin/manifests/traffic-extension",
            Self::EnvoyFilter => {
                return located(&[read("envoyfilter/gateway.yaml")?, read("envoyfilter/sidecar.yaml")?].concat());
            }
        };
        let [gateway, sidecars] = ["gateway", "sidecars"].map(|part| kustomized(&format!("{folder}/{part}")));
        located(&[gateway?, sidecars?].concat())
    }
}

/// The resources of a kustomization, each in its namespace if it names one.
pub(crate) fn kustomized(folder: &str) -> Result<Vec<Value>> {
    let text = fs::read_to_string(root().join(folder).join("kustomization.yaml")).with_context(|| folder.to_owned())?;
    let Kustomization { namespace, resources, patches } = serde_norway::from_str(&text)?;
    let mut documents = Vec::new();
    for resource in resources {
        let path = format!("{folder}/{resource}");
        documents.extend(if root().join(&path).is_dir() { kustomized(&path)? } else { read(&path)? });
    }
    for Patch { target, patch } in &patches {
        for operation in serde_norway::from_str::<Vec<Operation>>(patch)? {
            let mut targets = documents.iter_mut().filter(|document| document["kind"] == target.kind.as_str());
            targets.try_for_each(|document| operation.apply(document)).with_context(|| folder.to_owned())?;
        }
    }
    if let Some(namespace) = namespace {
        documents.iter_mut().for_each(|document| document["metadata"]["namespace"] = namespace.as_str().into());
    }
    Ok(documents)
}

/// The same with the module where every manifest of a scenario has it.
pub(super) fn located(documents: &[Value]) -> Result<Vec<Value>> {
    let text = serde_json::to_string(documents)?;
    let text = MODULE.iter().fold(text, |text, (shipped, here)| text.replace(shipped, here));
    Ok(serde_json::from_str(&text)?)
}

fn read(path: &str) -> Result<Vec<Value>> {
    documents(&root().join(path))
}

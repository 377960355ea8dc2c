//! The manifests that we ship for copying, as a user deploys them.

use std::fs;

use anyhow::{Context, Result, bail};
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

/// What `kubectl apply -k` reads of a folder; of a component too.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Kustomization {
    namespace: Option<String>,
    resources: Vec<String>,
    components: Vec<String>,
    patches: Vec<Patch>,
}

/// A patch of all documents of a kind, or of one of this name.
#[derive(Deserialize)]
struct Patch {
    target: Target,
    /// A list of [`Operation`]s, in YAML.
    patch: String,
}

#[derive(Deserialize)]
struct Target {
    kind: String,
    name: Option<String>,
}

/// An operation of JSON Patch (RFC 6902), as far as we ship it.
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

impl Kustomization {
    fn read(folder: &str) -> Result<Self> {
        let text =
            fs::read_to_string(root().join(folder).join("kustomization.yaml")).with_context(|| folder.to_owned())?;
        serde_norway::from_str(&text).with_context(|| folder.to_owned())
    }

    fn patch(&self, documents: &mut [Value]) -> Result<()> {
        for Patch { target, patch } in &self.patches {
            for operation in serde_norway::from_str::<Vec<Operation>>(patch)? {
                let mut targets = documents.iter_mut().filter(|document| target.is(document));
                targets.try_for_each(|document| operation.apply(document))?;
            }
        }
        Ok(())
    }
}

impl Target {
    fn is(&self, document: &Value) -> bool {
        let has_name = |name: &String| document["metadata"]["name"] == name.as_str();
        document["kind"] == self.kind.as_str() && self.name.as_ref().is_none_or(has_name)
    }
}

impl Operation {
    fn apply(&self, document: &mut Value) -> Result<()> {
        let (Self::Add { path, .. } | Self::Remove { path }) = self;
        let (parent, last) = path.rsplit_once('/').with_context(|| format!("{path} is no pointer"))?;
        let parent = document.pointer_mut(parent).with_context(|| format!("no {parent}"))?;
        match (self, parent) {
            (Self::Add { value, .. }, Value::Object(fields)) => drop(fields.insert(last.into(), value.clone())),
            (Self::Add { value, .. }, Value::Array(list)) if last == "-" => list.push(value.clone()),
            (Self::Remove { .. }, Value::Object(fields)) => drop(fields.remove(last).with_context(|| path.clone())?),
            (Self::Add { .. } | Self::Remove { .. }, parent) => bail!("{path} is in {parent}"),
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
    kustomized_with(folder, &[])
}

/// The same with more components, by their paths from its folder. What they say of images is not read.
pub fn kustomized_with(folder: &str, components: &[&str]) -> Result<Vec<Value>> {
    let kustomization = Kustomization::read(folder)?;
    let mut documents = Vec::new();
    for resource in &kustomization.resources {
        let path = format!("{folder}/{resource}");
        documents.extend(if root().join(&path).is_dir() { kustomized(&path)? } else { read(&path)? });
    }
    for component in kustomization.components.iter().map(String::as_str).chain(components.iter().copied()) {
        patch(&format!("{folder}/{component}"), &mut documents)?;
    }
    kustomization.patch(&mut documents).with_context(|| folder.to_owned())?;
    if let Some(namespace) = kustomization.namespace {
        documents.iter_mut().for_each(|document| document["metadata"]["namespace"] = namespace.as_str().into());
    }
    Ok(documents)
}

/// Patches documents by a component, and first by those in it.
fn patch(component: &str, documents: &mut [Value]) -> Result<()> {
    let kustomization = Kustomization::read(component)?;
    kustomization.components.iter().try_for_each(|inner| patch(&format!("{component}/{inner}"), documents))?;
    kustomization.patch(documents).with_context(|| component.to_owned())
}

/// The same with the module's path of all scenarios.
pub(super) fn located(documents: &[Value]) -> Result<Vec<Value>> {
    let text = serde_json::to_string(documents)?;
    let text = MODULE.iter().fold(text, |text, (shipped, here)| text.replace(shipped, here));
    Ok(serde_json::from_str(&text)?)
}

fn read(path: &str) -> Result<Vec<Value>> {
    documents(&root().join(path))
}

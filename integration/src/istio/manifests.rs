//! Kubernetes manifests, as files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Each YAML document of a file.
pub(crate) fn documents(path: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(path)?;
    let documents = serde_norway::Deserializer::from_str(&text).map(Value::deserialize);
    documents.collect::<Result<_, _>>().with_context(|| path.display().to_string())
}

/// The files and folders in a folder, by name.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

/// A WasmPlugin as a TrafficExtension; any other document unchanged.
pub(super) fn traffic_extension(mut document: Value) -> Value {
    if document["kind"] == "WasmPlugin" {
        document["kind"] = "TrafficExtension".into();
        let spec = document["spec"].as_object_mut().expect("a plugin has a spec");
        let module = ["url", "failStrategy", "pluginConfig"].iter().filter_map(|name| spec.remove_entry(*name));
        let module: Map<_, _> = module.collect();
        spec.insert("wasm".into(), module.into());
    }
    document
}

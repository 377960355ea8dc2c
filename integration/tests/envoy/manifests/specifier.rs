//! How a route takes the first cluster of the list that exists: the same program wherever it stands.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::Value;

use super::{documents, manifests};

const LUA: &str = "type.googleapis.com/envoy.extensions.router.cluster_specifiers.lua.v3.LuaConfig";

/// The programs of the cluster specifiers in a manifest.
fn programs(value: &Value) -> Vec<&Value> {
    match value {
        Value::Object(fields) if fields.get("@type").is_some_and(|kind| kind == LUA) => {
            vec![&value["source_code"]["inline_string"]]
        }
        Value::Object(fields) => fields.values().flat_map(programs).collect(),
        Value::Array(entries) => entries.iter().flat_map(programs).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn one_program_chooses_the_cluster_everywhere() -> Result<()> {
    let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in manifests()? {
        for document in documents(&file)? {
            for program in programs(&document) {
                files.entry(program.as_str().unwrap_or_default().to_owned()).or_default().push(file.clone());
            }
        }
    }
    assert_eq!(files.len(), 1, "{files:#?}");
    let (program, files) = files.first_key_value().expect("one");
    assert!(program.starts_with("function envoy_on_route(route)\n"), "{program}");
    for file in ["bootstrap/sidecar.yaml", "destinations-gateway.yaml", "destinations.yaml"] {
        assert!(files.contains(&format!("envoyfilter/{file}")), "{file} is none of {files:?}");
    }
    Ok(())
}

//! Every plugin configuration in a manifest is one that the filter takes, and every way to deploy it says the same.

mod early;
mod seal;
mod specifier;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use integration::{Bootstrap, Envoy, Verdict, root};
use serde::Deserialize;
use serde_json::{Value, json};
use tenancy_filter::Filter;

const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
/// What a connection manager does to headers before it chooses a route.
pub(crate) const EARLY: &str = "early_header_mutation_extensions";
const TEXT: &str = "type.googleapis.com/google.protobuf.StringValue";

/// Where manifests lie; some of it only in a checkout that is further on.
const FOLDERS: [&str; 5] =
    ["envoyfilter", "wasm-plugin/manifests", "integration/envoy-gateway", "integration/istio", "integration/seeds"];

/// The paths of all YAML files, from the root of the repository.
pub(crate) fn manifests() -> Result<Vec<String>> {
    let mut files = Vec::new();
    let mut folders: Vec<_> =
        FOLDERS.map(|folder| root().join(folder)).into_iter().filter(|path| path.exists()).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "yaml") {
                files.push(path.strip_prefix(root())?.display().to_string());
            }
        }
    }
    files.sort();
    Ok(files)
}

pub(crate) fn documents(file: &str) -> Result<Vec<Value>> {
    let yaml = fs::read_to_string(root().join(file))?;
    let documents = serde_norway::Deserializer::from_str(&yaml).map(Value::deserialize);
    documents.collect::<Result<_, _>>().with_context(|| file.to_owned())
}

/// The plugin configurations in a document, as the module gets them: JSON.
fn configurations(document: &Value) -> Result<Vec<String>> {
    let spec = &document["spec"];
    let configurations = match document["kind"].as_str() {
        Some("WasmPlugin") => vec![spec.get("pluginConfig")],
        Some("TrafficExtension") => vec![spec["wasm"].get("pluginConfig")],
        Some("EnvoyExtensionPolicy") => {
            spec["wasm"].as_array().into_iter().flatten().map(|plugin| plugin.get("config")).collect()
        }
        _ => return filters(document).into_iter().map(configuration).collect(),
    };
    let text = |configuration: Option<&Value>| Ok(configuration.context("no configuration")?.to_string());
    configurations.into_iter().map(text).collect()
}

/// The Wasm filters in an Envoy configuration, or in pieces of one.
fn filters(value: &Value) -> Vec<&Value> {
    match value {
        Value::Object(fields) if fields.get("@type").is_some_and(|kind| kind == WASM) => vec![value],
        Value::Object(fields) => fields.values().flat_map(filters).collect(),
        Value::Array(entries) => entries.iter().flat_map(filters).collect(),
        _ => Vec::new(),
    }
}

fn configuration(filter: &Value) -> Result<String> {
    let configuration = &filter["config"]["configuration"];
    ensure!(configuration["@type"] == TEXT, "only a StringValue reaches the module as it stands: {configuration}");
    Ok(configuration["value"].as_str().context("no text")?.to_owned())
}

/// The same with a field that no configuration has.
fn mistaken(configuration: &str) -> Result<String> {
    let mut configuration: Value = serde_json::from_str(configuration)?;
    configuration["tennant"] = json!({});
    Ok(configuration.to_string())
}

#[test]
fn the_filter_takes_every_configuration() -> Result<()> {
    let mut taken = Vec::new();
    for file in manifests()? {
        for document in documents(&file)? {
            for configuration in configurations(&document).with_context(|| file.clone())? {
                let parsed = Filter::from_config(configuration.as_bytes()).with_context(|| file.clone())?;
                assert_eq!(parsed.warnings.to_string(), "", "{file}");
                let mistaken = Filter::from_config(mistaken(&configuration)?.as_bytes()).err().context("a mistake")?;
                assert!(mistaken.to_string().starts_with("tennant: unknown field"), "{file}: {mistaken}");
                taken.push(Path::new(&file).parent().context("a folder")?.display().to_string());
            }
        }
    }
    for (folder, count) in [
        ("envoyfilter", 8),
        ("envoyfilter/bootstrap", 3),
        ("wasm-plugin/manifests/envoy-gateway", 1),
        ("wasm-plugin/manifests/gateway", 2),
        ("wasm-plugin/manifests/sidecars", 1),
        ("wasm-plugin/manifests/traffic-extension/gateway", 2),
        ("wasm-plugin/manifests/traffic-extension/waypoint/gateway", 1),
        ("wasm-plugin/manifests/waypoint/gateway", 1),
        ("wasm-plugin/manifests/traffic-extension/sidecars", 1),
    ] {
        assert_eq!(taken.iter().filter(|taken| *taken == folder).count(), count, "configurations in {folder}");
    }
    Ok(())
}

#[test]
fn both_kinds_of_extension_say_the_same() -> Result<()> {
    let folder = "wasm-plugin/manifests";
    for (plugins, extensions) in [
        ("gateway/plugins", "gateway/extensions"),
        ("sidecars/plugin", "sidecars/extension"),
        ("waypoint/gateway/plugin", "waypoint/gateway/extension"),
    ] {
        let plugins = documents(&format!("{folder}/{plugins}.yaml"))?;
        let extensions = documents(&format!("{folder}/traffic-extension/{extensions}.yaml"))?;
        assert_eq!(extensions.into_iter().map(plugin).collect::<Vec<_>>(), plugins);
    }
    Ok(())
}

/// A TrafficExtension as a WasmPlugin, any other document as it is.
pub(crate) fn plugin(mut document: Value) -> Value {
    if document["kind"] == "TrafficExtension" {
        document["kind"] = "WasmPlugin".into();
        let wasm = document["spec"]["wasm"].take();
        let spec = document["spec"].as_object_mut().expect("a spec");
        spec.remove("wasm");
        spec.extend(wasm.as_object().expect("wasm").clone());
    }
    document
}

/// All configurations of a file, in order.
pub(crate) fn all(file: &str) -> Result<Vec<Value>> {
    let found = documents(file)?.iter().map(configurations).collect::<Result<Vec<_>>>()?.concat();
    Ok(found.iter().map(|text| serde_json::from_str(text)).collect::<Result<_, _>>()?)
}

/// But for the tenant of a host, which the first instance decides, because the second may stand behind authorisation.
#[test]
fn envoy_filters_say_what_plugins_say() -> Result<()> {
    let mut gateway = all("wasm-plugin/manifests/gateway/plugins.yaml")?;
    let sidecar = all("wasm-plugin/manifests/sidecars/plugin.yaml")?;
    let tenant = gateway[1].as_object_mut().and_then(|second| second.remove("tenant")).context("a tenant")?;
    let strip = gateway[0]["strip"].as_array_mut().context("a list")?;
    strip.retain(|name| *name != tenant["to"][0]["header"]);
    gateway[0]["tenant"] = tenant;
    gateway[1]["foreignBaggage"] = "keep".into();
    assert_eq!(all("envoyfilter/gateway.yaml")?, gateway);
    assert_eq!(all("envoyfilter/sidecar.yaml")?, [&sidecar[..], &sidecar[..]].concat(), "inbound and outbound");
    Ok(())
}

#[test]
fn remote_variants_differ_in_where_the_module_is_alone() -> Result<()> {
    fn without_code(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.remove("code");
                fields.values_mut().for_each(without_code);
            }
            Value::Array(entries) => entries.iter_mut().for_each(without_code),
            _ => {}
        }
    }
    for name in ["gateway", "sidecar"] {
        let mut variants =
            [documents(&format!("envoyfilter/{name}.yaml"))?, documents(&format!("envoyfilter/{name}-remote.yaml"))?];
        assert_ne!(variants[0], variants[1]);
        variants.iter_mut().flatten().for_each(without_code);
        assert_eq!(variants[0], variants[1]);
    }
    Ok(())
}

/// What Envoy says to all that an EnvoyFilter inserts, after a change of each.
fn verdict(file: &str, change: impl Fn(&mut Value, &Value) -> Result<()>) -> Result<Verdict> {
    let mut bootstrap = Bootstrap::gateway()?;
    let module = bootstrap.http_filters()[0]["typed_config"]["config"]["vm_config"]["code"].clone();
    let (mut inserted, mut early) = (Vec::new(), Value::Array(Vec::new()));
    for document in documents(file)? {
        for patch in document["spec"]["configPatches"].as_array().context("patches")? {
            if patch["applyTo"] == "NETWORK_FILTER" {
                early = patch["patch"]["value"]["typed_config"][EARLY].clone();
            }
            let Some(mut filter) = patch["patch"].get("value").filter(|_| patch["applyTo"] == "HTTP_FILTER").cloned()
            else {
                continue;
            };
            if filter["typed_config"]["@type"] == WASM {
                change(&mut filter["typed_config"]["config"], &module)?;
            }
            inserted.push(filter);
        }
    }
    let mut bootstrap = bootstrap.without_filter().removing_early(early);
    bootstrap.http_filters().as_array_mut().context("a list")?.splice(0..0, inserted);
    // What a remote module is fetched from.
    let cluster = json!({"name": "outbound|80||tenancy-module.istio-system.svc.cluster.local", "type": "STATIC"});
    bootstrap.at("/static_resources/clusters").as_array_mut().context("a list")?.push(cluster);
    Envoy::validate(&bootstrap)
}

#[test]
fn envoy_takes_what_envoy_filters_insert() -> Result<()> {
    let mut files = 0;
    for file in manifests()? {
        let is_ours = |document: &Value| document["kind"] == "EnvoyFilter" && !filters(document).is_empty();
        if !documents(&file)?.iter().any(is_ours) {
            continue;
        }
        files += 1;
        let local = |config: &mut Value, module: &Value| {
            config["vm_config"]["code"] = module.clone();
            Ok(())
        };
        let said = verdict(&file, local)?;
        assert!(said.accepted, "{file}: {}", said.log);
        let said = verdict(&file, |config, module| {
            local(config, module)?;
            let text = config["configuration"]["value"].as_str().context("a configuration")?;
            config["configuration"]["value"] = mistaken(text)?.into();
            Ok(())
        })?;
        assert!(!said.accepted && said.log.contains("tennant: unknown field"), "{file}: {}", said.log);
    }
    assert!(files >= 4, "{files} files");
    Ok(())
}

#[test]
fn envoy_takes_where_remote_modules_are() -> Result<()> {
    for name in ["gateway", "sidecar"] {
        let file = format!("envoyfilter/{name}-remote.yaml");
        let said = verdict(&file, |_, _| Ok(()))?;
        assert!(said.accepted, "{file}: {}", said.log);
        let said = verdict(&file, |config, _| {
            config["vm_config"]["code"]["remote"]["sha265"] = "".into();
            Ok(())
        })?;
        assert!(!said.accepted, "{file}: {}", said.log);
    }
    Ok(())
}

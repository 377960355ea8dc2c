//! The configuration that Envoy Gateway makes of our manifests, on a stock Envoy: `integration/envoy-gateway`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use playground::root;
use serde_json::{Value, json};

use crate::istio::manifests::documents;
use crate::istio::{Mesh, Recording, Resources, Scenario, kustomized, line};

/// The one proxy of the scenario.
const PROXY: &str = "gateway";
const SHIPPED: &str = "wasm-plugin/manifests/envoy-gateway";
/// The first line whose EnvoyExtensionPolicy has `mergeType`.
const MERGES: u32 = 9;
/// The address that Envoy Gateway's listeners have, and that of the scenario.
const LISTENS: [&str; 2] = ["0.0.0.0", "127.0.0.10"];

/// The manifests that we ship and those of a team beside them, as a release has them, and what becomes of each request.
fn scenario(release: &str) -> Result<Scenario> {
    let line = line(release).with_context(|| format!("{release:?} is no release"))?;
    let mut scenario = Scenario::open_folder(&folder())?;
    scenario.requests.retain(|row| row.lines.is_empty() || row.lines.contains(&line));
    scenario.name = "envoy-gateway".into();
    let mut shipped = kustomized(SHIPPED)?;
    shipped.extend(documents(&root().join(SHIPPED).join("routes.yaml"))?);
    shipped.iter_mut().try_for_each(with_keys)?;
    scenario.manifests.extend(shipped);
    if line < MERGES {
        // The API server drops fields that the CRD does not have.
        let specs = scenario.manifests.iter_mut().filter_map(|document| document.get_mut("spec")?.as_object_mut());
        specs.for_each(|spec| drop(spec.remove("mergeType")));
    }
    Ok(scenario)
}

/// What a release gets for the scenario, as one YAML stream of JSON documents.
pub fn manifests(release: &str) -> Result<String> {
    let texts = scenario(release)?.manifests.into_iter().map(|document| format!("---\n{document:#}\n"));
    Ok(texts.collect())
}

/// The releases that were recorded.
pub fn releases() -> Result<Vec<String>> {
    Recording::releases_in(&recordings())
}

/// Reads what a release made of the manifests, and fails where that is not of today's.
pub fn recording(release: &str) -> Result<Recording> {
    let scenario = scenario(release)?;
    let current = Recording::from_files(release, &scenario, &recordings().join(release)).and_then(|recording| {
        recording.check_documents(&scenario.manifests)?;
        Ok(recording)
    });
    current.with_context(|| format!("recording {release} is stale: see integration/envoy-gateway/README.md"))
}

/// Keeps a proxy's configuration dump as the recording of a release, and returns its folder.
pub fn record(release: &str, dump: &str) -> Result<PathBuf> {
    let (proxies, manifests) = ([(PROXY.into(), resources(dump)?)].into(), scenario(release)?.manifests);
    let folder = recordings().join(release);
    Recording { release: release.into(), proxies, manifests }.write_to(&folder)?;
    Ok(folder)
}

/// The contents of a dump, in the form of recordings.
fn resources(dump: &str) -> Result<Resources> {
    let mut resources = Resources::from_dump(dump)?;
    // What Kubernetes asks whether the proxy is ready.
    resources.listeners.retain(|name, _| !name.starts_with("envoy-gateway-proxy-ready"));
    ensure!(!resources.listeners.is_empty(), "the dump has no listener of a Gateway");
    resources.listeners.values_mut().for_each(normalise);
    Ok(resources)
}

/// Sends every request of the scenario through each recording; fails at the first with a different result.
pub async fn run() -> Result<()> {
    let releases = releases()?;
    ensure!(!releases.is_empty(), "no release is recorded");
    for release in releases {
        let scenario = scenario(&release)?;
        let mesh = Mesh::replay(&scenario, &recording(&release)?).await?;
        scenario.expect(&mesh).await.with_context(|| format!("replayed from {release}"))?;
    }
    Ok(())
}

/// Replaces the module and the address by those of all recordings.
fn normalise(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(normalise),
        Value::Object(object) => {
            if let Some(code) = object.get_mut("code").filter(|code| code.get("remote").is_some()) {
                *code = json!({"local": {"filename": "/tenancy_filter.wasm"}});
            }
            if let Some(address) = object.get_mut("address").filter(|address| **address == LISTENS[0]) {
                *address = LISTENS[1].into();
            }
            object.values_mut().for_each(normalise);
        }
        _ => {}
    }
}

/// A SecurityPolicy with keys for tests in place of those that an issuer serves.
fn with_keys(document: &mut Value) -> Result<()> {
    let providers = document.pointer_mut("/spec/jwt/providers").and_then(Value::as_array_mut);
    for provider in providers.into_iter().flatten() {
        let provider = provider.as_object_mut().context("a provider")?;
        provider.remove("remoteJWKS").context("remoteJWKS")?;
        let keys = fs::read_to_string(folder().join("keys.json"))?;
        provider.insert("localJWKS".into(), json!({"type": "Inline", "inline": keys.trim_end()}));
    }
    Ok(())
}

fn folder() -> PathBuf {
    root().join("integration/envoy-gateway")
}

fn recordings() -> PathBuf {
    folder().join("recordings")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(name: &str) -> String {
        let code = json!({"remote": {"http_uri": {"uri": "https://envoy-gateway:18002/a.wasm"}}});
        let listener = json!({"name": name, "address": {"socket_address": {"address": "0.0.0.0"}}, "code": code});
        let listeners = json!([{"name": name, "active_state": {"listener": listener}}]);
        json!({"configs": [{"@type": "a/envoy.admin.v3.ListenersConfigDump", "dynamic_listeners": listeners}]})
            .to_string()
    }

    #[test]
    fn a_dump_is_kept_with_the_module_and_the_address_of_the_replay() {
        let resources = resources(&dump("a")).expect("a listener");
        let expected = json!({
            "name": "a",
            "address": {"socket_address": {"address": "127.0.0.10"}},
            "code": {"local": {"filename": "/tenancy_filter.wasm"}},
        });
        assert_eq!(resources.listeners.get("a"), Some(&expected));
    }

    #[test]
    fn a_dump_without_a_gateway_is_refused() {
        let refused = resources(&dump("envoy-gateway-proxy-ready-0.0.0.0-19003")).expect_err("no listener");
        assert_eq!(refused.to_string(), "the dump has no listener of a Gateway");
    }
}

//! The components of `wasm-plugin/manifests/seal`, in the kustomizations that they are for.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use integration::istio::kustomized_with;
use integration::markdown::blocks_of;
use integration::{Bootstrap, Discovery, Echo, Envoy, Headers, Keys, Protocol, Request, signs};
use serde_json::{Value, json};
use tenancy_filter::Filter;

use super::early::{never_believed, removed_early};
use super::{configurations, plugin};

const MANIFESTS: &str = "wasm-plugin/manifests";
const SIGN: &str = "../seal/sign";
const VERIFY: &str = "../seal/verify";
const COUNT: &str = "../seal/count";
/// What stands for a public key.
const PLACEHOLDER: &str = "BASE64-OF-THE-PUBLIC-KEY";
const VARIABLE: &str = "TENANCY_SEAL_KEY";

fn sealed(folder: &str, component: &str) -> Result<Vec<Value>> {
    kustomized_with(&format!("{MANIFESTS}/{folder}"), &[component])
}

/// The plugin configurations of documents, in their order.
fn plugins(documents: &[Value]) -> Result<Vec<Value>> {
    let texts = documents.iter().map(configurations).collect::<Result<Vec<_>>>()?.concat();
    Ok(texts.iter().map(|text| serde_json::from_str(text)).collect::<Result<_, _>>()?)
}

fn keys() -> Result<Keys> {
    Keys::number(9)
}

fn with_key(configuration: &Value, public: &str) -> Result<Value> {
    Ok(serde_json::from_str(&configuration.to_string().replace(PLACEHOLDER, public))?)
}

#[test]
fn both_kinds_of_extension_are_sealed_alike() -> Result<()> {
    for (folder, component) in [("gateway", SIGN), ("sidecars", VERIFY), ("sidecars", COUNT)] {
        let extensions = sealed(&format!("traffic-extension/{folder}"), component)?;
        let extensions: Vec<_> = extensions.into_iter().map(plugin).collect();
        assert_eq!(extensions, sealed(folder, component)?, "{component}");
    }
    Ok(())
}

/// Without a key of one's own nothing comes into force, and with it each says what its folder is called.
#[test]
fn the_filter_takes_them_with_a_key() -> Result<()> {
    let public = keys()?.public();
    for (folder, component, expected) in [
        ("sidecars", VERIFY, json!(null)),
        ("sidecars", COUNT, json!("count")),
        ("waypoint/gateway", "../../seal/verify", json!(null)),
        ("waypoint/gateway", "../../seal/count", json!("count")),
    ] {
        let [open] = &plugins(&sealed(folder, component)?)?[..] else { panic!("one plugin") };
        let refused = Filter::from_config(open.to_string().as_bytes()).err().context("a placeholder was taken")?;
        assert!(refused.to_string().starts_with("seal.verify.k1: expected a public key"), "{refused}");
        let closed = with_key(open, &public)?;
        assert_eq!(closed["seal"]["unsealed"], expected, "{component}");
        assert_eq!(Filter::from_config(closed.to_string().as_bytes())?.warnings.to_string(), "", "{component}");
    }
    for configuration in plugins(&sealed("gateway", SIGN)?)? {
        assert_eq!(Filter::from_config(configuration.to_string().as_bytes())?.warnings.to_string(), "");
    }
    Ok(())
}

/// Before Envoy chooses a route, and in every spelling before anything authorises.
#[test]
fn a_clients_seal_is_removed_first() -> Result<()> {
    for folder in ["gateway", "gateway-api"] {
        let documents = sealed(folder, SIGN)?;
        let [first, second] = &plugins(&documents)?[..] else { panic!("two plugins") };
        assert!(first["seal"].is_null() && second["seal"]["sign"].is_object(), "{folder}");
        let removed = removed_early(&documents.into());
        assert_eq!(removed, never_believed(first), "{folder}");
        assert!(removed.contains("x-tenancy-seal"), "{folder}: {removed:?}");
    }
    Ok(())
}

/// What istiod makes of `vmConfig.env`, which a recording of it shows; here as a page writes it for Envoy alone. For all
/// instances: up to Envoy 1.38 they share a VM, which has the variables of the first.
fn environment(documents: &[Value]) -> Result<Value> {
    let envs: Vec<_> = documents.iter().filter_map(|document| document.pointer("/spec/vmConfig/env")).collect();
    assert_eq!(envs, [&json!([{"name": VARIABLE, "valueFrom": "HOST"}]); 2]);
    let blocks = blocks_of("envoyfilter/README.md", "yaml")?;
    let block: Value = serde_norway::from_str(blocks.first().context("no block")?)?;
    assert_eq!(block["environment_variables"], json!({"host_env_keys": [VARIABLE]}));
    Ok(block["environment_variables"].clone())
}

/// A gateway with the shipped plugins, in their order.
fn gateway(environment: &Value, documents: &[Value]) -> Result<Bootstrap> {
    let gateway = Bootstrap::gateway()?;
    let filters = plugins(documents)?.into_iter().map(|configuration| {
        let mut filter = gateway.clone().configuration(configuration).http_filters()[0].clone();
        filter["typed_config"]["config"]["vm_config"]["environment_variables"] = environment.clone();
        filter
    });
    let filters: Vec<_> = filters.collect();
    let gateway = filters.into_iter().rev().fold(gateway.clone().without_filter(), Bootstrap::behind);
    let manager = |document: &Value| {
        let path = "/spec/configPatches/0/patch/value/typed_config/early_header_mutation_extensions";
        document.pointer(path).cloned()
    };
    Ok(gateway.removing_early(documents.iter().find_map(manager).context("no EnvoyFilter")?))
}

/// What the shop gets of a request.
async fn received(envoy: &Envoy, shop: &Echo, request: Request) -> Result<Headers> {
    assert_eq!(request.send(envoy.listener(), Protocol::Http1).await?.status, 200);
    Ok(shop.take().pop().context("no request")?.headers)
}

#[tokio::test]
async fn a_gateway_signs_and_a_sidecar_believes_as_shipped() -> Result<()> {
    if !signs("the manifests of sealed context")? {
        return Ok(());
    }
    let (private, public) = (keys()?.private(), keys()?.public());
    let documents = sealed("gateway", SIGN)?;
    let host = BTreeMap::from([(VARIABLE.to_owned(), private.clone())]);
    let [sidecar] = &plugins(&sealed("sidecars", VERIFY)?)?[..] else { panic!("one plugin") };
    let shop = Echo::start("shop").await?;
    let sidecar = Bootstrap::sidecar()?.configuration(with_key(sidecar, &public)?).clusters(shop.address());
    let sidecar = Envoy::start(&sidecar).await?;
    let gateway = gateway(&environment(&documents)?, &documents)?.clusters(sidecar.listener());
    let gateway = Envoy::start_in(&host, &gateway).await?;

    let request = Request::to("feat-x.www.example.com").header("x-tenancy-seal", "v1.k1.9.Zg.Zg");
    let request = request.header("x_tenancy_seal", "1").header("x-tenant", "dev1");
    let decided = received(&gateway, &shop, request).await?;
    assert_eq!(decided.values("x-tenant"), ["feat-x"]);
    let [seal] = &decided.values("x-tenancy-seal")[..] else { panic!("{decided:?}") };
    assert!(seal.starts_with("v1.k1.") && !seal.contains("Zg.Zg"), "{seal}");

    for (name, value, expected) in [("x-tenancy-seal", &**seal, vec!["feat-x"]), ("x-tenant", "feat-x", vec![])] {
        let headers = received(&sidecar, &shop, Request::to("shop").header(name, value)).await?;
        assert_eq!(headers.values("x-tenant"), expected, "{name}");
    }
    assert!(!gateway.admin("/config_dump").await?.contains(&private), "the dump shows the key");
    Ok(())
}

/// Why it comes from the container's environment.
#[tokio::test]
async fn a_key_in_the_configuration_stands_in_its_dump() -> Result<()> {
    if !signs("a key in the configuration")? {
        return Ok(());
    }
    let private = keys()?.private();
    let inline = json!({"key_values": {VARIABLE: private}});
    let envoy = Envoy::start(&gateway(&inline, &sealed("gateway", SIGN)?)?).await?;
    assert!(envoy.admin("/config_dump").await?.contains(&private));
    Ok(())
}

/// Why every instance has it.
#[tokio::test]
async fn a_variable_is_for_all_instances_that_share_a_vm() -> Result<()> {
    if !signs("variables of a shared VM")? {
        return Ok(());
    }
    let private = keys()?.private();
    let documents = sealed("gateway", SIGN)?;
    let host = BTreeMap::from([(VARIABLE.to_owned(), private)]);
    let mut gateway = gateway(&environment(&documents)?, &documents)?;
    let shares = share_a_vm(&Envoy::start_in(&host, &gateway).await?).await?;
    gateway.http_filters()[0]["typed_config"]["config"]["vm_config"]["environment_variables"] = json!({});
    let started = Envoy::start_in(&host, &gateway).await;
    assert_eq!(started.is_err(), shares, "{:?}", started.err());
    Ok(())
}

/// Why a gateway that runs may have to be restarted.
#[tokio::test]
async fn a_vm_that_is_shared_keeps_its_variables() -> Result<()> {
    if !signs("variables of a VM that runs")? {
        return Ok(());
    }
    let private = keys()?.private();
    let documents = sealed("gateway", SIGN)?;
    let [_, second] = &plugins(&documents)?[..] else { panic!("two plugins") };
    let mut before = second.clone();
    before.as_object_mut().context("an object")?.remove("seal");
    let (mut discovery, bootstrap) = Discovery::of(Bootstrap::gateway()?.configuration(before))?;
    let envoy = Envoy::start_in(&BTreeMap::from([(VARIABLE.to_owned(), private)]), &bootstrap).await?;
    let mut after = Bootstrap::gateway()?.configuration(second.clone());
    after.plugin()["vm_config"]["environment_variables"] = environment(&documents)?;
    discovery.replace(after)?;
    let counts: &[_] = if share_a_vm(&envoy).await? { &[("success", 1), ("rejected", 1)] } else { &[("success", 2)] };
    let name = |end| format!("extension_config_discovery.http_filter.tenancy.update_{end}");
    let expected = counts.iter().map(|(end, count)| (name(end), *count)).collect();
    envoy.stats_become("tenancy.update_(success|rejected)", &expected).await
}

/// Whether this Envoy gives instances that differ in their variables one VM.
async fn share_a_vm(envoy: &Envoy) -> Result<bool> {
    Ok(["1.37", "1.38"].contains(&envoy.line().await?.as_str()))
}

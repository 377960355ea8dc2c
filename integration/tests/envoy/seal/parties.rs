//! Who takes part: a gateway that signs, sidecars that verify, and somebody who forges.

use anyhow::{Context, Result};
use integration::token::now;
use integration::{Bootstrap, Echo, Envoy, Keys, Received};
use serde_json::{Value, json};

/// Seconds since 1970, an hour from now.
pub(crate) fn in_an_hour() -> u64 {
    now() + 3600
}

/// What travels, with these words beside it.
fn configuration(role: &str, from_client: bool, seal: Value) -> Value {
    let mut configuration = json!({
        "version": 1,
        "role": role,
        "tenant": {"to": [{"header": "x-tenant"}, {"baggage": "tenant"}]},
        "overrides": {"to": [{"header": "x-override"}, {"baggage": "overrides"}]},
        "seal": seal,
    });
    if from_client {
        configuration["tenant"]["from"] = json!([{"host": "{tenant}.www.example.com"}]);
        configuration["overrides"]["from"] = json!([{"header": "x-override", "trust": "anyone"}]);
    }
    configuration
}

/// A gateway that signs with this key, under the name `k1`.
pub(crate) fn gateway(keys: &Keys) -> Result<Bootstrap> {
    let seal = json!({"sign": {"key": "k1", "privateKeyEnv": "TENANCY_SEAL_KEY"}});
    let mut gateway = Bootstrap::gateway()?.configuration(configuration("edge", true, seal));
    gateway.plugin()["vm_config"]["environment_variables"] =
        json!({"key_values": {"TENANCY_SEAL_KEY": keys.private()}});
    Ok(gateway)
}

/// What a sidecar does that verifies by this key, with these fields beside.
pub(crate) fn verifying(keys: &Keys, fields: &Value) -> Value {
    let mut seal = json!({"verify": {"k1": keys.public()}});
    for (name, value) in fields.as_object().into_iter().flatten() {
        seal[name] = value.clone();
    }
    seal
}

/// A sidecar with this seal.
pub(crate) fn sidecar(direction: &str, seal: Value) -> Result<Bootstrap> {
    let mut sidecar = Bootstrap::sidecar()?.configuration(configuration("mesh", false, seal));
    sidecar.listener()["traffic_direction"] = direction.into();
    Ok(sidecar)
}

/// A sidecar that knows no seals.
pub(crate) fn plain_sidecar(direction: &str) -> Result<Bootstrap> {
    let mut configuration = configuration("mesh", false, json!(null));
    configuration.as_object_mut().context("an object")?.remove("seal");
    let mut sidecar = Bootstrap::sidecar()?.configuration(configuration);
    sidecar.listener()["traffic_direction"] = direction.into();
    Ok(sidecar)
}

/// An Envoy in front of what it sends everything to.
pub(crate) async fn before(bootstrap: Bootstrap, service: &Echo) -> Result<Envoy> {
    Envoy::start(&bootstrap.clusters(service.address())).await
}

/// The one request that a service got.
pub(crate) fn only(service: &Echo) -> Result<Received> {
    let mut received = service.take();
    anyhow::ensure!(received.len() == 1, "{} requests", received.len());
    received.pop().context("one")
}

/// The seals that a service got, by header.
pub(crate) fn seals(received: &Received) -> Vec<String> {
    received.headers.values("x-tenancy-seal")
}

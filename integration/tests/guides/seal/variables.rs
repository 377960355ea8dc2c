//! What `docs/seal.md` says of the variables of a gateway's proxy: instances with one module share a VM up to Envoy 1.39,
//! and a VM keeps the variables that it began with.

use anyhow::Result;
use integration::{Bootstrap, Envoy, Hop};
use serde_json::json;

use super::{Side, edge, gateway};

const ABSENT: &str = "the module's environment has no TENANCY_SEAL_KEY";

async fn shares(envoy: &Envoy) -> Result<bool> {
    Ok(["1.36", "1.37", "1.38", "1.39"].contains(&envoy.line().await?.as_str()))
}

#[tokio::test]
async fn instances_share_their_variables_up_to_envoy_1_39() -> Result<()> {
    let strip = json!({"version": 1, "role": "edge", "strip": ["x-debug"]});
    let mut strip = Bootstrap::gateway()?.configuration(strip);
    let first = strip.http_filters()[0].clone();
    let shares = shares(&Hop::start(strip).await?.envoy).await?;
    let refused = Hop::start(gateway(edge("k1")?)?.behind(first)).await.err().map(|error| format!("{error:#}"));
    let is_told = refused.as_ref().is_some_and(|error| error.contains(ABSENT));
    assert_eq!((refused.is_some(), is_told), (shares, shares), "{refused:?}");
    Ok(())
}

/// A variable that the proxy does not have is left out.
#[tokio::test]
async fn a_running_gateway_takes_no_new_variable_up_to_envoy_1_39() -> Result<()> {
    let strip = json!({"version": 1, "role": "edge", "strip": ["x-debug"]});
    let mut before = Bootstrap::gateway()?.configuration(strip);
    before.plugin()["vm_config"]["environment_variables"] = json!({"host_env_keys": ["TENANCY_SEAL_KEY_OF_NOBODY"]});
    let mut side = Side::start(before).await?;
    side.discovery.replace(gateway(edge("k1")?)?)?;
    let (name, count) = if shares(&side.hop.envoy).await? { ("rejected", 1) } else { ("success", 2) };
    let name = format!("extension_config_discovery.http_filter.tenancy.update_{name}");
    side.hop.envoy.stats_become(&name, &[(name.clone(), count)].into()).await?;
    assert_eq!(side.hop.envoy.log()?.contains(ABSENT), count == 1);
    Ok(())
}

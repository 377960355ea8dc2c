//! Our manifests on Envoy Gateway, from recordings.

use anyhow::{Result, ensure};
use integration::envoy_gateway;

/// Hosts, claims, forged headers and overrides, and what a team's policies on its own routes change.
#[tokio::test]
async fn what_we_ship_for_envoy_gateway_works() -> Result<()> {
    envoy_gateway::run().await
}

/// All Wasm filters run in one place, so no second instance of ours can strip first.
#[test]
fn the_filter_stands_behind_the_token_and_closes_on_a_crash() -> Result<()> {
    for release in envoy_gateway::releases()? {
        let recording = envoy_gateway::recording(&release)?;
        let chains = recording.http_filters("gateway");
        ensure!(!chains.is_empty(), "{release}: no HTTP filters");
        for names in chains {
            let kinds = names.iter().filter_map(|name| name.split('/').next()?.rsplit('.').next());
            let mut order: Vec<_> = kinds.collect();
            order.retain(|kind| ["jwt_authn", "wasm", "lua", "router"].contains(kind));
            order.dedup();
            assert_eq!(order, ["jwt_authn", "lua", "wasm", "router"], "{release}: {names:?}");
        }
        // FAIL_CLOSE, Envoy's default.
        assert_eq!(recording.failure_policies("gateway"), ["none"; 2], "{release}");
    }
    Ok(())
}

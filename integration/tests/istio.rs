//! What istiod makes of our manifests, as it was recorded.

use anyhow::{Context, Result, ensure};
use integration::istio::{Recording, Scenario};

/// Where a plugin's name starts under each release line.
const NATIVE: &str = "extensions.istio.io/wasmplugin/";
const TRANSLATED: &str = "extensions.istio.io/trafficextension/";

/// What a client claims is gone before jwt_authn, and the token is verified before we read it.
#[test]
fn the_gateway_strips_before_and_resolves_after_the_token_is_verified() -> Result<()> {
    for release in Recording::releases()? {
        let recording = Recording::read(&release, &Scenario::read("turner")?)?;
        let chains = recording.http_filters("gateway");
        ensure!(!chains.is_empty(), "{release}: the gateway has no HTTP filters");
        for filters in chains {
            // A translated plugin has a suffix.
            let names: Vec<_> = filters.iter().map(|name| name.split('~').next().unwrap_or(name)).collect();
            let position = |end: &str| names.iter().position(|name| name.ends_with(end)).context(end.to_owned());
            let order = ["istio-ingress.tenancy-strip", "jwt_authn", "istio-ingress.tenancy", "router"].map(position);
            let order = order.into_iter().collect::<Result<Vec<_>>>()?;
            ensure!(order.is_sorted(), "{release}: {filters:?}");
        }
    }
    Ok(())
}

/// WasmPlugin as it was read until 1.29, and as later releases translate it.
#[test]
fn both_ways_to_a_plugin_are_recorded() -> Result<()> {
    let scenario = Scenario::read("turner")?;
    let mut names = Vec::new();
    for release in Recording::releases()? {
        names.extend(Recording::read(&release, &scenario)?.http_filters("gateway").concat());
    }
    for start in [NATIVE, TRANSLATED] {
        ensure!(names.iter().any(|name| name.starts_with(start)), "no recording has {start}…: {names:?}");
    }
    Ok(())
}

/// Also those of scenarios that no test replays yet.
#[test]
fn every_scenario_is_recorded_from_todays_manifests() -> Result<()> {
    for release in Recording::releases()? {
        for scenario in Scenario::all(&release)? {
            Recording::read(&release, &scenario)?;
        }
    }
    Ok(())
}

//! Our manifests on Istio.
//!
//! From recordings of istiod, and live if `PILOT_DISCOVERY` names one.

use anyhow::{Context, Result, ensure};
use integration::istio::{Istiod, Mesh, Recording, Scenario, Shipped, WAYPOINTS};

/// Where a plugin's name starts under each release line.
const NATIVE: &str = "extensions.istio.io/wasmplugin/";
const TRANSLATED: &str = "extensions.istio.io/trafficextension/";

/// The filters of a proxy whose order matters, in each of its chains.
fn orders(recording: &Recording, proxy: &str) -> Result<Vec<Vec<String>>> {
    const WATCHED: [&str; 6] = ["tenancy-strip", "tenancy", "jwt_authn", "ext_authz", "rbac", "router"];
    // Plugins have their namespace before the name, and translated ones a suffix.
    let short = |name: &String| name.split('~').next().and_then(|name| name.rsplit('.').next()).map(str::to_owned);
    let watched = |names: &Vec<String>| {
        names.iter().filter_map(short).filter(|name| WATCHED.contains(&name.as_str())).collect::<Vec<_>>()
    };
    let orders: Vec<_> = recording.http_filters(proxy).iter().map(watched).collect();
    ensure!(!orders.is_empty(), "{proxy} has no HTTP filters");
    Ok(orders)
}

/// What a client claims is gone before jwt_authn, and the token is verified before we read it.
#[test]
fn the_gateway_strips_before_and_resolves_after_the_token_is_verified() -> Result<()> {
    for release in Recording::releases()? {
        for order in orders(&Recording::read(&release, &Scenario::read("turner")?)?, "gateway")? {
            assert_eq!(order, ["tenancy-strip", "jwt_authn", "tenancy", "router"], "{release}");
        }
    }
    Ok(())
}

/// CUSTOM authorisation (rbac, which only notes whom to ask, and ext_authz) comes before every plugin, and behind what
/// an EnvoyFilter inserts first.
#[test]
fn what_we_ship_stands_where_its_comments_say() -> Result<()> {
    const PLUGINS: [&[&str]; 2] = [
        &["rbac", "ext_authz", "tenancy-strip", "jwt_authn", "tenancy", "rbac", "router"],
        &["rbac", "ext_authz", "tenancy-strip", "tenancy", "rbac", "router"],
    ];
    const FILTERS: [&[&str]; 2] = [
        &["tenancy-strip", "rbac", "ext_authz", "jwt_authn", "tenancy", "rbac", "router"],
        // The second instance has nothing to decide there.
        &["tenancy-strip", "rbac", "ext_authz", "rbac", "tenancy", "router"],
    ];
    for (release, way) in Recording::releases()?.iter().flat_map(|release| Shipped::ALL.map(|way| (release, way))) {
        let scenario = Scenario::shipped(way)?;
        if !scenario.runs_on(release) {
            continue;
        }
        let recording = Recording::read(release, &scenario)?;
        let [gateway, tokenless] = if way == Shipped::EnvoyFilter { FILTERS } else { PLUGINS };
        let sidecar: &[&str] = &["tenancy", "router"];
        for (proxy, chains, expected) in [("gateway", 1, gateway), ("tokenless", 1, tokenless), ("web", 2, sidecar)] {
            assert_eq!(orders(&recording, proxy)?, vec![expected; chains], "{release}, {way:?}: {proxy}");
            let policies = recording.failure_policies(proxy);
            ensure!(policies.iter().all(|policy| policy == "FAIL_RELOAD"), "{release}, {way:?}: {proxy}: {policies:?}");
            ensure!(!policies.is_empty(), "{release}, {way:?}: {proxy} has no plugin");
        }
    }
    Ok(())
}

/// The shipped manifests, with only the module's path changed.
#[tokio::test]
async fn what_we_ship_works_in_every_way() -> Result<()> {
    for way in Shipped::ALL {
        Scenario::shipped(way)?.run().await?;
    }
    Ok(())
}

/// A sandbox is what is deployed, and nothing else: one route for all sidecars, one patch of the gateway's route.
#[tokio::test]
async fn a_request_reaches_what_its_tenant_deployed_without_a_rule() -> Result<()> {
    Scenario::destinations()?.run().await
}

/// A sidecar's call and a gateway's, while the Envoys run. A recording does not change, so only an istiod that watches its
/// files can show it; `destinations` has the same with clusters of Envoy alone.
#[tokio::test]
async fn a_service_of_a_tenant_counts_while_it_is_there() -> Result<()> {
    let Some(istiod) = Istiod::from_env()?.filter(Istiod::watches_files) else { return Ok(()) };
    let scenario = Scenario::destinations()?;
    let mesh = Mesh::live(&scenario, &istiod).await?;
    for (name, host, there) in [
        ("a tenant that deployed the cart, and no shop", "cart.feat-y.svc.cluster.local", ["shop", "cart feat-y"]),
        ("a tenant that deployed the shop, and no cart", "shop.feat-x.svc.cluster.local", ["shop feat-x", "cart"]),
    ] {
        let row = scenario.requests.iter().find(|row| row.name == name).context(name)?;
        mesh.until(row, &there).await.context("before")?;
        mesh.deploy_all_but(&[host])?;
        mesh.until(row, &["shop", "cart"]).await.context("gone")?;
        mesh.deploy_all_but(&[])?;
        mesh.until(row, &there).await.context("there again")?;
    }
    Ok(())
}

/// R41: by each way to attach, on what istiod's own waypoint builder made of it.
#[tokio::test]
async fn a_waypoint_goes_by_the_version_and_lets_no_context_out() -> Result<()> {
    for folder in WAYPOINTS {
        Scenario::behind_waypoint(folder)?.run().await?;
    }
    Ok(())
}

/// Each of 140 versions by the routes of `tenancy routes`, without patches of Envoy.
#[tokio::test]
async fn a_request_reaches_each_sandbox_by_generated_routes() -> Result<()> {
    Scenario::routes()?.run().await
}

/// The same by HTTPRoutes, between services.
#[tokio::test]
async fn a_request_reaches_each_sandbox_by_generated_http_routes() -> Result<()> {
    Scenario::http_routes()?.run().await
}

#[tokio::test]
async fn a_generated_match_tree_leads_where_the_rules_did() -> Result<()> {
    Scenario::match_tree_of_routes()?.run().await
}

/// HTTPRoutes at a gateway and, by GAMMA, at sidecars.
#[tokio::test]
async fn a_sandbox_is_an_http_route_of_its_own() -> Result<()> {
    Scenario::gateway_api()?.run().await
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

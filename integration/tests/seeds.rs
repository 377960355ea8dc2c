//! The systems that others have described, on Istio: `integration/seeds`.
//!
//! Each runs from recordings of istiod, and live where `PILOT_DISCOVERY` names one.

use anyhow::{Context, Result, ensure};
use integration::istio::{Istiod, Mesh, Recording, Scenario};

#[tokio::test]
async fn carousell() -> Result<()> {
    seed("carousell").await
}

/// `envoyfilter/match-tree.yaml`, as it is shipped.
#[tokio::test]
async fn match_tree() -> Result<()> {
    seed("match-tree").await
}

#[tokio::test]
async fn miro() -> Result<()> {
    seed("miro").await
}

#[tokio::test]
async fn signadot_post() -> Result<()> {
    seed("signadot-post").await
}

#[tokio::test]
async fn signadot_talk() -> Result<()> {
    seed("signadot-talk").await
}

#[tokio::test]
async fn turner() -> Result<()> {
    seed("turner").await
}

/// Since 1.30 TrafficExtension takes the place of WasmPlugin.
#[tokio::test]
async fn turner_with_traffic_extensions() -> Result<()> {
    run(&Scenario::read("turner")?.with_traffic_extensions()).await
}

async fn seed(name: &str) -> Result<()> {
    run(&Scenario::read(name)?).await
}

/// The same table, on whatever configures the proxies.
async fn run(scenario: &Scenario) -> Result<()> {
    let mut releases = Recording::releases()?;
    releases.retain(|release| scenario.runs_on(release));
    ensure!(!releases.is_empty(), "no release is recorded: make record");
    for release in releases {
        let recording = Recording::read(&release, scenario)?;
        let mesh = Mesh::replay(scenario, &recording).await?;
        expect(&mesh, scenario).await.with_context(|| format!("replayed from {release}"))?;
    }
    if let Some(istiod) = Istiod::from_env()?.filter(|istiod| scenario.runs_on(&istiod.release)) {
        let mesh = Mesh::live(scenario, &istiod).await?;
        expect(&mesh, scenario).await.with_context(|| format!("live on {}", istiod.release))?;
    }
    Ok(())
}

async fn expect(mesh: &Mesh<'_>, scenario: &Scenario) -> Result<()> {
    for row in &scenario.requests {
        let outcome = mesh.send(row).await.with_context(|| row.name.clone())?;
        assert_eq!(outcome, scenario.expected(row), "{}: {}", scenario.name, row.name);
    }
    Ok(())
}

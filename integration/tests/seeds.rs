//! The systems that others have described, on Istio: `integration/seeds`.
//!
//! Each runs from recordings of istiod, and live where `PILOT_DISCOVERY` names one.

use anyhow::{Context, Result, ensure};
use integration::istio::{Istiod, Mesh, Recording, Scenario};

#[tokio::test]
async fn carousell() -> Result<()> {
    seed("carousell").await
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

/// The same table, on whatever configures the proxies.
async fn seed(name: &str) -> Result<()> {
    let scenario = Scenario::read(name)?;
    let releases = Recording::releases()?;
    ensure!(!releases.is_empty(), "no release is recorded: make record");
    for release in releases {
        let recording = Recording::read(&release, &scenario)?;
        let mesh = Mesh::replay(&scenario, &recording).await?;
        expect(&mesh, &scenario).await.with_context(|| format!("{name} replayed from {release}"))?;
    }
    if let Some(istiod) = Istiod::from_env()? {
        let mesh = Mesh::live(&scenario, &istiod).await?;
        expect(&mesh, &scenario).await.with_context(|| format!("{name} live on {}", istiod.release))?;
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

//! The systems that others have described, on Istio: `integration/seeds`.
//!
//! Each runs from recordings of istiod, and live if `PILOT_DISCOVERY` names one.

use anyhow::Result;
use integration::istio::Scenario;

#[tokio::test]
async fn carousell() -> Result<()> {
    seed("carousell").await
}

/// The shipped `envoyfilter/match-tree.yaml`.
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
    Scenario::read("turner")?.with_traffic_extensions().run().await
}

/// R44: a workload that forges has no context.
#[tokio::test]
async fn turner_sealed() -> Result<()> {
    Scenario::sealed("turner")?.run().await
}

/// The same systems without a rule for a sandbox: a request reaches its tenant's deployments.
mod without_rules {
    use super::*;

    #[tokio::test]
    async fn carousell() -> Result<()> {
        Scenario::without_rules("carousell")?.run().await
    }

    #[tokio::test]
    async fn miro() -> Result<()> {
        Scenario::without_rules("miro")?.run().await
    }

    #[tokio::test]
    async fn signadot_post() -> Result<()> {
        Scenario::without_rules("signadot-post")?.run().await
    }

    #[tokio::test]
    async fn signadot_talk() -> Result<()> {
        Scenario::without_rules("signadot-talk")?.run().await
    }

    #[tokio::test]
    async fn turner() -> Result<()> {
        Scenario::without_rules("turner")?.run().await
    }
}

async fn seed(name: &str) -> Result<()> {
    Scenario::read(name)?.run().await
}

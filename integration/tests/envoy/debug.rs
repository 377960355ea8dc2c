//! What an operator sees who turns the log of the proxy up.

use std::time::Duration;

use anyhow::{Result, ensure};
use integration::{Bootstrap, Hop, Protocol, Request};
use serde_json::json;
use tokio::time::{Instant, sleep};

/// The lines of the log that tell of requests, from the name of the filter on.
fn stories(hop: &Hop) -> Result<Vec<String>> {
    let log = hop.envoy.log()?;
    let told = log.lines().filter_map(|line| Some(line.split_once("tenancy-filter: request")?.1.to_owned()));
    Ok(told.collect())
}

async fn level(hop: &Hop, level: &str) -> Result<()> {
    let set = Request::to("admin").method("POST").path(&format!("/logging?wasm={level}"));
    ensure!(set.send(hop.envoy.admin_address(), Protocol::Http1).await?.status == 200, "{level}");
    Ok(())
}

#[tokio::test]
async fn the_debug_level_shows_a_line_a_request_and_other_levels_none() -> Result<()> {
    let hop = Hop::start(Bootstrap::gateway()?.configuration(json!({
        "version": 1,
        "role": "edge",
        "tenant": {"from": [{"host": "{tenant}.www.example.com"}, {"header": "x-team"}], "to": [{"header": "x-tenant"}]},
    })))
    .await?;
    let request = || Request::to("feat-x.www.example.com").header("x-team", "evil").header("x_tenant", "evil");
    assert_eq!(hop.pass(&request()).await?, ["x-tenant: feat-x"]);
    assert_eq!(stories(&hop)?, [""; 0], "at the usual level");

    level(&hop, "debug").await?;
    let deadline = Instant::now() + Duration::from_secs(30);
    while stories(&hop)?.is_empty() {
        ensure!(Instant::now() < deadline, "no line: {}", hop.envoy.log()?);
        hop.pass(&request()).await?;
        sleep(Duration::from_millis(20)).await;
    }
    let expected = "; tenant_chosen source=tenant.from[0].host tenant=feat-x\
        ; source_not_believed source=tenant.from[1].header why=untrusted\
        ; stripped header=x-team; stripped header=x_tenant";
    assert_eq!(stories(&hop)?.first().map(String::as_str), Some(expected));
    assert!(!hop.envoy.log()?.contains("evil"), "no value that a client merely said");
    Ok(())
}

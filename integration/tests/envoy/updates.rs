//! Configurations that change under a running Envoy.

use anyhow::Result;
use integration::{Bootstrap, Discovery, Hop, Request};
use serde_json::{Value, json};

/// Makes `dev1` of a request to `dev1.<domain>`.
fn domain(domain: &str) -> Value {
    json!({
        "version": 1,
        "role": "edge",
        "tenant": {"from": [{"host": format!("{{tenant}}.{domain}")}], "to": [{"header": "x-tenant"}]},
    })
}

fn forged() -> Request {
    Request::to("a.test").header("x-tenant", "dev2")
}

/// Waits until Envoy has accepted so many configurations, and refused so many.
async fn updates(hop: &Hop, accepted: u64, refused: u64) -> Result<()> {
    let stats = [("update_success", accepted), ("update_rejected", refused)].into_iter();
    let stats = stats.map(|(name, count)| (format!("extension_config_discovery.http_filter.tenancy.{name}"), count));
    hop.envoy.stats_become("tenancy.update_(success|rejected)", &stats.filter(|(_, count)| *count > 0).collect()).await
}

/// Waits until requests to this domain, and to no other, have a tenant.
async fn serves(hop: &Hop, name: &str) -> Result<()> {
    for known in ["a.test", "b.test"] {
        let lines = hop.pass(&Request::to(&format!("dev1.{known}"))).await?;
        assert_eq!(lines, if known == name { vec!["x-tenant: dev1"] } else { vec![] }, "{known}");
    }
    Ok(())
}

#[tokio::test]
async fn a_wrong_update_changes_nothing_and_a_good_one_after_it_works() -> Result<()> {
    let (mut discovery, bootstrap) = Discovery::of(Bootstrap::gateway()?.configuration(domain("a.test")))?;
    let hop = Hop::start(bootstrap).await?;
    updates(&hop, 1, 0).await?;
    serves(&hop, "a.test").await?;
    for (number, wrong) in
        [json!({}), json!({"version": 2, "role": "edge", "strip": ["x-a"]}), Value::Null].iter().enumerate()
    {
        discovery.configure(wrong)?;
        updates(&hop, 1, number as u64 + 1).await?;
        serves(&hop, "a.test").await?;
    }
    discovery.configure(&domain("b.test"))?;
    updates(&hop, 2, 3).await?;
    serves(&hop, "b.test").await
}

/// As Istio sends it: there is no earlier configuration to go on with, and until there is one nothing passes, whatever
/// the failure policy says.
#[tokio::test]
async fn a_wrong_first_configuration_lets_nothing_through_until_a_good_one() -> Result<()> {
    for policy in ["FAIL_CLOSED", "FAIL_RELOAD", "FAIL_OPEN"] {
        let mut bootstrap = Bootstrap::gateway()?.configuration(json!({}));
        bootstrap.plugin()["failure_policy"] = policy.into();
        let (mut discovery, bootstrap) = Discovery::of(bootstrap)?;
        let hop = Hop::start(bootstrap).await?;
        for (rejected, next) in [(1, json!({"version": 1, "role": "mash"})), (2, domain("a.test"))] {
            updates(&hop, 0, rejected).await?;
            for request in [Request::to("dev1.a.test"), forged()] {
                assert_eq!(hop.refuse(&request).await?.status, 500, "{policy}");
            }
            discovery.configure(&next)?;
        }
        updates(&hop, 1, 2).await?;
        serves(&hop, "a.test").await?;
        assert_eq!(hop.pass(&forged()).await?, [""; 0], "{policy}");
    }
    Ok(())
}

/// Counts are handed on once a second; a configuration that goes takes none with it.
#[tokio::test]
async fn an_update_loses_no_count() -> Result<()> {
    let (mut discovery, bootstrap) = Discovery::of(Bootstrap::gateway()?.configuration(domain("a.test")))?;
    let hop = Hop::start(bootstrap).await?;
    for (number, name) in ["b.test", "a.test", "b.test"].into_iter().enumerate() {
        for _ in 0..5 {
            hop.pass(&Request::to("www.test")).await?;
        }
        discovery.configure(&domain(name))?;
        updates(&hop, number as u64 + 2, 0).await?;
    }
    let requests = "wasmcustom.tenancy.requests";
    hop.envoy.stats_become(requests, &[(requests.to_owned(), 15)].into()).await
}

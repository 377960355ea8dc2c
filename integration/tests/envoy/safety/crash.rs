//! R14: the VM of our module dies, and with it both instances, which share it as under Istio.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use integration::{Hop, Protocol, Request, trapping_module};
use tempfile::NamedTempFile;

use super::gateway::{HOST, gateway, instance};

const PATIENCE: Duration = Duration::from_secs(30);

/// The shipped gateway with that module, under a failure policy.
async fn start(policy: &str) -> Result<(NamedTempFile, Hop)> {
    let module = trapping_module(20)?;
    let mut instances = [instance("tenancy-strip")?, instance("tenancy")?];
    for instance in &mut instances {
        let config = &mut instance["typed_config"]["config"];
        config["failure_policy"] = policy.into();
        config["vm_config"]["code"]["local"]["filename"] = module.path().to_str().context("a path")?.into();
    }
    let hop = Hop::start(gateway(instances)?).await?;
    assert_eq!(hop.pass(&forged()).await?, [""; 0], "alive");
    Ok((module, hop))
}

const CLAIMS: [&str; 5] =
    ["x-tenant: dev1", "x-override: shop:v2", "x-shop-version: v2", "x-version: v2", "baggage: tenant=dev1"];

fn forged() -> Request {
    let lines = CLAIMS.iter().filter_map(|line| line.split_once(": "));
    lines.fold(Request::to(HOST), |request, (name, value)| request.header(name, value))
}

fn deadly() -> Request {
    (0..20).fold(forged(), |request, number| request.header(&format!("x-{number}"), "1"))
}

#[tokio::test]
async fn nothing_passes_under_fail_close() -> Result<()> {
    let (_module, hop) = start("FAIL_CLOSED").await?;
    for request in [deadly(), forged(), Request::to(HOST), forged()] {
        assert_eq!(hop.refuse(&request).await?.status, 503);
    }
    Ok(())
}

#[tokio::test]
async fn nothing_passes_under_fail_reload_until_a_new_vm_strips_again() -> Result<()> {
    let (_module, hop) = start("FAIL_RELOAD").await?;
    for _ in 0..2 {
        assert_eq!(hop.refuse(&deadly()).await?.status, 503);
        let (mut refused, died) = (0, Instant::now());
        while forged().send(hop.envoy.listener(), Protocol::Http1).await?.status == 503 {
            assert!(hop.service.take().is_empty() && died.elapsed() < PATIENCE);
            refused += 1;
        }
        // The one that came through is as clean as those before the VM died.
        let received = hop.service.take();
        assert_eq!((received.len(), received[0].lines()), (1, vec![]));
        assert!(refused > 0, "reloaded at once");
        let lines = hop.pass(&Request::to("dev1.www.example.com")).await?;
        assert_eq!(lines, ["x-tenant: dev1", "baggage: tenant=dev1"], "the second instance is back too");
    }
    Ok(())
}

/// Why no manifest of ours says so: from then on everything passes, and every later request too.
#[tokio::test]
async fn everything_passes_under_fail_open() -> Result<()> {
    let (_module, hop) = start("FAIL_OPEN").await?;
    deadly().send(hop.envoy.listener(), Protocol::Http1).await?;
    hop.service.take();
    for _ in 0..2 {
        assert_eq!(hop.pass(&forged()).await?, CLAIMS);
    }
    Ok(())
}

#[test]
fn the_shipped_instances_reload() -> Result<()> {
    for name in ["tenancy-strip", "tenancy"] {
        assert_eq!(instance(name)?["typed_config"]["config"]["failure_policy"], "FAIL_RELOAD", "{name}");
    }
    Ok(())
}

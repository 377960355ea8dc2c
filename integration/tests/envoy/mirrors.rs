//! What becomes of the copy that Envoy makes of a request (`request_mirror_policies`), as the guide to faults says, and
//! the remedies.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use integration::{Bootstrap, Echo, Envoy, Protocol, Received, Request};
use serde_json::{Value, json};
use tokio::time::sleep;

const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);

fn mesh() -> Value {
    json!({
        "version": 1,
        "role": "mesh",
        "tenant": {"to": [{"header": "x-tenant"}, {"baggage": "tenant"}]},
        "overrides": {"to": [{"header": "x-override"}]},
        "projections": [{"header": "x-version", "service": "called"}],
    })
}

/// A proxy of the mesh in front of one cluster, `sidecar`.
fn proxy(direction: &str) -> Result<Bootstrap> {
    let mut bootstrap = Bootstrap::gateway()?.configuration(mesh());
    bootstrap.listener()["traffic_direction"] = direction.into();
    Ok(bootstrap)
}

/// The same on the way out, which sends a copy of each request to the cluster `copies`.
fn mirroring(mut policy: Value) -> Result<Bootstrap> {
    let mut bootstrap = proxy("OUTBOUND")?;
    policy["cluster"] = "copies".into();
    bootstrap.routes()[0]["route"]["request_mirror_policies"] = json!([policy]);
    let mut cluster = bootstrap.at("/static_resources/clusters/0").clone();
    cluster["name"] = "copies".into();
    bootstrap.at("/static_resources/clusters").as_array_mut().context("a list")?.push(cluster);
    Ok(bootstrap)
}

/// The copy of a request, where it arrives: straight, or behind another proxy.
async fn copy(policy: Value, behind: Option<Bootstrap>, request: &Request) -> Result<Received> {
    let (service, copies) = (Echo::start("service").await?, Echo::start("copies").await?);
    let inner = match behind {
        Some(proxy) => Some(Envoy::start(&proxy.cluster("sidecar", copies.address())).await?),
        None => None,
    };
    let target = inner.as_ref().map_or(copies.address(), Envoy::listener);
    let outer = mirroring(policy)?.cluster("sidecar", service.address()).cluster("copies", target);
    let outer = Envoy::start(&outer).await?;
    request.send(outer.listener(), Protocol::Http1).await?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(received) = copies.take().pop() {
            return Ok(received);
        }
        ensure!(Instant::now() < deadline, "no copy after {PATIENCE:?}");
        sleep(POLL).await;
    }
}

fn suffix(disabled: bool) -> Value {
    json!({"disable_shadow_host_suffix_append": disabled})
}

/// `service: called` compares with the host, which is another one in the copy.
#[tokio::test]
async fn a_copy_calls_another_service() -> Result<()> {
    let request = Request::to("cart:8080").header("x-override", "cart:v2");
    for (disabled, host, version) in [(false, "cart-shadow:8080", vec![]), (true, "cart:8080", vec!["v2"])] {
        let copy = copy(suffix(disabled), Some(proxy("INBOUND")?), &request).await?;
        assert_eq!(copy.headers.values("host"), [host]);
        assert_eq!(copy.headers.values("x-override"), ["cart:v2"], "{host}");
        assert_eq!(copy.headers.values("x-version"), version, "{host}");
    }
    Ok(())
}

/// `….svc.cluster.local-shadow` is no domain of the mesh: the next proxy on the way out withholds our context.
#[tokio::test]
async fn a_copy_leaves_the_mesh_by_its_name() -> Result<()> {
    let request = Request::to("cart.shop.svc.cluster.local").header("x-tenant", "dev1");
    for (disabled, tenant) in [(false, vec![]), (true, vec!["dev1"])] {
        let copy = copy(suffix(disabled), Some(proxy("OUTBOUND")?), &request).await?;
        assert_eq!(copy.headers.values("x-tenant"), tenant, "{disabled}");
    }
    Ok(())
}

/// The filter decides by the authority of the request, before Envoy copies it.
#[tokio::test]
async fn a_copy_for_an_external_host_brings_our_context_there() -> Result<()> {
    let request = Request::to("cart").header("x-tenant", "dev1").header("x-override", "cart:v2");
    let names = ["x-tenant", "x-override", "x-version", "baggage"];
    let removals: Vec<_> = names.iter().map(|name| json!({"remove": name})).collect();
    for (mutations, count) in [(vec![], 1), (removals, 0)] {
        let copy = copy(json!({"request_headers_mutations": mutations}), None, &request).await?;
        for name in names {
            assert_eq!(copy.headers.values(name).len(), count, "{name} of {:?}", copy.lines());
        }
    }
    Ok(())
}

//! An edge, and what stands behind it: nothing that a client claims gets through.

use anyhow::Result;
use integration::{Bootstrap, Chain, Envoy, FEAT_X, Hop, Protocol, Request, STABLE};
use serde_json::{Value, json};

use Protocol::{Http1, Http2};

const HOST: &str = "www.carouselltenancy.com";
const FEAT_X_HOST: &str = "feat-x.www.carouselltenancy.com";

/// R7: without a role no Envoy starts either.
#[tokio::test]
async fn a_wrong_first_configuration_starts_no_envoy() -> Result<()> {
    for configuration in [json!({}), json!({"version": 1, "tenant": {}}), json!({"version": 1, "role": "edge"})] {
        let bootstrap = Bootstrap::gateway()?.configuration(configuration.clone());
        let ended = Envoy::start(&bootstrap).await.map(drop).expect_err("a wrong configuration").to_string();
        assert!(ended.starts_with("Envoy ended") && ended.contains("tenancy-filter: "), "{configuration}: {ended}");
        assert!(!Envoy::validate(&bootstrap)?.accepted);
    }
    Ok(())
}

fn role(role: &str) -> Value {
    json!({
        "version": 1,
        "role": role,
        "tenant": {"from": [{"header": "x-tenant"}], "to": [{"header": "x-tenant"}]},
    })
}

/// Istio leaves `vm_id` empty: all plugins with our module share one VM.
#[tokio::test]
async fn an_edge_and_a_mesh_plugin_share_a_vm_and_nothing_else() -> Result<()> {
    let one = Hop::start(Bootstrap::gateway()?.configuration(role("edge"))).await?;
    let mut both = Bootstrap::gateway()?.configuration(role("edge"));
    let mut inner = both.clone().configuration(role("mesh"));
    inner.listener()["name"] = "inner".into();
    both.at("/static_resources/listeners").as_array_mut().expect("a list").push(inner.listener().clone());
    let both = Hop::start(both).await?;

    let vms = "wasm.envoy.wasm.runtime.v8.active";
    assert_eq!(both.envoy.stats(vms).await?, one.envoy.stats(vms).await?);
    let (edge, inner) = (both.envoy.address_of("gateway").await?, both.envoy.address_of("inner").await?);
    let request = Request::to(HOST).header("x-tenant", "dev1");
    for protocol in [Http1, Http2, Http1] {
        for (address, expected) in [(edge, &[][..]), (inner, &["x-tenant: dev1"])] {
            let received = both.received(&request.send(address, protocol).await?)?;
            assert_eq!(received.lines(), expected);
        }
    }
    Ok(())
}

/// The gateway decides among these; the sidecar would believe each of them.
fn competing(role: &str, sources: &[Value]) -> Value {
    json!({
        "version": 1,
        "role": role,
        "tenant": {"from": sources, "to": [{"header": "c-tenancy"}, {"baggage": "tenant"}], "onConflict": "first"},
        "verified": {"issuers": ["https://idp.example.com"]},
    })
}

async fn chain(sources: &[Value], behind: &[Value]) -> Result<Chain> {
    let gateway = Bootstrap::gateway()?.configuration(competing("edge", sources));
    Chain::start(gateway, Bootstrap::sidecar()?.configuration(competing("mesh", behind))).await
}

/// Which shop a request reaches through the gateway, and what that got in the headers of these names.
async fn visit(chain: &Chain, request: &Request, protocol: Protocol) -> Result<(String, Vec<String>)> {
    let visit = chain.visit(&chain.gateway, request, protocol).await?;
    let mut lines = visit.received.lines();
    lines.retain(|line| !line.starts_with("cookie: "));
    Ok((visit.shop, lines))
}

fn reaches(shop: &str, lines: &[&str]) -> (String, Vec<String>) {
    (shop.to_owned(), lines.iter().copied().map(str::to_owned).collect())
}

#[tokio::test]
async fn a_cookie_or_query_that_an_edge_does_not_believe_is_believed_nowhere() -> Result<()> {
    let unbelieved = [
        json!({"cookie": "c-tenancy", "trust": "verified"}),
        json!({"query": "c-tenancy", "trust": "verified"}),
        json!({"header": "c-tenancy"}),
    ];
    let chain = chain(&unbelieved, &[json!({"header": "c-tenancy"}), json!({"baggage": "c-tenancy"})]).await?;
    let request = || Request::to(HOST).path("/?c-tenancy=feat-x&tenant=feat-x");
    for protocol in [Http1, Http2] {
        let request = request().header("cookie", "c-tenancy=feat-x; tenant=feat-x").header("c-tenancy", "feat-x");
        assert_eq!(visit(&chain, &request, protocol).await?, reaches(STABLE, &[]));
    }
    for source in &unbelieved[..2] {
        let sidecar = Bootstrap::sidecar()?.configuration(competing("mesh", std::slice::from_ref(source)));
        assert!(!Envoy::validate(&sidecar)?.accepted, "{source}");
    }
    Ok(())
}

#[tokio::test]
async fn what_lost_at_the_edge_stays_lost_in_the_mesh() -> Result<()> {
    let host = json!({"host": "{tenant}.www.carouselltenancy.com"});
    let header = json!({"header": "tenantID", "trust": "anyone"});
    let baggage = json!({"baggage": "sd-routing-key", "trust": "anyone"});
    let behind = [baggage.clone(), header.clone(), host.clone()];
    let request = Request::to(FEAT_X_HOST).header("tenantID", "dev1").header("baggage", "sd-routing-key=dev2");
    for (sources, shop, tenant) in [
        ([&host, &header, &baggage], FEAT_X, "feat-x"),
        ([&header, &baggage, &host], STABLE, "dev1"),
        ([&baggage, &host, &header], STABLE, "dev2"),
    ] {
        let chain = chain(&sources.map(Value::clone), &behind).await?;
        let expected = [&format!("c-tenancy: {tenant}")[..], &format!("baggage: tenant={tenant}")];
        for protocol in [Http1, Http2] {
            assert_eq!(visit(&chain, &request, protocol).await?, reaches(shop, &expected), "{sources:?}");
        }
    }
    Ok(())
}

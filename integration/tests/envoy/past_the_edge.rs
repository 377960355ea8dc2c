//! What passes an edge because the proxy around the filter is told so, as the guide to faults says, and the remedies.

use anyhow::Result;
use integration::{Bootstrap, Hop, Received, Request, raw};
use serde_json::{Value, json};

const HOST: &str = "www.carouselltenancy.com";
const CLAIM: &str = "c-tenancy: evil";

fn claims(received: &[Received]) -> Vec<(String, bool)> {
    let claims = |received: &Received| received.headers.lines().iter().any(|line| line == CLAIM);
    received.iter().map(|received| (received.method.clone(), claims(received))).collect()
}

/// A POST whose body the route takes for a stream, in which the client's own request stands.
#[tokio::test]
async fn a_post_that_the_route_takes_for_a_tunnel() -> Result<()> {
    let inner = format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n{CLAIM}\r\nconnection: close\r\n\r\n");
    let head = format!("POST / HTTP/1.1\r\nhost: {HOST}\r\n{CLAIM}\r\nconnection: close\r\n");
    for (allow_post, expected) in [(true, ("GET", true)), (false, ("POST", false))] {
        let mut bootstrap = Bootstrap::gateway()?;
        let connect = json!({"upgrade_type": "CONNECT", "connect_config": {"allow_post": allow_post}});
        for route in bootstrap.routes().as_array_mut().into_iter().flatten() {
            route["route"]["upgrade_configs"] = json!([connect]);
        }
        let hop = Hop::start(bootstrap).await?;
        // A tunnel stays open: one byte of the body does not come.
        let length = inner.len() + usize::from(allow_post);
        let post = format!("{head}content-length: {length}\r\n\r\n{inner}");
        raw(hop.envoy.listener(), post.as_bytes()).await?;
        assert_eq!(claims(&hop.service.take()), [(expected.0.to_owned(), expected.1)], "allow_post: {allow_post}");
    }
    Ok(())
}

/// An upgrade with filters of its own passes ours only if it is among them. What is removed before the first filter are
/// exact names alone.
#[tokio::test]
async fn an_upgrade_with_filters_of_its_own() -> Result<()> {
    let upgrade = Request::to(HOST).header("connection", "upgrade").header("upgrade", "websocket");
    let upgrade = upgrade.header("c_tenancy", "evil").header("c-tenancy", "evil");
    let chain = Bootstrap::gateway()?.http_filters().clone();
    let router = chain.as_array().and_then(|filters| filters.last()).cloned();
    for (filters, passes) in [(json!([router]), true), (chain, false), (Value::Null, false)] {
        let mut bootstrap = Bootstrap::gateway()?;
        let mut websocket = json!({"upgrade_type": "websocket"});
        if !filters.is_null() {
            websocket["filters"] = filters;
        }
        bootstrap.connection_manager()["upgrade_configs"] = json!([websocket]);
        let hop = Hop::start(bootstrap).await?;
        let lines = hop.pass(&upgrade).await?;
        assert_eq!(lines.iter().any(|line| line == "c_tenancy: evil"), passes, "{websocket}: {lines:?}");
        assert!(lines.iter().all(|line| line != CLAIM), "{websocket}: {lines:?}");
    }
    Ok(())
}

/// A script behind the check of tokens may write what that leaves, without any token.
#[tokio::test]
async fn a_script_that_writes_the_payload_of_a_token() -> Result<()> {
    const SCRIPT: &str = "function envoy_on_request(request)
        request:streamInfo():dynamicMetadata():set('envoy.filters.http.jwt_authn', 'idp', {iss = 'i', tenant = 'dev1'})
    end";
    let configuration = json!({
        "version": 1,
        "role": "edge",
        "tenant": {"from": [{"claim": "tenant"}], "to": [{"header": "x-tenant"}]},
        "verified": {"payload": "idp", "issuers": ["i"]},
    });
    let kind = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua";
    let script = json!({"@type": kind, "default_source_code": {"inline_string": SCRIPT}});
    let mut bootstrap = Bootstrap::gateway()?.configuration(configuration);
    let filters = bootstrap.http_filters().as_array_mut().into_iter();
    filters.for_each(|filters| filters.insert(0, json!({"name": "envoy.filters.http.lua", "typed_config": script})));
    assert_eq!(Hop::start(bootstrap).await?.pass(&Request::to(HOST)).await?, ["x-tenant: dev1"]);
    Ok(())
}

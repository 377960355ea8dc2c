//! What becomes of context where a request passes an edge twice: when Envoy follows a redirect itself
//! (`internal_redirect_policy`), and when two edges stand in a row. As the guide to faults says, with the remedies.

use anyhow::Result;
use integration::{Bootstrap, Echo, Envoy, Protocol, Request};
use serde_json::{Value, json};

const HOST: &str = "www.example.com";
const DEV1: &[&str] = &["dev1"];

fn edge(sources: &[Value]) -> Value {
    json!({"version": 1, "role": "edge", "tenant": {"from": sources, "to": [{"header": "x-tenant"}]}})
}

fn anyone(kind: &str, name: &str) -> Value {
    json!({kind: name, "trust": "anyone"})
}

fn named() -> Value {
    anyone("header", "tenantID")
}

/// Each way to name a tenant, and the source that reads it.
fn ways() -> Vec<(Value, Request)> {
    vec![
        (named(), Request::to(HOST).path("/old").header("tenantID", "dev1")),
        (anyone("baggage", "want"), Request::to(HOST).path("/old").header("baggage", "want=dev1")),
        (json!({"host": "{tenant}.www.example.com"}), Request::to("dev1.www.example.com").path("/old")),
        (anyone("cookie", "tenant"), Request::to(HOST).path("/old").header("cookie", "tenant=dev1")),
        (anyone("query", "tenant"), Request::to(HOST).path("/old?tenant=dev1")),
    ]
}

/// The tenant that the service gets of the last of these proxies, and the path.
async fn tenant(first: Bootstrap, second: Bootstrap, request: &Request) -> Result<(String, Vec<String>)> {
    let service = Echo::start("service").await?;
    let second = Envoy::start(&second.cluster("sidecar", service.address())).await?;
    let first = Envoy::start(&first.cluster("sidecar", second.listener())).await?;
    let reply = request.send(first.listener(), Protocol::Http1).await?;
    let mut received = service.take();
    assert_eq!((reply.status, received.len()), (200, 1), "{}", reply.text());
    let received = received.remove(0);
    Ok((received.path, received.headers.values("x-tenant")))
}

/// A gateway that follows redirects, in front of a proxy that redirects `/old`.
fn redirecting(configuration: Value) -> Result<[Bootstrap; 2]> {
    let mut first = Bootstrap::gateway()?.configuration(configuration);
    first.routes()[0]["route"]["internal_redirect_policy"] = json!({"allow_cross_scheme_redirect": true});
    let mut second = Bootstrap::gateway()?.without_filter();
    let redirect = json!({"match": {"path": "/old"}, "redirect": {"path_redirect": "/new", "response_code": "FOUND"}});
    second.routes().as_array_mut().into_iter().for_each(|routes| routes.insert(0, redirect.clone()));
    Ok([first, second])
}

/// The request starts again as the filter left it: hosts, cookies and queries are still there, headers and baggage are
/// gone, and what the filter wrote looks like a client's.
#[tokio::test]
async fn a_redirect_that_envoy_follows_loses_what_came_in_headers() -> Result<()> {
    for ((source, request), survives) in ways().into_iter().zip([false, false, true, true, true]) {
        let [first, second] = redirecting(edge(std::slice::from_ref(&source)))?;
        let (path, lines) = tenant(first, second, &request).await?;
        assert!(path.starts_with("/new"), "{source}: {path}");
        assert_eq!(lines, if survives { DEV1 } else { &[] }, "{source}");
    }
    Ok(())
}

#[tokio::test]
async fn it_survives_in_a_header_that_from_and_to_name() -> Result<()> {
    let [first, second] = redirecting(edge(&[named(), anyone("header", "x-tenant")]))?;
    let request = Request::to(HOST).path("/old").header("tenantID", "dev1");
    assert_eq!(tenant(first, second, &request).await?, ("/new".to_owned(), vec![DEV1[0].to_owned()]));
    Ok(())
}

/// The second edge takes the first for a client.
#[tokio::test]
async fn a_second_edge_strips_what_the_first_wrote() -> Result<()> {
    let mesh = json!({"version": 1, "role": "mesh", "tenant": {"to": [{"header": "x-tenant"}]}});
    for ((source, request), survives) in ways().into_iter().zip([false, false, true, true, true]) {
        let configuration = edge(std::slice::from_ref(&source));
        let first = Bootstrap::gateway()?.configuration(configuration.clone());
        let second = Bootstrap::gateway()?.configuration(configuration);
        let (_, lines) = tenant(first.clone(), second, &request).await?;
        assert_eq!(lines, if survives { DEV1 } else { &[] }, "{source}");

        // Where nobody reaches it but through the first, it is no edge.
        let second = Bootstrap::gateway()?.configuration(mesh.clone());
        assert_eq!(tenant(first, second, &request).await?.1, DEV1, "{source}");
    }
    Ok(())
}

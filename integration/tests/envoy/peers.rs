//! `peers: mtls`: whom a proxy in the mesh believes (R37).

use anyhow::Result;
use integration::tls::{Authority, Identity};
use integration::{Bootstrap, Headers, Hop, Protocol, Request};
use serde_json::{Value, json};

use Protocol::{Http1, Http2};

const BELIEVED: [&str; 3] = ["x-tenant: dev1", "x-override: foo:v1", "baggage: tenant=dev1,a=1"];

fn configuration(peers: &str) -> Value {
    json!({
        "version": 1,
        "role": "mesh",
        "tenant": {"from": [{"header": "x-tenant"}], "to": [{"header": "x-tenant"}, {"baggage": "tenant"}]},
        "overrides": {"from": [{"header": "x-override"}], "to": [{"header": "x-override"}]},
        "foreignBaggage": "keep",
        "peers": peers,
    })
}

/// A request that claims what only a peer may say.
fn claim() -> Request {
    let request = Request::to("shop").header("x-tenant", "dev1").header("x-override", "foo:v1");
    request.header("baggage", "tenant=dev1,a=1").trailer("x-tenant", "dev1")
}

fn mesh(peers: &str) -> Result<Bootstrap> {
    Ok(Bootstrap::sidecar()?.configuration(configuration(peers)))
}

/// What the service gets, trailers behind the headers, over a connection with TLS.
async fn over_tls(hop: &Hop, ca: &Authority, identity: Option<&Identity>, protocol: Protocol) -> Result<Vec<String>> {
    let stream = ca.connect(hop.envoy.listener(), identity).await?;
    let received = hop.received(&claim().send_over(stream, protocol).await?)?;
    Ok(in_order(received.lines(), &received.trailers))
}

async fn in_clear_text(hop: &Hop, protocol: Protocol) -> Result<Vec<String>> {
    let received = hop.received(&claim().send(hop.envoy.listener(), protocol).await?)?;
    Ok(in_order(received.lines(), &received.trailers))
}

fn in_order(headers: Vec<String>, trailers: &Headers) -> Vec<String> {
    headers.into_iter().chain(trailers.lines().iter().map(|line| format!("trailer {line}"))).collect()
}

/// Trailers pass inbound alone.
fn believed(trailers: &[&str]) -> Vec<String> {
    BELIEVED.iter().chain(trailers).map(|line| (*line).to_owned()).collect()
}

#[tokio::test]
async fn a_caller_with_a_certificate_is_believed_and_one_without_is_not() -> Result<()> {
    let ca = Authority::new()?;
    let caller = ca.certify("caller.test")?;
    let believed = || believed(&["trailer x-tenant: dev1"]);
    for (peers, without) in [("mtls", vec!["baggage: a=1".to_owned()]), ("any", believed())] {
        let mut bootstrap = mesh(peers)?;
        bootstrap.filter_chain()["transport_socket"] = ca.transport_socket()?;
        let hop = Hop::start(bootstrap).await?;
        for protocol in [Http1, Http2] {
            assert_eq!(over_tls(&hop, &ca, Some(&caller), protocol).await?, believed(), "{peers} {protocol:?}");
            assert_eq!(over_tls(&hop, &ca, None, protocol).await?, without, "{peers} {protocol:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_certificate_of_another_authority_connects_nowhere() -> Result<()> {
    let (ca, other) = (Authority::new()?, Authority::new()?);
    let mut bootstrap = mesh("mtls")?;
    bootstrap.filter_chain()["transport_socket"] = ca.transport_socket()?;
    let hop = Hop::start(bootstrap).await?;
    let stranger = other.certify("caller.test")?;
    assert!(over_tls(&hop, &ca, Some(&ca.certify("caller.test")?), Http1).await.is_ok());
    assert!(over_tls(&hop, &ca, Some(&stranger), Http1).await.is_err());
    assert!(hop.service.take().is_empty());
    Ok(())
}

#[tokio::test]
async fn clear_text_is_believed_from_the_workload_alone() -> Result<()> {
    let stranger = || vec!["baggage: a=1".to_owned()];
    for (direction, expected) in [("UNSPECIFIED", stranger()), ("INBOUND", stranger()), ("OUTBOUND", believed(&[]))] {
        let mut bootstrap = mesh("mtls")?;
        bootstrap.listener()["traffic_direction"] = direction.into();
        let hop = Hop::start(bootstrap).await?;
        for protocol in [Http1, Http2] {
            assert_eq!(in_clear_text(&hop, protocol).await?, expected, "{direction} {protocol:?}");
        }
    }
    Ok(())
}

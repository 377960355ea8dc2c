//! The straight line: a request through a real gateway and a real sidecar to a version of the shop.

use anyhow::Result;
use integration::{Bootstrap, Chain, Envoy, FEAT_X, Headers, Protocol, Received, Request, STABLE};
use serde_json::{Value, json};

use Protocol::{Http1, Http2};

const HOST: &str = "www.carouselltenancy.com";
const FEAT_X_HOST: &str = "feat-x.www.carouselltenancy.com";

/// What carries a request; every other line that reaches a shop is named by the test.
const PLUMBING: [&str; 5] = [":authority", "host", "trailer", "transfer-encoding", "x-forwarded-proto"];

/// Which shop a request reaches, and all lines that it brings there.
type Outcome = (&'static str, &'static [&'static str]);

const FOR_FEAT_X: Outcome = (FEAT_X, &["c-tenancy: feat-x", "baggage: tenant=feat-x"]);
const FOR_NOBODY: Outcome = (STABLE, &[]);

async fn chain() -> Result<Chain> {
    Chain::start(Bootstrap::gateway()?, Bootstrap::sidecar()?).await
}

fn lines(headers: &Headers) -> Vec<String> {
    headers.without(&PLUMBING).lines()
}

fn outcome((shop, received): &(String, Received)) -> (&str, Vec<String>) {
    (shop, lines(&received.headers))
}

/// Sends a request over both protocols and compares what a shop got.
async fn expect(chain: &Chain, entry: &Envoy, name: &str, request: &Request, expected: Outcome) -> Result<()> {
    for protocol in [Http1, Http2] {
        let visit = chain.visit(entry, request, protocol).await?;
        let seen = (visit.shop.as_str(), lines(&visit.received.headers));
        assert_eq!(seen, (expected.0, owned(expected.1)), "{name}, {protocol:?}");
        assert!(visit.received.trailers.0.is_empty(), "{name}, {protocol:?}: {:?}", visit.received.trailers);
    }
    Ok(())
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().copied().map(str::to_owned).collect()
}

#[tokio::test]
async fn the_host_chooses_the_version() -> Result<()> {
    let chain = chain().await?;
    for (name, host, expected) in [
        ("a tenant's host", FEAT_X_HOST, FOR_FEAT_X),
        ("a port", "feat-x.www.carouselltenancy.com:8443", FOR_FEAT_X),
        ("capitals", "FEAT-X.WWW.CarousellTenancy.COM", FOR_FEAT_X),
        ("a trailing dot", "feat-x.www.carouselltenancy.com.", FOR_FEAT_X),
        ("all of these", "Feat-X.www.carouselltenancy.com.:8443", FOR_FEAT_X),
        ("no label", HOST, FOR_NOBODY),
        ("an unknown host", "shop.example.org", FOR_NOBODY),
        ("an address", "127.0.0.1", FOR_NOBODY),
        ("two labels", "a.b.www.carouselltenancy.com", FOR_NOBODY),
        ("a hyphen in front", "-x.www.carouselltenancy.com", FOR_NOBODY),
        ("no dot", "feat-x.wwwXcarouselltenancy.com", FOR_NOBODY),
        ("a longer domain", "feat-x.www.carouselltenancy.com.evil.io", FOR_NOBODY),
    ] {
        expect(&chain, &chain.gateway, name, &Request::to(host), expected).await?;
    }
    Ok(())
}

/// What clients send to be taken for `feat-x`.
fn claims() -> Vec<(&'static str, Request)> {
    let client = || Request::to(HOST);
    vec![
        ("underscore", client().header("c_tenancy", "feat-x")),
        ("dot", client().header("c.tenancy", "feat-x")),
        ("tilde", client().header("c~tenancy", "feat-x")),
        ("baggage", client().header("baggage", "tenant=feat-x")),
        ("two lines of baggage", client().header("baggage", "a=1").header("baggage", "tenant=feat-x")),
        ("one line of baggage", client().header("baggage", "a=1, tenant = feat-x;p=1")),
        ("percent-encoded key", client().header("baggage", "%74enant=feat-x")),
        ("older baggage", client().header("correlation-context", "tenant=feat-x")),
        ("Jaeger's baggage", client().header("jaeger-baggage", "tenant=feat-x")),
        ("OpenTracing's baggage", client().header("ot-baggage-tenant", "feat-x")),
        ("Uber's baggage", client().header("uberctx-tenant", "feat-x")),
        ("Sleuth's baggage", client().header("baggage-tenant", "feat-x")),
        ("trailer", client().trailer("c-tenancy", "feat-x")),
        ("override", client().header("x-override", "shop:feat-x")),
    ]
}

#[tokio::test]
async fn a_clients_claims_do_not_count() -> Result<()> {
    let chain = chain().await?;
    let header = Request::to(HOST).header("c-tenancy", "feat-x");
    expect(&chain, &chain.gateway, "header", &header, FOR_NOBODY).await?;
    expect(&chain, &chain.gateway, "two headers", &header.header("c-tenancy", "feat-y"), FOR_NOBODY).await?;
    for (name, request) in claims() {
        expect(&chain, &chain.gateway, name, &request, FOR_NOBODY).await?;
    }
    let other = Request::to(FEAT_X_HOST).header("c-tenancy", "other").header("baggage", "tenant=other");
    expect(&chain, &chain.gateway, "another tenant", &other, FOR_FEAT_X).await?;
    assert_eq!(outcome(&chain.visit_raw(&chain.gateway, CAPITALS).await?), (STABLE, vec![]));
    Ok(())
}

/// HTTP/2 has no capitals.
const CAPITALS: &[u8] =
    b"GET / HTTP/1.1\r\nHost: www.carouselltenancy.com\r\nC-Tenancy: feat-x\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn a_trusted_header_counts_in_its_own_spelling() -> Result<()> {
    let chain = Chain::start(Bootstrap::gateway()?.configuration(trusting_anyone()), Bootstrap::sidecar()?).await?;
    let header = Request::to(HOST).header("c-tenancy", "feat-x");
    expect(&chain, &chain.gateway, "header", &header, FOR_FEAT_X).await?;
    expect(&chain, &chain.gateway, "two headers", &header.header("c-tenancy", "feat-x"), FOR_FEAT_X).await?;
    for (name, request) in claims() {
        expect(&chain, &chain.gateway, name, &request, FOR_NOBODY).await?;
    }
    let capitals = chain.visit_raw(&chain.gateway, CAPITALS).await?;
    assert_eq!(outcome(&capitals), (FOR_FEAT_X.0, owned(FOR_FEAT_X.1)));
    Ok(())
}

fn trusting_anyone() -> Value {
    json!({
        "version": 1,
        "role": "edge",
        "tenant": {
            "from": [{"header": "c-tenancy", "trust": "anyone"}],
            "to": [{"header": "c-tenancy"}, {"baggage": "tenant"}],
        },
        "overrides": {"from": [{"header": "x-override"}], "to": [{"header": "x-override"}]},
    })
}

#[tokio::test]
async fn the_mesh_joins_overrides() -> Result<()> {
    let chain = chain().await?;
    for (name, values, expected) in [
        ("two lines", &["foo:v1", "bar:v2, foo:v3"][..], &["x-override: foo:v1,bar:v2"][..]),
        ("one line", &["foo:v1, bar:v2"], &["x-override: foo:v1,bar:v2"]),
        ("nothing to do", &["foo:v1,bar:v2"], &["x-override: foo:v1,bar:v2"]),
        ("nothing valid", &["foo", ":v1"], &[]),
    ] {
        let request = values.iter().fold(Request::to("shop"), |request, value| request.header("x-override", value));
        expect(&chain, &chain.sidecar, name, &request, (STABLE, expected)).await?;
    }
    Ok(())
}

#[tokio::test]
async fn odd_bytes_harm_no_request() -> Result<()> {
    let chain = chain().await?;
    let good = Request::to(FEAT_X_HOST).header("c-tenancy", "feat-x");
    let odd = |name: &str| Request::to("shop").header(name, b"\xff");
    for (entry, place) in [(&chain.gateway, "gateway"), (&chain.sidecar, "sidecar")] {
        for (name, expected) in [
            ("x-note", &["x-note: \u{ff}"][..]),
            ("c-tenancy", &[]),
            ("x-override", &[]),
            ("baggage", if place == "gateway" { &[] } else { &["baggage: \u{ff}"] }),
        ] {
            expect(&chain, entry, &format!("{name} at the {place}"), &odd(name), (STABLE, expected)).await?;
            expect(&chain, entry, &format!("after {name} at the {place}"), &good, FOR_FEAT_X).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_trailer_that_is_ours_is_removed_and_others_stay() -> Result<()> {
    for upstream in [Http1, Http2] {
        let gateway = Bootstrap::gateway()?.upstream("sidecar", upstream);
        let sidecar = Bootstrap::sidecar()?.upstream("shop-stable", upstream);
        let chain = Chain::start(gateway, sidecar).await?;
        for protocol in [Http1, Http2] {
            let request = Request::to(HOST).trailer("c-tenancy", "feat-x").trailer("x-sum", "1");
            let received = chain.visit(&chain.gateway, &request, protocol).await?.received;
            assert_eq!((received.protocol, received.trailers.lines()), (upstream, owned(&["x-sum: 1"])));
        }
    }
    Ok(())
}

/// The second of two instances finds an empty map, which is no failure.
#[tokio::test]
async fn a_trailer_of_ours_alone_goes_through_two_instances() -> Result<()> {
    let mut gateway = Bootstrap::gateway()?;
    let filters = gateway.http_filters().as_array_mut().expect("a list");
    filters.insert(0, filters[0].clone());
    let chain = Chain::start(gateway, Bootstrap::sidecar()?).await?;
    for protocol in [Http1, Http2] {
        let request = Request::to(FEAT_X_HOST).trailer("c-tenancy", "evil");
        let visit = chain.visit(&chain.gateway, &request, protocol).await?;
        assert_eq!((visit.shop.as_str(), visit.reply.status), (FEAT_X, 200));
        assert_eq!(visit.received.trailers, Headers::default());
    }
    Ok(())
}

/// A client that names our header in `Connection` would have the next proxy remove it.
#[tokio::test]
async fn a_connection_token_that_is_ours_is_removed() -> Result<()> {
    let chain = chain().await?;
    let request = Request::to(FEAT_X_HOST).header("connection", "upgrade, c-tenancy").header("upgrade", "websocket");
    let visit = chain.visit(&chain.gateway, &request, Http1).await?;
    let mut seen = lines(&visit.received.headers);
    seen.sort();
    let expected = ["baggage: tenant=feat-x", "c-tenancy: feat-x", "connection: upgrade", "upgrade: websocket"];
    assert_eq!((visit.shop.as_str(), seen), (FEAT_X, owned(&expected)));
    Ok(())
}

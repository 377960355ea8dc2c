//! HTTP/3 from clients to an edge: an Envoy without our filter is the client.

use anyhow::Result;
use integration::tls::Authority;
use integration::{Bootstrap, Envoy, Hop, Protocol, Request};
use serde_json::{Value, json};

const OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

fn configuration() -> Value {
    json!({
        "version": 1,
        "role": "edge",
        "tenant": {
            "from": [{"host": "{tenant}.www.example.com"}],
            "to": [{"header": "x-tenant"}, {"baggage": "tenant"}],
        },
        "overrides": {"from": [{"header": "x-override", "trust": "anyone"}], "to": [{"header": "x-override"}]},
        "projections": [{"header": "x-shop-version", "service": "shop"}],
    })
}

/// A gateway that listens for HTTP/3 alone.
fn gateway(tls: &Value) -> Result<Bootstrap> {
    let mut gateway = Bootstrap::gateway()?.configuration(configuration());
    gateway.connection_manager()["codec_type"] = "HTTP3".into();
    gateway.listener()["address"]["socket_address"]["protocol"] = "UDP".into();
    gateway.listener()["udp_listener_config"] = json!({"quic_options": {}});
    gateway.filter_chain()["transport_socket"] = json!({
        "name": "envoy.transport_sockets.quic",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.quic.v3.QuicDownstreamTransport",
            "downstream_tls_context": {"common_tls_context": {"tls_certificates": tls["tls_certificates"]}},
        },
    });
    Ok(gateway)
}

/// A client that speaks HTTP/3, and trusts this authority.
fn client(tls: &Value) -> Result<Bootstrap> {
    let mut client = Bootstrap::gateway()?.without_filter();
    for cluster in client.at("/static_resources/clusters").as_array_mut().into_iter().flatten() {
        let http = &mut cluster["typed_extension_protocol_options"][OPTIONS];
        *http = json!({
            "@type": format!("type.googleapis.com/{OPTIONS}"),
            "explicit_http_config": {"http3_protocol_options": {}},
        });
        cluster["transport_socket"] = json!({
            "name": "envoy.transport_sockets.quic",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.transport_sockets.quic.v3.QuicUpstreamTransport",
                "upstream_tls_context": {
                    "sni": "server.test",
                    "common_tls_context": {"validation_context": tls["validation_context"]},
                },
            },
        });
    }
    Ok(client)
}

#[tokio::test]
async fn an_edge_strips_resolves_and_projects() -> Result<()> {
    let tls = Authority::new()?.transport_socket()?["typed_config"]["common_tls_context"].take();
    let hop = Hop::start(gateway(&tls)?).await?;
    let client = Envoy::start(&client(&tls)?.clusters(hop.envoy.listener())).await?;
    let forged = |host: &str| {
        let request = Request::to(host).header("x-tenant", "evil").header("x_tenant", "evil");
        let request = request.header("x-shop-version", "v9").header("baggage", "a=1,tenant=evil");
        request.header("x-override", "cart:v3").header("x-override", "shop:v2").trailer("x-tenant", "evil")
    };
    for (host, expected) in [
        (
            "feat-x.www.example.com",
            &["x-tenant: feat-x", "x-override: cart:v3,shop:v2", "x-shop-version: v2", "baggage: tenant=feat-x"][..],
        ),
        ("www.example.com", &["x-override: cart:v3,shop:v2", "x-shop-version: v2"]),
    ] {
        let reply = forged(host).send(client.listener(), Protocol::Http2).await?;
        let received = hop.received(&reply)?;
        assert_eq!(received.lines(), expected, "{host}");
        assert!(received.trailers.0.is_empty(), "{host}: {:?}", received.trailers);
    }
    let spoken = "http.gateway.downstream_rq_http3_total";
    hop.envoy.stats_become(spoken, &[(spoken.to_owned(), 2)].into()).await
}

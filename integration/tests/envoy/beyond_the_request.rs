//! Context beyond the end of a request, by the configurations of the guide: in a message, and in a webhook's URL.

use anyhow::{Context, Result};
use integration::markdown::blocks_of;
use integration::{Bootstrap, Chain, Envoy, FEAT_X, Protocol, Received, Request, STABLE};
use serde_json::{Value, json};

/// The guide's configurations: of sidecars, and of a gateway for callbacks.
fn guided() -> Result<[Value; 2]> {
    let blocks = blocks_of("docs/async.md", "yaml")?;
    let parsed: Vec<_> = blocks.iter().map(|block| serde_norway::from_str(block)).collect::<Result<_, _>>()?;
    <[Value; 2]>::try_from(parsed).ok().context("two configurations")
}

/// A gateway where clients choose the tenant by host and the overrides by header.
fn gateway() -> Value {
    json!({
        "version": 1,
        "role": "edge",
        "tenant": {
            "from": [{"host": "{tenant}.www.example.com"}],
            "to": [{"header": "x-tenant"}, {"baggage": "tenant"}],
        },
        "overrides": {
            "from": [{"header": "x-override", "trust": "anyone"}],
            "to": [{"header": "x-override"}, {"baggage": "overrides"}],
        },
    })
}

/// A sidecar that routes by the guide's header.
fn sidecar(configuration: &Value, direction: &str) -> Result<Bootstrap> {
    let mut sidecar = Bootstrap::sidecar()?.configuration(configuration.clone());
    sidecar.routes()[0]["match"]["headers"][0]["name"] = "x-tenant".into();
    sidecar.listener()["traffic_direction"] = direction.into();
    Ok(sidecar)
}

/// The sidecar by which a workload calls the shop.
async fn outbound(chain: &Chain, configuration: &Value) -> Result<Envoy> {
    let [stable, feat_x] = chain.shops.each_ref().map(|shop| shop.address());
    let sidecar = sidecar(configuration, "OUTBOUND")?;
    Envoy::start(&sidecar.cluster("shop-stable", stable).cluster("shop-feat-x", feat_x)).await
}

/// What a shop got of the context, by header.
fn context(received: &Received) -> [Vec<String>; 3] {
    ["x-tenant", "x-override", "baggage"].map(|name| received.headers.values(name))
}

#[tokio::test]
async fn a_consumer_goes_on_with_the_producers_context() -> Result<()> {
    let [mesh, _] = guided()?;
    let gateway = Bootstrap::gateway()?.configuration(gateway());
    let chain = Chain::start(gateway, sidecar(&mesh, "INBOUND")?).await?;
    let consumer = outbound(&chain, &mesh).await?;
    for (host, overrides, expected, shop) in [
        ("feat-x.www.example.com", Some("shop:v1,cart:v2"), [vec!["feat-x"], vec!["shop:v1,cart:v2"]], FEAT_X),
        ("feat-x.www.example.com", None, [vec!["feat-x"], vec![]], FEAT_X),
        ("www.example.com", Some("shop:v1"), [vec![], vec!["shop:v1"]], STABLE),
        ("www.example.com", None, [vec![], vec![]], STABLE),
    ] {
        let request = Request::to(host);
        let request = overrides.into_iter().fold(request, |request, line| request.header("x-override", line));
        let produced = chain.visit(&chain.gateway, &request, Protocol::Http1).await?;
        let metadata = produced.received.headers.values("baggage");

        let call = Request::to("shop").header("traceparent", "00-1");
        let call = metadata.iter().fold(call, |call, line| call.header("baggage", format!("{line},userId=7")));
        let consumed = chain.visit(&consumer, &call, Protocol::Http2).await?;
        let [tenant, overrides, baggage] = context(&consumed.received);
        assert_eq!(([tenant, overrides], &*consumed.shop), (expected.map(owned), shop), "{host}");
        assert_eq!(baggage, metadata.iter().map(|line| format!("{line},userId=7")).collect::<Vec<_>>(), "{host}");
    }
    Ok(())
}

fn owned(lines: Vec<&str>) -> Vec<String> {
    lines.into_iter().map(str::to_owned).collect()
}

/// Out to the provider without our context, but for what the application wrote into the URL; and back with it.
#[tokio::test]
async fn a_webhook_brings_the_tenant_back() -> Result<()> {
    let [mesh, edge] = guided()?;
    let chain = Chain::start(Bootstrap::gateway()?.configuration(edge), sidecar(&mesh, "INBOUND")?).await?;
    let workload = outbound(&chain, &mesh).await?;

    let order = "/payments?callback=https%3A%2F%2Fhooks.example.com%2Fpaid%3Ftenant%3Dfeat-x";
    let order = Request::to("api.payments.example.com").path(order).header("x-tenant", "feat-x");
    let order = order.header("baggage", "tenant=feat-x,orderId=7").header("x-override", "shop:v1");
    let ordered = chain.visit(&workload, &order, Protocol::Http1).await?.received;
    assert_eq!(context(&ordered), [vec![], vec![], vec!["orderId=7".to_owned()]]);
    let callback = ordered.path.split_once("callback=").context("a callback")?.1;
    let callback = callback.replace("%3A", ":").replace("%2F", "/").replace("%3F", "?").replace("%3D", "=");
    let (_, path) = callback.split_once("hooks.example.com").context("our host")?;

    let hook = || Request::to("hooks.example.com");
    for (name, request, tenant, shop) in [
        ("by its URL", hook().path(path), Some("feat-x"), FEAT_X),
        ("by a header", hook().path("/paid").header("x-correlation-tenant", "feat-x"), Some("feat-x"), FEAT_X),
        ("by both", hook().path(path).header("x-correlation-tenant", "feat-x"), Some("feat-x"), FEAT_X),
        ("another pattern", hook().path("/paid?tenant=admin"), None, STABLE),
        (
            "our own headers",
            hook().path("/paid").header("x-tenant", "feat-x").header("baggage", "tenant=feat-x"),
            None,
            STABLE,
        ),
    ] {
        let back = chain.visit(&chain.gateway, &request, Protocol::Http1).await?;
        let expected = [tenant.map(str::to_owned), None, tenant.map(|tenant| format!("tenant={tenant}"))];
        assert_eq!((context(&back.received), &*back.shop), (expected.map(Vec::from_iter), shop), "{name}");
        assert_eq!(back.received.headers.values("x-correlation-tenant"), [""; 0], "{name}");
    }
    let back = chain.visit(&chain.gateway, &hook().path(path), Protocol::Http1).await?;
    assert_eq!(back.received.path, path, "the signed URL");
    let torn = hook().path(path).header("x-correlation-tenant", "feat-y");
    assert_eq!(torn.send(chain.gateway.listener(), Protocol::Http1).await?.status, 400);
    Ok(())
}

//! R30, R32: whoever sends a victim's id, in whatever spelling, gets nothing of the victim's.

use anyhow::{Context, Result};
use integration::{Bootstrap, Protocol, Request};
use serde_json::{Value, json};

use super::sidecar::{SERVICE, Sidecar, configuration};
use super::{context, of_a_tenant, sorted, traceparent};

fn attacker() -> Request {
    Request::to("shop").header("c-tenancy", "attacker")
}

/// Whatever an attacker sends while the victim's slot lives, neither gets the other's context.
#[tokio::test]
async fn an_attacker_who_sends_a_victims_id_gets_and_gives_nothing() -> Result<()> {
    let repair = configuration(json!({"by": ["traceparent", "x-request-id"], "lingerSeconds": 60}));
    let sidecar = Sidecar::start(1, &["traceparent"], repair).await?;
    let upper = |id| traceparent(id).to_uppercase();
    let contradicts: [&dyn Fn(u128) -> Request; 3] = [
        &|id| attacker().header("traceparent", traceparent(id)),
        &|id| attacker().header("traceparent", upper(id)),
        &|id| Request::to("shop").header("traceparent", traceparent(id)),
    ];
    let goes: [&dyn Fn(u128) -> Request; 2] =
        [&|id| attacker().header("traceparent", traceparent(999)).header("traceparent", traceparent(id)), &|id| {
            attacker().header("traceparent", format!("{}, {}", traceparent(999), upper(id)))
        }];
    let guises = contradicts.iter().map(|guise| (guise, false)).chain(goes.iter().map(|guise| (guise, true)));
    for (number, (guise, is_removed)) in guises.enumerate() {
        let id = 0xabcd_0000 + number as u128;
        sidecar.receive(&of_a_tenant("victim").header("traceparent", traceparent(id))).await?;
        assert_eq!(sidecar.receive(&guise(id)).await?, [""; 0], "guise {number}");
        let call = Request::to(SERVICE).header("traceparent", traceparent(id));
        let expected = if is_removed { context("victim").to_vec() } else { vec![] };
        assert_eq!(sorted(sidecar.call(&call).await?), expected, "guise {number}");
    }

    let id = format!("{:032x}", 0xabcd_ffffu32);
    sidecar.receive(&of_a_tenant("victim").header("traceparent", traceparent(0xabcd_ffff))).await?;
    sidecar.receive(&attacker().header("x-request-id", &id)).await?;
    let call = |name: &str, value: &str| Request::to(SERVICE).header(name, value);
    let delivered = sidecar.call(&call("traceparent", &traceparent(0xabcd_ffff))).await?;
    assert_eq!(sorted(delivered), context("victim"), "the id of a request is another");
    let delivered = sidecar.call(&call("x-request-id", &id)).await?;
    assert_eq!(sorted(delivered), ["baggage: tenant=attacker", "c-tenancy: attacker"], "its own");
    Ok(())
}

/// Rails drops what is neither letter, digit, `_` nor `-` from a request id, and Datadog's JavaScript tracer takes a minus
/// for two's complement: the application sees no such line.
#[tokio::test]
async fn a_line_that_an_application_would_read_as_a_victims_id_does_not_arrive() -> Result<()> {
    let repair = configuration(json!({"by": ["x-request-id", "x-datadog-trace-id", "uber-trace-id"]}));
    let sidecar = Sidecar::start(1, &["x-request-id", "x-datadog-trace-id", "uber-trace-id"], repair).await?;
    let cases = [
        ("x-request-id", "7f3c2a1e-5b7d-4e0a-9a1d-0c8f 7b6a5d4e"),
        ("x-request-id", "7f3c2a1e-5b7d-4e0a-9a1d-0c8f,7b6a5d4e"),
        ("x-request-id", "7f3c2a1e-5b7d-4e0a-9a1d-0c8f:7b6a5d4e"),
        ("x-request-id", "order.7"),
        ("x-datadog-trace-id", "-11963383802611036267"),
        ("uber-trace-id", "%34bf92f3577b34da6%3A1%3A0%3A1"),
        ("uber-trace-id", ""),
    ];
    for (name, line) in cases {
        let reply = attacker().header(name, line).send(sidecar.envoy.listener(), Protocol::Http1).await?;
        assert_eq!(reply.status, 200);
        let call = sidecar.service.take().pop().context("a call")?;
        assert_eq!(call.headers.values(name), [""; 0], "{name}: {line}");
    }
    let malformed = "wasmcustom.tenancy.trace_malformed";
    sidecar.envoy.stats_become(malformed, &[(malformed.to_owned(), cases.len() as u64)].into()).await
}

/// A tracer of the proxy's reads before any filter and writes behind all of them: what it makes of a line that goes is
/// remembered as well.
#[tokio::test]
async fn what_the_proxys_own_tracer_reads_is_remembered() -> Result<()> {
    let repair = configuration(json!({"by": ["b3", "x-b3-traceid"], "lingerSeconds": 60}));
    let mut bootstrap = Bootstrap::sidecar()?.configuration(repair);
    let zipkin = json!({
        "@type": "type.googleapis.com/envoy.config.trace.v3.ZipkinConfig", "collector_cluster": "collector",
        "collector_endpoint": "/spans", "collector_endpoint_version": "HTTP_JSON",
    });
    bootstrap.connection_manager()["tracing"] =
        json!({"provider": {"name": "envoy.tracers.zipkin", "typed_config": zipkin}});
    let collector: Value = json!({
        "name": "collector", "type": "STATIC", "connect_timeout": "1s",
        "load_assignment": {"cluster_name": "collector", "endpoints": []},
    });
    bootstrap.at("/static_resources/clusters").as_array_mut().context("a list")?.push(collector);
    let sidecar = Sidecar::start_as(bootstrap, 1, &["x-b3-traceid", "x-b3-spanid"]).await?;

    let victim = 0x9d0e_4bf9_2f35_77b3_u64;
    let forwarded = |number: u64| format!("{number:016x}");
    for disguised in [format!("0x{victim:x}"), format!("{victim:024x}")] {
        let request = of_a_tenant("victim").header("x-b3-traceid", forwarded(victim)).header("x-b3-spanid", "1");
        sidecar.receive(&request).await?;
        let request = attacker().header("x-b3-traceid", &disguised).header("x-b3-spanid", "1");
        request.send(sidecar.envoy.listener(), Protocol::Http1).await?;
        let call = sidecar.service.take().pop().context("a call")?;
        let ids = call.headers.values("x-b3-traceid");
        assert!(ids.iter().all(|id| id.ends_with(&forwarded(victim))) && !ids.is_empty(), "{disguised}: {ids:?}");
        assert_eq!(call.headers.values("c-tenancy"), [""; 0], "{disguised}");
    }
    Ok(())
}

//! Context that survives an application that drops it, on a real sidecar in both directions.

mod attackers;
mod sidecar;

use std::net::SocketAddr;

use anyhow::Result;
use integration::markdown::capabilities;
use integration::{Bootstrap, Envoy, Protocol, Request, trapping_module};
use serde_json::json;
use tokio::task::JoinSet;

use sidecar::{SERVICE, Sidecar, configuration};

const UUID: &str = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";

fn traceparent(id: u128) -> String {
    format!("00-{id:032x}-00000000000000aa-01")
}

/// A request of a tenant with overrides, as the gateway hands it on.
fn of_a_tenant(tenant: &str) -> Request {
    Request::to("shop").header("c-tenancy", tenant).header("x-override", "foo:v1,bar:v2")
}

fn context(tenant: &str) -> [String; 3] {
    [format!("baggage: tenant={tenant}"), format!("c-tenancy: {tenant}"), "x-override: foo:v1,bar:v2".into()]
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

#[tokio::test]
async fn what_an_application_drops_is_restored_as_far_as_it_forwards_an_id() -> Result<()> {
    let repair = configuration(json!({"by": ["traceparent", "x-request-id"]}));
    let ours = ["c-tenancy", "x-override", "baggage"];
    for (forwarded, counted) in [
        (&[&ours[..], &["traceparent", "x-request-id"]].concat()[..], "forwarded"),
        (&["traceparent"], "restored"),
        (&["x-request-id"], "restored"),
        (&[], "unknown"),
    ] {
        let sidecar = Sidecar::start(1, forwarded, repair.clone()).await?;
        let gateway = Bootstrap::gateway()?.cluster("sidecar", sidecar.envoy.listener());
        let gateway = Envoy::start(&gateway).await?;
        let request = Request::to("feat-x.www.carouselltenancy.com").header("traceparent", traceparent(7));
        let reply = request.header("x-request-id", UUID).send(gateway.listener(), Protocol::Http1).await?;
        assert_eq!(reply.status, 200, "{}", reply.text());

        let calls = sidecar.service.take();
        let tenants: Vec<_> = calls.iter().flat_map(|call| call.headers.values("c-tenancy")).collect();
        let members: Vec<_> = calls.iter().flat_map(|call| call.headers.values("baggage")).collect();
        let [expected, member] =
            if counted == "unknown" { [vec![], vec![]] } else { [vec!["feat-x"], vec!["tenant=feat-x"]] };
        assert_eq!(
            (tenants, members, calls.len()),
            (expected.iter().map(|t| (*t).into()).collect(), member.iter().map(|t| (*t).into()).collect(), 1),
            "{forwarded:?}"
        );
        sidecar.reports(&[(counted, 1)]).await?;
    }
    Ok(())
}

/// R30.
#[tokio::test]
async fn each_header_that_holds_an_id_restores() -> Result<()> {
    let id = |number| format!("4bf92f3577b34da6a3ce929d0e0e473{number}");
    let carriers = [
        ("traceparent", format!("00-{}-00f067aa0ba902b7-01", id(1))),
        ("b3", format!("{}-e457b5a2e4d86bd1-1", id(2))),
        ("x-b3-traceid", id(3)),
        ("x-request-id", UUID.into()),
        ("x-datadog-trace-id", "9223372036854775807".into()),
        ("uber-trace-id", format!("{}:1:0:1", id(4))),
        ("x-cloud-trace-context", format!("{}/1;o=1", id(5))),
    ];
    let by: Vec<_> = carriers.iter().map(|(name, _)| *name).collect();
    let sidecar = Sidecar::start(1, &by, configuration(json!({"by": by}))).await?;
    for (number, (name, value)) in carriers.iter().enumerate() {
        let tenant = format!("t{number}");
        let delivered = sidecar.receive(&of_a_tenant(&tenant).header(name, value)).await?;
        assert_eq!(sorted(delivered), context(&tenant), "{name}");
    }
    sidecar.reports(&[("restored", 7)]).await
}

/// All trace headers speak of one trace. Envoy's Zipkin tracer writes B3 in many headers, and OpenTelemetry's propagator
/// in one; a 64-bit id leaves in `traceparent` with zeros before it.
#[tokio::test]
async fn an_id_is_known_in_whatever_trace_header_it_leaves() -> Result<()> {
    const ID: &str = "463ac35c9f6413ad48485a3953bb6124";
    const LOW: &str = "48485a3953bb6124";
    let repair = configuration(json!({"by": ["b3", "x-b3-traceid", "traceparent"], "lingerSeconds": 60}));
    let sidecar = Sidecar::start(1, &[], repair).await?;
    let multiple = of_a_tenant("dev1").header("x-b3-traceid", ID).header("x-b3-spanid", "a2fb4a1d1a96d312");
    sidecar.receive(&multiple).await?;
    for (name, value) in [
        ("b3", format!("{ID}-0020000000000001-1-a2fb4a1d1a96d312")),
        ("x-b3-traceid", LOW.into()),
        ("traceparent", format!("00-{LOW:0>32}-00f067aa0ba902b7-01")),
    ] {
        let delivered = sidecar.call(&Request::to(SERVICE).header(name, value)).await?;
        assert_eq!(sorted(delivered), context("dev1"), "{name}");
    }
    sidecar.reports(&[("unknown", 1), ("restored", 3)]).await
}

#[tokio::test]
async fn what_the_application_sends_wins_and_a_request_without_a_tenant_stays_without() -> Result<()> {
    let sidecar =
        Sidecar::start(1, &["traceparent"], configuration(json!({"by": ["traceparent"], "lingerSeconds": 60}))).await?;
    sidecar.receive(&of_a_tenant("dev1").header("traceparent", traceparent(1))).await?;
    let call = Request::to(SERVICE).header("traceparent", traceparent(1));
    let delivered = sidecar.call(&call.clone().header("c-tenancy", "own")).await?;
    assert_eq!(sorted(delivered), context("own"), "its tenant, and the overrides that it dropped");
    let delivered = sidecar.call(&call.clone().header("x-override", "foo:v9")).await?;
    assert_eq!(sorted(delivered), ["baggage: tenant=dev1", "c-tenancy: dev1", "x-override: foo:v9"]);

    let chose_nothing = Request::to("shop").header("traceparent", traceparent(2));
    assert_eq!(sidecar.receive(&chose_nothing).await?, [""; 0]);
    let outside = Request::to("api.example.com").header("traceparent", traceparent(1));
    assert_eq!(sidecar.call(&outside).await?, [""; 0], "an external host");
    sidecar.reports(&[("restored", 3), ("none", 1)]).await
}

/// R33.
#[tokio::test]
async fn a_context_of_more_than_512_bytes_is_not_remembered() -> Result<()> {
    let sidecar = Sidecar::start(1, &["traceparent"], configuration(json!({"by": ["traceparent"]}))).await?;
    let overrides = (0..40).map(|number| format!("service-{number}:v1")).collect::<Vec<_>>().join(",");
    let large = Request::to("shop").header("x-override", overrides).header("traceparent", traceparent(1));
    assert_eq!(sidecar.receive(&large).await?, [""; 0]);
    sidecar.reports(&[("large", 1)]).await
}

#[tokio::test]
async fn an_id_whose_slot_has_ended_is_nobodys() -> Result<()> {
    let repair = configuration(json!({"by": ["traceparent"], "lingerSeconds": 0}));
    let sidecar = Sidecar::start(1, &[], repair).await?;
    sidecar.receive(&of_a_tenant("victim").header("traceparent", traceparent(1))).await?;
    let call = Request::to(SERVICE).header("traceparent", traceparent(1));
    // The stream ends a moment after its answer.
    let mut delivered = sidecar.call(&call).await?;
    while !delivered.is_empty() {
        assert_eq!(sorted(delivered), context("victim"));
        delivered = sidecar.call(&call).await?;
    }
    let attacker = Request::to("shop").header("c-tenancy", "attacker").header("traceparent", traceparent(1));
    sidecar.receive(&attacker).await?;
    Ok(())
}

/// R31: after a flood the victim found no slot; the attacker finds none either while the victim is there.
#[tokio::test]
async fn a_flood_takes_nothing_over() -> Result<()> {
    let repair = configuration(json!({"by": ["traceparent"], "slots": 64, "lingerSeconds": 60}));
    let sidecar = Sidecar::start(1, &[], repair).await?;
    let early = traceparent(1);
    sidecar.receive(&of_a_tenant("early").header("traceparent", &early)).await?;
    for id in 1000..1400 {
        sidecar
            .receive(&Request::to("shop").header("c-tenancy", "flood").header("traceparent", traceparent(id)))
            .await?;
    }
    let victim = traceparent(2);
    sidecar.receive(&of_a_tenant("victim").header("traceparent", &victim)).await?;
    sidecar.receive(&Request::to("shop").header("c-tenancy", "attacker").header("traceparent", &victim)).await?;
    let call = |id: &str| Request::to(SERVICE).header("traceparent", id);
    assert_eq!(sidecar.call(&call(&victim)).await?, [""; 0]);
    assert_eq!(sorted(sidecar.call(&call(&early)).await?), context("early"));
    sidecar.reports(&[("unknown", 403), ("full", 1), ("restored", 1)]).await
}

/// Sends a request until it passes; gives how often a dead VM refused it.
async fn refused(request: &Request, to: SocketAddr) -> Result<usize> {
    let mut times = 0;
    while request.send(to, Protocol::Http1).await?.status == 503 {
        times += 1;
    }
    Ok(times)
}

/// Under FAIL_RELOAD a VM dies and another one comes: it knows what the first remembered, while its stream is open or not.
#[tokio::test]
async fn what_a_vm_remembered_its_successor_restores() -> Result<()> {
    const LINES: usize = 20;
    let module = trapping_module(LINES)?;
    let bootstrap = Bootstrap::sidecar()?.module(module.path());
    let repair = configuration(json!({"by": ["traceparent"], "lingerSeconds": 60}));
    let sidecar = Sidecar::start_as(bootstrap.configuration(repair), 1, &[]).await?;
    sidecar.receive(&of_a_tenant("victim").header("traceparent", traceparent(1))).await?;
    let deadly = (0..=LINES).fold(Request::to(SERVICE), |request, number| request.header(&format!("x-{number}"), "1"));
    assert_eq!(deadly.send(sidecar.outbound, Protocol::Http1).await?.status, 503);

    let call = Request::to(SERVICE).header("traceparent", traceparent(1));
    assert!(refused(&call, sidecar.outbound).await? > 0, "the VM lives");
    assert_eq!(sorted(sidecar.delivered()), context("victim"));
    // Each listener comes back in its own time.
    let attacker = Request::to("shop").header("c-tenancy", "attacker").header("traceparent", traceparent(1));
    refused(&attacker, sidecar.envoy.listener()).await?;
    sidecar.delivered();
    assert_eq!(sidecar.call(&call).await?, [""; 0], "two contexts");
    Ok(())
}

/// Without its shared data a proxy cannot repair, and says so; random bytes it can do without.
#[tokio::test]
async fn repair_needs_its_capabilities() -> Result<()> {
    let all = capabilities()?;
    let repair = configuration(json!({"by": ["traceparent"]}));
    let without = |dropped: &str| -> Result<Bootstrap> {
        let rest: Vec<_> = all.iter().filter(|name| *name != dropped).cloned().collect();
        Ok(Bootstrap::sidecar()?.configuration(repair.clone()).restricted(&rest))
    };
    for dropped in ["proxy_get_shared_data", "proxy_set_shared_data"] {
        let log = Envoy::validate(&without(dropped)?)?.log;
        assert!(log.contains("repair: the proxy gives no access to its shared data"), "without {dropped}: {log}");
    }
    for (dropped, is_restored) in
        [("nothing", true), ("random_get", true), ("proxy_get_current_time_nanoseconds", false)]
    {
        let sidecar = Sidecar::start_as(without(dropped)?, 1, &["traceparent"]).await?;
        let delivered = sidecar.receive(&of_a_tenant("dev1").header("traceparent", traceparent(1))).await?;
        let expected = if is_restored { context("dev1").to_vec() } else { vec![] };
        assert_eq!(sorted(delivered), expected, "without {dropped}");
    }
    Ok(())
}

/// 10,000 traces at once over 4,096 slots and two workers: some are not remembered, and none is given another's context.
#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_traces_on_two_workers_never_meet() -> Result<()> {
    const TRACES: usize = 10_000;
    const CLIENTS: usize = 64;
    let repair = configuration(json!({"by": ["traceparent"], "slots": 4096, "lingerSeconds": 60}));
    let sidecar = Sidecar::start(2, &["traceparent"], repair).await?;
    let address = sidecar.envoy.listener();
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        clients.spawn(async move {
            for number in (client..TRACES).step_by(CLIENTS) {
                let request = of_a_tenant(&format!("t{number}")).header("traceparent", traceparent(number as u128 + 1));
                let reply = request.send(address, Protocol::Http1).await?;
                anyhow::ensure!(reply.status == 200, "{}", reply.text());
            }
            Ok(())
        });
    }
    while let Some(client) = clients.join_next().await {
        client??;
    }
    let calls = sidecar.service.take();
    assert_eq!(calls.len(), TRACES);
    let (mut restored, mut missed) = (0, 0);
    for call in calls {
        let id = call.headers.values("traceparent").concat();
        match &call.headers.values("c-tenancy")[..] {
            [] => missed += 1,
            [tenant] => {
                let number: u128 = tenant[1..].parse()?;
                assert_eq!(id, traceparent(number + 1), "{tenant}");
                assert_eq!(call.headers.values("x-override"), ["foo:v1,bar:v2"]);
                restored += 1;
            }
            several => panic!("{several:?}"),
        }
    }
    assert!(restored > 2_000, "{restored} restored, {missed} missed");
    assert!(missed > TRACES as u64 - 4_096 - 1, "{missed} missed of more than there are slots");
    sidecar.reports(&[("restored", restored), ("full", missed)]).await
}

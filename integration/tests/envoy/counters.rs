//! The counters in Envoy's own stats.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::Result;
use integration::{Bootstrap, Hop, Protocol, Request, root};
use serde_json::{Value, json};
use tenancy_filter::Counter;

const HOST: &str = "www.example.com";
const TENANT_HOST: &str = "dev-4711.www.example.com";

fn gateway() -> Value {
    json!({
        "version": 1,
        "role": "edge",
        "tenant": {
            "from": [
                {"host": "{tenant}.www.example.com"},
                {"header": "x-want", "trust": "anyone"},
                {"baggage": "want", "trust": "anyone"},
                {"cookie": "want", "trust": "anyone"},
                {"query": "want", "trust": "anyone", "link": {"cookie": "want", "maxAge": "1h"}},
            ],
            "to": [{"header": "x-tenant"}, {"baggage": "tenant"}],
        },
        "overrides": {
            "from": [{"header": "x-override", "trust": "anyone"}],
            "to": [{"header": "x-override"}],
        },
        "projections": [{"header": "x-foo-version", "service": "foo"}],
        "strip": ["x-debug-*"],
        "foreignBaggage": "keep",
    })
}

/// Each request with what it counts beside itself.
fn edge_requests() -> Vec<(Request, &'static [(&'static str, u64)])> {
    let to = Request::to;
    let opened = to(HOST).header("sec-fetch-mode", "navigate").header("sec-fetch-dest", "document");
    let many: Vec<_> = (0..66).map(|number| format!("s{number}:v1")).collect();
    let members: Vec<_> = (0..66).map(|number| format!("m{number}=1")).collect();
    vec![
        (to(HOST), &[]),
        (to(HOST).header("accept", "*/*"), &[]),
        (to(TENANT_HOST), &[("tenant_host", 1)]),
        (to(TENANT_HOST).header("x-want", "DEV-4711"), &[("tenant_host", 1), ("stripped", 1)]),
        (to(HOST).header("x-want", "dev-4712"), &[("tenant_header", 1), ("stripped", 1)]),
        (to(HOST).header("baggage", "want=dev-4713"), &[("tenant_baggage", 1)]),
        (to(HOST).header("cookie", "a=b; want=dev-4714"), &[("tenant_cookie", 1)]),
        (to(HOST).path("/?want=dev-4715"), &[("tenant_query", 1)]),
        (opened.path("/?want=dev-4720"), &[("linked", 1)]),
        (to(TENANT_HOST).path("/?want=dev-4716"), &[("tenant_host", 1), ("tenant_conflict", 1), ("refused", 1)]),
        (to(HOST).path("/?want=-&want=dev-4717"), &[("tenant_query", 1), ("tenant_invalid", 1)]),
        (to(HOST).header("x-override", "foo:v1,bar:v2"), &[("overrides", 1)]),
        (
            to(HOST).header("x-override", "foo:v1,foo:v2,bar"),
            &[("overrides", 1), ("override_duplicate", 1), ("override_invalid", 1)],
        ),
        (to(HOST).header("x-override", "foo:v1;caller=web"), &[("overrides", 1), ("caller_unknown", 1)]),
        (to(HOST).header("x-override", many.join(",")), &[("overrides", 1), ("override_limit", 2)]),
        (to(HOST).header("x-tenant", "dev-4718").header("x-debug-a", "1").header("x_debug.b", "1"), &[("stripped", 3)]),
        (to(HOST).trailer("x-tenant", "dev-4719"), &[("stripped", 1)]),
        (to(TENANT_HOST).header("baggage", "a=1,b b=2,c=%zz"), &[("tenant_host", 1), ("baggage_invalid", 2)]),
        (to(TENANT_HOST).header("baggage", members.join(",")), &[("tenant_host", 1), ("baggage_limit", 3)]),
    ]
}

fn metric(name: &str) -> String {
    format!("wasmcustom.tenancy.{name}")
}

/// Sends all, over HTTP/1.1 and then over HTTP/2, and sums up what they have to count.
async fn send_all(hop: &Hop, requests: &[(Request, &[(&str, u64)])]) -> Result<BTreeMap<String, u64>> {
    let mut counts = BTreeMap::new();
    for protocol in [Protocol::Http1, Protocol::Http2] {
        for (request, counted) in requests {
            request.send(hop.envoy.listener(), protocol).await?;
            for (name, count) in [("requests", 1)].iter().chain(*counted) {
                *counts.entry(metric(name)).or_default() += count;
            }
        }
    }
    Ok(counts)
}

#[tokio::test]
async fn an_edge_counts_each_thing_once() -> Result<()> {
    let hop = Hop::start(Bootstrap::gateway()?.configuration(gateway())).await?;
    assert_eq!(defined(&hop).await?, Counter::ALL.iter().map(|counter| counter.name().to_owned()).collect());
    let counts = send_all(&hop, &edge_requests()).await?;
    hop.envoy.stats_become("wasmcustom", &counts).await?;
    // No source of this one needs a token, and it has no destinations. What leaves the mesh, what is repaired, and where a
    // sidecar stands, is not an edge's to count.
    let never = [
        "tenant_claim",
        "tenant_issuer",
        "token_",
        "destinations",
        "caller_",
        "host_failed",
        "withheld",
        "misplaced",
        "trace_",
        "context_",
        "sealed",
        "unsealed_",
        "seal_",
    ]
    .map(metric);
    let others = Counter::ALL.iter().map(|counter| format!("wasmcustom.{}", counter.name()));
    let is_counted = |name: &String| never.iter().all(|never| !name.starts_with(never));
    assert!(others.filter(is_counted).all(|name| counts.contains_key(&name)), "{counts:#?}");
    Ok(())
}

/// The names of the filter's metrics, as the filter gave them.
async fn defined(hop: &Hop) -> Result<BTreeSet<String>> {
    let stats = hop.envoy.stats("wasmcustom").await?;
    Ok(stats.keys().filter_map(|name| name.strip_prefix("wasmcustom.")).map(str::to_owned).collect())
}

#[tokio::test]
async fn the_mesh_counts_what_it_finds() -> Result<()> {
    let hop = Hop::start(Bootstrap::sidecar()?).await?;
    let request = || Request::to("shop");
    let counts = send_all(
        &hop,
        &[
            (request(), &[]),
            (
                request().header("c-tenancy", "dev-4711").header("x-override", "foo:v1"),
                &[("tenant_header", 1), ("overrides", 1)],
            ),
            (Request::to("cart").header("c-tenancy", "dev-4711"), &[("tenant_header", 1), ("destinations", 1)]),
            (request().header("baggage", "tenant=dev-4711"), &[("tenant_baggage", 1)]),
            (
                request().header("c-tenancy", "dev-4711").header("baggage", "tenant=dev-4712"),
                &[("tenant_header", 1), ("tenant_conflict", 1)],
            ),
            (
                request().header("c-tenancy", "dev-4711, dev-4712,dev-4713"),
                &[("tenant_header", 1), ("tenant_conflict", 1)],
            ),
        ],
    )
    .await?;
    hop.envoy.stats_become("wasmcustom", &counts).await
}

/// R41: an inbound listener whose route leads to a service is a waypoint's.
#[tokio::test]
async fn a_waypoint_with_the_rules_of_a_sidecar_counts_its_requests_and_says_so_once() -> Result<()> {
    let mesh = json!({"version": 1, "role": "mesh", "tenant": {"to": [{"header": "x-tenant"}]}});
    let mut bootstrap = Bootstrap::gateway()?.configuration(mesh);
    bootstrap.listener()["traffic_direction"] = "INBOUND".into();
    let cluster = "inbound-vip|80|http|shop.prod.svc.cluster.local";
    bootstrap.routes()[0]["route"]["cluster"] = cluster.into();
    *bootstrap.at("/static_resources/clusters/0/name") = cluster.into();
    let hop = Hop::start(bootstrap).await?;
    let misplaced = |request| (request, &[("misplaced", 1)][..]);
    let counts = send_all(&hop, &[misplaced(Request::to("shop")), misplaced(Request::to("cart"))]).await?;
    hop.envoy.stats_become("wasmcustom", &counts).await?;
    assert_eq!(hop.envoy.log()?.matches("warning: role: this proxy is a waypoint").count(), 1);
    Ok(())
}

/// Without `wasmcustom`, and before anything was counted: what the guide's queries ask for is there.
#[tokio::test]
async fn prometheus_finds_them_by_the_names_of_the_guide() -> Result<()> {
    let hop = Hop::start(Bootstrap::gateway()?.configuration(gateway())).await?;
    let scraped = hop.envoy.admin("/stats/prometheus").await?;
    let guide = fs::read_to_string(root().join("docs/repair.md"))?;
    let words = guide.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let named: BTreeSet<_> = words.filter(|word| word.starts_with("tenancy_")).collect();
    assert!(named.len() > 6, "{named:?}");
    for name in named {
        assert!(scraped.contains(&format!("# TYPE {name} counter\n{name}{{}} 0\n")), "{name}: {scraped}");
    }
    Ok(())
}

/// R5: nothing of a request names a metric: neither is their number without bound, nor do they tell who is there.
#[tokio::test]
async fn no_metric_is_named_after_a_tenant() -> Result<()> {
    let hop = Hop::start(Bootstrap::gateway()?.configuration(gateway())).await?;
    let before = names(&hop).await?;
    let counts = send_all(&hop, &edge_requests()).await?;
    hop.envoy.stats_become("wasmcustom", &counts).await?;
    let after = names(&hop).await?;
    assert!(after.iter().all(|name| !name.contains("471")), "{after:#?}");
    let of_wasm =
        |names: &BTreeSet<String>| names.iter().filter(|name| name.contains("wasm")).cloned().collect::<Vec<_>>();
    assert_eq!(of_wasm(&after), of_wasm(&before));
    Ok(())
}

async fn names(hop: &Hop) -> Result<BTreeSet<String>> {
    let stats = hop.envoy.admin("/stats").await?;
    Ok(stats.lines().filter_map(|line| Some(line.split_once(": ")?.0.to_owned())).collect())
}

//! The compiled module and its host: calls that fail, and callbacks in any order.

mod caller;
mod configurations;
mod place;
mod remembered;
mod seals;
mod story;

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use integration::cases::Case;
use integration::text::Text;
use integration::wasm_host::{Action, Exchange, Fault, Reply, RootContext, Stream, WasmHost};
use integration::{Bootstrap, Echo, Envoy, Headers, Protocol, Request};
use serde_json::{Value, json};

use Action::{Continue, Pause};

const PAIRS: &str = "proxy_get_header_map_pairs";
const REPLACE: &str = "proxy_replace_header_map_value";
const REMOVE: &str = "proxy_remove_header_map_value";
const PROPERTY: &str = "proxy_get_property";
const RESPOND: &str = "proxy_send_local_response";

/// A configuration that reads all that can be read, and writes and removes.
fn configuration(role: &str) -> Value {
    json!({
        "version": 1,
        "role": role,
        "tenant": {
            "from": [{"claim": "tenant"}, {"host": "{tenant}.www.example.com"}],
            "to": [{"header": "x-tenant"}, {"baggage": "tenant"}],
        },
        "overrides": {
            "from": [{"header": "x-override", "trust": "mesh"}, {"claim": "overrides"}],
            "to": [{"header": "x-override"}],
        },
        "verified": {"issuers": ["https://idp.example.com"]},
    })
}

fn configured(host: &mut WasmHost, role: &str) -> Result<RootContext> {
    host.configure(&configuration(role).to_string())?.context("a configuration that is accepted")
}

/// A request that makes the module write two headers and remove one, in either role.
fn request() -> Exchange {
    let line = |text: &str| Text::Plain(text.into());
    Exchange::of(&Case {
        authority: "feat-x.www.example.com".into(),
        headers: vec![line("x-override: \u{ff}"), line("accept: */*")],
        trailers: vec![line("x-tenant: evil"), line("x-sum: 1")],
        ..Case::default()
    })
}

/// Sends the headers of a request, and the trailers where it goes on.
fn send(host: &mut WasmHost, root: RootContext) -> Result<(Stream, Action)> {
    let stream = host.open(root, request())?;
    let action = host.on_request_headers(stream)?;
    Ok((stream, if action == Continue { host.on_request_trailers(stream)? } else { action }))
}

fn passes(host: &mut WasmHost, root: RootContext) -> Result<()> {
    let (stream, action) = send(host, root)?;
    let left = host.close(stream)?;
    assert_eq!((action, left.replies, left.headers.values("x-tenant")), (Continue, vec![], vec!["feat-x".to_owned()]));
    Ok(())
}

fn count(host: &mut WasmHost, root: RootContext, metric: &str) -> Result<u64> {
    host.tick(root)?;
    Ok(host.take_metrics().get(metric).copied().unwrap_or(0))
}

/// R14: what an edge could not look at or could not change does not pass; the mesh breaks no request over it (R6).
#[test]
fn a_failed_host_call_refuses_at_an_edge_and_passes_in_the_mesh() -> Result<()> {
    // The trailers are read too, and at an edge written. Last, the calls that fail in the mesh, which goes on.
    let faults = [
        (PAIRS, 0, Fault::Fails, 2),
        (PAIRS, 0, Fault::Truncates, 2),
        (PAIRS, 1, Fault::Fails, 1),
        (PAIRS, 1, Fault::Truncates, 1),
        (PROPERTY, 0, Fault::Fails, 2),
        (REPLACE, 0, Fault::Fails, 1),
        (REPLACE, 1, Fault::Fails, 1),
        (REMOVE, 0, Fault::Fails, 1),
        (REMOVE, 1, Fault::Fails, 0),
    ];
    let mut host = WasmHost::start()?;
    let [edge, mesh] = [configured(&mut host, "edge")?, configured(&mut host, "mesh")?];
    for (function, after, fault, failed) in faults {
        let who = format!("{function} {fault:?} after {after}");
        host.fail(function, after, fault);
        host.forget();
        let (stream, action) = send(&mut host, edge)?;
        let _ = host.on_response_headers(stream)?;
        let left = host.close(stream)?;
        let reply = Reply {
            status: 500,
            headers: Headers::default(),
            body: "the proxy gave no access to the request\n".into(),
        };
        assert_eq!((action, left.replies), (Pause, vec![reply]), "{who}");
        assert_eq!(host.journal().last().map(String::as_str), Some(RESPOND), "{who}: nothing after the reply");
        assert_eq!(count(&mut host, edge, "tenancy.host_failed")?, 1, "{who}");

        host.fail(function, after, fault);
        let (stream, action) = send(&mut host, mesh)?;
        assert_eq!((action, host.close(stream)?.replies), (Continue, vec![]), "{who}");
        assert_eq!(count(&mut host, mesh, "tenancy.host_failed")?, failed, "{who}");

        host.recover();
        passes(&mut host, edge)?;
        passes(&mut host, mesh)?;
        let _ = host.take_metrics();
    }
    Ok(())
}

/// R6: one local reply, then a pause and nothing else, whatever the proxy calls next.
#[test]
fn a_refusal_is_the_last_that_is_heard_of_a_request() -> Result<()> {
    let mut host = WasmHost::start()?;
    let edge = configured(&mut host, "edge")?;
    let conflict = Exchange { token: Some(json!({"iss": "https://idp.example.com", "tenant": "dev1"})), ..request() };
    for (exchange, failing) in [(conflict.clone(), None), (conflict, Some(RESPOND)), (request(), Some(PAIRS))] {
        if let Some(function) = failing {
            host.fail(function, 0, Fault::Fails);
        }
        host.forget();
        let stream = host.open(edge, exchange)?;
        assert_eq!(host.on_request_headers(stream)?, Pause, "{failing:?}");
        assert_eq!(host.on_request_trailers(stream)?, Pause, "{failing:?}: still");
        let _ = host.on_response_headers(stream)?;
        let left = host.close(stream)?;
        assert_eq!(host.calls().get(RESPOND), Some(&1), "{failing:?}: {:?}", left.replies);
        if failing.is_none() {
            let body = "the request names two different tenants (tenant.onConflict)\n".into();
            assert_eq!(
                left.replies,
                [Reply { status: 400, headers: Headers::default(), body }],
                "the rule, and neither value (R16)"
            );
        }
        assert_eq!(host.journal().last().map(String::as_str), Some(RESPOND), "{failing:?}: {:?}", host.journal());
        host.recover();
    }
    assert!(host.log().is_empty(), "{:?}", host.log());
    Ok(())
}

/// R1: a stream may end at any time, and its callbacks may come in any order.
#[test]
fn no_order_of_callbacks_traps() -> Result<()> {
    type Step = fn(&mut WasmHost, Stream) -> Result<()>;
    const HEADERS: Step = |host, stream| host.on_request_headers(stream).map(drop);
    const TRAILERS: Step = |host, stream| host.on_request_trailers(stream).map(drop);
    const RESPONSE: Step = |host, stream| host.on_response_headers(stream).map(drop);
    const DONE: Step = |host, stream| host.on_done(stream);
    let steps = [HEADERS, TRAILERS, RESPONSE, DONE];

    let mut host = WasmHost::start()?;
    for role in ["edge", "mesh"] {
        let root = configured(&mut host, role)?;
        let abandoned = host.open(root, request())?;
        host.on_delete(abandoned)?;
        // All orders of up to four callbacks, each any number of times: the digits of a number.
        for number in 0..256usize {
            let stream = host.open(root, request())?;
            for place in 0..4 {
                steps[number >> (2 * place) & 3](&mut host, stream).with_context(|| format!("{role} {number:08b}"))?;
            }
            host.on_delete(stream)?;
        }
        passes(&mut host, root)?;
    }
    Ok(())
}

/// Trailers that come without headers are a client's until something tells otherwise.
#[test]
fn trailers_without_headers_are_stripped_at_an_edge() -> Result<()> {
    let mut host = WasmHost::start()?;
    for (role, left) in [("edge", vec!["x-sum: 1"]), ("mesh", vec!["x-tenant: evil", "x-sum: 1"])] {
        let root = configured(&mut host, role)?;
        let stream = host.open(root, request())?;
        assert_eq!(host.on_request_trailers(stream)?, Continue);
        assert_eq!(host.close(stream)?.trailers.lines(), left, "{role}");
    }
    Ok(())
}

/// An instance before this one may leave nothing of the trailers; Envoy hands an empty map over as a null pointer.
#[test]
fn empty_trailers_are_no_failure() -> Result<()> {
    let mut host = WasmHost::start()?;
    let edge = configured(&mut host, "edge")?;
    let stream = host.open(edge, Exchange { trailers: Default::default(), ..request() })?;
    assert_eq!([host.on_request_headers(stream)?, host.on_request_trailers(stream)?], [Continue, Continue]);
    assert_eq!(host.close(stream)?.replies, []);
    Ok(())
}

/// Each export is called for every request, and each import is a call that some proxy may not offer.
#[test]
fn the_module_offers_and_asks_for_what_it_has_a_reason_for() -> Result<()> {
    #[derive(serde::Deserialize)]
    struct Interface {
        exports: BTreeMap<String, String>,
        imports: BTreeMap<String, String>,
    }
    let reasons: Interface = serde_norway::from_str(include_str!("../../../wasm-plugin/interface.yaml"))?;
    let host = WasmHost::start()?;
    assert_eq!(host.exports(), reasons.exports.into_keys().collect());
    assert_eq!(host.imports(), reasons.imports.into_keys().collect());
    Ok(())
}

/// What a request costs in host calls: one where nothing changes, and one for each change.
#[test]
fn a_request_makes_no_more_host_calls_than_changes() -> Result<()> {
    let mut host = WasmHost::start()?;
    let root = host.configure(
        &json!({
            "version": 1,
            "role": "edge",
            "tenant": {"from": [{"host": "{tenant}.www.example.com"}], "to": [{"header": "x-tenant"}, {"baggage": "tenant"}]},
        })
        .to_string(),
    )?;
    let root = root.context("accepted")?;
    for (authority, expected) in
        [("www.example.com", vec![(PAIRS, 1)]), ("feat-x.www.example.com", vec![(PAIRS, 1), (REPLACE, 2)])]
    {
        let exchange = Exchange::of(&Case { authority: authority.into(), ..Case::default() });
        host.forget();
        let stream = host.open(root, exchange)?;
        host.on_request_headers(stream)?;
        host.close(stream)?;
        assert_eq!(host.calls(), BTreeMap::from_iter(expected), "{authority}");
    }
    Ok(())
}

/// The same in a real Envoy: the first of two instances removes the only trailer.
#[tokio::test]
async fn trailers_that_the_first_instance_empties_pass_the_second() -> Result<()> {
    let service = Echo::start("service").await?;
    let mut bootstrap =
        Bootstrap::gateway()?.configuration(configuration("edge")).cluster("sidecar", service.address());
    let filters = bootstrap.http_filters().as_array_mut().context("a list")?;
    filters.insert(0, filters[0].clone());
    let envoy = Envoy::start(&bootstrap).await?;
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let request = Request::to("feat-x.www.example.com").trailer("x-tenant", "evil");
        let reply = request.send(envoy.listener(), protocol).await?;
        assert_eq!((reply.status, service.take().len()), (200, 1), "{protocol:?}: {}", reply.text());
    }
    Ok(())
}

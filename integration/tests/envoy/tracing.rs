//! Who chooses the ids of a trace: clients, Envoy's own tracing, and what an edge has to do about both.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use integration::cases::CaseFile;
use integration::markdown::blocks_of;
use integration::{Bootstrap, Echo, Envoy, Hop, Protocol, Request};
use serde_json::{Value, json};

/// What a client sends to be taken for somebody else's request.
const STOLEN: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const STOLEN_SPAN: &str = "00f067aa0ba902b7";
const STOLEN_REQUEST: &str = "9d0e0e47-92f3-477b-8da6-a3ce929d0e0e";

/// A gateway that drops clients' trace headers.
fn edge() -> Result<Bootstrap> {
    Ok(Bootstrap::gateway()?.configuration(json!({
        "version": 1,
        "role": "edge",
        "tenant": {"from": [{"host": "{tenant}.www.example.com"}], "to": [{"header": "x-tenant"}]},
        "traceHeaders": "drop",
    })))
}

/// A tracer of Envoy's, whose collector is never there.
fn traces(bootstrap: &mut Bootstrap, name: &str, mut config: Value) -> Result<()> {
    config["@type"] =
        json!(format!("type.googleapis.com/envoy.config.trace.v3.{}", config["@type"].as_str().context("a type")?));
    bootstrap.connection_manager()["tracing"] = json!({"provider": {"name": name, "typed_config": config}});
    let collector = json!({
        "name": "collector", "type": "STATIC", "connect_timeout": "1s",
        "load_assignment": {"cluster_name": "collector", "endpoints": []},
    });
    bootstrap.at("/static_resources/clusters").as_array_mut().context("a list")?.push(collector);
    Ok(())
}

fn opentelemetry(bootstrap: &mut Bootstrap) -> Result<()> {
    let collector = json!({"envoy_grpc": {"cluster_name": "collector"}});
    let config = json!({"@type": "OpenTelemetryConfig", "grpc_service": collector, "service_name": "gateway"});
    traces(bootstrap, "envoy.tracers.opentelemetry", config)
}

fn zipkin(bootstrap: &mut Bootstrap) -> Result<()> {
    let endpoint = json!({
        "@type": "ZipkinConfig", "collector_cluster": "collector", "collector_endpoint": "/spans",
        "collector_endpoint_version": "HTTP_JSON",
    });
    traces(bootstrap, "envoy.tracers.zipkin", endpoint)
}

/// What the guide says to put into the connection manager.
fn guide() -> Result<Value> {
    let blocks = blocks_of("docs/repair.md", "yaml")?;
    let block = blocks.iter().find(|block| block.starts_with("early_header_mutation_extensions:"));
    Ok(serde_norway::from_str(block.context("the guide's block")?)?)
}

fn guided(bootstrap: &mut Bootstrap) -> Result<()> {
    let fields = guide()?.as_object().context("an object")?.clone();
    bootstrap.connection_manager().as_object_mut().context("an object")?.extend(fields);
    Ok(())
}

async fn start(bootstrap: Bootstrap) -> Result<Hop> {
    let service = Echo::start("service").await?;
    let envoy = Envoy::start(&bootstrap.cluster("sidecar", service.address())).await?;
    Ok(Hop { envoy, service })
}

/// Whether the stolen trace id reaches the service behind a gateway, and whether any does.
async fn arrives(hop: &Hop, request: &Request) -> Result<(bool, bool)> {
    let received = hop.received(&request.send(hop.envoy.listener(), Protocol::Http1).await?)?;
    let is_traced = ["traceparent", "b3", "x-b3-traceid"].iter().any(|name| !received.headers.values(name).is_empty());
    Ok((received.lines().iter().any(|line| line.contains(STOLEN)), is_traced))
}

/// R34: the connection manager begins its span before any filter sees the request, with the client's trace id, and the
/// router writes that id again behind all of them.
#[tokio::test]
async fn where_envoy_traces_a_filter_comes_too_late() -> Result<()> {
    type Setup = fn(&mut Bootstrap) -> Result<()>;
    let thief = Request::to("www.example.com")
        .header("traceparent", format!("00-{STOLEN}-{STOLEN_SPAN}-01"))
        .header("b3", format!("{STOLEN}-{STOLEN_SPAN}-1"))
        .header("x-b3-traceid", STOLEN)
        .header("x-b3-spanid", STOLEN_SPAN)
        .header("x-b3-sampled", "1");
    let nothing = (|_| Ok(())) as Setup;
    for (name, tracer, remedy, stolen, traced) in [
        ("no tracer", nothing, nothing, false, false),
        ("OpenTelemetry", opentelemetry as Setup, nothing, true, true),
        ("Zipkin", zipkin as Setup, nothing, true, true),
        ("OpenTelemetry, as the guide says", opentelemetry as Setup, guided as Setup, false, true),
        ("Zipkin, as the guide says", zipkin as Setup, guided as Setup, false, true),
    ] {
        let mut bootstrap = edge()?;
        tracer(&mut bootstrap)?;
        remedy(&mut bootstrap)?;
        assert_eq!(arrives(&start(bootstrap).await?, &thief).await?, (stolen, traced), "{name}");
    }
    Ok(())
}

/// What a filter drops too late, the guide removes in time: all that the cases name.
#[test]
fn the_guide_removes_what_the_filter_drops() -> Result<()> {
    let guide = guide()?;
    let mutations = &guide["early_header_mutation_extensions"][0]["typed_config"]["mutations"];
    let removed = mutations.as_array().into_iter().flatten().filter_map(|mutation| mutation["remove"].as_str());
    let removed: BTreeSet<_> = removed.map(str::to_owned).collect();
    let file = CaseFile::all()?.into_iter().find(|file| file.name == "edge-trace").context("a file")?;
    let case = file.cases.first().context("a case")?;
    let dropped: BTreeSet<_> =
        case.headers().lines().iter().filter_map(|line| Some(line.split_once(':')?.0.to_owned())).collect();
    let more: Vec<_> = removed.difference(&dropped).map(String::as_str).collect();
    assert_eq!((more, dropped.difference(&removed).count()), (vec!["x-request-id"], 0), "{removed:?} {dropped:?}");
    Ok(())
}

/// Envoy generates a new request id for external requests: those whose client address is that of the connection, and
/// not listed as internal.
#[tokio::test]
async fn only_external_requests_get_a_new_request_id() -> Result<()> {
    let local = json!({"cidr_ranges": [{"address_prefix": "127.0.0.0", "prefix_len": 8}]});
    for (name, fields, guide, kept) in [
        ("an external client", json!({}), false, false),
        ("an internal address", json!({"internal_address_config": local}), false, true),
        ("an address by X-Forwarded-For", json!({"use_remote_address": false}), false, true),
        ("preserved", json!({"preserve_external_request_id": true}), false, true),
        ("generated by nobody", json!({"generate_request_id": false}), false, true),
        ("preserved, as the guide says", json!({"preserve_external_request_id": true}), true, false),
        ("an internal address, as the guide says", json!({"internal_address_config": local}), true, false),
    ] {
        let mut bootstrap = edge()?;
        let manager = bootstrap.connection_manager().as_object_mut().context("an object")?;
        manager.insert("generate_request_id".into(), json!(true));
        manager.extend(fields.as_object().context("an object")?.clone());
        if guide {
            guided(&mut bootstrap)?;
        }
        let hop = start(bootstrap).await?;
        let request = Request::to("www.example.com").header("x-request-id", STOLEN_REQUEST);
        let received = hop.received(&request.send(hop.envoy.listener(), Protocol::Http1).await?)?;
        let ids = received.headers.values("x-request-id");
        assert_eq!((ids == [STOLEN_REQUEST], ids.len()), (kept, 1), "{name}: {ids:?}");
    }
    Ok(())
}

//! What `docs/operating.md` says of logs and traces, on Envoy.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use integration::{Bootstrap, Echo, Envoy, Hop, Protocol, Request};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::pages::Page;

const HOST: &str = "feat-x.www.example.com";
const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(50);

fn edge() -> Value {
    json!({
        "version": 1,
        "role": "edge",
        "tenant": {"from": [{"host": "{tenant}.www.example.com"}], "to": [{"header": "x-tenant"}]},
    })
}

/// The block of the page that has this at its top.
fn block(field: &str) -> Result<Value> {
    let page = Page::read("docs/operating.md")?;
    let block = page.blocks("yaml").find(|block| block.contains(field)).context(field.to_owned())?;
    Ok(serde_norway::from_str(block)?)
}

/// Envoy's form of the access log on the page, into this folder.
fn access_log(folder: &TempDir) -> Result<Value> {
    let provider = &block("meshConfig")?["meshConfig"]["extensionProviders"][0]["envoyFileAccessLog"];
    Ok(json!([{
        "name": "envoy.access_loggers.file",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": folder.path().join("log"),
            "log_format": {"json_format": provider["logFormat"]["labels"]},
        },
    }]))
}

/// An authoriser that refuses everybody.
fn refusal() -> Value {
    let kind = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC";
    json!({"name": "envoy.filters.http.rbac", "typed_config": {"@type": kind, "rules": {}}})
}

/// The log's lines, once there are so many.
async fn lines(folder: &TempDir, count: usize) -> Result<Vec<Value>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let text = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        if text.lines().count() >= count {
            return Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?);
        }
        ensure!(Instant::now() < deadline, "after {PATIENCE:?} the access log is {text:?}");
        sleep(POLL).await;
    }
}

/// What the access log says of a client's claim, with one filter more in front of ours or behind.
async fn logged(place: impl FnOnce(Bootstrap) -> Bootstrap, request: &Request) -> Result<Value> {
    let folder = TempDir::new()?;
    let mut bootstrap = place(Bootstrap::gateway()?.configuration(edge()));
    bootstrap.connection_manager()["access_log"] = access_log(&folder)?;
    let hop = Hop::start(bootstrap).await?;
    request.send(hop.envoy.listener(), Protocol::Http1).await?;
    Ok(lines(&folder, 1).await?.remove(0))
}

#[tokio::test]
async fn the_access_log_shows_the_tenant_that_we_wrote() -> Result<()> {
    let line = logged(|bootstrap| bootstrap, &Request::to(HOST).header("x-tenant", "forged")).await?;
    assert_eq!((&line["tenant"], &line["details"]), (&json!("feat-x"), &json!("via_upstream")), "{line}");
    Ok(())
}

/// R36.
#[tokio::test]
async fn where_a_filter_before_ours_answers_it_shows_what_the_client_sent() -> Result<()> {
    let forged = Request::to(HOST).header("x-tenant", "forged");
    let line = logged(|bootstrap| bootstrap.behind(refusal()), &forged).await?;
    assert_eq!((&line["tenant"], &line["status"]), (&json!("forged"), &json!(403)), "{line}");
    assert_ne!(line["details"], "via_upstream");
    Ok(())
}

#[tokio::test]
async fn where_a_filter_behind_ours_answers_it_does_not() -> Result<()> {
    let forged = Request::to("www.example.com").header("x-tenant", "forged");
    let after = |mut bootstrap: Bootstrap| {
        bootstrap.http_filters().as_array_mut().expect("a list").insert(1, refusal());
        bootstrap
    };
    let line = logged(after, &forged).await?;
    assert_eq!((&line["tenant"], &line["status"]), (&Value::Null, &json!(403)), "{line}");
    Ok(())
}

/// Sends spans to a collector, at once.
fn traced(mut bootstrap: Bootstrap, collector: &Echo) -> Result<Bootstrap> {
    let (name, tag) = block("customTags")?["spec"]["tracing"][0]["customTags"]
        .as_object()
        .and_then(|tags| tags.iter().next().map(|(name, tag)| (name.clone(), tag["header"].clone())))
        .context("a tag")?;
    bootstrap.connection_manager()["tracing"] = json!({
        "provider": {
            "name": "envoy.tracers.zipkin",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.config.trace.v3.ZipkinConfig",
                "collector_cluster": "collector",
                "collector_endpoint": "/spans",
                "collector_endpoint_version": "HTTP_JSON",
            },
        },
        "custom_tags": [
            {"tag": name, "request_header": {"name": tag["name"], "default_value": tag["defaultValue"]}},
        ],
    });
    let mut cluster = bootstrap.at("/static_resources/clusters/0").clone();
    cluster["name"] = "collector".into();
    bootstrap.at("/static_resources/clusters").as_array_mut().context("a list")?.push(cluster);
    // Without an id no request is sampled.
    bootstrap.connection_manager()["generate_request_id"] = true.into();
    let runtime = json!({"name": "at once", "static_layer": {"tracing.zipkin.min_flush_spans": 1}});
    bootstrap.at("")["layered_runtime"] = json!({"layers": [runtime]});
    Ok(bootstrap.cluster("collector", collector.address()))
}

/// The tags of the next span that reaches the collector.
async fn tags(collector: &Echo) -> Result<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(report) = collector.take().pop() {
            let spans: Value = serde_json::from_slice(&report.body)?;
            return Ok(spans[0]["tags"].clone());
        }
        ensure!(Instant::now() < deadline, "no span after {PATIENCE:?}");
        sleep(POLL).await;
    }
}

#[tokio::test]
async fn a_span_has_the_tenant_that_we_wrote() -> Result<()> {
    let (service, collector) = (Echo::start("service").await?, Echo::start("collector").await?);
    let bootstrap = Bootstrap::gateway()?.configuration(edge()).cluster("sidecar", service.address());
    let envoy = Envoy::start(&traced(bootstrap, &collector)?).await?;
    for (host, tenant) in [(HOST, "feat-x"), ("www.example.com", "none")] {
        Request::to(host).header("x-tenant", "forged").send(envoy.listener(), Protocol::Http1).await?;
        assert_eq!(tags(&collector).await?["tenant"], tenant, "{host}");
    }
    Ok(())
}

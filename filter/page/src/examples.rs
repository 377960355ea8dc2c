//! The examples of the page, from the files that tests run.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

/// A scenario or a file of cases; what else they hold is the tests' affair.
#[derive(Deserialize)]
struct Rows {
    #[serde(alias = "requests", alias = "cases")]
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    /// The proxy of a scenario that it is sent to.
    #[serde(default)]
    to: Option<String>,
    /// The way of deployment that it is about.
    #[serde(default)]
    by: Option<String>,
    #[serde(default = "get")]
    method: String,
    #[serde(alias = "host", default)]
    authority: Option<String>,
    #[serde(default = "slash")]
    path: String,
    #[serde(default)]
    headers: Vec<Value>,
    /// The payload of a verified token.
    #[serde(default)]
    token: Option<Value>,
    /// What the proxy answers by itself.
    #[serde(default)]
    status: Option<u16>,
}

fn get() -> String {
    "GET".into()
}

fn slash() -> String {
    "/".into()
}

/// The seeds, in the order of `integration/seeds/README.md`.
const SEEDS: [&str; 5] = ["turner", "miro", "carousell", "signadot-talk", "signadot-post"];

/// All examples, in groups: documents, and requests for them.
pub(crate) fn all(root: &Path) -> Result<Value> {
    let mut groups = vec![playground(root)?];
    for seed in SEEDS {
        let folder = root.join("integration/seeds").join(seed);
        let documents = read(&folder.join("manifests/plugins.yaml"))?;
        groups.push(group(&format!("Seed: {seed}"), &documents, rows(&folder.join("scenario.yaml"))?));
    }
    let shipped = rows(&root.join("integration/istio/shipped/scenario.yaml"))?;
    groups.push(group("The shipped manifests", &manifests(root)?, shipped));
    let hostile = root.join("integration/cases/hostile.yaml");
    groups.push(group("Hostile requests", &block(&read(&hostile)?, "configuration:")?, rows(&hostile)?));
    Ok(groups.into())
}

/// What `make run` runs, with the requests that it shows.
fn playground(root: &Path) -> Result<Value> {
    let mut documents = Vec::new();
    for name in ["gateway", "sidecar"] {
        let file = format!("envoyfilter/bootstrap/{name}.yaml");
        let configuration = block(&read(&root.join(&file))?, "value: |")?;
        documents.push(format!("# {file}\n{configuration}"));
    }
    Ok(group("The playground", &documents.join("---\n"), rows(&root.join("filter/page/playground.yaml"))?))
}

fn manifests(root: &Path) -> Result<String> {
    let folder = root.join("wasm-plugin/manifests");
    Ok([read(&folder.join("gateway/plugins.yaml"))?, read(&folder.join("sidecars/plugin.yaml"))?].join("---\n"))
}

fn group(title: &str, documents: &str, rows: Vec<Row>) -> Value {
    let requests: Vec<_> = rows.iter().filter_map(request).collect();
    json!({"title": title, "documents": documents, "requests": requests})
}

/// A row as the page has requests. `None` if it is not about what the gateway's filter does with such a text.
fn request(row: &Row) -> Option<Value> {
    let is_of_gateway = row.to.as_deref().unwrap_or("gateway") == "gateway" && row.by.is_none();
    let lines: Vec<_> = row.headers.iter().map(Value::as_str).collect::<Option<_>>()?;
    if !is_of_gateway || row.status.is_some_and(|status| status != 200) {
        return None;
    }
    let host = format!("Host: {}", row.authority.as_deref().unwrap_or("www.example.com"));
    let request_line = format!("{} {} HTTP/1.1", row.method, row.path);
    let head = [vec![request_line.as_str(), host.as_str()], lines.clone()].concat().join("\n");
    let token = row.token.clone().or_else(|| lines.iter().find_map(|line| payload(line)));
    let token = token.map(|token| format!("{token:#}")).unwrap_or_default();
    Some(json!({"name": row.name, "head": head, "token": token}))
}

/// The payload of a bearer token (RFC 7519), which `jwt_authn` accepts in the scenarios.
fn payload(line: &str) -> Option<Value> {
    let payload = line.strip_prefix("authorization: Bearer ")?.split('.').nth(1)?;
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

fn rows(path: &Path) -> Result<Vec<Row>> {
    let rows: Rows = serde_norway::from_str(&read(path)?).with_context(|| path.display().to_string())?;
    Ok(rows.rows)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// The lines under a key of a YAML text, without their common indentation and with their comments.
fn block(text: &str, key: &str) -> Result<String> {
    let indentation = |line: &str| line.len().saturating_sub(line.trim_start().len());
    let mut lines = text.lines().skip_while(|line| line.trim() != key);
    let outer = lines.next().map(indentation).with_context(|| format!("no {key}"))?;
    let inner: Vec<_> = lines.take_while(|line| line.trim().is_empty() || indentation(line) > outer).collect();
    let common = inner.iter().filter(|line| !line.trim().is_empty()).map(|line| indentation(line)).min();
    let lines = inner.iter().map(|line| line.get(common.unwrap_or_default()..).unwrap_or_default());
    Ok(lines.collect::<Vec<_>>().join("\n").trim_end().to_owned() + "\n")
}

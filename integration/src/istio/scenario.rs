//! A scenario: manifests, workloads, and the expected result of each request.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::manifests::traffic_extension;
use super::shipped::Shipped;

/// The line that has TrafficExtension, 1.30.
pub(super) const TRAFFIC_EXTENSION: u32 = 30;

/// One folder: `scenario.yaml` and `manifests/`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The name of its recordings.
    #[serde(skip)]
    pub name: String,
    /// All manifests, each document for itself.
    #[serde(skip)]
    pub(crate) manifests: Vec<Value>,
    /// The first line of Istio that knows all its manifests.
    #[serde(skip)]
    pub(super) since: u32,
    /// The port of every service.
    #[serde(default = "usual_port")]
    pub(super) port: u16,
    pub(super) proxies: BTreeMap<String, Proxy>,
    /// Callers before those whom they call.
    pub(super) services: Vec<Service>,
    /// The headers that [`Outcome::brings`] is about.
    watched: Vec<String>,
    /// Those of them with another value each time, by their names alone.
    #[serde(default)]
    varying: Vec<String>,
    /// The requests, in order.
    pub requests: Vec<Row>,
}

/// An Envoy that istiod configures.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Proxy {
    /// Where it listens: the last number of its address. Its pod has the one that is 100 higher.
    pub(super) at: u8,
    pub(super) kind: Kind,
    pub(super) namespace: String,
    pub(super) labels: BTreeMap<String, String>,
    /// Variables of its container.
    #[serde(default)]
    pub(super) environment: BTreeMap<String, String>,
}

/// What istiod calls a proxy.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// A gateway.
    Router,
    /// A gateway of the Gateway API, which listens on all addresses.
    Gateway,
    Sidecar,
    /// Of ambient mode.
    Waypoint,
}

/// One version of a service.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    pub(super) name: String,
    /// The host by which the mesh knows it, together with others of other labels.
    pub(super) host: String,
    #[serde(default)]
    pub(super) labels: BTreeMap<String, String>,
    /// Where it runs.
    pub(super) at: Place,
    /// The last number of the host's own address; at a waypoint it is what is called.
    pub(super) vip: Option<u8>,
    /// The hosts that it calls through its sidecar, each once a request.
    #[serde(default)]
    pub(super) calls: Vec<String>,
    /// The headers that it forwards.
    #[serde(default)]
    pub(super) forwards: Vec<String>,
}

/// Where a service runs.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Place {
    /// By itself: the last number of its address.
    Alone(u8),
    /// Behind this sidecar.
    Behind(String),
}

/// A request and its expected result.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// What it shows.
    pub name: String,
    /// The only way of deployment that it applies to; `None` if it applies to all.
    pub(super) by: Option<Shipped>,
    /// The release lines that it applies to, 9 for 1.9; empty if it applies to all.
    #[serde(default)]
    pub(crate) lines: Vec<u32>,
    /// The proxy that it is sent to.
    pub(super) to: String,
    pub(super) host: String,
    /// At a waypoint: the host whose address is called, if it is not `host`.
    calls: Option<String>,
    #[serde(default = "usual_method")]
    pub(super) method: String,
    #[serde(default = "usual_path")]
    pub(super) path: String,
    /// Header lines, `name: value`.
    #[serde(default)]
    pub(super) headers: Vec<String>,
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    reaches: Vec<String>,
    brings: Option<Vec<String>>,
}

/// What became of a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The status that the client got.
    pub status: u16,
    /// The services that it reached, callers first.
    pub reaches: Vec<String>,
    /// The watched header lines that the last of them received, by name, and only the name of those that vary; `None` if
    /// they do not matter.
    pub brings: Option<Vec<String>>,
}

fn usual_port() -> u16 {
    8080
}

fn usual_method() -> String {
    "GET".into()
}

fn usual_path() -> String {
    "/".into()
}

fn ok() -> u16 {
    200
}

impl Scenario {
    /// Whether a release of Istio knows all its manifests.
    pub fn runs_on(&self, release: &str) -> bool {
        line(release).is_some_and(|line| line >= self.since)
    }

    /// Whether one of its plugins seals context, which takes an Envoy that signs.
    pub(super) fn signs(&self) -> bool {
        self.manifests.iter().any(|document| document.pointer("/spec/pluginConfig/seal/sign").is_some())
    }

    /// The same scenario with TrafficExtensions, which replace WasmPlugins since Istio 1.30.
    pub fn with_traffic_extensions(mut self) -> Self {
        self.name += "-traffic-extension";
        self.since = TRAFFIC_EXTENSION;
        self.manifests = self.manifests.into_iter().map(traffic_extension).collect();
        self
    }

    /// What has to become of a request.
    pub(super) fn expected(&self, row: &Row) -> Outcome {
        Outcome { status: row.status, reaches: row.reaches.clone(), brings: row.brings.clone().map(by_name) }
    }

    /// Everything that istiod gets.
    pub(super) fn documents(&self) -> Vec<Value> {
        [&self.manifests[..], &self.service_entries()].concat()
    }

    /// Header lines as they are compared.
    pub(super) fn seen(&self, lines: Vec<String>) -> Vec<String> {
        let seen = lines.into_iter().map(|line| match line.split_once(':') {
            Some((name, _)) if self.varying.iter().any(|varying| varying == name) => name.to_owned(),
            _ => line,
        });
        by_name(seen.collect())
    }

    /// The headers that the last service's lines are compared by.
    pub(super) fn watched(&self) -> &[String] {
        &self.watched
    }
}

impl Row {
    /// The host whose address is called.
    pub(super) fn called(&self) -> &str {
        self.calls.as_ref().unwrap_or(&self.host)
    }

    /// Whether it states the headers that the last service must receive.
    pub(super) fn minds_headers(&self) -> bool {
        self.brings.is_some()
    }
}

/// Header lines sorted by name; those of one name stay in order.
fn by_name(mut lines: Vec<String>) -> Vec<String> {
    let name = |line: &String| line.split(':').next().map(str::to_owned);
    lines.sort_by_key(name);
    lines
}

/// The number of a release's line: 29 of 1.29.6.
pub(crate) fn line(release: &str) -> Option<u32> {
    release.split('.').nth(1)?.parse().ok()
}

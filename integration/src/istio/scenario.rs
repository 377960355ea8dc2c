//! A scenario: manifests, who runs where, and what becomes of each request.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use playground::root;
use serde::Deserialize;
use serde_json::Value;

use super::manifests::{documents, files, traffic_extension};
use super::shipped::Shipped;
use super::waypoint::WAYPOINTS;

/// What a seed has of its gateway, whether its sandboxes have rules or not.
const SHARED: [&str; 2] = ["authentication.yaml", "gateway.yaml"];

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
    /// The headers that it hands on there.
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

/// A request, and what has to become of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// What it shows.
    pub name: String,
    /// The one way of deployment that it is about; none where it is about all.
    pub(super) by: Option<Shipped>,
    /// The release lines that it is about, 9 for 1.9; none where it is about all.
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
    /// The watched header lines that the last of them got, by name; where it does not matter, none.
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
    /// All that a release can run: the folders of `integration/seeds`, one of them with TrafficExtensions too, and what
    /// we ship.
    pub fn all(release: &str) -> Result<Vec<Self>> {
        let folders = files(&root().join("integration/seeds"))?;
        let names = folders.iter().filter(|path| path.is_dir()).filter_map(|path| path.file_name()?.to_str());
        let names: Vec<_> = names.collect();
        let mut scenarios = names.iter().map(|name| Self::read(name)).collect::<Result<Vec<_>>>()?;
        let without_rules = names.iter().filter(|name| Self::folder_without_rules(name).is_dir());
        scenarios.extend(without_rules.map(|name| Self::without_rules(name)).collect::<Result<Vec<_>>>()?);
        scenarios.push(Self::read("turner")?.with_traffic_extensions());
        scenarios.push(Self::destinations()?);
        scenarios.push(Self::routes()?);
        scenarios.push(Self::match_tree_of_routes()?);
        scenarios.push(Self::http_routes()?);
        scenarios.extend(Shipped::ALL.into_iter().map(Self::shipped).collect::<Result<Vec<_>>>()?);
        scenarios.push(Self::gateway_api()?);
        scenarios.extend(WAYPOINTS.iter().map(|folder| Self::behind_waypoint(folder)).collect::<Result<Vec<_>>>()?);
        scenarios.retain(|scenario| scenario.runs_on(release));
        Ok(scenarios)
    }

    /// `integration/istio/shipped`, with our filter deployed in this way.
    pub fn shipped(way: Shipped) -> Result<Self> {
        let mut scenario = Self::open(&root().join("integration/istio/shipped"))?;
        scenario.name = way.name().into();
        scenario.requests.retain(|row| row.by.is_none_or(|by| by == way));
        scenario.manifests.extend(way.manifests()?);
        if way == Shipped::TrafficExtension {
            scenario.since = TRAFFIC_EXTENSION;
        }
        Ok(scenario)
    }

    /// `integration/istio/destinations`, with the routes that we ship.
    pub fn destinations() -> Result<Self> {
        let folder = root().join("integration/istio/destinations");
        let manifests = files(&folder.join("manifests"))?;
        Self::open_with_destinations(&folder, manifests, "destinations".into())
    }

    /// One folder of `integration/seeds`, without a rule for a sandbox: its `destinations`, and of the seed's own manifests
    /// the gateway's.
    pub fn without_rules(seed: &str) -> Result<Self> {
        let folder = Self::folder_without_rules(seed);
        let mut manifests = files(&root().join("integration/seeds").join(seed).join("manifests"))?;
        manifests.retain(|file| SHARED.iter().any(|name| file.ends_with(name)));
        manifests.extend(files(&folder.join("manifests"))?);
        manifests.sort_by(|one, other| one.file_name().cmp(&other.file_name()));
        Self::open_with_destinations(&folder, manifests, format!("{seed}-destinations"))
    }

    fn folder_without_rules(seed: &str) -> PathBuf {
        root().join("integration/seeds").join(seed).join("destinations")
    }

    fn open_with_destinations(folder: &Path, manifests: Vec<PathBuf>, name: String) -> Result<Self> {
        let mut scenario = Self { name, ..Self::open_with(folder, &manifests)? };
        for file in ["destinations.yaml", "destinations-gateway.yaml"] {
            scenario.manifests.extend(documents(&root().join("envoyfilter").join(file))?);
        }
        Ok(scenario)
    }

    /// Whether a release of Istio knows all its manifests.
    pub fn runs_on(&self, release: &str) -> bool {
        line(release).is_some_and(|line| line >= self.since)
    }

    /// One folder of `integration/seeds`.
    pub fn read(name: &str) -> Result<Self> {
        let scenario = Self::open(&root().join("integration/seeds").join(name))?;
        Ok(Self { name: name.into(), ..scenario })
    }

    /// A folder, without a name, with what every scenario on Istio has.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        Self::open_with(folder, &files(&folder.join("manifests"))?)
    }

    /// The same with these manifests.
    fn open_with(folder: &Path, manifests: &[PathBuf]) -> Result<Self> {
        let mut scenario = Self::open_files(folder, manifests)?;
        scenario.manifests.splice(0..0, documents(&root().join("integration/istio/plaintext.yaml"))?);
        scenario.manifests.extend(scenario.sidecars());
        Ok(scenario)
    }

    /// What a folder holds, without a name.
    pub(crate) fn open_folder(folder: &Path) -> Result<Self> {
        Self::open_files(folder, &files(&folder.join("manifests"))?)
    }

    fn open_files(folder: &Path, manifests: &[PathBuf]) -> Result<Self> {
        let path = folder.join("scenario.yaml");
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let mut scenario: Self = serde_norway::from_str(&text).with_context(|| path.display().to_string())?;
        for file in manifests {
            scenario.manifests.extend(documents(file)?);
        }
        ensure!(!scenario.requests.is_empty(), "{} sends no request", path.display());
        Ok(scenario)
    }

    /// The same scenario, its WasmPlugins written as what replaces them since Istio 1.30.
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

    /// Whether it says what the last service has to get.
    pub(super) fn minds_headers(&self) -> bool {
        self.brings.is_some()
    }
}

/// Header lines sorted by name; those of one name stay in order.
pub(super) fn by_name(mut lines: Vec<String>) -> Vec<String> {
    let name = |line: &String| line.split(':').next().map(str::to_owned);
    lines.sort_by_key(name);
    lines
}

/// The number of a release's line: 29 of 1.29.6.
pub(crate) fn line(release: &str) -> Option<u32> {
    release.split('.').nth(1)?.parse().ok()
}

//! Cases as data: a configuration, requests, and their expected results. One table, run by several runners.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use playground::{Headers, root};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::text::Text;
use crate::wasm_host::Node;

/// One file of `integration/cases`: the cases of one plugin configuration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// The name of the file, without its ending.
    #[serde(skip)]
    pub name: String,
    /// The plugin configuration.
    pub configuration: Value,
    /// The workload beside the proxy, as the labels of its node name it; `None` if they do not.
    #[serde(default)]
    pub workload: Option<String>,
    /// The requests and their outcomes.
    pub cases: Vec<Case>,
}

/// One request and its expected result; the default is `GET /` of `www.example.com`. `integration/README.md` has a
/// table of the fields.
///
/// A header or trailer line is `name: value`; each character up to U+00FF stands for the byte of its number.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// The method.
    pub method: String,
    /// The authority.
    pub authority: String,
    /// The path with its query.
    pub path: String,
    /// The protocol of an extended CONNECT (RFC 8441).
    pub protocol: Option<String>,
    /// The header lines.
    pub headers: Vec<Text>,
    /// The trailer lines.
    pub trailers: Vec<Text>,
    /// The payload of the verified token that came with it.
    pub token: Option<Value>,
    /// Who sends it.
    pub peer: Peer,
    /// Which way it passes the proxy.
    pub passage: Passage,
    /// The header lines that leave; `None` if they pass unchanged.
    pub upstream: Option<Vec<Text>>,
    /// The trailer lines that leave; `None` if they pass unchanged.
    pub trailers_upstream: Option<Vec<Text>>,
    /// The status of the local reply; `None` if there is none.
    pub refused: Option<u16>,
    /// The header lines of a redirect (302), in any order; `None` if there is none.
    pub redirected: Option<Vec<Text>>,
    /// Every counter that moves except `tenancy.requests`; `None` if the case does not compare them.
    pub counted: Option<Counts>,
    /// The runners that cannot run it, and why.
    pub except: BTreeMap<Runner, String>,
}

/// Counts by the name of their metric, without `tenancy.`.
pub type Counts = BTreeMap<String, u64>;

/// Who sends a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Peer {
    /// A workload with a certificate, or the one beside the proxy.
    #[default]
    Known,
    /// Anybody.
    Unknown,
}

/// Which way a request passes a proxy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Passage {
    /// The direction of its listener.
    pub direction: Direction,
    /// The cluster that its route chooses; optional if the name does not matter.
    pub cluster: String,
    /// The name of its route, by default that of Istio's own.
    pub route: String,
}

impl Default for Passage {
    fn default() -> Self {
        Self { direction: Direction::default(), cluster: String::new(), route: "default".into() }
    }
}

/// The direction of a listener, as Envoy numbers it (`envoy.config.core.v3.TrafficDirection`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Not said.
    #[default]
    Unspecified = 0,
    /// To the workload beside it.
    Inbound = 1,
    /// From the workload beside it.
    Outbound = 2,
}

/// Who runs cases; natively all of them run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Runner {
    /// The compiled module in the wasm host.
    Module,
    /// `tenancy explain`.
    Command,
    /// A mesh proxy behind the one of the case (R19).
    Twice,
    /// Envoy, whatever it speaks.
    Envoy,
    /// Envoy over HTTP/1.1.
    Http1,
    /// Envoy over HTTP/2.
    Http2,
    /// Envoy over HTTP/2, by a gRPC client.
    Grpc,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The request goes on with exactly these lines, sorted by name, the lines of one name in order; the same for
    /// trailers.
    Upstream(Headers, Headers),
    /// It is answered with this status.
    Refused(u16),
    /// It is answered with 302 and these lines, sorted by name.
    Redirected(Headers),
}

impl CaseFile {
    /// All files of `integration/cases`, by name.
    pub fn all() -> Result<Vec<Self>> {
        let folder = root().join("integration/cases");
        let mut paths = fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        paths.sort();
        ensure!(!paths.is_empty(), "{} holds no case", folder.display());
        paths.iter().map(|path| Self::read(path).with_context(|| path.display().to_string())).collect()
    }

    /// The rows that `CASES` chooses, which are those whose `FILE: NAME` contains it; all rows if it is not set.
    pub fn chosen() -> Result<Vec<Self>> {
        let wanted = env::var("CASES").unwrap_or_default();
        let mut files = Self::all()?;
        for Self { name, cases, .. } in &mut files {
            cases.retain(|case| format!("{name}: {}", case.name).contains(&wanted));
        }
        files.retain(|file| !file.cases.is_empty());
        ensure!(!files.is_empty(), "CASES={wanted:?} chooses no row");
        Ok(files)
    }

    fn read(path: &Path) -> Result<Self> {
        let name = path.file_stem().context("a name")?.to_string_lossy();
        Self::parse(&name, &fs::read_to_string(path)?)
    }

    /// A file of this name, from its text.
    pub fn parse(name: &str, yaml: &str) -> Result<Self> {
        let mut file: Self = serde_norway::from_str(yaml)?;
        file.name = name.to_owned();
        for case in &file.cases {
            ensure!(!case.name.is_empty(), "a case without a name");
            let passes = case.upstream.is_some() || case.trailers_upstream.is_some();
            let ends = [passes, case.refused.is_some(), case.redirected.is_some()];
            let count = ends.into_iter().filter(|says| *says).count();
            ensure!(count <= 1, "{}: one of upstream, refused and redirected", case.name);
        }
        Ok(file)
    }

    /// The node that its proxy is.
    pub fn node(&self) -> Node {
        Node { workload: self.workload.clone() }
    }

    /// The ways that its cases pass a proxy.
    pub fn passages(&self) -> BTreeSet<Passage> {
        self.cases.iter().map(|case| case.passage.clone()).collect()
    }

    /// The configuration of a mesh proxy behind this one, without what only an edge may say; `None` if this proxy moves
    /// no context.
    pub fn mesh_twin(&self) -> Option<Value> {
        let mut twin = self.configuration.as_object()?.clone();
        twin.insert("role".into(), json!("mesh"));
        twin.remove("strip");
        // The route took their list, and removed it.
        twin.remove("destinations");
        twin.remove("connect");
        twin.remove("traceHeaders");
        // Behind an edge that signs stands a mesh that believes what it says without seals, too.
        if twin.get("seal").is_some_and(|seal| seal.get("sign").is_some()) {
            twin.remove("seal");
        }
        if let Some(sources) = twin.get_mut("tenant").and_then(|tenant| tenant.get_mut("from")?.as_array_mut()) {
            let is_carried =
                |source: &Value| ["cookie", "query", "of"].iter().all(|field| source.get(*field).is_none());
            sources.retain(is_carried);
        }
        (twin.contains_key("tenant") || twin.contains_key("overrides")).then_some(twin.into())
    }
}

impl Default for Case {
    fn default() -> Self {
        Self {
            name: String::new(),
            method: "GET".into(),
            authority: "www.example.com".into(),
            path: "/".into(),
            protocol: None,
            headers: Vec::new(),
            trailers: Vec::new(),
            token: None,
            peer: Peer::Known,
            passage: Passage::default(),
            upstream: None,
            trailers_upstream: None,
            refused: None,
            redirected: None,
            counted: None,
            except: BTreeMap::new(),
        }
    }
}

impl Case {
    /// The header lines of the request, in order.
    pub fn headers(&self) -> Headers {
        lines(&self.headers)
    }

    /// The trailer lines of the request, in order.
    pub fn trailers(&self) -> Headers {
        lines(&self.trailers)
    }

    /// Its pseudo-headers, as Envoy passes them to filters (RFC 9113 §8.3.1, RFC 8441 §4).
    pub fn pseudo_headers(&self) -> Headers {
        let mut headers = Headers::default();
        headers.push(":authority", self.authority.as_bytes());
        headers.push(":method", self.method.as_bytes());
        if self.method != "CONNECT" || self.protocol.is_some() {
            headers.push(":path", self.path.as_bytes());
            headers.push(":scheme", b"http");
        }
        if let Some(protocol) = &self.protocol {
            headers.push(":protocol", protocol.as_bytes());
        }
        headers
    }

    /// What has to become of it.
    pub fn expected(&self) -> Outcome {
        let leaving = |left: &Option<Vec<Text>>, came: &[Text]| lines(left.as_deref().unwrap_or(came));
        match (self.refused, &self.redirected) {
            (Some(status), _) => Outcome::Refused(status),
            (None, Some(answer)) => Outcome::redirected(lines(answer)),
            (None, None) => Outcome::upstream(
                leaving(&self.upstream, &self.headers),
                leaving(&self.trailers_upstream, &self.trailers),
            ),
        }
    }

    /// The outgoing request, which a second proxy must not change; `None` if the filter answers it.
    pub fn at_the_next_proxy(&self) -> Option<Self> {
        let Outcome::Upstream(headers, trailers) = self.expected() else { return None };
        let [headers, trailers] = [headers, trailers].map(|left| left.lines().into_iter().map(Text::Plain).collect());
        let unchanged = Self { upstream: None, trailers_upstream: None, counted: None, ..self.clone() };
        Some(Self { headers, trailers, peer: Peer::Known, ..unchanged })
    }

    /// Whether all of these can run it.
    pub fn runs(&self, runners: &[Runner]) -> bool {
        runners.iter().all(|runner| !self.except.contains_key(runner))
    }
}

impl Outcome {
    /// These header and trailer lines, sorted by name.
    pub fn upstream(mut headers: Headers, mut trailers: Headers) -> Self {
        for lines in [&mut headers, &mut trailers] {
            lines.0.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        Self::Upstream(headers, trailers)
    }

    /// An answer of this status and these lines.
    pub fn answered(status: u16, headers: Headers) -> Self {
        if status == 302 { Self::redirected(headers) } else { Self::Refused(status) }
    }

    fn redirected(mut headers: Headers) -> Self {
        headers.0.sort();
        Self::Redirected(headers)
    }
}

fn lines(lines: &[Text]) -> Headers {
    let bytes = |text: &str| -> Vec<u8> {
        text.chars().map(|character| u8::try_from(u32::from(character)).expect("a character up to U+00FF")).collect()
    };
    let line = |line: &Text| {
        let line = line.expand();
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        (bytes(&name.to_ascii_lowercase()), bytes(value.trim_matches([' ', '\t'])))
    };
    Headers(lines.iter().map(line).collect())
}

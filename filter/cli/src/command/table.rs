//! A table of requests and what has to become of them.

use serde::Deserialize;
use serde_json::Value;
use tenancy::{BadRequest, Line, Outcome, Request};

use super::moment::Moment;
use super::render::{ordinary, shown};
use super::words::{Sender, Way};

/// A table, as a user writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    pub(crate) config: Config,
    /// Only the configurations with these names; all if it is empty.
    #[serde(default)]
    pub(crate) name: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// Where the configuration is: in a file, in a chain of files, or here.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Config {
    File(String),
    Files(Vec<String>),
    Inline(Value),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) request: Asked,
    pub(crate) expect: Expected,
}

/// A request; by default `GET /` of `www.example.com` from a known peer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Asked {
    method: String,
    authority: String,
    path: String,
    protocol: Option<String>,
    headers: Vec<String>,
    trailers: Vec<String>,
    token: Option<Value>,
    peer: Sender,
    pub(crate) caller: Option<String>,
    passage: Passage,
    /// Otherwise now.
    time: Option<Moment>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Passage {
    direction: Way,
    cluster: String,
    route: String,
}

impl Default for Passage {
    fn default() -> Self {
        Self { direction: Way::default(), cluster: String::new(), route: Request::ROUTE.into() }
    }
}

/// What has to become of a request; what is left out is not compared, but an empty expectation is a mistake.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Expected {
    /// All header lines that leave, names in any order.
    upstream: Option<Vec<String>>,
    /// The same for trailers.
    trailers_upstream: Option<Vec<String>>,
    /// Lines that are among those that leave.
    has: Vec<String>,
    /// Names that are not among those that leave.
    lacks: Vec<String>,
    /// The status of the local reply.
    refused: Option<u32>,
    /// All header lines of a redirect, but for those that the proxy adds.
    redirected: Option<Vec<String>>,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            method: "GET".into(),
            authority: "www.example.com".into(),
            path: "/".into(),
            protocol: None,
            headers: Vec::new(),
            trailers: Vec::new(),
            token: None,
            peer: Sender::Known,
            caller: None,
            passage: Passage::default(),
            time: None,
        }
    }
}

impl Table {
    /// Reads a table.
    pub(crate) fn parse(yaml: &str) -> Result<Self, String> {
        let table: Self = serde_norway::from_str(yaml).map_err(|why| why.to_string())?;
        if table.rows.is_empty() {
            return Err("rows is empty, so nothing is tested; write rows, each with name, request and expect".into());
        }
        match table.rows.iter().find(|row| row.expect.is_empty()) {
            Some(row) => {
                Err(format!("{}: expects nothing; write upstream, has, lacks, refused or redirected", row.name))
            }
            None => Ok(table),
        }
    }
}

impl Asked {
    pub(crate) fn read(&self) -> Result<Request, BadRequest> {
        let mut request = Request::new(&self.method, &self.authority, &self.path);
        let is_plain_connect = self.method == "CONNECT" && self.protocol.is_none();
        if is_plain_connect {
            request.push_line(b":path:")?;
            request.push_line(b":scheme:")?;
        }
        if let Some(protocol) = &self.protocol {
            request.push_line(format!(":protocol: {protocol}").as_bytes())?;
        }
        for line in &self.headers {
            request.push_line(&bytes(line)?)?;
        }
        for line in &self.trailers {
            request.push_trailer(&bytes(line)?)?;
        }
        let Passage { direction, cluster, route } = &self.passage;
        let (peer, direction) = (self.peer.into(), (*direction).into());
        let (token, cluster, route) = (self.token.clone(), cluster.clone(), route.clone());
        let time = self.time.unwrap_or_else(Moment::now).0;
        Ok(Request { token, peer, direction, cluster, route, time, ..request })
    }
}

const REDIRECT: u32 = 302;

impl Expected {
    fn is_empty(&self) -> bool {
        let Self { upstream, trailers_upstream, has, lacks, refused, redirected } = self;
        let compares_lines = upstream.is_some() || trailers_upstream.is_some() || redirected.is_some();
        !compares_lines && has.is_empty() && lacks.is_empty() && refused.is_none()
    }

    /// What is not as it has to be, a line each.
    pub(crate) fn differences(&self, outcome: &Outcome) -> Vec<String> {
        let wanted = self.redirected.as_ref().map(|_| REDIRECT).or(self.refused);
        let passed = match (outcome, wanted) {
            (Outcome::Answered { status, headers, .. }, Some(expected)) if *status == expected => {
                return self.redirected.iter().filter_map(|lines| compare("redirected", lines, headers)).collect();
            }
            (Outcome::Answered { status, body, .. }, Some(expected)) => {
                return vec![format!("expected {expected}, got {status}: {}", body.trim_end())];
            }
            (Outcome::Answered { status, body, .. }, None) => {
                return vec![format!("expected the request to go on, got {status}: {}", body.trim_end())];
            }
            (Outcome::Passed(_), Some(expected)) => {
                return vec![format!("expected {expected}, but the request goes on")];
            }
            (Outcome::Passed(passed), None) => passed,
        };
        let headers: Vec<_> = ordinary(passed).cloned().collect();
        let mut differences = Vec::new();
        if let Some(upstream) = &self.upstream {
            differences.extend(compare("upstream", upstream, &headers));
        }
        if let Some(upstream) = &self.trailers_upstream {
            differences.extend(compare("trailers_upstream", upstream, &passed.trailers));
        }
        let went: Vec<_> = headers.iter().map(shown).collect();
        let missing = self.has.iter().filter(|line| !went.contains(&normal(line)));
        differences.extend(missing.map(|line| format!("expected {line:?}, which did not leave")));
        let is_there = |name: &&String| headers.iter().any(|(known, _)| name.as_bytes().eq_ignore_ascii_case(known));
        differences.extend(self.lacks.iter().filter(is_there).map(|name| format!("expected no {name:?}, which left")));
        differences
    }
}

/// Compares all lines; those of one name in their order.
fn compare(what: &str, expected: &[String], went: &[Line]) -> Option<String> {
    let mut expected: Vec<_> = expected.iter().map(|line| normal(line)).collect();
    let mut went: Vec<_> = went.iter().map(shown).collect();
    let name = |line: &String| line.split(':').next().unwrap_or_default().to_owned();
    expected.sort_by_key(name);
    went.sort_by_key(name);
    (expected != went).then(|| format!("{what}: expected {expected:?}, got {went:?}"))
}

/// A line as the command shows it: the name in lower case, the value trimmed, each character up to U+00FF as its byte.
fn normal(line: &str) -> String {
    let (name, value) = line.split_once(':').unwrap_or((line, ""));
    let bytes = |text: &str| bytes(text).unwrap_or_else(|_| text.as_bytes().to_vec());
    shown(&(bytes(&name.trim().to_ascii_lowercase()), bytes(value.trim())))
}

/// Each character up to U+00FF as the byte of its number.
fn bytes(text: &str) -> Result<Vec<u8>, BadRequest> {
    let byte = |character: char| u8::try_from(u32::from(character));
    let too_high = |_| BadRequest(format!("{text:?} has a character above U+00FF, which is not a byte"));
    text.chars().map(byte).collect::<Result<_, _>>().map_err(too_high)
}

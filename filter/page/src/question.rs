//! What the page asks: documents that hold configurations, and a request.

use serde_json::Value;
use tenancy::{Code, Direction, Finding, Found, Instance, Request, Source, check, find};
use tenancy_filter::{Filter, Peer};

use crate::problem::Problem;

/// The text with the configurations.
const DOCUMENTS: &str = "documents";

/// A question, as it was written.
pub(crate) struct Question<'q> {
    json: &'q Value,
}

/// An instance of the filter, with its configuration.
pub(crate) struct Configured {
    pub(crate) instance: Instance,
    pub(crate) configuration: Value,
}

impl<'q> Question<'q> {
    pub(crate) fn new(json: &'q Value) -> Self {
        Self { json }
    }

    /// One of its texts; empty if it has none.
    pub(crate) fn text(&self, name: &str) -> &'q str {
        let place = if name == DOCUMENTS { self.json } else { self.json.get("request").unwrap_or(&Value::Null) };
        place.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// One of the request's numbers; 0 if it has none.
    fn number(&self, name: &str) -> u64 {
        self.json.get("request").and_then(|request| request.get(name)?.as_u64()).unwrap_or_default()
    }

    /// The instances, in the order of the documents; the problems are those of `tenancy check`.
    pub(crate) fn instances(&self, problems: &mut Vec<Problem>) -> Vec<Configured> {
        let text = self.text(DOCUMENTS);
        let report = check(&[Source { file: String::new(), text: text.to_owned() }]);
        problems.extend(report.findings.into_iter().map(of_finding));
        let broken = report.broken.into_iter().map(|(_, broken)| (broken.place.bytes, broken.reason));
        problems.extend(broken.map(|(bytes, reason)| Problem::blocking(DOCUMENTS, bytes, reason)));
        let found = find(text, "").found;
        if found.is_empty() && !problems.iter().any(|problem| problem.blocks) {
            let message = "no configuration of the filter: write one, or paste a manifest that holds one";
            problems.push(Problem::blocking(DOCUMENTS, 0..0, message.into()));
        }
        found.iter().filter_map(|found| configured(found, self.text("caller"))).collect()
    }

    /// The request; `None` if it cannot be read.
    pub(crate) fn request(&self, problems: &mut Vec<Problem>) -> Option<Request> {
        let head = bytes(self.text("head"));
        let parsed = Request::parse(&head);
        let token = self.token(problems);
        let mut request = parsed.map_err(|bad| problems.push(Problem::blocking("head", 0..0, bad.0))).ok()?;
        request.token = token;
        request.peer = if self.text("peer") == "unknown" { Peer::Unknown } else { Peer::Known };
        request.direction = match self.text("direction") {
            "inbound" => Direction::Inbound,
            "outbound" => Direction::Outbound,
            _ => Direction::Unspecified,
        };
        request.time = self.number("time");
        request.cluster = self.text("cluster").to_owned();
        if !self.text("route").is_empty() {
            request.route = self.text("route").to_owned();
        }
        Some(request)
    }

    fn token(&self, problems: &mut Vec<Problem>) -> Option<Value> {
        let text = self.text("token").trim();
        if text.is_empty() {
            return None;
        }
        let claims = serde_json::from_str(text).ok().filter(Value::is_object);
        if claims.is_none() {
            let message = "expected the claims as a JSON object, as in {\"iss\": \"https://idp.example.com\"}";
            problems.push(Problem::blocking("token", 0..0, message.into()));
        }
        claims
    }
}

fn of_finding(finding: Finding) -> Problem {
    let Finding { code, place, path, message, .. } = finding;
    let subject = if path.is_empty() { code.word() } else { &path };
    let remedy = code.remedy().map(|remedy| format!("; {remedy}")).unwrap_or_default();
    // The filter itself refuses what breaks this rule, and no other.
    let blocks = code == Code::Configuration;
    let message = format!("{subject}: {message}{remedy}");
    Problem { severity: code.severity(), blocks, ..Problem::blocking(DOCUMENTS, place.bytes, message) }
}

/// An instance with this configuration, beside this workload; `None` if the filter refuses it. One that stands alone has
/// no name but its role.
fn configured(found: &Found, caller: &str) -> Option<Configured> {
    let mut filter = Filter::from_config(found.json.as_bytes()).ok()?.filter;
    filter.set_caller(Some(caller.trim().as_bytes()));
    let configuration: Value = serde_json::from_str(&found.json).ok()?;
    let role = configuration.get("role").and_then(Value::as_str).unwrap_or_default();
    let name = if found.name.is_empty() { role.to_owned() } else { found.name.clone() };
    Some(Configured { instance: Instance::new(name, filter), configuration })
}

/// Each character up to U+00FF is one byte; others are their bytes in UTF-8.
fn bytes(text: &str) -> Vec<u8> {
    text.chars()
        .flat_map(|char| match u8::try_from(char) {
            Ok(byte) => vec![byte],
            Err(_) => char.to_string().into_bytes(),
        })
        .collect()
}

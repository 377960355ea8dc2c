//! The answers to the page.

use serde_json::{Value, json};
use tenancy::{Explanation, Hop, Instance, Line, Outcome, Request, explain};

use crate::changes::{Change, changes};
use crate::question::{Configured, Question};
use crate::reasons::reasons;

/// Answers a question. Both are JSON; what is no question gets a problem for an answer.
///
/// The question has `documents`, a text with configurations, and `request`: its `head` as HTTP/1.1 has it, with each
/// byte as the character of its number, and `token`, `peer`, `direction`, `cluster`, `route`,
/// `caller` and `time`, in seconds since 1970, which may be left out.
///
/// The answer has `problems`, each with its place in a text (UTF-16, from 0); `instances`; and, unless one `blocks`,
/// `whole`, what became of the request on the whole way, and `hops`, the same for each instance.
pub fn answer(question: &str) -> String {
    let question: Value = serde_json::from_str(question).unwrap_or_default();
    let question = Question::new(&question);
    let mut problems = Vec::new();
    let configured = question.instances(&mut problems);
    let request = question.request(&mut problems);
    let is_blocked = problems.iter().any(|problem| problem.blocks);
    let mut answer = json!({
        "problems": problems.iter().map(|problem| problem.to_json(question.text(problem.text))).collect::<Vec<_>>(),
        "instances": configured.iter().map(described).collect::<Vec<_>>(),
        "whole": null,
        "hops": [],
    });
    if let (Some(request), false, Some(answer)) = (request, is_blocked, answer.as_object_mut()) {
        let hops = pass(configured, &request);
        answer.insert("whole".into(), whole(&request, &hops));
        answer.insert("hops".into(), hops.into_iter().map(|(_, hop)| hop).collect());
    }
    answer.to_string()
}

fn described(configured: &Configured) -> Value {
    let role = configured.configuration.get("role");
    json!({"name": configured.instance.name, "role": role, "configuration": configured.configuration})
}

/// Each hop, and what it was told as.
fn pass(configured: Vec<Configured>, request: &Request) -> Vec<(Outcome, Value)> {
    let (instances, configurations): (Vec<Instance>, Vec<Value>) =
        configured.into_iter().map(|one| (one.instance, one.configuration)).unzip();
    let mut before = request.clone();
    let mut told = Vec::new();
    for (hop, configuration) in explain(&instances, request).hops.into_iter().zip(&configurations) {
        let outcome = hop.outcome.clone();
        told.push((outcome.clone(), of_hop(&before, hop, configuration)));
        if let Outcome::Passed(after) = outcome {
            before = after;
        }
    }
    told
}

fn of_hop(before: &Request, hop: Hop, configuration: &Value) -> Value {
    let (instance, outcome) = (hop.instance.clone(), hop.outcome.clone());
    let json = Explanation { request: before.clone(), hops: vec![hop] }.to_json();
    let events = json.get("events").and_then(Value::as_array).cloned().unwrap_or_default();
    let changes = lines(before, &outcome);
    let is_written = |name: &[u8]| changes.iter().any(|(change, line)| *change == Change::Written && line.0 == name);
    let lines = changes.iter().map(|(change, line)| {
        told(*change, line, |name| match reasons(configuration, &events, *change, (name, &line.1)) {
            none if none.is_empty() && *change == Change::Stripped && is_written(&line.0) => {
                vec![format!("{name}: replaced by what the filter writes")]
            }
            reasons => reasons,
        })
    });
    let lines: Vec<_> = lines.collect();
    json!({
        "instance": instance,
        "role": configuration.get("role"),
        "status": json.get("status"),
        "body": json.get("body"),
        "lines": lines,
        "events": events,
    })
}

/// The whole path: each line with the reasons of the hop where it ended or began.
fn whole(request: &Request, hops: &[(Outcome, Value)]) -> Value {
    let outcome = hops.last().map_or_else(|| Outcome::Passed(request.clone()), |(outcome, _)| outcome.clone());
    let (status, body) = match &outcome {
        Outcome::Passed(_) => (200, None),
        Outcome::Answered { status, body, .. } => (*status, Some(body.trim_end())),
    };
    let lines: Vec<_> = lines(request, &outcome)
        .into_iter()
        .map(|(change, line)| told(change, line, |name| of_hops(hops, change, name, &text(&line.1))))
        .collect();
    json!({"status": status, "body": body, "lines": lines})
}

/// The hops' reasons for such a line.
fn of_hops(hops: &[(Outcome, Value)], change: Change, name: &str, value: &str) -> Vec<String> {
    let lines = hops.iter().filter_map(|(_, hop)| hop.get("lines")?.as_array()).flatten();
    let same = lines.filter(|line| {
        let has = |key: &str, word: &str| line.get(key).is_some_and(|found| found == word);
        has("change", change.word()) && has("name", name) && has("value", value)
    });
    let reasons = same.filter_map(|line| line.get("reasons")?.as_array()).next();
    reasons.into_iter().flatten().filter_map(|reason| reason.as_str().map(str::to_owned)).collect()
}

/// The result for each header line; an answered request has the lines of its answer.
fn lines<'l>(before: &'l Request, outcome: &'l Outcome) -> Vec<(Change, &'l Line)> {
    match outcome {
        Outcome::Passed(after) => changes(&before.headers, &after.headers),
        Outcome::Answered { headers, .. } => headers.iter().map(|line| (Change::Written, line)).collect(),
    }
}

fn told(change: Change, (name, value): &Line, reasons: impl Fn(&str) -> Vec<String>) -> Value {
    let name = text(name);
    json!({"change": change.word(), "name": name, "value": text(value), "reasons": reasons(&name)})
}

/// Each byte as the character of its number.
fn text(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

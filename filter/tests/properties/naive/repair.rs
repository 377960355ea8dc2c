//! Which trace headers an inbound request loses.

use super::tenant::regex;
use super::{Direction, Lines, Scene, fold, list};

/// By header, what a line of it looks like. What stands in parentheses is the id of a trace, in hexadecimal digits.
const FORMATS: [(&str, &str); 6] = [
    ("traceparent", "[[:xdigit:]]{2}-([[:xdigit:]]{32})-[[:xdigit:]]{16}-[[:xdigit:]]{2}"),
    ("b3", "[01d]|([[:xdigit:]]{16}|[[:xdigit:]]{32})-[[:xdigit:]]{16}(?:-[01d](?:-[[:xdigit:]]{16})?)?"),
    ("x-b3-traceid", "([[:xdigit:]]{16}|[[:xdigit:]]{32})"),
    ("x-datadog-trace-id", "[1-9][0-9]{0,19}"),
    ("uber-trace-id", "([[:xdigit:]]{1,32}):[[:xdigit:]]{1,16}:[[:xdigit:]]{1,16}:[[:xdigit:]]{1,2}"),
    ("x-cloud-trace-context", "([[:xdigit:]]{32})(?:/[0-9]{1,20})?(?:;o=[0-3])?"),
];

/// Removes every trace header that is not well-formed, if requests are remembered.
pub(super) fn remove_malformed(scene: &Scene, lines: &mut Lines) {
    let Some(repair) = scene.config.get("repair").filter(|_| matches!(scene.call.direction, Direction::Inbound)) else {
        return;
    };
    let forwards_requests = list(&repair["by"]).any(|name| name == "x-request-id");
    let forwards_traces = list(&repair["by"]).any(|name| name != "x-request-id");
    let traces = FORMATS.iter().map(|(name, _)| *name).filter(|_| forwards_traces);
    for name in traces.chain(forwards_requests.then_some("x-request-id")) {
        let found: Vec<_> = lines.iter().filter(|(other, _)| fold(other) == name).collect();
        if !matches!(&found[..], [(exact, value)] if exact == name && is_well_formed(name, value)) {
            lines.retain(|(other, _)| fold(other) != name);
        }
    }
}

fn is_well_formed(name: &str, value: &str) -> bool {
    let Some((_, format)) = FORMATS.iter().find(|(known, _)| *known == name) else { return is_request_id(value) };
    let Some(found) = regex(&format!("^(?:{format})$")).captures(value) else { return false };
    // The low 64 bits count, and zero is no id.
    let is_id = found.get(1).is_none_or(|id| id.as_str().trim_end_matches('0').len() > id.len().saturating_sub(16));
    is_id && (name != "x-datadog-trace-id" || value.parse::<u64>().is_ok())
}

/// A UUID, or what no parser takes for one.
fn is_request_id(value: &str) -> bool {
    let is_uuid =
        |value| regex("^(?:[[:xdigit:]]{8}(?:-[[:xdigit:]]{4}){3}-[[:xdigit:]]{12}|[[:xdigit:]]{32})$").is_match(value);
    let digits = value.replace('-', "");
    let resembles = value.len() >= digits.len() + 4 || regex("^[[:xdigit:]xX_]{32}$").is_match(&digits);
    is_uuid(value) || (regex("^[0-9A-Za-z_-]{1,128}$").is_match(value) && !resembles)
}

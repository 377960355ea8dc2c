//! What costs most: configurations that ask for most work, each with a request of 60 KiB that makes most of it.

use tenancy_filter::Filter;

use crate::{Get, borrowed, decide};

/// The bytes of lines that Envoy takes unless told otherwise, but for its own.
const BYTES: usize = 60 * 1024 - 300;
/// The lines that Envoy takes unless told otherwise, but for pseudo-headers and its own.
const LINES: usize = 94;
/// The entries of a list in a configuration.
const ENTRIES: usize = 64;

/// A request under the configuration that it is worst for.
#[derive(Debug)]
pub struct Worst {
    /// The request, under the name of this case.
    pub get: Get,
    /// The configuration.
    pub configuration: String,
    /// The direction of its listener (Envoy, `TrafficDirection`).
    pub direction: &'static str,
    /// What the filter has to write and to remove.
    pub changes: Vec<(String, Option<String>)>,
}

/// A browser's request of this size: what is in excess is one cookie that nobody reads.
pub fn large() -> Get {
    let get = Get::ordinary();
    let left = BYTES - get.size();
    get.line("cookie", format!("session={}", "a".repeat(left - "cookiesession=".len()))).named("ordinary, 60 KiB")
}

/// The two that are counted without a proxy too: one with a pattern, and one with repair.
pub fn counted() -> [Worst; 2] {
    let [mut pattern, mut repair] = [names(), inbound()];
    pattern.get.name = "worst, with a pattern".into();
    repair.get.name = "worst, with repair".into();
    [pattern, repair]
}

/// All of them.
pub fn worst() -> Vec<Worst> {
    let floods = [
        ("edge, members with keys that are nearly ours", "baggage", "baggage", flood("key-aaaaaaaaaaaaaaaa-!!=1,")),
        ("edge, members with escaped keys", "baggage", "baggage", flood("%6B%65%79-%61%20%61=1,")),
        ("edge, as many members as fit", "baggage", "baggage", flood("k=1,")),
        ("edge, members outside the grammar", "baggage", "baggage", flood("k;=,")),
        ("edge, members of an older list", "baggage", "correlation-context", flood("key-aaaaaaaaaaaaaaaa-!!=1,")),
        ("edge, as many cookies as fit", "cookie", "cookie", flood("k=1;")),
        ("edge, cookies with values", "cookie", "cookie", numbered("key-aaaaaaaaaaaaaaaa-", "=a;")),
        ("edge, as many overrides as fit", "header", "x-o", numbered("s", ":1,")),
        ("edge, overrides with names that end alike", "header", "x-o", numbered("s", "-aaaaaaaa:1,")),
        ("edge, one long value", "header", "x-s", "a".repeat(BYTES)),
    ];
    let mut all: Vec<_> =
        floods.into_iter().map(|(name, kind, header, flood)| edge(name, kind, header, &flood)).collect();
    all.push(names());
    all.push(query());
    all.extend([inbound(), outbound(), leaving()]);
    all
}

fn list(entry: impl Fn(usize) -> String) -> String {
    (0..ENTRIES).map(entry).collect::<Vec<_>>().join(",")
}

fn flood(text: &str) -> String {
    text.repeat(BYTES / text.len())
}

fn numbered(before: &str, after: &str) -> String {
    let size = before.len() + 4 + after.len();
    (0..BYTES / size).map(|number| format!("{before}{:04}{after}", number % 10_000)).collect()
}

/// Looks at almost all of a value before it refuses it. A pattern is a table, so no other costs more a byte.
const LATE: &str = "[a-z0-9]{1,63}";

/// 64 sources of a kind and 64 that override, 64 targets, 64 names to strip, and a pattern that refuses late.
fn edge_configuration(kind: &str) -> String {
    let source = |n: usize| match n {
        0 => r#"{"header": "x-s", "trust": "anyone"}"#.to_owned(),
        _ => format!(r#"{{"{kind}": "key-aaaaaaaaaaaaaaaa-{n:02}", "trust": "anyone"}}"#),
    };
    let sources = list(source);
    let targets = list(|n| format!(r#"{{"header": "x-over-{n:02}"}}"#));
    let strips = list(|n| format!(r#""x-{}-{n:02}*""#, "a".repeat(500)));
    let domains = list(|n| format!(r#""{}.{n:02}.example""#, "a".repeat(60)));
    format!(
        r#"{{"version": 1, "role": "edge", "foreignBaggage": "keep", "strip": [{strips}], "internal": [{domains}],
        "tenant": {{"from": [{sources}], "to": [{{"header": "x-t"}}, {{"baggage": "tenant"}}], "pattern": "{LATE}", "onConflict": "first"}},
        "overrides": {{"from": [{{"header": "x-o", "trust": "anyone"}}], "to": [{targets}], "onDuplicate": "last"}},
        "projections": [{{"header": "x-version", "service": "called"}}]}}"#
    )
}

/// A line of values that differ and that the pattern refuses late, and one of 64 overrides, before whatever else there is.
fn carriers() -> Get {
    let values: Vec<_> = (0..ENTRIES).map(|n| format!("{}_{n:02}", "a".repeat(60))).collect();
    let overrides: Vec<_> = (0..ENTRIES).map(|n| format!("s{n:02}{}:1", "a".repeat(50))).collect();
    let empty = Get { lines: Vec::new(), authority: "s00.ns.svc".into(), ..Get::ordinary() };
    empty.line("x-s", values.join(",")).line("x-o", overrides.join(","))
}

/// The rest of the bytes in one line.
fn edge(name: &str, kind: &str, header: &str, flood: &str) -> Worst {
    let get = carriers().named(name);
    // A member of ours at the end of the line: baggage has to be written anew.
    let last = if header == "cookie" || header.starts_with("x-") { "" } else { "tenant=a" };
    let left = BYTES - get.size() - header.len() - last.len();
    let end = flood.char_indices().map(|(at, _)| at).take_while(|at| *at <= left).last().unwrap_or(0);
    let get = get.line(header, format!("{}{last}", &flood[..end]));
    decided_at_edge(get, edge_configuration(kind))
}

fn decided_at_edge(get: Get, configuration: String) -> Worst {
    let filter = Filter::from_config(configuration.as_bytes()).unwrap_or_else(|errors| panic!("{errors}")).filter;
    let changes = decide(&filter, &borrowed(&get.headers()));
    Worst { get, configuration, direction: "UNSPECIFIED", changes }
}

/// As many lines as there may be, with long names that begin as what is stripped.
fn names() -> Worst {
    let get = carriers().named("edge, long names that begin as stripped ones do");
    let count = LINES - get.lines.len();
    let length = (BYTES - get.size()) / count;
    let name = |n: usize| format!("x-{}-!{n:02}", "a".repeat(500));
    let fill = |get: Get, n| get.line(&name(n), "a".repeat(length - name(n).len()));
    decided_at_edge((0..count).fold(get, fill), edge_configuration("baggage"))
}

fn query() -> Worst {
    let get = carriers().named("edge, as many parameters as fit");
    let query = "%6B=1&".repeat((BYTES - get.size()) / 6);
    decided_at_edge(Get { query, ..get }, edge_configuration("query"))
}

/// What the mesh may do at most: 64 sources of members, 64 targets and projections, and repair by every header.
fn mesh_configuration() -> String {
    let sources = list(|n| format!(r#"{{"baggage": "key-aaaaaaaaaaaaaaaa-{n:02}"}}"#));
    let targets = list(|n| format!(r#"{{"header": "x-over-{n:02}"}}"#));
    let domains = list(|n| format!(r#""{}.{n:02}.example""#, "a".repeat(60)));
    let projections = list(|n| format!(r#"{{"header": "x-version-{n:02}", "service": "s{n:02}"}}"#));
    format!(
        r#"{{"version": 1, "role": "mesh", "internal": [{domains}],
        "tenant": {{"from": [{sources}], "to": [{{"header": "x-t"}}, {{"baggage": "tenant"}}], "pattern": "{LATE}"}},
        "overrides": {{"to": [{targets}]}}, "projections": [{projections}],
        "repair": {{"by": ["traceparent", "b3", "x-b3-traceid", "x-request-id", "x-datadog-trace-id", "uber-trace-id",
            "x-cloud-trace-context"], "lingerSeconds": 300}}}}"#
    )
}

/// Every trace header that names an id, well-formed.
fn traced(get: Get) -> Get {
    [
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("b3", "4bf92f3577b34da6a3ce929d0e0e4737-00f067aa0ba902b7-1"),
        ("x-b3-traceid", "4bf92f3577b34da6a3ce929d0e0e4738"),
        ("x-datadog-trace-id", "1234567890123456789"),
        ("uber-trace-id", "4bf92f3577b34da6a3ce929d0e0e4739:1:0:1"),
        ("x-cloud-trace-context", "4bf92f3577b34da6a3ce929d0e0e473a/1;o=1"),
        ("x-request-id", "5f0f3c52-6f5e-4f0e-9a53-1c2b64e4f5ad"),
    ]
    .into_iter()
    .fold(get, |get, (name, value)| get.line(name, value))
}

fn mesh(name: &str, authority: &str, direction: &'static str, is_well_formed: bool) -> Worst {
    let values: Vec<_> = (0..ENTRIES).map(|n| format!("{}_{n:02}", "a".repeat(60))).collect();
    let get = Get { lines: Vec::new(), authority: authority.into(), ..Get::ordinary() }.named(name);
    let mut get = traced(get.line("x-t", values.join(",")));
    let mut changes = Vec::new();
    if !is_well_formed {
        // A second line makes each malformed, and it is read as the proxy's tracers might.
        for (header, value) in get.lines.clone().into_iter().skip(1) {
            get = get.line(&header, value);
            changes.push((header, None));
        }
    }
    changes.push(("x-t".to_owned(), None));
    let near = "key-aaaaaaaaaaaaaaaa-!!=1,";
    let half = (BYTES - get.size() - 40) / 2 / near.len();
    let get = get.line("baggage", near.repeat(half)).line("correlation-context", near.repeat(half));
    Worst { get, configuration: mesh_configuration(), direction, changes }
}

fn inbound() -> Worst {
    mesh("inbound, with repair by every header", "shop", "INBOUND", false)
}

fn outbound() -> Worst {
    mesh("outbound, with repair by every header", "shop", "OUTBOUND", true)
}

/// The request leaves the mesh: its members are looked through twice.
fn leaving() -> Worst {
    mesh("leaving the mesh, members with keys that are nearly ours", "api.example.com", "OUTBOUND", true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_as_large_as_envoy_takes() {
        let all = worst().into_iter().map(|worst| worst.get).chain([large()]);
        for get in all {
            let (size, most) = (get.size() + get.query.len(), 60 * 1024);
            assert!((most - 1024..most).contains(&size) && get.lines.len() <= LINES, "{}: {size}", get.name);
        }
    }

    #[test]
    fn each_configuration_is_taken() {
        for Worst { get, configuration, .. } in worst() {
            if let Err(errors) = Filter::from_config(configuration.as_bytes()) {
                panic!("{}: {errors}", get.name);
            }
        }
    }
}

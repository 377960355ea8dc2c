mod mistakes;
mod overrides;
mod seals;
mod sources;
mod warnings;

use super::*;
use crate::repair::TraceHeader;

/// The mistakes of a configuration, a line each.
fn mistakes(json: &str) -> Vec<String> {
    let findings = compile(json.as_bytes()).expect_err(json);
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(ToString::to_string).collect()
}

/// The warnings of a configuration that is taken, a line each.
fn warnings(json: &str) -> Vec<String> {
    let (_, findings) = compile(json.as_bytes()).expect(json);
    findings.iter().map(ToString::to_string).collect()
}

/// A configuration of an edge with these further fields.
fn edge(fields: &str) -> String {
    format!(r#"{{"version": 1, "role": "edge", {fields}}}"#)
}

fn mesh(fields: &str) -> String {
    format!(r#"{{"version": 1, "role": "mesh", {fields}}}"#)
}

const ISSUERS: &str = r#", "verified": {"issuers": ["https://idp.example.com"]}"#;

fn all_are_accepted<const N: usize>(configs: [String; N]) {
    for config in configs {
        assert!(compile(config.as_bytes()).is_ok(), "{config}: {:?}", compile(config.as_bytes()).err());
    }
}

#[test]
fn accepts_what_the_contract_knows_at_an_edge() {
    all_are_accepted([
        edge(r#""strip": ["x-debug-*", "X-Internal"]"#),
        edge(r#""tenant": {"from": [{"host": "{tenant}.www.example.com"}], "to": [{"header": "x-tenant"}]}"#),
        edge(
            r#""tenant": {"from": [{"header": "tenantID", "trust": "anyone"}, {"header": "x", "trust": "mesh"}],
                "to": [{"header": "x-tenant"}, {"baggage": "tenant"}], "onConflict": "first", "onInvalid": "reject"},
                "foreignBaggage": "keep""#,
        ),
        edge(
            r#""overrides": {"from": [{"header": "x-service-route", "list": "::", "pair": ":"}],
                "to": [{"header": "x-override"}]}"#,
        ),
        edge(
            r#""tenant": {"from": [{"issuer": "https://a.com/{tenant}"}, {"claim": "a"}], "to": [{"header": "x-tenant"}]}"#,
        ),
        edge(
            r#""tenant": {"from": [{"issuer": "https://a.com/{tenant}"}], "to": [{"header": "x-tenant"}]},
                "verified": {"payload": "jwt"}"#,
        ),
        edge(r#""strip": ["traceparent"], "traceHeaders": "drop", "internal": ["lan"]"#),
        edge(
            r#""tenant": {"from": [{"claim": "tenancy.name"}, {"claim": ["https://a.com/t", 0.0]}, {"baggage": "k",
                "trust": "verified"}, {"cookie": "tenant", "trust": "anyone"}, {"query": "tenant", "trust": "anyone"}],
                "to": [{"header": "x-tenant"}], "pattern": "(dev|mp)-[a-z0-9-]+"},
                "verified": {"issuers": ["https://idp.example.com"], "claim": "groups", "anyOf": ["developers"]},
                "connect": "pass""#,
        ),
    ]);
}

#[test]
fn accepts_what_the_contract_knows_in_the_mesh() {
    all_are_accepted([
        mesh(r#""tenant": {"to": [{"header": "x-tenant"}]}"#),
        mesh(
            r#""tenant": {"to": [{"header": "x-tenant"}]}, "internal": ["corp.example.org", "LAN"],
                "repair": {"by": ["traceparent", "x-request-id"], "slots": 64.0, "lingerSeconds": 0}"#,
        ),
        mesh(r#""tenant": {"to": [{"header": "x-tenant"}]}, "peers": "mtls", "repair": {"by": ["b3"]}"#),
        mesh(r#""overrides": {"from": [], "to": [{"header": "x-override"}]}, "foreignBaggage": "drop""#),
        mesh(
            r#""overrides": {"from": [{"claim": "overrides"}, {"baggage": "o"}], "to": [{"header": "x-o"}, {"baggage": "o"}],
                "onDuplicate": "last", "onInvalid": "reject"}, "peers": "mtls", "verified": {"issuers": ["i"]},
                "projections": [{"header": "x-v", "service": "called"}, {"header": "x-foo", "service": "foo.ns"}]"#,
        ),
        r#" {"version": 1.0, "role": "mesh", "tenant": {"to": [{"baggage": "Sd.Key_1"}]}} "#.into(),
    ]);
}

#[test]
fn lists_all_mistakes_each_with_its_path_and_remedy() {
    let config = r#"{
        "version": 2,
        "tenant": {
            "from": [{"host": "www.example.com"}, {"header": "x y"}, {"host": "{tenant}.a.com", "header": "b"}, 7],
            "to": [{"header": ":path"}, {"baggage": "a b"}],
            "onConflict": "last"
        },
        "overides": {}
    }"#;
    let starts = [
        "overides: unknown field; did you mean overrides? known here: version, role, tenant,",
        "version: expected 1, found 2;",
        "role: missing; write \"edge\" in a proxy that faces clients, \"mesh\" in one beside a workload, \"waypoint\" in a waypoint",
        "tenant.to[0].header: expected a header name",
        "tenant.to[1].baggage: expected a baggage key",
        "tenant.from[0].host: \"www.example.com\" needs exactly one {tenant}",
        "tenant.from[1].header: expected a header name",
        "tenant.from[2]: expected exactly one of host, claim, issuer, header, baggage, cookie, query",
        "tenant.from[3]: expected an object with the fields host, claim, issuer, header, baggage, cookie, query, trust,",
        "tenant.onConflict: expected \"first\" or \"reject\", found \"last\"",
    ];
    let found = mistakes(config);
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (mistake, start) in found.iter().zip(starts) {
        assert!(mistake.starts_with(start), "{mistake}\n  should start with\n{start}");
    }
}

/// Which field is wrong depends on the role, so it says nothing before there is one.
#[test]
fn without_a_role_no_mistake_follows_from_a_guess() {
    for role in ["", r#""role": "egde", "#] {
        for rest in [
            r#""tenant": {"to": [{"header": "x-tenant"}]}"#,
            r#""tenant": {"to": [{"header": "x-tenant"}]}, "peers": "mtls", "repair": {"by": ["b3"]}"#,
            r#""strip": ["x-a"], "connect": "pass", "traceHeaders": "drop""#,
            r#""tenant": {"to": [{"header": "x-tenant"}]}, "caller": "web""#,
        ] {
            let found = mistakes(&format!(r#"{{"version": 1, {role}{rest}}}"#));
            assert!(found.len() == 1 && found[0].starts_with("role: "), "{rest}: {found:?}");
        }
        let found = mistakes(&format!(r#"{{"version": 1, {role}"strip": ["a b"], "connect": 1, "zz": 1}}"#));
        let starts = ["zz: ", "role: ", "strip[0]: ", "connect: "];
        assert_eq!(found.len(), starts.len(), "{found:?}");
        assert!(found.iter().zip(starts).all(|(it, start)| it.starts_with(start)), "{found:?}");
    }
}

/// A trace header that repair knows and an edge keeps would let a client choose whose context a call gets.
#[test]
fn an_edge_that_drops_trace_headers_drops_every_one_that_repair_knows() {
    let (compiled, _) = compile(edge(r#""strip": ["x-debug"], "traceHeaders": "drop""#).as_bytes()).unwrap();
    for (name, header) in TraceHeader::words() {
        let is_dropped = compiled.rules.names.look_up(name.as_bytes()).is_some();
        assert_eq!(is_dropped, header != TraceHeader::RequestId, "{name}: the proxy makes x-request-id anew");
    }
}

#[test]
fn shows_a_long_value_cut_and_on_one_line() {
    let config = edge(&format!(r#""strip": {:?}"#, "\n\u{fc}".repeat(100)));
    let found = mistakes(&config);
    assert!(found[0].len() < 160 && !found[0].contains('\n') && found[0].ends_with('…'), "{found:?}");
}

#[test]
fn counts_the_entries_of_a_list() {
    let names: Vec<_> = (0..65).map(|n| format!("\"x-{n}\"")).collect();
    assert_eq!(
        mistakes(&edge(&format!(r#""strip": [{}]"#, names.join(",")))),
        ["strip: has 65 entries; at most 64 are allowed"]
    );
}

#[test]
fn displays_one_line_a_mistake() {
    let errors = compile(br#"{"version": 2, "role": "edge"}"#).unwrap_err();
    let starts = ["version: expected 1, found 2;", "configuration: says nothing to do;"];
    let shown = errors.to_string();
    assert_eq!(shown.lines().count(), starts.len(), "{shown}");
    assert!(shown.lines().zip(starts).all(|(line, start)| line.starts_with(start)), "{shown}");
}

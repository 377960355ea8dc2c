use super::*;
use crate::repair::TraceHeader;

/// The mistakes of a configuration, a line each.
fn mistakes(json: &str) -> Vec<String> {
    let errors = compile(json.as_bytes()).expect_err(json);
    errors.iter().map(ToString::to_string).collect()
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
                "trust": "verified"}, {"cookie": "tenant", "trust": "anyone"}, {"query": "tenant"}],
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
        "overides: unknown field; known here: version, role, tenant,",
        "version: expected 1, found 2;",
        "role: missing; write \"edge\" in a proxy that faces clients, \"mesh\" in one between workloads",
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

/// A tenant from a host, with these further fields.
fn tenant(fields: &str) -> String {
    edge(&format!(r#""tenant": {{"from": [{{"host": "{{tenant}}.a.com"}}], {fields}}}"#))
}

/// A tenant from these sources, and more fields of the configuration.
fn source(from: &str, more: &str) -> String {
    edge(&format!(r#""tenant": {{"from": [{from}], "to": [{{"header": "x"}}]}}{more}"#))
}

/// A tenant in the mesh, and these fields of the configuration.
fn passing(fields: &str) -> String {
    mesh(&format!(r#""tenant": {{"to": [{{"header": "x-t"}}]}}, {fields}"#))
}

fn overrides(from: &str) -> String {
    mesh(&format!(r#""overrides": {{"from": [{from}], "to": [{{"header": "x-o"}}]}}"#))
}

fn override_targets(to: &str) -> String {
    mesh(&format!(r#""overrides": {{"to": [{{"header": "x-o"}}, {to}]}}"#))
}

fn projections(entry: &str) -> String {
    mesh(&format!(r#""overrides": {{"to": [{{"header": "x-o"}}]}}, "projections": [{entry}]"#))
}

/// Each of these configurations has one mistake, whose line starts like this.
fn have_one_mistake<const N: usize>(cases: [(String, &str); N]) {
    for (config, start) in cases {
        let found = mistakes(&config);
        assert_eq!(found.len(), 1, "{config}\n{found:#?}");
        assert!(found[0].starts_with(start), "{config}\n{}\n  should start with\n{start}", found[0]);
    }
}

#[test]
fn names_the_mistake_of_a_whole_configuration() {
    have_one_mistake([
        (String::new(), "configuration: is empty"),
        (" \n".into(), "configuration: is empty"),
        ("version: 1".into(), "configuration: is not JSON"),
        ("{\"version\": 1".into(), "configuration: is not JSON"),
        ("[]".into(), "configuration: expected an object"),
        (
            r#"{"version": 1, "role": "edge", "role": "mesh", "strip": ["x"]}"#.into(),
            "configuration: \"role\" stands twice in one object; keep one",
        ),
        (edge(r#""tenant": {"to": [], "to": []}"#), "configuration: \"to\" stands twice in one object"),
        (format!("{{{}}}", " ".repeat(MAX_CONFIG_BYTES)), "configuration: has 65538 bytes"),
        (r#"{"version": 1, "role": "edge"}"#.into(), "configuration: says nothing to do"),
        (r#"{"role": "edge", "strip": ["x"]}"#.into(), "version: missing; write version: 1"),
        (r#"{"version": "1", "role": "edge", "strip": ["x"]}"#.into(), "version: expected 1, found \"1\""),
        (r#"{"version": 1, "role": "gateway", "strip": ["x"]}"#.into(), "role: expected \"edge\" or \"mesh\""),
        (
            override_targets(&format!(r#"{{"baggage": "{}"}}"#, "k".repeat(4000))),
            "configuration: writes baggage of more than",
        ),
    ]);
}

#[test]
fn names_the_mistake_at_the_boundary_of_the_mesh() {
    have_one_mistake([
        (edge(r#""strip": ["x"], "repair": {"by": ["b3"]}"#), "repair: repairs nothing at an edge"),
        (edge(r#""strip": ["x"], "traceHeaders": true"#), "traceHeaders: expected \"drop\" or \"keep\", found true"),
        (edge(r#""strip": ["x"], "internal": [".lan"]"#), "internal[0]: expected a domain as in corp.example.org"),
        (edge(r#""strip": ["x"], "internal": "lan""#), "internal: expected a list, found \"lan\""),
        (passing(r#""traceHeaders": "drop""#), "traceHeaders: decides nothing in the mesh"),
        (passing(r#""internal": ["*.lan"]"#), "internal[0]: expected a domain as in corp.example.org"),
        (
            passing(r#""clusterDomains": []"#),
            "clusterDomains: is empty; leave it out, which stands for [cluster.local]",
        ),
        (
            passing(r#""clusterDomains": ["k8s.lab", "SVC.cluster.local"]"#),
            "clusterDomains[1]: \"svc.cluster.local\" begins with svc",
        ),
        (passing(r#""repair": {}"#), "repair.by: missing; name headers that applications forward"),
        (passing(r#""repair": {"by": []}"#), "repair.by: is empty; name headers that applications forward"),
        (passing(r#""repair": {"by": ["b3", "x-trace"]}"#), "repair.by[1]: expected \"traceparent\" or \"b3\" or"),
        (passing(r#""repair": {"by": ["b3", "b3"]}"#), "repair.by[1]: is named already"),
        (passing(r#""repair": {"by": ["b3"], "slots": 63}"#), "repair.slots: expected a whole number from 64 to 65536"),
        (passing(r#""repair": {"by": ["b3"], "slots": 64.5}"#), "repair.slots: expected a whole number from 64"),
        (
            passing(r#""repair": {"by": ["b3"], "lingerSeconds": -1}"#),
            "repair.lingerSeconds: expected a whole number from 0",
        ),
        (passing(r#""repair": {"by": ["b3"], "linger": 1}"#), "repair.linger: unknown field; known here: by, slots"),
        (
            edge(r#""strip": ["x"], "foreignBaggage": true"#),
            "foreignBaggage: expected \"drop\" or \"keep\", found true",
        ),
        (source(r#"{"header": "y"}"#, r#", "peers": "mtls""#), "peers: decides nothing at an edge"),
        (source(r#"{"header": "y"}"#, r#", "connect": "allow""#), "connect: expected \"refuse\" or \"pass\""),
        (mesh(r#""tenant": {"to": [{"header": "x"}]}, "connect": "pass""#), "connect: decides nothing in the mesh"),
    ]);
}

#[test]
fn names_the_mistake_in_strip() {
    have_one_mistake([
        (edge(r#""strip": []"#), "strip: is empty"),
        (edge(r#""strip": "x-debug""#), "strip: expected a list, found \"x-debug\""),
        (edge(r#""strip": ["*"]"#), "strip[0]: expected a header name, or a prefix"),
        (edge(r#""strip": ["x-*-y"]"#), "strip[0]: expected a header name, or a prefix"),
        (edge(r#""strip": ["ok", "Ho*"]"#), "strip[1]: \"Ho*\" would remove \"host\""),
        (edge(r#""strip": ["content_length"]"#), "strip[0]: \"content_length\" would remove \"content-length\""),
        (edge(r#""strip": ["baggage"]"#), "strip[0]: \"baggage\" would remove \"baggage\"; write foreignBaggage: drop"),
        (mesh(r#""strip": ["x-debug"]"#), "strip: strips nothing in the mesh"),
        (source(r#"{"cookie": "c"}"#, r#", "strip": ["x", "cook*"]"#), "strip[1]: \"cook*\" would remove the cookies"),
    ]);
}

#[test]
fn names_the_mistake_in_the_rules_of_the_tenant() {
    have_one_mistake([
        (
            tenant(r#""to": [{"header": "x"}], "repair": {}"#),
            "tenant.repair: unknown field; known here: from, to, pattern",
        ),
        (tenant(r#""to": [{"header": "x"}], "pattern": "(""#), "tenant.pattern: is no regular expression"),
        (tenant(r#""to": [{"header": "x"}], "pattern": "a)|(b""#), "tenant.pattern: is no regular expression"),
        (
            tenant(r#""to": [{"header": "x"}], "pattern": "(?:(?:[a-z0-9-]{0,30}){0,30}){0,5}""#),
            "tenant.pattern: \"(?:(?:[a-z0-9-]{0,30}){0,30}){0,5}\" takes more than 16384 bytes once compiled; count less",
        ),
        (tenant(r#""to": [{"header": "x"}], "pattern": """#), "tenant.pattern: expected a regular expression of 1 to"),
    ]);
}

#[test]
fn names_the_mistake_in_a_target_of_the_tenant() {
    have_one_mistake([
        (tenant(r#""to": []"#), "tenant.to: is empty; name where the tenant is written"),
        (tenant(r#""onInvalid": "ignore""#), "tenant.to: missing; name where the tenant is written"),
        (tenant(r#""to": [{"header": "x", "baggage": "y"}]"#), "tenant.to[0]: expected exactly one of header, baggage"),
        (
            tenant(r#""to": [{"header": "x"}, {"header": "X"}]"#),
            "tenant.to[1].header: \"x\" carries the tenant already",
        ),
        (
            tenant(r#""to": [{"baggage": "k"}, {"baggage": "k"}]"#),
            "tenant.to[1].baggage: \"k\" carries the tenant already",
        ),
        (tenant(r#""to": [{"baggage": "k%20"}]"#), "tenant.to[0].baggage: expected a baggage key"),
        (tenant(r#""to": [{"header": "baggage"}]"#), "tenant.to[0].header: \"baggage\" holds members; name one"),
        (tenant(r#""to": [{"header": "Content_Length"}]"#), "tenant.to[0].header: \"content_length\" has a meaning"),
        (tenant(r#""to": [{"header": "traceparent"}]"#), "tenant.to[0].header: \"traceparent\" has a meaning"),
    ]);
}

#[test]
fn names_the_mistake_in_a_source_of_the_tenant() {
    have_one_mistake([
        (edge(r#""tenant": {"to": [{"header": "x"}]}"#), "tenant.from: missing; at an edge nothing else is read"),
        (edge(r#""tenant": {"from": [], "to": [{"header": "x"}]}"#), "tenant.from: is empty"),
        (
            source(r#"{"header": "X-Forwarded-Host", "trust": "anyone"}"#, ""),
            "tenant.from[0].header: \"x-forwarded-host\" has a meaning of its own: proxies write and believe it; match",
        ),
        (
            edge(r#""tenant": {"from": [{"host": "{tenant}.a.com", "trust": "anyone"}], "to": [{"header": "x"}]}"#),
            "tenant.from[0].trust: host needs no trust",
        ),
        (
            edge(r#""tenant": {"from": [{"header": "x", "trust": "client"}], "to": [{"header": "x"}]}"#),
            "tenant.from[0].trust: expected \"mesh\" or \"verified\" or \"anyone\"",
        ),
        (source(r#"{"query": "y"}, {"query": "y"}"#, ""), "tenant.from[1]: is read already; name a source once"),
        (source(r#"{"claim": "a..b"}"#, ISSUERS), "tenant.from[0].claim: expected a claim as in tenancy.name"),
        (source(r#"{"claim": ["a", -1]}"#, ISSUERS), "tenant.from[0].claim: expected a claim as in tenancy.name"),
        (source(r#"{"claim": ["a", 0.5]}"#, ISSUERS), "tenant.from[0].claim: expected a claim as in tenancy.name"),
        (source(r#"{"claim": []}"#, ISSUERS), "tenant.from[0].claim: expected a claim as in tenancy.name"),
        (source(r#"{"claim": "a", "trust": "anyone"}"#, ISSUERS), "tenant.from[0].trust: claim needs no trust"),
        (source(r#"{"cookie": "a b"}"#, ""), "tenant.from[0].cookie: expected the name of a cookie"),
        (source(r#"{"query": ""}"#, ""), "tenant.from[0].query: is empty"),
        (source(r#"{"baggage": "k", "header": "y"}"#, ""), "tenant.from[0]: expected exactly one of host, claim"),
        (
            mesh(r#""tenant": {"from": [{"cookie": "x"}], "to": [{"header": "x"}]}"#),
            "tenant.from[0].cookie: a cookie is a source of an edge only",
        ),
        (
            mesh(r#""tenant": {"from": [{"query": "x"}], "to": [{"header": "x"}]}"#),
            "tenant.from[0].query: a query is a source of an edge only",
        ),
    ]);
}

#[test]
fn names_the_mistake_in_an_issuer_of_the_tenant() {
    have_one_mistake([
        (
            source(r#"{"issuer": "https://{tenant}"}"#, ""),
            "tenant.from[0].issuer: \"https://{tenant}\" has to name a domain",
        ),
        (
            source(r#"{"issuer": "https://a.com/t"}"#, ISSUERS),
            "tenant.from[0].issuer: \"https://a.com/t\" needs exactly one",
        ),
        (
            source(r#"{"issuer": "https://a.com/{tenant}", "trust": "anyone"}"#, ""),
            "tenant.from[0].trust: issuer needs no trust",
        ),
        (
            source(r#"{"claim": "a"}, {"issuer": "https://a.com/{tenant}"}"#, ISSUERS),
            "tenant.from[1].issuer: stands behind tenant.from[0].claim, by which one issuer could",
        ),
        (
            mesh(
                r#""tenant": {"from": [{"header": "a", "trust": "verified"}, {"issuer": "https://a.com/{tenant}"}],
                    "to": [{"header": "x"}]}"#,
            ),
            "tenant.from[1].issuer: stands behind tenant.from[0].trust",
        ),
        (
            source(r#"{"issuer": "https://a.com/{tenant}"}"#, r#", "verified": {"issuers": []}"#),
            "verified.issuers: is empty; name the accepted",
        ),
    ]);
}

#[test]
fn names_the_mistake_in_a_target_of_overrides() {
    have_one_mistake([
        (
            override_targets(r#"{"header": "if-match"}"#),
            "overrides.to[1].header: \"if-match\" has a meaning of its own",
        ),
        (
            mesh(r#""tenant": {"to": [{"header": "x"}]}, "overrides": {"to": [{"header": "x"}]}"#),
            "overrides.to[0].header: \"x\" carries the tenant already",
        ),
        (override_targets(r#"{"baggage": "k", "pair": "="}"#), "overrides.to[1].pair: baggage has one dialect"),
        (override_targets(r#"{"baggage": "k"}, {"baggage": "l"}"#), "overrides.to[2].baggage: is a second baggage key"),
    ]);
}

#[test]
fn names_the_mistake_in_a_source_of_overrides() {
    have_one_mistake([
        (
            overrides(r#"{"header": "x-request-id"}"#),
            "overrides.from[0].header: \"x-request-id\" has a meaning of its own: it is a part of tracing; choose",
        ),
        (overrides(r#"{"list": ";"}"#), "overrides.from[0]: expected exactly one of header, claim, baggage"),
        (overrides(r#"{"header": "y", "list": ""}"#), "overrides.from[0].list: expected 1 to 8 printable bytes"),
        (overrides(r#"{"header": "y", "pair": "-"}"#), "overrides.from[0].pair: expected 1 to 8 printable bytes"),
        (overrides(r#"{"header": "y", "list": ":"}"#), "overrides.from[0]: pair \":\" holds the list separator"),
        (
            overrides(r#"{"header": "y"}, {"header": "Y", "trust": "anyone"}"#),
            "overrides.from[1]: is read already; name",
        ),
        (overrides(r#"{"header": "y", "list": ";,"}"#), "overrides.from[0]: list \";,\" holds a comma"),
        (overrides(r#"{"header": "x-o", "list": ";"}"#), "overrides.from[0]: is written with other separators"),
        (
            mesh(
                r#""tenant": {"to": [{"header": "x"}]}, "overrides": {"from": [{"header": "x"}], "to": [{"header": "y"}]}"#,
            ),
            "overrides.from[0].header: \"x\" carries the tenant already",
        ),
        (
            mesh(
                r#""tenant": {"to": [{"baggage": "k"}]}, "overrides": {"from": [{"baggage": "k"}], "to": [{"header": "y"}]}"#,
            ),
            "overrides.from[0].baggage: \"k\" carries the tenant already",
        ),
        (overrides(r#"{"baggage": "k", "list": ";"}"#), "overrides.from[0].list: only headers have dialects"),
    ]);
}

#[test]
fn names_the_mistake_in_a_projection() {
    have_one_mistake([
        (
            projections(r#"{"header": "grpc-version", "service": "a"}"#),
            "projections[0].header: \"grpc-version\" has a meaning of its own: it belongs to gRPC; choose a header",
        ),
        (source(r#"{"header": "y"}"#, r#", "projections": []"#), "projections: project overrides; add overrides"),
        (projections(r#"{"service": "called"}"#), "projections[0].header: missing; name the header to write"),
        (projections(r#"{"header": "x-v"}"#), "projections[0].service: missing; name a service, or write called"),
        (
            projections(r#"{"header": "x-v", "service": "a b"}"#),
            "projections[0].service: expected called, or a service",
        ),
        (projections(r#"{"header": "x-o", "service": "a"}"#), "projections[0].header: \"x-o\" carries the overrides"),
    ]);
}

#[test]
fn names_the_mistake_in_verified() {
    have_one_mistake([
        (source(r#"{"claim": "tenancy"}"#, ""), "verified: missing; tenant.from[0].claim needs it; name the issuers"),
        (source(r#"{"header": "y", "trust": "verified"}"#, ""), "verified: missing; tenant.from[0].trust needs it"),
        (
            source(r#"{"header": "y"}"#, r#", "verified": {"issuers": []}"#),
            "verified.issuers: is empty; name the accepted",
        ),
        (source(r#"{"header": "y"}"#, r#", "verified": {"issuers": [""]}"#), "verified.issuers[0]: is empty"),
        (
            source(r#"{"header": "y"}"#, r#", "verified": {"issuers": ["a"], "claim": "groups"}"#),
            "verified: claim and anyOf go together",
        ),
    ]);
}

/// A trace header that repair knows and an edge keeps would let a client choose whose context a call gets.
#[test]
fn an_edge_that_drops_trace_headers_drops_every_one_that_repair_knows() {
    let compiled = compile(edge(r#""strip": ["x-debug"], "traceHeaders": "drop""#).as_bytes()).unwrap();
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

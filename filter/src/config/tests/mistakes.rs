//! One mistake at a time, by the field that it is in.

use super::overrides::override_targets;
use super::{edge, mesh, mistakes};
use crate::config::MAX_CONFIG_BYTES;

/// A tenant from a host, with these further fields.
fn tenant(fields: &str) -> String {
    edge(&format!(r#""tenant": {{"from": [{{"host": "{{tenant}}.a.com"}}], {fields}}}"#))
}

/// A tenant from these sources, and more fields of the configuration.
pub(super) fn source(from: &str, more: &str) -> String {
    edge(&format!(r#""tenant": {{"from": [{from}], "to": [{{"header": "x"}}]}}{more}"#))
}

/// A tenant in the mesh, and these fields of the configuration.
fn passing(fields: &str) -> String {
    mesh(&format!(r#""tenant": {{"to": [{{"header": "x-t"}}]}}, {fields}"#))
}

/// Each of these configurations has one mistake, whose line starts like this.
pub(super) fn have_one_mistake<const N: usize>(cases: [(String, &str); N]) {
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
            "configuration: \"role\" occurs twice in one object; keep one",
        ),
        (edge(r#""tenant": {"to": [], "to": []}"#), "configuration: \"to\" occurs twice in one object"),
        (format!("{{{}}}", " ".repeat(MAX_CONFIG_BYTES)), "configuration: has 65538 bytes"),
        (r#"{"version": 1, "role": "edge"}"#.into(), "configuration: says nothing to do"),
        (r#"{"role": "edge", "strip": ["x"]}"#.into(), "version: missing; write version: 1"),
        (r#"{"version": "1", "role": "edge", "strip": ["x"]}"#.into(), "version: expected 1, found \"1\""),
        (
            r#"{"version": 1, "role": "gateway", "strip": ["x"]}"#.into(),
            "role: expected \"edge\" or \"mesh\" or \"waypoint\", found",
        ),
        (
            r#"{"version": 1, "role": "mash", "strip": ["x"]}"#.into(),
            "role: expected \"edge\" or \"mesh\" or \"waypoint\", found \"mash\"; did you mean mesh?",
        ),
        (edge(r#""strip": ["x"], "tennant": {}"#), "tennant: unknown field; did you mean tenant? known here: version"),
        (edge(r#""strip": ["x"], "onconflict": {}"#), "onconflict: unknown field; known here: version"),
        (
            // What Envoy makes of {version: 1, role: edge}; the length of the first entry is that of a brace, too.
            "\n{\n\u{7}version\u{12}\t\u{11}\0\0\0".into(),
            "configuration: is a protobuf message, as Envoy hands on a google.protobuf.Struct; write JSON as the value",
        ),
        (
            override_targets(&format!(r#"{{"baggage": "{}"}}"#, "k".repeat(4000))),
            "configuration: writes baggage of more than",
        ),
    ]);
}

#[test]
fn names_what_cannot_work_at_a_waypoint_and_what_to_do_instead() {
    let waypoint = |fields| passing(fields).replace("mesh", "waypoint");
    have_one_mistake([
        (
            waypoint(r#""repair": {"by": ["traceparent"]}"#),
            "repair: repairs nothing at a waypoint: no request is outbound there, and its replicas share no memory; let",
        ),
        (waypoint(r#""peers": "mtls""#), "peers: tells nobody apart at a waypoint, where the certificate ends before"),
        (waypoint(r#""peers": "any""#), "peers: tells nobody apart at a waypoint"),
        (
            waypoint(r#""destinations": {"header": "x-c", "clusters": ["t-{tenant}"]}"#),
            "destinations: lead nowhere at a waypoint, whose routes no EnvoyFilter patches; leave them out, and match",
        ),
        (
            waypoint(r#""caller": "web""#),
            "caller: names nobody at a waypoint, through which many workloads call; leave",
        ),
        (waypoint(r#""strip": ["x-a"]"#), "strip: strips nothing at a waypoint"),
        (waypoint(r#""connect": "pass""#), "connect: decides nothing at a waypoint"),
        (waypoint(r#""traceHeaders": "drop""#), "traceHeaders: decides nothing at a waypoint"),
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
        (
            source(
                r#"{"host": "{tenant}.a.com", "of": "x-forwarded-host", "trust": "anyone"}"#,
                r#", "strip": ["x-forwarded-*"]"#,
            ),
            "strip[0]: \"x-forwarded-*\" would remove \"x-forwarded-host\", which tenant.from reads",
        ),
        (
            source(r#"{"cookie": "c", "trust": "anyone"}"#, r#", "strip": ["x", "cook*"]"#),
            "strip[1]: \"cook*\" would remove \"cookie\", which tenant.from reads",
        ),
    ]);
}

#[test]
fn names_the_mistake_in_the_rules_of_the_tenant() {
    have_one_mistake([
        (
            tenant(r#""to": [{"header": "x"}], "repair": {}"#),
            "tenant.repair: unknown field; known here: from, to, pattern",
        ),
        (
            tenant(r#""to": [{"header": "x"}], "pattern": "(""#),
            "tenant.pattern: \"(\" cannot be used: a group has no closing parenthesis",
        ),
        (
            tenant(r#""to": [{"header": "x"}], "pattern": "a)|(b""#),
            "tenant.pattern: \"a)|(b\" cannot be used after \"a\": a closing parenthesis has no opening one",
        ),
        (
            tenant(r#""to": [{"header": "x"}], "pattern": "pr-[0-9+""#),
            "tenant.pattern: \"pr-[0-9+\" cannot be used after \"pr-\": a set has no closing bracket",
        ),
        (
            tenant(r#""to": [{"header": "x"}], "pattern": "(?!x)y""#),
            "tenant.pattern: \"(?!x)y\" cannot be used: look-around is not supported",
        ),
        (
            tenant(r#""to": [{"header": "x"}], "pattern": "(?:(?:[a-z0-9-]{0,30}){0,30}){0,5}""#),
            "tenant.pattern: \"(?:(?:[a-z0-9-]{0,30}){0,30}){0,5}\" takes more than 1024 states; count less",
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

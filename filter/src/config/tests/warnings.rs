//! What is taken, and warned of.

use super::mistakes::{have_one_mistake, source};
use super::{compile, edge, mesh, warnings};

/// Each of these configurations is taken with one warning, whose line starts like this.
fn have_one_warning<const N: usize>(cases: [(String, &str); N]) {
    for (config, start) in cases {
        let found = warnings(&config);
        let start = format!("warning: {start}");
        let is_warned = matches!(&found[..], [only] if only.starts_with(&start));
        assert!(is_warned, "{config}\n{found:#?}\n  should be one that starts with\n{start}");
    }
}

/// Each of these configurations is taken, and nothing is said.
fn have_no_warning<const N: usize>(configs: [String; N]) {
    for config in configs {
        assert_eq!(warnings(&config), [""; 0], "{config}");
    }
}

const HOST: &str = r#"{"host": "{tenant}.a.com"}"#;

/// A tenant from a host and from these further sources.
fn beside_host(from: &str) -> String {
    source(&format!("{HOST}, {from}"), "")
}

#[test]
fn a_source_that_an_edge_removes_says_so_by_its_trust() {
    have_one_warning([
        (beside_host(r#"{"header": "y"}"#), "tenant.from[1]: is removed at an edge and never believed; write trust:"),
        (beside_host(r#"{"baggage": "y"}"#), "tenant.from[1]: is removed at an edge and never believed; write trust:"),
    ]);
    have_no_warning([
        beside_host(r#"{"header": "y", "trust": "mesh"}, {"baggage": "y", "trust": "mesh"}"#),
        beside_host(r#"{"header": "y", "trust": "anyone"}, {"cookie": "y", "trust": "anyone"}"#),
        mesh(r#""tenant": {"from": [{"header": "y"}], "to": [{"header": "x"}]}, "peers": "mtls""#),
    ]);
}

/// A warning and no error: the edge still removes them, and one text may serve edges and the mesh.
#[test]
fn sources_of_which_an_edge_believes_none_choose_nothing() {
    let overrides = |from: &str| edge(&format!(r#""overrides": {{"from": [{from}], "to": [{{"header": "x"}}]}}"#));
    let none =
        "holds no source that an edge believes, so it chooses nothing; give one trust: verified or trust: anyone";
    have_one_warning([
        (source(r#"{"header": "y"}, {"baggage": "y"}"#, ""), &format!("tenant.from: {none}")),
        (source(r#"{"header": "y", "trust": "mesh"}"#, ""), &format!("tenant.from: {none}")),
        (overrides(r#"{"header": "x"}"#), &format!("overrides.from: {none}")),
    ]);
    have_no_warning([
        overrides(r#"{"header": "x", "trust": "anyone"}"#),
        mesh(r#""overrides": {"from": [{"header": "y"}], "to": [{"header": "x"}]}"#),
        mesh(r#""overrides": {"from": [], "to": [{"header": "x"}]}"#),
    ]);
}

#[test]
fn a_cookie_or_query_has_to_be_believed() {
    let never = "is never believed under trust: mesh, the default; write trust: verified";
    have_one_mistake([
        (source(r#"{"cookie": "c"}"#, ""), &format!("tenant.from[0].cookie: {never}")),
        (beside_host(r#"{"query": "q"}"#), &format!("tenant.from[1].query: {never}")),
        (beside_host(r#"{"query": "q", "trust": "mesh"}"#), &format!("tenant.from[1].query: {never}")),
        (beside_host(r#"{"query": "q", "trust": "me"}"#), "tenant.from[1].trust: expected \"mesh\" or \"verified\""),
    ]);
}

#[test]
fn verified_is_for_sources_that_need_a_token() {
    let verified = |from: &str, fields: &str| source(from, &format!(r#", "verified": {{"issuers": ["i"]{fields}}}"#));
    let narrowed = r#", "claim": "groups", "anyOf": ["a"]"#;
    let trusted = r#"{"header": "y", "trust": "verified"}"#;
    have_one_warning([
        (verified(HOST, ""), "verified: decides nothing, because no source needs a token"),
        (verified(HOST, narrowed), "verified: decides nothing, because no source needs a token"),
        (verified(r#"{"claim": "a"}"#, narrowed), "verified: narrows nothing by its claim, which is for sources with"),
        (
            source(trusted, r#", "verified": {"issuers": ["https://a.com", "https://*.a.com"]}"#),
            "verified.issuers[1]: is compared byte for byte; a pattern for issuers is a source",
        ),
        (
            source(trusted, r#", "verified": {"issuers": ["https://a.com/{tenant}"]}"#),
            "verified.issuers[0]: is compared byte for byte; a pattern for issuers is a source",
        ),
    ]);
    have_no_warning([
        verified(trusted, narrowed),
        verified(r#"{"claim": "a"}"#, ""),
        source(r#"{"issuer": "https://a.com/{tenant}"}"#, r#", "verified": {"payload": "jwt"}"#),
        mesh(&format!(
            r#""tenant": {{"from": [{trusted}], "to": [{{"header": "x"}}]}}, "verified": {{"issuers": ["i"]{narrowed}}}"#
        )),
    ]);
}

#[test]
fn a_host_pattern_stands_before_those_that_fit_more() {
    let hosts = |first: &str, second: &str| source(&format!(r#"{{"host": "{first}"}}, {{"host": "{second}"}}"#), "");
    let never = "tenant.from[1].host: is never asked, because tenant.from[0] fits every such host; put it before that";
    have_one_warning([
        (hosts("{tenant}.a.com", "{tenant}.A.com"), never),
        (hosts("{tenant}.a.com", "{tenant}-admin.a.com"), never),
        (hosts("{tenant}.a.com", "pr-{tenant}.a.com"), never),
        (hosts("{tenant}.*.com", "{tenant}.a.com"), never),
        (hosts("*.{tenant}.com", "{tenant}.a.com"), never),
        (hosts("{tenant}.*.com", "www.{tenant}.com"), never),
        (hosts("pr-{tenant}.a.com", "pr-{tenant}-web.a.com"), never),
        (hosts("{tenant}.a.com", "{tenant}--*.a.com"), never),
        (hosts("{tenant}--*.a.com", "{tenant}--shop-*.a.com"), never),
    ]);
    have_no_warning([
        hosts("{tenant}-admin.a.com", "{tenant}.a.com"),
        hosts("{tenant}--*.a.com", "{tenant}.a.com"),
        hosts("{tenant}--shop.a.com", "{tenant}--*.a.com"),
        hosts("{tenant}.a.com", "{tenant}.b.com"),
        source(
            r#"{"host": "{tenant}.a.com"}, {"host": "{tenant}.a.com", "of": "origin", "trust": "anyone"},
                {"host": "{tenant}.a.com", "of": "x-forwarded-host", "trust": "anyone"}"#,
            "",
        ),
        hosts("{tenant}.a.com", "{tenant}.a.a.com"),
        // A tenant has neither a hyphen at an end nor an underscore.
        hosts("{tenant}.a.com", "{tenant}-.a.com"),
        hosts("{tenant}.a.com", "{tenant}_admin.a.com"),
        hosts("{tenant}.a.com", "{tenant}.*.com"),
        hosts("{tenant}.*.a.com", "a_.{tenant}.a.com"),
    ]);
}

#[test]
fn domains_decide_at_an_edge_which_service_is_called() {
    let fields = |name: &str, list: &str, service: &str| {
        edge(&format!(
            r#""overrides": {{"from": [{{"header": "y", "trust": "anyone"}}], "to": [{{"header": "x"}}]}},
               "projections": [{{"header": "z", "service": "{service}"}}], "{name}": {list}"#
        ))
    };
    let nothing = "decides nothing at an edge without destinations or a projection of service: called; leave it out";
    have_one_warning([
        (fields("internal", r#"["lan"]"#, "foo"), &format!("internal: {nothing}")),
        (fields("clusterDomains", r#"["k8s.lab"]"#, "foo"), &format!("clusterDomains: {nothing}")),
        (edge(r#""strip": ["x"], "internal": ["lan"]"#), &format!("internal: {nothing}")),
    ]);
    have_no_warning([
        fields("internal", r#"["lan"]"#, "called"),
        fields("clusterDomains", r#"["k8s.lab"]"#, "called"),
        fields("internal", "[]", "foo"),
        mesh(r#""tenant": {"to": [{"header": "x"}]}, "internal": ["lan"], "peers": "mtls""#),
    ]);
}

#[test]
fn what_is_stripped_is_neither_believed_nor_removed_already() {
    let strip = |trust: &str, names: &str| {
        source(
            &format!(r#"{HOST}, {{"header": "x-acme-env", "trust": "{trust}"}}"#),
            &format!(r#", "strip": [{names}]"#),
        )
    };
    have_one_warning([
        (
            strip("anyone", r#""y", "x-acme-*""#),
            "strip[1]: \"x-acme-*\" does not keep an edge from believing \"x-acme-env\", which it reads and then removes",
        ),
        (strip("anyone", r#""X_Acme_Env""#), "strip[0]: \"X_Acme_Env\" does not keep an edge from believing"),
        (strip("mesh", r#""x-acme-env""#), "strip[0]: \"x-acme-env\" is removed already; leave it out"),
        (strip("mesh", r#""X""#), "strip[0]: \"X\" is removed already; leave it out"),
        (edge(r#""strip": ["x-debug-*", "x-debug-on"]"#), "strip[1]: \"x-debug-on\" is removed already; leave it out"),
        (edge(r#""strip": ["y", "Y"]"#), "strip[1]: \"Y\" is removed already; leave it out"),
        (
            edge(r#""strip": ["x-*"]"#),
            "strip[0]: \"x-*\" would remove \"x-forwarded-*\" too: proxies write and believe it; name less",
        ),
        (
            edge(r#""strip": ["sec*"]"#),
            "strip[0]: \"sec*\" would remove \"sec-*\" too: clients write it about themselves",
        ),
        (
            edge(r#""strip": ["x-req*"]"#),
            "strip[0]: \"x-req*\" would remove \"x-request-id\" too: it is a part of tracing",
        ),
    ]);
    have_no_warning([
        strip("mesh", r#""x-acme-*", "x-acme""#),
        edge(r#""strip": ["x-forwarded-*", "x-forwarded-host*", "authorization", "x-b3-*", "x-debug-*"]"#),
        edge(r#""strip": ["x-b3-parent*", "x-datadog-*"]"#),
        edge(r#""strip": ["traceparent"], "traceHeaders": "drop""#),
    ]);
}

#[test]
fn a_pattern_fits_a_name_that_a_source_can_give() {
    let pattern = |from: &str, pattern: &str| {
        let tenant = format!(r#""tenant": {{"from": [{from}], "to": [{{"header": "x"}}], "pattern": "{pattern}"}}"#);
        edge(&tenant)
    };
    let header = r#"{"header": "y", "trust": "anyone"}"#;
    let both = format!("{header}, {HOST}");
    have_one_warning([
        (pattern(header, "feature/.*"), "tenant.pattern: fits no name, because none holds \"feature/\"; names are of"),
        (pattern(header, "^a b+$"), "tenant.pattern: fits no name, because none holds \"a b\""),
        (pattern(HOST, "PR-[0-9]+"), "tenant.pattern: fits no tenant of a host, because none holds \"PR-\""),
        (pattern(&both, "pr_[0-9]+"), "tenant.pattern: fits no tenant of a host, because none holds \"pr_\""),
        (pattern(HOST, "\u{e9}[0-9]+"), "tenant.pattern: fits no name, because none holds \"\u{e9}\""),
    ]);
    have_no_warning([
        pattern(header, "PR-[0-9]+"),
        pattern(HOST, "pr-[0-9]+"),
        pattern(HOST, "P?r-[0-9]+"),
        pattern(HOST, "P*"),
        pattern(HOST, "P{0,1}r"),
        pattern(HOST, "\u{e9}?r"),
        pattern(HOST, "PR|pr"),
        pattern(HOST, "(?i)PR"),
        pattern(HOST, "[P]?R?"),
    ]);
}

#[test]
fn a_caller_decides_what_is_projected_and_nothing_else() {
    let mesh_with = |more: &str| mesh(&format!(r#""overrides": {{"to": [{{"header": "x"}}]}}, "caller": "web"{more}"#));
    let projected = |list: &str| mesh_with(&format!(r#", "projections": [{list}]"#));
    have_one_warning([
        (mesh_with(""), "caller: decides nothing without projections, or {version} in destinations; leave"),
        (projected(""), "caller: decides nothing without projections"),
        (source(HOST, r#", "caller": "web""#), "caller: decides nothing without projections"),
    ]);
    have_no_warning([projected(r#"{"header": "y", "service": "called"}"#)]);
}

/// A refused configuration tells everything: an operator who mends it once is through.
#[test]
fn a_refusal_brings_its_warnings() {
    let config = edge(r#""strip": ["x-*"], "internal": ["lan"], "tennant": {}"#);
    let found = compile(config.as_bytes()).unwrap_err().to_string();
    let starts = ["tennant: unknown field", "warning: strip[0]: ", "warning: internal: "];
    assert_eq!(found.lines().count(), starts.len(), "{found}");
    assert!(found.lines().zip(starts).all(|(line, start)| line.starts_with(start)), "{found}");
}

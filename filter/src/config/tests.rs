use super::*;

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

#[test]
fn accepts_what_the_contract_knows() {
    for config in [
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
        mesh(r#""tenant": {"to": [{"header": "x-tenant"}]}"#),
        mesh(r#""overrides": {"from": [], "to": [{"header": "x-override"}]}, "foreignBaggage": "drop""#),
        r#" {"version": 1.0, "role": "mesh", "tenant": {"to": [{"baggage": "Sd.Key_1"}]}} "#.into(),
    ] {
        assert!(compile(config.as_bytes()).is_ok(), "{config}: {:?}", compile(config.as_bytes()).err());
    }
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
        "tenant.from[2]: expected exactly one of host, header",
        "tenant.from[3]: expected an object with the fields host, header, trust, found 7",
        "tenant.onConflict: expected \"first\" or \"reject\", found \"last\"",
    ];
    let found = mistakes(config);
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (mistake, start) in found.iter().zip(starts) {
        assert!(mistake.starts_with(start), "{mistake}\n  should start with\n{start}");
    }
}

#[test]
fn names_the_one_mistake() {
    let tenant = |fields: &str| edge(&format!(r#""tenant": {{"from": [{{"host": "{{tenant}}.a.com"}}], {fields}}}"#));
    let overrides = |from: &str| mesh(&format!(r#""overrides": {{"from": [{from}], "to": [{{"header": "x-o"}}]}}"#));
    let cases = [
        (String::new(), "configuration: is empty"),
        (" \n".into(), "configuration: is empty"),
        ("version: 1".into(), "configuration: is not JSON"),
        ("{\"version\": 1".into(), "configuration: is not JSON"),
        ("[]".into(), "configuration: expected an object"),
        (format!("{{{}}}", " ".repeat(MAX_CONFIG_BYTES)), "configuration: has 65538 bytes"),
        (r#"{"version": 1, "role": "edge"}"#.into(), "configuration: says nothing to do"),
        (r#"{"role": "edge", "strip": ["x"]}"#.into(), "version: missing; write version: 1"),
        (r#"{"version": "1", "role": "edge", "strip": ["x"]}"#.into(), "version: expected 1, found \"1\""),
        (r#"{"version": 1, "role": "gateway", "strip": ["x"]}"#.into(), "role: expected \"edge\" or \"mesh\""),
        (
            edge(r#""strip": ["x"], "foreignBaggage": true"#),
            "foreignBaggage: expected \"drop\" or \"keep\", found true",
        ),
        (edge(r#""strip": []"#), "strip: is empty"),
        (edge(r#""strip": "x-debug""#), "strip: expected a list, found \"x-debug\""),
        (edge(r#""strip": ["*"]"#), "strip[0]: expected a header name, or a prefix"),
        (edge(r#""strip": ["x-*-y"]"#), "strip[0]: expected a header name, or a prefix"),
        (edge(r#""strip": ["ok", "Ho*"]"#), "strip[1]: \"Ho*\" would remove \"host\""),
        (edge(r#""strip": ["content_length"]"#), "strip[0]: \"content_length\" would remove \"content-length\""),
        (edge(r#""strip": ["baggage"]"#), "strip[0]: \"baggage\" would remove \"baggage\"; write foreignBaggage: drop"),
        (mesh(r#""strip": ["x-debug"]"#), "strip: strips nothing in the mesh"),
        (edge(r#""tenant": {"to": [{"header": "x"}]}"#), "tenant.from: missing; at an edge nothing else is read"),
        (edge(r#""tenant": {"from": [], "to": [{"header": "x"}]}"#), "tenant.from: is empty"),
        (tenant(r#""to": []"#), "tenant.to: is empty; name where the tenant is written"),
        (tenant(r#""onInvalid": "ignore""#), "tenant.to: missing; name where the tenant is written"),
        (tenant(r#""to": [{"header": "x", "baggage": "y"}]"#), "tenant.to[0]: expected exactly one of header, baggage"),
        (tenant(r#""to": [{"header": "x"}, {"header": "X"}]"#), "tenant.to[1].header: \"x\" is written already"),
        (tenant(r#""to": [{"baggage": "k"}, {"baggage": "k"}]"#), "tenant.to[1].baggage: \"k\" is written already"),
        (tenant(r#""to": [{"baggage": "k%20"}]"#), "tenant.to[0].baggage: expected a baggage key"),
        (tenant(r#""to": [{"header": "baggage"}]"#), "tenant.to[0].header: \"baggage\" holds members; name one"),
        (tenant(r#""to": [{"header": "Content_Length"}]"#), "tenant.to[0].header: \"content-length\" has a meaning"),
        (tenant(r#""to": [{"header": "traceparent"}]"#), "tenant.to[0].header: \"traceparent\" has a meaning"),
        (tenant(r#""to": [{"header": "x"}], "repair": {}"#), "tenant.repair: unknown field; known here: from, to"),
        (
            edge(r#""tenant": {"from": [{"host": "{tenant}.a.com", "trust": "anyone"}], "to": [{"header": "x"}]}"#),
            "tenant.from[0].trust: a host needs no trust",
        ),
        (
            edge(r#""tenant": {"from": [{"header": "x", "trust": "client"}], "to": [{"header": "x"}]}"#),
            "tenant.from[0].trust: expected \"mesh\" or \"anyone\"",
        ),
        (overrides(r#"{"list": ";"}"#), "overrides.from[0].header: missing; name the header to read"),
        (overrides(r#"{"header": "y", "list": ""}"#), "overrides.from[0].list: expected 1 to 8 printable bytes"),
        (overrides(r#"{"header": "y", "pair": "-"}"#), "overrides.from[0].pair: expected 1 to 8 printable bytes"),
        (overrides(r#"{"header": "y", "list": ":"}"#), "overrides.from[0]: pair \":\" holds the list separator"),
        (overrides(r#"{"header": "x-o", "list": ";"}"#), "overrides.from[0]: is written with other separators"),
        (
            mesh(r#""tenant": {"to": [{"header": "x"}]}, "overrides": {"to": [{"header": "x"}]}"#),
            "overrides.to[0].header: \"x\" is written already",
        ),
        (
            mesh(
                r#""tenant": {"to": [{"header": "x"}]}, "overrides": {"from": [{"header": "x"}], "to": [{"header": "y"}]}"#,
            ),
            "overrides.from[0].header: \"x\" carries the tenant already",
        ),
    ];
    for (config, start) in cases {
        let found = mistakes(&config);
        assert_eq!(found.len(), 1, "{config}\n{found:#?}");
        assert!(found[0].starts_with(start), "{config}\n{}\n  should start with\n{start}", found[0]);
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

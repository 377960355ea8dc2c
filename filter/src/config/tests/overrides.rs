//! One mistake at a time in overrides and projections.

use crate::Filter;

use super::mesh;
use super::mistakes::{have_one_mistake, source};

fn overrides(from: &str) -> String {
    mesh(&format!(r#""overrides": {{"from": [{from}], "to": [{{"header": "x-o"}}]}}"#))
}

pub(super) fn override_targets(to: &str) -> String {
    mesh(&format!(r#""overrides": {{"to": [{{"header": "x-o"}}, {to}]}}"#))
}

fn projections(entry: &str) -> String {
    mesh(&format!(r#""overrides": {{"to": [{{"header": "x-o"}}]}}, "projections": [{entry}]"#))
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
        (override_targets(r#"{"baggage": "k", "pair": "="}"#), "overrides.to[1].pair: baggage has one format"),
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
        (overrides(r#"{"header": "x-o", "list": "::"}"#), "overrides.from[0]: is written with other separators"),
        (overrides(r#"{"header": "x-o", "when": "?"}"#), "overrides.from[0]: is written with other separators"),
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
        (overrides(r#"{"baggage": "k", "list": ";"}"#), "overrides.from[0].list: only headers have formats"),
    ]);
}

#[test]
fn names_what_clashes_with_the_separator_of_conditions() {
    have_one_mistake([
        (
            overrides(r#"{"header": "y", "list": ";"}"#),
            "overrides.from[0]: when \";\" and list \";\" hold one another, so no condition could be told from an entry",
        ),
        (
            overrides(r#"{"header": "y", "list": "; "}"#),
            "overrides.from[0]: when \";\" and list \"; \" hold one another",
        ),
        (
            override_targets(r#"{"header": "y", "list": ":", "pair": "=", "when": "::"}"#),
            "overrides.to[1]: when \"::\" and",
        ),
        (
            overrides(r#"{"header": "y", "when": " ,"}"#),
            "overrides.from[0]: when \" ,\" holds a comma, which joins lines",
        ),
        (overrides(r#"{"header": "y", "when": "a"}"#), "overrides.from[0].when: expected 1 to 8 printable bytes"),
        (
            overrides(r#"{"header": "y", "when": "=!"}"#),
            "overrides.from[0].when: \"=!\" is a mark inside of conditions",
        ),
        (overrides(r#"{"header": "y", "list": "|"}"#), "overrides.from[0].list: \"|\" is a mark inside of conditions"),
        (overrides(r#"{"baggage": "k", "when": "?"}"#), "overrides.from[0].when: only headers have formats"),
        (override_targets(r#"{"baggage": "k", "when": "?"}"#), "overrides.to[1].when: baggage has one format"),
    ]);
}

/// An entry is split at its first pair separator, so it may look like whatever stands behind it.
#[test]
fn takes_what_clashes_with_nothing() {
    for format in [
        r#""pair": "=""#,
        r#""pair": ";""#,
        r#""pair": "|""#,
        r#""list": "||""#,
        r#""list": ";", "when": "?""#,
        r#""list": ";", "pair": ":", "when": ":""#,
    ] {
        let json = overrides(&format!(r#"{{"header": "y", {format}}}"#));
        assert!(Filter::from_config(json.as_bytes()).is_ok(), "{json}");
    }
}

#[test]
fn names_the_mistake_in_the_caller() {
    let projected = |caller: &str| {
        projections(r#"{"header": "x-v", "service": "a"}"#).replacen('{', &format!(r#"{{"caller": {caller}, "#), 1)
    };
    have_one_mistake([
        (projected("7"), "caller: expected a string, found 7"),
        (projected(r#""""#), "caller: expected the name of a workload (1 to 253 of A-Za-z0-9._-), found \"\""),
        (projected(r#""a b""#), "caller: expected the name of a workload (1 to 253 of A-Za-z0-9._-), found \"a b\""),
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

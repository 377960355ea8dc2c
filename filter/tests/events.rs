//! What the filter tells of a request, and that a counter is an event without its detail.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod told;

use tenancy_filter::{Claim, Counter, Direction, Filter, Gathered, Header, Peer, Tally, Token};
use told::Story;

/// The story of one request, and what was counted.
fn story(
    configuration: &str,
    lines: &[(&str, &str)],
    token: Option<Token<'_>>,
    direction: Direction<'_>,
) -> (Vec<String>, Vec<(Counter, u64)>) {
    let filter = Filter::from_config(configuration.as_bytes()).unwrap().filter;
    let headers: Vec<_> =
        lines.iter().map(|(name, value)| Header { name: name.as_bytes(), value: value.as_bytes() }).collect();
    let (told, counted) = (Story::default(), Tally::default());
    let gathered = Gathered { token, direction };
    let scan = filter.scan(&headers, Peer::Known);
    let decisions = [scan.decide(&gathered, (), &told), scan.decide(&gathered, (), &counted)];
    assert_eq!(decisions[0], decisions[1], "whoever listens");
    let counts: Vec<_> = counted.take().collect();
    assert_eq!(told.tally.take().collect::<Vec<_>>(), counts, "a counter is an event without its detail");
    (told.lines.into_inner(), counts)
}

const EDGE: &str = r#"{
    "version": 1, "role": "edge",
    "tenant": {
        "from": [
            {"host": "{tenant}.www.example.com"}, {"claim": "tenant"}, {"header": "x-team"},
            {"cookie": "tenant", "trust": "anyone"}, {"query": "tenant", "trust": "verified"}
        ],
        "to": [{"header": "x-tenant"}], "pattern": "[a-z0-9-]+", "onConflict": "first"
    },
    "overrides": {
        "from": [{"header": "x-override", "trust": "anyone"}, {"baggage": "overrides"}],
        "to": [{"header": "x-override"}]
    },
    "verified": {"issuers": ["https://idp.example.com"], "claim": "groups", "anyOf": ["developers"]}
}"#;

#[test]
fn an_edge_tells_of_each_source_in_order() {
    let lines = [
        (":authority", "feat-x.www.example.com"),
        ("x-team", "evil"),
        ("cookie", "tenant=FEAT-X; tenant=dev1; tenant=dev2; tenant=a b"),
        ("x-override", "foo:v1,bar,foo:v2,baz:v3"),
        ("x_tenant", "evil"),
    ];
    let (told, _) = story(EDGE, &lines, None, Direction::Unspecified);
    let expected = [
        "request",
        "token not believed: no token",
        "tenant.from[0].host gives feat-x",
        "tenant.from[1].claim not believed: no token",
        "tenant.from[2].header not believed: untrusted",
        // Upper case does not match the pattern.
        "tenant.from[3].cookie invalid: \"FEAT-X\" pattern",
        "tenant.from[3].cookie disagrees: dev1 true",
        "tenant.from[3].cookie disagrees: dev2 false",
        "tenant.from[3].cookie invalid: \"a b\" malformed",
        "tenant.from[4].query not believed: no token",
        "overrides.from[0].header foo:v1",
        "overrides.from[0].header invalid: bar",
        "overrides.from[0].header duplicate: foo:v2",
        "overrides.from[0].header baz:v3",
        "overrides.from[1].baggage not believed: untrusted",
        "2 overrides",
        "stripped x-team",
        "stripped x_tenant",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_host_pattern_behind_one_that_fits_is_not_asked() {
    let from = r#"[{"host": "{tenant}-admin.a.com", "except": ["x"]}, {"host": "{tenant}.a.com"}, {"query": "tenant", "trust": "anyone"}]"#;
    let edge =
        format!(r#"{{"version": 1, "role": "edge", "tenant": {{"from": {from}, "to": [{{"header": "x-tenant"}}]}}}}"#);
    let told_of = |host: &str| {
        let lines = [(":authority", host), (":path", "/?tenant=dev")];
        story(&edge, &lines, None, Direction::Unspecified).0
    };
    let [chosen, agrees] = ["tenant.from[0].host gives dev", "tenant.from[2].query agrees"];
    assert_eq!(told_of("dev-admin.a.com"), ["request", chosen, "tenant.from[1].host settled", agrees]);
    let [excepted, chosen] = ["tenant.from[0].host excepts x", "tenant.from[2].query gives dev"];
    assert_eq!(told_of("X-admin.a.com"), ["request", excepted, "tenant.from[1].host settled", chosen]);
    let chosen = "tenant.from[1].host gives dev";
    assert_eq!(told_of("dev.a.com"), ["request", "tenant.from[0].host absent", chosen, agrees]);
}

#[test]
fn a_token_is_told_of_by_what_is_wrong_with_it() {
    for (issuer, claims, expected) in [
        (
            "https://evil.example.com",
            vec![Claim::Single(b"dev1"), Claim::Single(b"developers")],
            ["tenant.from[1].claim not believed: issuer", "tenant.from[4].query not believed: issuer"],
        ),
        (
            "https://idp.example.com",
            vec![Claim::Single(b"dev1"), Claim::Single(b"sales")],
            ["tenant.from[1].claim gives dev1", "tenant.from[4].query not believed: claim"],
        ),
        (
            "https://idp.example.com",
            vec![Claim::List(vec![b"dev1"]), Claim::Single(b"developers")],
            ["tenant.from[1].claim invalid: \"\" list", "tenant.from[4].query gives dev1"],
        ),
        (
            "https://idp.example.com",
            vec![Claim::Absent, Claim::List(vec![b"developers"])],
            ["tenant.from[1].claim absent", "tenant.from[4].query gives dev1"],
        ),
    ] {
        let lines = [(":authority", "www.example.com"), (":path", "/?tenant=dev1")];
        let token = Token { issuer: issuer.as_bytes(), claims };
        let (told, counted) = story(EDGE, &lines, Some(token), Direction::Unspecified);
        let ignored = counted.contains(&(Counter::TokenIgnored, 1));
        assert_eq!((ignored, told[1] == "token not believed: issuer"), [issuer.contains("evil"); 2].into());
        let of_token: Vec<_> = told.iter().filter(|line| line.contains(".claim") || line.contains(".query")).collect();
        assert_eq!(of_token, expected);
    }
}

#[test]
fn a_claim_that_may_hold_what_is_no_string_is_told_of_once() {
    let edge = r#"{"version": 1, "role": "edge", "verified": {"issuers": ["i"]},
        "overrides": {"from": [{"claim": "overrides"}], "to": [{"header": "x-override"}]}}"#;
    let told_of = |claim: Claim<'_>| {
        let (told, counted) =
            story(edge, &[], Some(Token { issuer: b"i", claims: vec![claim] }), Direction::Unspecified);
        (told[1..].join("; "), counted.contains(&(Counter::OverrideInvalid, 1)))
    };
    let invalid = |what: &str| (format!("overrides.from[0].claim invalid: {what}"), true);
    assert_eq!(told_of(Claim::Single(b"\x01\0\0\0,shop:v2,\0")), invalid("\u{1}\0\0\0,shop:v2,\0"));
    assert_eq!(told_of(Claim::List(vec![b"shop:v2", b"\x7f,pay:v9,"])), invalid("\u{7f},pay:v9,"));
    assert_eq!(told_of(Claim::List(vec![b"foo ", b" ~"])).0.matches("invalid").count(), 2, "each entry of a string");
}

const MESH: &str = r#"{
    "version": 1, "role": "mesh",
    "tenant": {"from": [{"header": "x-tenant"}, {"header": "x-team"}], "to": [{"header": "x-tenant"}]},
    "overrides": {"from": [{"header": "x-route"}], "to": [{"baggage": "overrides"}], "onInvalid": "reject"},
    "repair": {"by": ["traceparent"]}
}"#;

#[test]
fn the_mesh_tells_what_was_settled_restored_withheld_and_refused() {
    let inside = [(":authority", "cart"), ("x-team", "dev1"), ("x-route", "foo:v2,bar:v1")];
    let settled = [&inside[..], &[("x-tenant", "Dev1"), ("baggage", "overrides=foo:v1,a b=1,k=v")]].concat();
    let outbound = Direction::Outbound { cluster: b"" };
    let (told, _) = story(MESH, &settled, None, outbound);
    let expected = [
        "request",
        "tenant.to[0].header gives Dev1",
        "tenant.from[1].header agrees",
        "overrides.to[0].baggage foo:v1",
        "overrides.from[0].header settled: foo",
        "overrides.from[0].header bar:v1",
        "2 overrides",
        "recalled: Forwarded",
        "member invalid: a b=1",
    ];
    assert_eq!(told, expected);

    let malformed =
        [(":authority", "cart"), ("x-team", "dev1"), ("traceparent", "00"), ("b3", "0"), ("x-b3.traceid", "1")];
    let (told, counted) = story(MESH, &malformed, None, Direction::Inbound);
    assert_eq!(told[told.len() - 2..], ["malformed traceparent", "malformed x-b3-traceid"]);
    assert!(counted.contains(&(Counter::TraceMalformed, 2)), "{counted:?}");

    let outside = [(":authority", "api.example.com"), ("x-team", "dev1")];
    assert_eq!(story(MESH, &outside, None, outbound).0, ["request", "withheld 1"]);

    let (told, counted) = story(MESH, &[(":authority", "cart"), ("x-route", "foo")], None, Direction::Inbound);
    let refused = "refused: the request names an invalid override, or too many (overrides.onInvalid)";
    assert_eq!(told[3..], ["overrides.to[0].baggage absent", "overrides.from[0].header invalid: foo", refused]);
    assert_eq!(counted, [(Counter::Requests, 1), (Counter::OverrideInvalid, 1), (Counter::Refused, 1)]);
}

/// R39: why an override does not count for this call.
#[test]
fn conditions_that_do_not_hold_are_told_of() {
    let caller = |caller: &str| {
        format!(
            r#"{{"version": 1, "role": "mesh", "overrides": {{"to": [{{"header": "x-override"}}]}},
            "projections": [{{"header": "x-version", "service": "called"}}] {caller}}}"#
        )
    };
    let line = "cart:v1;method=POST,cart.ns:v2;caller=web,cart:v3 ; caller=!api,cart:v4";
    let lines = [(":authority", "cart.ns"), (":method", "GET"), ("x-override", line)];
    let told_of = |caller_is: &str| {
        let (told, counted) = story(&caller(caller_is), &lines, None, Direction::Inbound);
        (told[6..].join("; "), counted)
    };
    let (told, counted) = told_of("");
    let expected = "CallerUnknown unmet: cart.ns:v2;caller=web; Method unmet: cart:v1;method=POST; \
        CallerUnknown unmet: cart:v3;caller=!api; x-version: called Some(\"v4\")";
    assert_eq!(told, expected);
    assert_eq!(counted, [(Counter::Requests, 1), (Counter::Overrides, 1), (Counter::CallerUnknown, 2)]);

    let (told, counted) = told_of(r#", "caller": "api""#);
    let expected = "Caller unmet: cart.ns:v2;caller=web; Method unmet: cart:v1;method=POST; \
        Caller unmet: cart:v3;caller=!api; x-version: called Some(\"v4\")";
    assert_eq!((told.as_str(), counted.len()), (expected, 2));
    assert_eq!(told_of(r#", "caller": "WEB""#).0, "x-version: called Some(\"v2\")");

    let (taken, _) = story(&caller(""), &lines, None, Direction::Inbound);
    assert_eq!(taken[3], "overrides.to[0].header cart:v3;caller=!api", "as it travels");
}

#[test]
fn members_and_entries_that_exceed_a_limit_are_told_of() {
    let many: Vec<_> = (0..66).map(|n| format!("s{n}:v")).collect();
    let members: Vec<_> = (0..66).map(|n| format!("k{n}=v")).collect();
    let (overrides, baggage) = (many.join(","), members.join(","));
    let tolerant = MESH.replace("\"reject\"", "\"ignore\"");
    let lines = [(":authority", "cart"), ("x-route", &*overrides), ("baggage", &*baggage)];
    let (told, _) = story(&tolerant, &lines, None, Direction::Inbound);
    let limits: Vec<_> = told.iter().filter(|line| line.contains("limit")).collect();
    assert_eq!(limits[..2], ["overrides.from[0].header limit: s64", "overrides.from[0].header limit: s65"]);
    assert_eq!(limits[2..], ["member limit: k63=v", "member limit: k64=v", "member limit: k65=v"]);
}

#[test]
fn a_link_is_told_of_with_what_it_sets() {
    let edge = r#"{"version": 1, "role": "edge", "tenant": {"to": [{"header": "x-tenant"}], "from": [
        {"cookie": "t", "trust": "anyone"}, {"query": "t", "trust": "anyone", "link": {"cookie": "t", "maxAge": "1h"}}]}}"#;
    let told_of = |path: &str| {
        let lines =
            [(":method", "GET"), (":path", path), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        let (told, counted) = story(edge, &lines, None, Direction::Unspecified);
        (told[1..].join("; "), counted.contains(&(Counter::Linked, 1)))
    };
    assert_eq!(told_of("/?t=dev"), ("tenant.from[1].query linked Some(\"dev\")".into(), true));
    assert_eq!(told_of("/?t="), ("tenant.from[1].query linked None".into(), true));
    let refused = "refused: the link names no valid tenant, or has an unsafe path (tenant.from[].link)";
    assert_eq!(told_of("/?t=-"), (format!("tenant.from[1].query invalid: \"-\" malformed; {refused}"), false));
    assert_eq!(told_of("/?t=a&t=b"), (format!("tenant.from[1].query disagrees: b true; {refused}"), false));
    assert_eq!(told_of("//a?t=a"), (refused.into(), false));
}

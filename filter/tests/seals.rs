//! What the filter tells of seals, and that a counter is an event without its detail (R44).
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

mod told;

use tenancy_filter::{
    Answer, Counter, Direction, Filter, Gathered, Header, Lookup, Peer, Recalled, Refusal, Route, Tally, TraceId,
    Unsealed,
};
use told::Story;

/// Says the same of each seal, and makes this one.
struct Saying(Result<&'static [u8], Unsealed>, Option<&'static [u8]>);

impl Lookup for &Saying {
    fn recall(&mut self, _: &TraceId) -> Recalled {
        Recalled::Unknown
    }

    fn route(&mut self) -> Option<Route> {
        None
    }

    fn unseal(&mut self, _: &[u8]) -> Result<Vec<u8>, Unsealed> {
        self.0.map(<[u8]>::to_vec)
    }

    fn seal(&mut self, _: &[u8]) -> Option<Vec<u8>> {
        self.1.map(<[u8]>::to_vec)
    }
}

const KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQva9rvytDLFTpUagwpJaQDPHfY8pNyg2Ye4bAwBPVPx1PN5fqzZVqtUnI9rRaQx11mi0z7kgxoteRNw0E6vYDw==";
const SEAL: (&str, &str) = ("x-tenancy-seal", "v1.k1.4102444800.ZGV2MQpmb286djE.MEUCIQ");
const HELD: Saying = Saying(Ok(b"dev1\nfoo:v1"), None);
const SEALED: &str = "sealed by k1: dev1 1";

fn mesh(unsealed: &str, more: &str) -> String {
    format!(
        r#"{{"version": 1, "role": "mesh", "seal": {{"verify": {{"k1": "{KEY}"}}, "unsealed": "{unsealed}"}},
        "tenant": {{"to": [{{"header": "x-tenant"}}, {{"baggage": "tenant"}}], "pattern": "[a-z0-9]+" {more}}},
        "overrides": {{"from": [{{"header": "x-route"}}], "to": [{{"header": "x-override"}}]}}, "foreignBaggage": "drop"}}"#
    )
}

/// The story of a request behind its first line, and the counters beside that of requests; the answer, if there is one.
fn story(config: &str, lines: &[(&str, &str)], saying: &Saying) -> (String, Vec<Counter>, Option<Answer>) {
    let filter = Filter::from_config(config.as_bytes()).unwrap().filter;
    let headers: Vec<_> =
        lines.iter().map(|(name, value)| Header { name: name.as_bytes(), value: value.as_bytes() }).collect();
    let (told, counted) = (Story::default(), Tally::default());
    let gathered = Gathered { token: None, direction: Direction::Inbound };
    let scan = filter.scan(&headers, Peer::Known);
    let decisions = [scan.decide(&gathered, saying, &told), scan.decide(&gathered, saying, &counted)];
    assert_eq!(decisions[0], decisions[1], "whoever listens");
    let counts: Vec<_> = counted.take().collect();
    assert_eq!(told.tally.take().collect::<Vec<_>>(), counts, "a counter is an event without its detail");
    let counters = counts.into_iter().map(|(counter, _)| counter).filter(|it| *it != Counter::Requests);
    let [decision, _] = decisions;
    (told.lines.into_inner()[1..].join("; "), counters.collect(), decision.err())
}

#[test]
fn a_valid_seal_is_told_of_and_nothing_else_is_read() {
    for unsealed in ["drop", "count"] {
        let sealed = (format!("{SEALED}; 1 overrides"), vec![Counter::Sealed, Counter::Overrides], None);
        let told_of = |beside: &[(&str, &str)]| story(&mesh(unsealed, ""), &[&[SEAL], beside].concat(), &HELD);
        assert_eq!(told_of(&[]), sealed);
        assert_eq!(told_of(&[("x-tenant", "dev1"), ("baggage", "tenant=dev1"), ("x-route", "foo:v9")]), sealed);
        for other in [("x-tenant", "dev2"), ("x-override", "bar:v1"), ("baggage", "tenant=dev2"), SEAL] {
            let (told, counted, _) = told_of(&[other]);
            assert_eq!(told, format!("{SEALED}; 1 overrides; seal overruled"), "{other:?}");
            assert_eq!(counted, [Counter::Sealed, Counter::SealOverruled, Counter::Overrides]);
        }
    }
}

#[test]
fn each_reason_has_its_counter_and_is_told_once() {
    for (why, counter) in [
        (Unsealed::Absent, Counter::UnsealedAbsent),
        (Unsealed::Malformed, Counter::UnsealedMalformed),
        (Unsealed::UnknownKey, Counter::UnsealedKey),
        (Unsealed::Expired, Counter::UnsealedExpired),
        (Unsealed::False, Counter::UnsealedFalse),
        (Unsealed::Limit, Counter::UnsealedLimit),
        (Unsealed::HostFailed, Counter::UnsealedFailed),
    ] {
        let refused = Saying(Err(why), None);
        let (told, counted, _) = story(&mesh("drop", ""), &[SEAL, SEAL, ("x-tenant", "dev1")], &refused);
        assert_eq!((told, counted), (format!("unsealed: {why:?}"), vec![counter]));
        let (told, counted, _) = story(&mesh("count", ""), &[SEAL, ("x-tenant", "dev1")], &refused);
        assert_eq!(told.matches("unsealed").count(), 1, "{told}");
        assert_eq!(counted, [Counter::TenantHeader, counter], "it counts as without seals");
    }
}

#[test]
fn a_seal_is_absent_where_a_context_stands_without() {
    let absent = "unsealed: Absent";
    for (line, has_context) in [
        (("x-tenant", "dev1"), true),
        (("x-override", "foo:v1"), true),
        (("baggage", "k=v,tenant=dev1"), true),
        (("x-route", "foo:v1"), true),
        (("baggage", "k=v"), false),
        (("accept", "*/*"), false),
    ] {
        for unsealed in ["drop", "count"] {
            let (told, counted, _) = story(&mesh(unsealed, ""), &[line], &HELD);
            let is_told = (told.ends_with(absent), counted.contains(&Counter::UnsealedAbsent));
            assert_eq!(is_told, (has_context, has_context), "{line:?} {unsealed}: {told}");
        }
    }
    // Dropped, there is no context; counted, neither is there any.
    assert_eq!(story(&mesh("drop", ""), &[("x-tenant", "-")], &HELD).0, absent);
    assert!(!story(&mesh("count", ""), &[("x-tenant", "-")], &HELD).0.contains(absent));
}

#[test]
fn a_sealed_tenant_outside_the_pattern_is_none_or_refused() {
    let upper = Saying(Ok(b"DEV1\nfoo:v1"), None);
    let invalid = r#"seal.verify invalid: "DEV1" pattern"#;
    let tolerated = (
        format!("{invalid}; sealed by k1:  1; 1 overrides"),
        vec![Counter::TenantInvalid, Counter::Sealed, Counter::Overrides],
        None,
    );
    assert_eq!(story(&mesh("drop", ""), &[SEAL], &upper), tolerated);
    let (told, _, answer) = story(&mesh("drop", r#", "onInvalid": "reject""#), &[SEAL], &upper);
    assert_eq!(answer, Some(Answer::Refused(Refusal::TenantInvalid)));
    assert!(told.starts_with(invalid) && !told.contains("sealed by"), "{told}");
}

#[test]
fn an_edge_tells_what_became_of_its_seal() {
    let edge = r#"{"version": 1, "role": "edge", "seal": {"sign": {"key": "k1", "privateKeyEnv": "KEY"}},
        "overrides": {"from": [{"header": "x-override", "trust": "anyone"}], "to": [{"header": "x-override"}]}}"#;
    let becomes = |line: &str, made, expected: &str, counter| {
        let (told, counted, _) = story(edge, &[("x-override", line)], &Saying(Err(Unsealed::False), made));
        assert!(told.split("; ").any(|event| event == expected) && counted.contains(&counter), "{told}, {counted:?}");
    };
    let made = Some(SEAL.1.as_bytes());
    becomes("foo:v1", made, "seal made", Counter::SealMade);
    becomes("foo:v1", None, "seal failed", Counter::SealFailed);
    // No tenant, a line feed, and three overrides with two commas.
    let line = |bytes: usize| {
        let entry = |service: &str, bytes: usize| format!("{}:v", service.repeat(bytes.saturating_sub(2)));
        [entry("a", 200), entry("b", 200), entry("c", bytes.saturating_sub(403))].join(",")
    };
    becomes(&line(512), made, "seal made", Counter::SealMade);
    becomes(&line(513), made, "seal too large: 513", Counter::SealLarge);
    let (told, counted, _) = story(edge, &[("x-override", "foo"), SEAL], &HELD);
    assert!(!told.contains("seal made") && counted.contains(&Counter::Stripped), "without a context: {told}");
}

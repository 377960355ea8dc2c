//! Hostile requests.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::laws::{self, SUBJECTS};
use crate::naive::{Call, Claimed, Lines, Payload};
use crate::vocabulary::{FRAGMENTS, NAMES, SEPARATORS};

/// A name, in any spelling: a letter's case may change, and a hyphen may become anything else.
fn name() -> impl Strategy<Value = String> {
    let respelled = (select(NAMES), vec(select(&["-", "_", ".", "~", "\u{1}", "\u{ff}"][..]), 4), any::<u16>());
    let respelled = respelled.prop_map(|(name, hyphens, upper)| {
        let respell = |(at, c): (usize, char)| match c {
            '-' | '_' => hyphens[at % 4].to_owned(),
            c if upper >> (at % 16) & 1 == 1 => c.to_ascii_uppercase().to_string(),
            c => c.to_string(),
        };
        name.chars().enumerate().map(respell).collect()
    });
    prop_oneof![6 => select(NAMES).prop_map(str::to_owned), 3 => respelled, 1 => latin1(0..12)]
}

fn latin1(length: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    vec(any::<u8>(), length).prop_map(|bytes| bytes.into_iter().map(char::from).collect())
}

fn value() -> impl Strategy<Value = String> {
    let joined = (vec(select(FRAGMENTS), 0..7), select(SEPARATORS)).prop_map(|(parts, between)| parts.join(between));
    let members = (0..70_usize, 0..200_usize, select(FRAGMENTS)).prop_map(|(count, length, last)| {
        let members = (0..count).map(|n| format!("m{n}={},", "v".repeat(length)));
        members.collect::<String>() + last
    });
    let entries = (0..70_usize, 0..250_usize, select(SEPARATORS)).prop_map(|(count, length, between)| {
        let entries = (0..count).map(|n| format!("s{}:v{n}", "s".repeat(length + n % 3)));
        entries.collect::<Vec<_>>().join(between)
    });
    let encoded =
        entries.clone().prop_map(|line| format!("overrides={}", line.replace(',', "%2C").replace(':', "%3a")));
    let value = prop_oneof![12 => joined, 1 => members, 1 => entries, 1 => encoded, 1 => latin1(0..40)];
    // Envoy hands values over without the white space around them, and without line ends.
    value.prop_map(|value| value.replace(['\r', '\n'], "").trim_matches([' ', '\t']).to_owned())
}

fn authority() -> impl Strategy<Value = String> {
    let host = select(
        &[
            "www.example.com",
            "WWW.Example.COM",
            "api.dev1.example.com",
            "foo.ns.svc",
            "foo.ns",
            "Foo",
            "10.0.0.1",
            "[::1]",
            "wwwXexample.com",
        ][..],
    );
    let before = select(
        &["", "dev1.", "DEV1.", "dev1--", "feat-x.", "-x.", "a.b.", "foo.", ".", "d%65v1.", "u@", "\u{ff}.", "a,b."][..],
    );
    let after = select(&["", ":80", ":", ".", ".:8443", "..", ":x", ".cluster.local", ".evil.io"][..]);
    (before, host, after).prop_map(|(before, host, after)| format!("{before}{host}{after}"))
}

fn path() -> impl Strategy<Value = String> {
    let query = "(tenant|ten%61nt|Tenant|q)(=(dev1|dev2|d%65v1|-x|%ff|))?";
    vec(query, 0..3).prop_map(|pairs| format!("/a?{}", pairs.join("&")))
}

fn pseudo_headers() -> impl Strategy<Value = Lines> {
    let method = prop_oneof![12 => Just("GET"), 1 => Just("CONNECT")];
    let protocol = option::weighted(0.05, select(&["websocket", "bytestream", ""][..]));
    (authority(), path(), method, protocol).prop_map(|(authority, path, method, protocol)| {
        let line = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut lines = vec![line(":authority", &authority), line(":path", &path), line(":method", method)];
        lines.extend(protocol.map(|protocol| line(":protocol", protocol)));
        lines
    })
}

fn token() -> impl Strategy<Value = Payload> {
    let issuer = select(&["https://idp.example.com", "https://idp.example.com/", ""][..]);
    let words =
        || select(&["dev1", "dev2", "", "developers", "testers", "foo:v1,bar:v2", "foo:v3", "foo", "\u{ff}"][..]);
    let claim = || {
        let list = vec(words(), 0..3).prop_map(|words| Claimed::List(words.into_iter().map(str::to_owned).collect()));
        option::of(prop_oneof![3 => words().prop_map(|word| Claimed::Single(word.to_owned())), 1 => list])
    };
    (issuer, claim(), claim(), claim()).prop_map(|(issuer, tenant, groups, overrides)| {
        let paths = [&["tenancy", "name"][..], &["groups"], &["overrides", "0"]];
        let claims = paths.into_iter().zip([tenant, groups, overrides]);
        let path = |path: &[&str]| path.iter().map(|&segment| segment.to_owned()).collect();
        let claims = claims.filter_map(|(segments, value)| Some((path(segments), value?))).collect();
        Payload { issuer: issuer.to_owned(), claims }
    })
}

fn call() -> impl Strategy<Value = Call> {
    let token = option::weighted(0.4, token());
    (pseudo_headers(), vec((name(), value()), 0..8), token, any::<bool>()).prop_map(
        |(mut lines, others, token, is_unknown_peer)| {
            let is_pseudo = |name: &str| name.starts_with(':');
            lines.extend(others.into_iter().filter(|(name, _)| !is_pseudo(name)));
            Call { lines, token, is_unknown_peer }
        },
    )
}

proptest! {
    #![proptest_config(crate::cases(4000))]

    #[test]
    fn the_laws_hold(subject in 0..SUBJECTS.len(), call in call()) {
        laws::hold(&SUBJECTS[subject], &call);
    }
}

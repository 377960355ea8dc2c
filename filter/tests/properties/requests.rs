//! Hostile requests.

use std::ops::Range;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::laws::{self, SUBJECTS};
use crate::naive::{Call, Claimed, Direction, Lines, Payload};
use crate::vocabulary::{KINDS, NASTY, SEALS};

/// A name in any spelling: a letter's case may change, and a hyphen may become anything else.
fn respelled(names: &'static [&'static str]) -> impl Strategy<Value = String> {
    let hyphens = vec(select(&["-", "_", ".", "~", "\u{1}", "\u{ff}"][..]), 4);
    (select(names), hyphens, any::<u16>()).prop_map(|(name, hyphens, upper)| {
        let respell = |(at, c): (usize, char)| match c {
            '-' | '_' => hyphens[at % 4].to_owned(),
            c if upper >> (at % 16) & 1 == 1 => c.to_ascii_uppercase().to_string(),
            c => c.to_string(),
        };
        name.chars().enumerate().map(respell).collect()
    })
}

fn latin1(length: Range<usize>) -> impl Strategy<Value = String> {
    vec(any::<u8>(), length).prop_map(|bytes| bytes.into_iter().map(char::from).collect())
}

/// A line that holds what belongs there, mostly.
fn line() -> impl Strategy<Value = (String, String)> {
    select(KINDS).prop_flat_map(|(names, parts, separators)| {
        let name = prop_oneof![5 => select(names).prop_map(str::to_owned), 2 => respelled(names)];
        let part = prop_oneof![12 => select(parts), 1 => select(NASTY)];
        let few = (vec(part, 0..7), select(separators)).prop_map(|(parts, between)| parts.join(between));
        let value =
            prop_oneof![8 => few, 1 => members(), 1 => entries(), 1 => tenants(), 1 => forwarded(), 1 => latin1(0..40)];
        (name, value)
    })
}

/// Baggage near its limits.
fn members() -> impl Strategy<Value = String> {
    let length = prop_oneof![0..8_usize, 0..250_usize];
    let ours = select(&["tenant=dev1", "overrides=foo:v1", "sd-routing-key=dev1", "k1=v"][..]);
    (0..70_usize, length, ours).prop_map(|(count, length, ours)| {
        let members = (0..count).map(|n| format!("m{n}={},", "v".repeat(length)));
        format!("{ours},{}", members.collect::<String>())
    })
}

/// Overrides near their limits, plain or in baggage.
fn entries() -> impl Strategy<Value = String> {
    let length = prop_oneof![0..8_usize, 40..250_usize];
    (0..140_usize, length, any::<bool>()).prop_map(|(count, length, in_baggage)| {
        let entries: Vec<_> = (0..count).map(|n| format!("s{}{n}:v{n}", "s".repeat(length))).collect();
        let line = entries.join(",");
        if in_baggage { format!("overrides={}", line.replace(',', "%2C").replace(':', "%3a")) } else { line }
    })
}

/// Hosts of a proxy near their limit.
fn forwarded() -> impl Strategy<Value = String> {
    let host =
        select(&["dev1.example.com", "DEV1.example.com:80", "dev2.example.com", "a.b", "-x.example.com", ""][..]);
    vec(host, 50..80).prop_map(|hosts| hosts.join(","))
}

/// Tenants near their limit, in a header or a cookie.
fn tenants() -> impl Strategy<Value = String> {
    let name = select(&["dev1", "DEV1", "dev2", "-x"][..]);
    (vec(name, 55..75), any::<bool>()).prop_map(|(names, in_cookie)| {
        if in_cookie { names.iter().map(|name| format!("tenant={name};")).collect() } else { names.join(",") }
    })
}

/// Any line, as Envoy hands it over: no pseudo-header, no line end, no white space around.
fn any_line() -> impl Strategy<Value = (String, String)> {
    let line = prop_oneof![12 => line(), 1 => (latin1(0..12), latin1(0..40))];
    line.prop_map(|(name, value)| {
        let value = value.replace(['\r', '\n'], "");
        (name.trim_start_matches(':').to_owned(), value.trim_matches([' ', '\t']).to_owned())
    })
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
            "[fd00::1",
            "lan",
            "corp.example.org",
            "ns.corp.example.org",
            "example.com",
            "svc.cluster.local",
            "wwwXexample.com",
        ][..],
    );
    let before = select(
        &["", "dev1.", "DEV1.", "dev1--", "feat-x.", "-x.", "a.b.", "foo.", ".", "d%65v1.", "u@", "\u{ff}.", "a,b."][..],
    );
    let after =
        select(&["", ":80", ":", ".", ".:8443", "..", ":x", ".cluster.local", ".k8s.lab", ".evil.io", ".lan", "]"][..]);
    let part = select(&["dev1", "-", "-", "--", "shop", "_", "x", "a.b", "Dev2"][..]);
    let searched = vec(part, 0..8).prop_map(|parts| format!("{}.example.com", parts.concat()));
    let plain = select(&["dev1.www.example.com", "feat-x.www.example.com:8443", "foo.ns", "foo.ns.svc:80", "Foo"][..]);
    let odd = (before, host, after).prop_map(|(before, host, after)| format!("{before}{host}{after}"));
    prop_oneof![plain.prop_map(str::to_owned), odd, searched]
}

/// Two labels are what a cluster decides about.
fn cluster() -> impl Strategy<Value = String> {
    let host = select(
        &[
            "foo.ns.svc.cluster.local",
            "foo.ns.svc.k8s.lab",
            "foo",
            "Foo.LAN",
            "example.com",
            "api.example.com",
            "10.0.0.1",
            "foo.ns",
            "",
        ][..],
    );
    prop_oneof![
        4 => host.clone().prop_map(|host| format!("outbound|80||{host}")),
        2 => host.prop_map(|host| format!("inbound-vip|80|http|{host}")),
        2 => select(&["PassthroughCluster", "BlackHoleCluster", "encap", "encap|x", "", "outbound|80", "outbound|80|v1|foo.lan|x"][..])
            .prop_map(str::to_owned),
        1 => select(&["inbound|80||", "shop", "shop-dev1", "a,b"][..]).prop_map(str::to_owned),
        1 => latin1(0..12),
    ]
}

fn route() -> impl Strategy<Value = (String, String)> {
    let name = select(&["default", "default", "other", ""][..]);
    (name.prop_map(str::to_owned), cluster())
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![
        1 => Just(Direction::Unspecified),
        1 => Just(Direction::Inbound),
        3 => cluster().prop_map(Direction::Outbound),
    ]
}

fn path() -> impl Strategy<Value = String> {
    let odd = select(
        &["/", "", "//evil.test", "/\\evil.test", "/%5cevil.test", "/%2F", "/%", "*", "/a//b", "/\t/b", "/\u{e9}"][..],
    );
    let before = prop_oneof![5 => Just("/a"), 1 => odd];
    let query = "(tenant|ten%61nt|Tenant|q)(=(dev1|dev2|d%65v1|-x|%ff|))?";
    let pairs = vec(prop_oneof![9 => query, 1 => select(NASTY).prop_map(str::to_owned)], 0..3);
    (before, pairs).prop_map(|(before, pairs)| format!("{before}?{}", pairs.join("&")))
}

fn pseudo_headers() -> impl Strategy<Value = Lines> {
    let method = prop_oneof![8 => Just("GET"), 1 => Just("HEAD"), 4 => Just("POST"), 1 => Just("CONNECT"), 1 => select(&["post", "PUT", ""][..])];
    let protocol = option::weighted(0.05, select(&["websocket", "bytestream", ""][..]));
    (authority(), path(), method, protocol).prop_map(|(authority, path, method, protocol)| {
        let line = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut lines = vec![line(":authority", &authority), line(":path", &path), line(":method", method)];
        lines.extend(protocol.map(|protocol| line(":protocol", protocol)));
        lines
    })
}

fn token() -> impl Strategy<Value = Payload> {
    let issuer = select(
        &[
            "https://idp.example.com",
            "https://idp.example.com/",
            "https://idp.example.com/realms/dev1",
            "https://idp.example.com/realms/dev2",
            "https://idp.example.com/realms/other",
            "https://idp.example.com/realms/-x",
            "https://idp.example.com/realms/dev1/",
            "",
        ][..],
    );
    let words = || {
        select(
            &["dev1", "dev2", "", "developers", "testers", "foo:v1,bar:v2", "foo:v3", "foo", "\u{ff}", "\0,foo:v9,"][..],
        )
    };
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
    let route = option::weighted(0.9, route());
    (pseudo_headers(), vec(any_line(), 0..10), token, any::<bool>(), direction(), route).prop_map(
        |(pseudo_headers, lines, token, is_unknown_peer, direction, route)| Call {
            lines: [pseudo_headers, lines].concat(),
            token,
            is_unknown_peer,
            direction,
            route,
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

/// Lines about tenants, each with about as many values as are looked at, most of them the same.
fn crowded() -> impl Strategy<Value = Lines> {
    let name = || select(&["dev1", "DEV1", "dev2", "-x"][..]);
    let names = (select(&["-x", "-x", "DEV1"][..]), 60..67_usize, vec((0..67_usize, name()), 0..3));
    let names = names.prop_map(|(most, count, others)| {
        let name = |at| others.iter().find(|(other, _)| *other == at).map_or(most, |(_, name)| name);
        (0..count).map(name).collect::<Vec<_>>()
    });
    let carrier = select(
        &[
            ("x-tenant", ""),
            ("tenantid", ""),
            ("ot-baggage-tenant", ""),
            ("baggage", "tenant="),
            ("baggage", "sd-routing-key="),
            ("correlation-context", "tenant="),
            ("jaeger-baggage", "sd-routing-key="),
        ][..],
    );
    let line = (carrier, names).prop_map(|((carrier, key), names)| {
        let values: Vec<_> = names.iter().map(|name| format!("{key}{name}")).collect();
        (carrier.to_owned(), values.join(","))
    });
    vec(line, 1..4)
}

/// Lines with about as many seals as are looked at, and perhaps something else beside them.
fn sealed() -> impl Strategy<Value = Lines> {
    let carrier = select(
        &[
            ("x-tenancy-seal", ""),
            ("x-seal", ""),
            ("baggage", "tenancy-seal="),
            ("correlation-context", "tenancy-seal="),
            ("jaeger-baggage", "tenancy-seal="),
        ][..],
    );
    // One in few is valid.
    let seal = prop_oneof![6 => Just("v1.k1.1.ZGV2MQo.b3VycyF"), 1 => Just("v1"), 1 => select(SEALS)];
    let line = (carrier, vec(seal, 1..6)).prop_map(|((carrier, key), seals)| {
        let values: Vec<_> = seals.iter().map(|seal| format!("{key}{seal}")).collect();
        (carrier.to_owned(), values.join(","))
    });
    prop_oneof![vec(line.clone(), 1..5), vec(prop_oneof![line, any_line()], 1..7)]
}

/// Lines about overrides, each with about as many bytes as have room, of services that others name too.
fn full() -> impl Strategy<Value = Lines> {
    let entry = (0..20_u8, select(&["v", "v", "version-with-many-bytes"][..]));
    let line = (select(&["x-override", "x-service-route"][..]), vec(entry, 10..40));
    let line = line.prop_map(|(name, entries)| {
        let entries = entries.iter().map(|(service, version)| format!("{service:s>200}:{version}"));
        (name.to_owned(), entries.collect::<Vec<_>>().join(if name == "x-override" { "," } else { "::" }))
    });
    vec(line, 1..4)
}

proptest! {
    #![proptest_config(crate::cases(1000))]

    /// Few of the requests above have several seals.
    #[test]
    fn the_laws_hold_of_seals(subject in select(laws::sealed()), mut call in call(), lines in sealed()) {
        call.lines.retain(|(name, _)| name.starts_with(':'));
        call.lines.extend(lines);
        laws::hold(subject, &call);
    }

    /// Few of the requests above follow a link.
    #[test]
    fn the_laws_hold_of_links(mut call in call(), is_navigation in prop::bool::weighted(0.8)) {
        if is_navigation {
            call.lines.retain(|(name, _)| !["sec-fetch-mode", "sec-fetch-dest", "sec-purpose"].contains(&&**name));
            let metadata = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
            call.lines.extend(metadata.map(|(name, value)| (name.into(), value.into())));
        }
        laws::hold(laws::linked(), &call);
    }
}

proptest! {
    #![proptest_config(crate::cases(4000))]

    /// Few of the requests above reach a limit in several lines.
    #[test]
    fn the_laws_hold_at_limits(subject in 0..SUBJECTS.len(), lines in prop_oneof![crowded(), full()]) {
        let call = Call { lines, token: None, is_unknown_peer: false, direction: Direction::Unspecified, route: None };
        laws::hold(&SUBJECTS[subject], &call);
    }
}

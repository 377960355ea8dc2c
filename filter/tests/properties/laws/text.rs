//! Requests as text.

use serde_json::{Value, json};

use super::{SUBJECTS, Subject, linked};
use crate::naive::{Call, Claimed, Direction, Payload};

/// Reads a request as the seeds hold it: a line for each header, behind one that says which subject (`a` the
/// first), what peer (`?` an unknown one) or direction (`<` inbound, `>CLUSTER` outbound), perhaps with a route behind it
/// (`@NAME@CLUSTER`), and which token (issuer, tenant, groups, overrides; lists with `|`).
pub(crate) fn parse(text: &[u8]) -> (&'static Subject, Call) {
    let text: String = text.iter().copied().map(char::from).collect();
    let mut lines = text.split('\n');
    let mut head = lines.next().unwrap_or_default().split(' ');
    let letter = head.next().and_then(|word| word.bytes().next()).unwrap_or(b'a');
    let subject = usize::from(letter.wrapping_sub(b'a')) % SUBJECTS.len();
    let mut way = head.next().unwrap_or_default().splitn(3, '@');
    let direction = way.next().unwrap_or_default();
    let is_unknown_peer = direction == "?";
    let route = way.next().map(|name| (name.to_owned(), way.next().unwrap_or_default().to_owned()));
    let direction = match direction.strip_prefix('>') {
        Some(cluster) => Direction::Outbound(cluster.to_owned()),
        None if direction == "<" => Direction::Inbound,
        None => Direction::Unspecified,
    };
    let token = head.next().map(|issuer| {
        let paths = [&["tenancy", "name"][..], &["groups"], &["overrides", "0"]];
        let path = |path: &[&str]| path.iter().map(|&segment| segment.to_owned()).collect();
        let claims = paths.iter().zip(head).map(|(segments, value)| (path(segments), claimed(value))).collect();
        Payload { issuer: issuer.to_owned(), claims }
    });
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap_or((line, ""));
        (name.to_owned(), value.trim_matches([' ', '\t']).to_owned())
    };
    let call = Call { lines: lines.map(header).collect(), token, is_unknown_peer, direction, route };
    (&SUBJECTS[subject], call)
}

/// Reads a request whose lines are those of its baggage, behind the same first one.
pub(crate) fn parse_baggage(text: &[u8]) -> (&'static Subject, Call) {
    let mut lines = text.split(|byte| *byte == b'\n');
    let head = lines.next().unwrap_or_default();
    let lines = lines.flat_map(|line| [b"\nbaggage: ", line].concat());
    parse(&head.iter().copied().chain(*b"\n:authority: dev1.www.example.com").chain(lines).collect::<Vec<_>>())
}

/// Reads a request whose lines are those of its overrides, behind one that says which subject, and the method of a call
/// to foo, whose route chose a cluster. Each line stands in each header, whose formats part it in other ways, and in baggage.
pub(crate) fn parse_conditions(text: &[u8]) -> (&'static Subject, Call) {
    let mut lines = text.split(|byte| *byte == b'\n');
    let mut head = lines.next().unwrap_or_default().splitn(2, |byte| *byte == b' ');
    let letter = head.next().unwrap_or_default();
    let method = head.next().unwrap_or_default();
    let carriers = |line: &[u8]| {
        let escaped = line.iter().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let plain = |name: &[u8]| [b"\n", name, b": ", line].concat();
        let in_baggage = [b"\nbaggage: overrides=", escaped.as_bytes()].concat();
        [plain(b"x-override"), plain(b"x-service-route"), plain(b"uberctx-overrides"), in_baggage].concat()
    };
    let lines: Vec<u8> = lines.flat_map(carriers).collect();
    let way = b" -@default@outbound|80||foo.ns.svc.cluster.local";
    parse(&[letter, way, b"\n:authority: foo\n:method: ", method, &lines].concat())
}

/// Reads a request that may follow a share link: its method, `sec-fetch-mode`, `sec-fetch-dest` and `sec-purpose` in the
/// first line, as far as it has them, behind it the path.
/// The subject is one with links.
pub(crate) fn parse_link(text: &[u8]) -> (&'static Subject, Call) {
    let text: String = text.iter().copied().map(char::from).collect();
    let (head, path) = text.split_once('\n').unwrap_or((&text, ""));
    let names = [":method", "sec-fetch-mode", "sec-fetch-dest", "sec-purpose"];
    let lines = names.into_iter().zip(head.splitn(4, ' ')).chain([(":path", path)]);
    let lines = lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    (linked(), Call { lines, ..Call::default() })
}

/// Reads a host pattern, names that it excepts, and a request with these hosts: a line each for the pattern, the names,
/// the authority and `x-forwarded-host`.
pub(crate) fn parse_host(text: &[u8]) -> (Value, Call) {
    let text: String = text.iter().copied().map(char::from).collect();
    let mut lines = text.splitn(4, '\n');
    let [pattern, except, authority, forwarded] = [(); 4].map(|()| lines.next().unwrap_or_default());
    let mut rule = json!({"host": pattern});
    if !except.is_empty() {
        rule["except"] = except.split(' ').collect();
    }
    let mut forwarded_rule = rule.clone();
    forwarded_rule["of"] = json!("x-forwarded-host");
    forwarded_rule["trust"] = json!("anyone");
    let from = [rule, json!({"host": "{tenant}.example.com"}), forwarded_rule];
    let tenant = json!({"from": from, "to": [{"header": "x-tenant"}], "onConflict": "first"});
    let line = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let lines = vec![line(":authority", authority), line("x-forwarded-host", forwarded)];
    (json!({"version": 1, "role": "edge", "tenant": tenant}), Call { lines, ..Call::default() })
}

/// Reads templates of clusters, and a request of the mesh that may have a list: a line each for the templates, the route's
/// name and cluster, the tenant, the overrides and the authority.
pub(crate) fn parse_templates(text: &[u8]) -> (Value, Call) {
    let text: String = text.iter().copied().map(char::from).collect();
    let mut lines = text.splitn(5, '\n');
    let [templates, route, tenant, overrides, authority] = [(); 5].map(|()| lines.next().unwrap_or_default());
    let clusters: Vec<_> = templates.split(' ').collect();
    let config = json!({
        "version": 1,
        "role": "mesh",
        "tenant": {"to": [{"header": "x-tenant"}], "levels": "--"},
        "overrides": {"to": [{"header": "x-override"}]},
        "destinations": {"header": "x-tenancy-clusters", "clusters": clusters},
        "internal": ["corp.example.org"],
    });
    let line = |name: &str, value: &str| (name.to_owned(), value.trim_matches([' ', '\t']).to_owned());
    let lines = vec![line(":authority", authority), line("x-tenant", tenant), line("x-override", overrides)];
    let (name, cluster) = route.split_once(' ').unwrap_or(("default", route));
    (config, Call { lines, route: Some((name.to_owned(), cluster.to_owned())), ..Call::default() })
}

fn claimed(value: &str) -> Claimed {
    match value.contains('|') {
        true => Claimed::List(value.split('|').filter(|value| !value.is_empty()).map(str::to_owned).collect()),
        false => Claimed::Single(value.to_owned()),
    }
}

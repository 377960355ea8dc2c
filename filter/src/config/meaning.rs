//! Headers that already have a meaning, which no configuration may use for its context.

use crate::names::{begins, same_name};
use crate::repair::{self, TraceHeader};

/// Headers with a similar meaning.
struct Group {
    /// In lower case; a `*` at the end matches any rest of a name.
    names: &'static [&'static str],
    /// Whether a request needs them, so that `strip` may not name them either (RFC 9110 §7.6.1).
    frames: bool,
    meaning: &'static str,
    remedy: &'static str,
}

const OURS: &str = "choose a header of yours, as in x-tenant";

const REQUEST_ID: &str = "x-request-id";
const TRACING: &str = "it is a part of tracing";

const GROUPS: [Group; 11] = [
    Group {
        names: &["host"],
        frames: true,
        meaning: "it says whom the request is for",
        remedy: "match it, as in {host: \"{tenant}.www.example.com\"}, or choose a header of yours",
    },
    Group {
        names: &[
            "connection",
            "content-length",
            "transfer-encoding",
            "te",
            "trailer",
            "upgrade",
            "keep-alive",
            "proxy-connection",
            "expect",
        ],
        frames: true,
        meaning: "it frames the message or steers the connection",
        remedy: OURS,
    },
    Group {
        names: &["authorization", "proxy-authorization", "www-authenticate", "proxy-authenticate"],
        frames: false,
        meaning: "it authenticates",
        remedy: "read a verified token, as in {claim: tenant}, or choose a header of yours",
    },
    Group {
        names: &["cookie", "set-cookie"],
        frames: false,
        meaning: "it holds cookies",
        remedy: "read one at an edge, as in {cookie: tenant}, or choose a header of yours",
    },
    Group {
        names: &["forwarded", "via", "x-forwarded-*", "x-real-ip", "x-original-*", "x-envoy-*"],
        frames: false,
        meaning: "proxies write and believe it",
        remedy: "match the host, as in {host: \"{tenant}.www.example.com\"}, or the one in x-forwarded-host, by adding of: x-forwarded-host, or choose a header of yours",
    },
    Group { names: &["content-*"], frames: false, meaning: "it describes the content", remedy: OURS },
    Group { names: &["range", "if-*"], frames: false, meaning: "it asks for a part, or on a condition", remedy: OURS },
    Group { names: &["accept", "accept-*"], frames: false, meaning: "it negotiates the response", remedy: OURS },
    Group { names: &["cache-control", "pragma", "date"], frames: false, meaning: "caches go by it", remedy: OURS },
    Group {
        names: &["origin", "referer", "user-agent", "sec-*", "access-control-*"],
        frames: false,
        meaning: "clients write it about themselves",
        remedy: "match the host, as in {host: \"{tenant}.www.example.com\"}, or the one in origin, by adding of: origin, or choose a header of yours",
    },
    Group { names: &["grpc-*"], frames: false, meaning: "it belongs to gRPC", remedy: OURS },
];

/// Headers that frame a message or control a connection; removing them breaks the request.
pub(super) fn framing() -> impl Iterator<Item = &'static str> {
    GROUPS.iter().filter(|group| group.frames).flat_map(|group| group.names.iter().copied())
}

/// The meaning of a name in any spelling, and what to use instead; `None` if it has none.
pub(super) fn of(name: &str) -> Option<(&'static str, &'static str)> {
    let group = GROUPS.iter().find(|group| group.names.iter().any(|known| covers(known, name)));
    let known = group.map(|group| (group.meaning, group.remedy));
    let mut trace_headers = TraceHeader::words().into_iter().map(|(word, _)| word).chain(repair::dropped());
    known.or_else(|| trace_headers.any(|known| covers(known, name)).then_some((TRACING, OURS)))
}

/// What a prefix reaches without naming its kind, and what that means; `None` if it reaches nothing of the sort. Trace
/// headers are clients' own, but for the one that the proxy makes.
pub(super) fn reached_by(prefix: &str) -> Option<(&'static str, &'static str)> {
    let names = GROUPS.iter().flat_map(|group| group.names.iter().map(|name| (*name, group.meaning)));
    names.chain([(REQUEST_ID, TRACING)]).find(|(name, _)| {
        let stem = name.strip_suffix('*').unwrap_or(name).as_bytes();
        stem.len() > prefix.len() && begins(stem, prefix.as_bytes())
    })
}

fn covers(known: &str, name: &str) -> bool {
    match known.strip_suffix('*') {
        Some(prefix) => begins(name.as_bytes(), prefix.as_bytes()),
        None => same_name(name.as_bytes(), known.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_meaning_is_known_in_any_spelling() {
        let traces = TraceHeader::words().map(|(word, _)| word);
        let listed = GROUPS.iter().flat_map(|group| group.names.iter().copied());
        for name in listed.chain(traces).chain(repair::dropped()) {
            for name in [name.replace('*', "a"), name.replace('*', "a-b").replace('-', "_").to_ascii_uppercase()] {
                assert!(of(&name).is_some(), "{name}");
            }
        }
        for name in
            ["x-tenant", "x-forwarded", "accepted", "contents", "b3x", "x-b4-traceid", "x-range", "grpc", "ot-b"]
        {
            assert_eq!(of(name), None, "{name}");
        }
    }
}

//! What the filter does with a request.

use tenancy_filter::{Claim, Filter, Header, Mutation, Passage, Peer, Refusal, Request, Tally, Token};

use crate::naive::{self, Call, Claimed, Lines, Payload};

/// A header that is set, or removed.
pub(super) type Change = (String, Option<String>);

/// What the filter wants changed, or why it refuses.
pub(super) fn decide(filter: &Filter, call: &Call) -> Result<Vec<Change>, Refusal> {
    let lines = bytes_of(&call.lines);
    let headers = headers(&lines);
    let paths = filter.claims().iter();
    let issuer = call.token.as_ref().map(|token| bytes(&token.issuer)).unwrap_or_default();
    let values: Vec<_> = paths.map(|path| call.token.as_ref().and_then(|token| claim(token, path))).collect();
    let claims: Vec<_> = values.iter().map(borrowed).collect();
    let token = Token { issuer: &issuer, claims: &claims };
    let token = call.token.as_ref().map(|_| &token);
    let request = Request { headers: &headers, token, peer: peer(call), passage: passage(call) };
    let decision = filter.on_request(&request, &Tally::default());
    let asked = Request { passage: asked(filter, &request), ..request };
    assert_eq!(filter.on_request(&asked, &Tally::default()), decision, "by what it asks for alone (left)");
    decision.map(|mutations| mutations.iter().map(change).collect())
}

fn passage(call: &Call) -> Passage<'_> {
    match &call.passage {
        naive::Passage::Unknown => Passage::Unknown,
        naive::Passage::Inbound => Passage::Inbound,
        naive::Passage::Outbound(cluster) => Passage::Outbound { cluster: cluster.as_bytes() },
    }
}

/// The passage, as far as the filter asks for it.
fn asked<'a>(filter: &Filter, request: &Request<'a>) -> Passage<'a> {
    match request.passage {
        _ if !filter.reads_passage(request.headers, request.peer) => Passage::Unknown,
        Passage::Outbound { .. } if !filter.reads_cluster(request.headers) => Passage::Outbound { cluster: b"" },
        passage => passage,
    }
}

/// What the filter wants changed in trailers.
pub(super) fn trailers(filter: &Filter, call: &Call) -> Vec<Change> {
    let lines = bytes_of(&call.lines);
    filter.on_request_trailers(&headers(&lines), peer(call), &Tally::default()).iter().map(change).collect()
}

pub(super) fn peer(call: &Call) -> Peer {
    if call.is_unknown_peer { Peer::Unknown } else { Peer::Known }
}

/// The lines once they are changed so.
pub(super) fn apply(lines: &Lines, changes: &[Change]) -> Lines {
    let mut lines = lines.clone();
    for (name, value) in changes {
        lines.retain(|(other, _)| other != name);
        lines.extend(value.clone().map(|value| (name.clone(), value)));
    }
    lines
}

type Bytes = Vec<(Vec<u8>, Vec<u8>)>;

fn headers(lines: &Bytes) -> Vec<Header<'_>> {
    lines.iter().map(|(name, value)| Header { name, value }).collect()
}

fn bytes_of(lines: &Lines) -> Bytes {
    lines.iter().map(|(name, value)| (bytes(name), bytes(value))).collect()
}

fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).expect("Latin-1")).collect()
}

fn text(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn change(mutation: &Mutation) -> Change {
    match mutation {
        Mutation::Remove { name } => (text(name), None),
        Mutation::Set { name, value } => (text(name), Some(text(value))),
    }
}

/// The bytes of a claim, and whether it is a list.
fn claim(token: &Payload, path: &[String]) -> Option<(Vec<Vec<u8>>, bool)> {
    token.claims.iter().find(|(claim, _)| claim == path).map(|(_, value)| match value {
        Claimed::Single(value) => (vec![bytes(value)], false),
        Claimed::List(values) => (values.iter().map(|value| bytes(value)).collect(), true),
    })
}

fn borrowed(claim: &Option<(Vec<Vec<u8>>, bool)>) -> Claim<'_> {
    match claim {
        None => Claim::Absent,
        Some((values, true)) => Claim::List(values.iter().map(Vec::as_slice).collect()),
        Some((values, false)) => Claim::Single(&values[0]),
    }
}

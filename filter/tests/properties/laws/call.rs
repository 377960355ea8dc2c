//! What the filter does with a request.

use std::convert::Infallible;

use tenancy_filter::{
    Answer, Claim, Decision, Direction, Filter, Gathered, Header, Lookup, Mutation, Peer, Recalled, Role, Route, Scan,
    Token, TraceId, Unsealed,
};

use crate::naive::{self, Call, Claimed, Lines, Payload};

/// A header that is set, or removed.
pub(super) type Change = (String, Option<String>);

/// What the filter wants changed, or answers.
pub(super) fn decide(filter: &Filter, call: &Call) -> Result<Vec<Change>, Answer> {
    let lines = bytes_of(&call.lines);
    let headers = headers(&lines);
    let paths = filter.claims().iter();
    let issuer = call.token.as_ref().map(|token| bytes(&token.issuer)).unwrap_or_default();
    let values: Vec<_> = paths.map(|path| call.token.as_ref().and_then(|token| claim(token, path))).collect();
    let token = call.token.as_ref().map(|_| Token { issuer: &issuer, claims: values.iter().map(borrowed).collect() });
    let scan = filter.scan(&headers, peer(call));
    let all = Gathered { token, direction: direction(call, filter.role(peer(call))) };
    let decision = decision(&scan, call, &all);
    let wanted = wanted(&scan, &all);
    assert_eq!(self::decision(&scan, call, &wanted), decision, "by what it wants alone (left)");
    decision.map(|Decision { mutations, .. }| mutations.iter().map(change).collect())
}

fn decision<'a>(scan: &'a Scan<'_>, call: &Call, gathered: &'a Gathered<'a>) -> Result<Decision<'a>, Answer> {
    scan.decide(gathered, Asked(call), &())
}

/// What the call says of its route, and what a seal says of itself. Nothing was remembered.
struct Asked<'c>(&'c Call);

impl Lookup for Asked<'_> {
    fn recall(&mut self, _: &TraceId) -> Recalled {
        Recalled::Unknown
    }

    fn route(&mut self) -> Option<Route> {
        self.0.route.as_ref().map(|(name, cluster)| Route { name: bytes(name), cluster: bytes(cluster) })
    }

    fn unseal(&mut self, seal: &[u8]) -> Result<Vec<u8>, Unsealed> {
        naive::held(&text(seal)).map(|held| bytes(&held)).ok_or(Unsealed::False)
    }

    fn seal(&mut self, context: &[u8]) -> Option<Vec<u8>> {
        Some(bytes(&naive::made(&text(context))))
    }
}

fn direction(call: &Call, role: Role) -> Direction<'_> {
    match (&call.direction, role) {
        (_, Role::Waypoint) => Direction::Through { cluster: call.cluster().as_bytes() },
        (naive::Direction::Unspecified, Role::Edge | Role::Mesh) => Direction::Unspecified,
        (naive::Direction::Inbound, Role::Edge | Role::Mesh) => Direction::Inbound,
        (naive::Direction::Outbound(cluster), Role::Edge | Role::Mesh) => {
            Direction::Outbound { cluster: cluster.as_bytes() }
        }
    }
}

/// What a front end gathers that does no more than it has to.
fn wanted<'a>(scan: &Scan<'_>, all: &Gathered<'a>) -> Gathered<'a> {
    let wants = scan.wants();
    let direction = match all.direction {
        Direction::Through { .. } if wants.cluster => all.direction,
        _ if !wants.direction => Direction::Unspecified,
        Direction::Outbound { .. } if !wants.cluster => Direction::Outbound { cluster: b"" },
        direction => direction,
    };
    Gathered { token: all.token.clone().filter(|_| wants.token), direction }
}

/// What the filter wants changed in trailers.
pub(super) fn trailers(filter: &Filter, call: &Call) -> Vec<Change> {
    let lines = bytes_of(&call.lines);
    let headers = headers(&lines);
    let is_outbound = || Ok::<_, Infallible>(matches!(call.direction, naive::Direction::Outbound(_)));
    let scan = filter.scan_trailers(&headers, peer(call));
    let Ok(mutations) = scan.strip(is_outbound, &());
    mutations.iter().map(change).collect()
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

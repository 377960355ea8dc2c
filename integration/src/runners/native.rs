//! The filter itself, without a proxy around it.

use anyhow::{Result, ensure};
use serde_json::Value;
use tenancy_filter::{Claim, ClaimPath, Filter, Header, Mutation, Passage, Refusal, Request, Tally, Token};

use super::{Run, counts, part};
use crate::cases::{Case, Direction, Outcome, Peer};
use crate::headers::Headers;
use crate::wasm_host::{at, value};

/// A filter with one configuration.
#[derive(Debug)]
pub struct NativeRunner(Filter);

/// A claim in the host's encoding.
enum Encoded {
    Absent,
    Single(Vec<u8>),
    List(Vec<Vec<u8>>),
}

impl NativeRunner {
    /// A filter with this configuration.
    pub fn new(configuration: &Value) -> Result<Self> {
        Ok(Self(Filter::from_config(configuration.to_string().as_bytes())?))
    }

    /// Asks the filter, and applies its mutations as Envoy applies them.
    pub fn run(&self, case: &Case) -> Result<Run> {
        let tally = Tally::default();
        let (outcome, changes) = self.outcome(case, &tally)?;
        let (counted, requests) = counts(tally.take().map(|(counter, count)| (counter.name().to_owned(), count)));
        ensure!(requests == 1, "{requests} requests were counted");
        Ok(Run { outcome, counted, changes })
    }

    /// What becomes of a request, and by how many changes.
    fn outcome(&self, case: &Case, tally: &Tally) -> Result<(Outcome, usize)> {
        let (trailers, peer) = (case.trailers(), case.peer.into());
        let (headers, changes) = match self.rewrite(case, tally)? {
            Ok(rewritten) => rewritten,
            Err(refusal) => return Ok((Outcome::Refused(refusal.status().try_into()?), 0)),
        };
        let lines = borrowed(&trailers);
        let mutations = self.0.on_request_trailers(&lines, peer, tally);
        Ok((Outcome::upstream(headers, apply(&trailers, &mutations)), changes + mutations.len()))
    }

    /// The headers that leave, and the number of changes.
    fn rewrite(&self, case: &Case, tally: &Tally) -> Result<Result<(Headers, usize), Refusal>> {
        let mut all = case.pseudo_headers();
        all.0.extend(case.headers().0);
        let claims = case.token.iter().flat_map(|token| self.0.claims().iter().map(|path| Encoded::read(token, path)));
        let claims: Vec<_> = claims.collect();
        let claims: Vec<_> = claims.iter().map(Encoded::claim).collect();
        let issuer = case.token.as_ref().and_then(|token| value(token.get("iss")?));
        let token = issuer.as_ref().map(|issuer| Token { issuer, claims: &claims });
        let headers = borrowed(&all);
        let (peer, passage) = (case.peer.into(), self.passage(case, &headers));
        let request = Request { headers: &headers, token: token.as_ref(), peer, passage };
        let mutations = match self.0.on_request(&request, tally) {
            Ok(mutations) => mutations,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let (pseudo, headers) = part(apply(&all, &mutations));
        ensure!(pseudo == case.pseudo_headers(), "the filter changed {pseudo:?}");
        Ok(Ok((headers, mutations.len())))
    }
}

impl NativeRunner {
    /// Which way a request passes, as far as the filter wants to know it.
    fn passage<'c>(&self, case: &'c Case, headers: &[Header<'_>]) -> Passage<'c> {
        let cluster = if self.0.reads_cluster(headers) { case.passage.cluster.as_bytes() } else { b"" };
        match case.passage.direction {
            _ if !self.0.reads_passage(headers, case.peer.into()) => Passage::Unknown,
            Direction::Unspecified => Passage::Unknown,
            Direction::Inbound => Passage::Inbound,
            Direction::Outbound => Passage::Outbound { cluster },
        }
    }
}

impl Encoded {
    fn read(token: &Value, path: &ClaimPath) -> Self {
        let path: Vec<_> = path.iter().map(String::as_str).collect();
        let single = |claim: &Value| value(claim).unwrap_or_default();
        match at(token, &path) {
            None => Self::Absent,
            Some(Value::Array(list)) => Self::List(list.iter().map(single).collect()),
            Some(claim) => Self::Single(single(claim)),
        }
    }

    fn claim(&self) -> Claim<'_> {
        match self {
            Self::Absent => Claim::Absent,
            Self::Single(bytes) => Claim::Single(bytes),
            Self::List(elements) => Claim::List(elements.iter().map(Vec::as_slice).collect()),
        }
    }
}

impl From<Peer> for tenancy_filter::Peer {
    fn from(peer: Peer) -> Self {
        match peer {
            Peer::Known => Self::Known,
            Peer::Unknown => Self::Unknown,
        }
    }
}

fn borrowed(headers: &Headers) -> Vec<Header<'_>> {
    headers.0.iter().map(|(name, value)| Header { name, value }).collect()
}

fn apply(headers: &Headers, mutations: &[Mutation<'_>]) -> Headers {
    let mut left = headers.clone();
    for mutation in mutations {
        let (Mutation::Remove { name } | Mutation::Set { name, .. }) = mutation;
        left.0.retain(|(known, _)| known != name);
        if let Mutation::Set { name, value } = mutation {
            left.0.push((name.to_vec(), value.to_vec()));
        }
    }
    left
}

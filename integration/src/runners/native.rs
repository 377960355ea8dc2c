//! The filter itself, without a proxy around it.

use anyhow::{Result, ensure};
use playground::Headers;
use serde_json::Value;
use tenancy_filter::{Answer, Filter, Header, Mutation, Tally};
use tenancy_filter_crypto::Alone;
use tenancy_filter_envoy::{Facts, is_outbound, peer, set_caller};

use super::{Run, counts, part};
use crate::cases::{Case, Outcome};
use crate::token::now;
use crate::wasm_host::{Exchange, Node};

/// A filter with one configuration.
#[derive(Debug)]
pub struct NativeRunner(Filter);

impl NativeRunner {
    /// A filter with this configuration.
    pub fn new(configuration: &Value) -> Result<Self> {
        Self::beside(configuration, &Node::default())
    }

    /// A filter with this configuration, in a proxy that is this node.
    pub fn beside(configuration: &Value, node: &Node) -> Result<Self> {
        let mut filter = Filter::from_config(configuration.to_string().as_bytes())?.filter;
        set_caller(&mut filter, node)?;
        Ok(Self(filter))
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
        let exchange = Exchange::of(case);
        let (headers, changes) = match self.rewrite(&exchange, tally)? {
            Ok(rewritten) => rewritten,
            Err(answer) => return Ok((answered(&answer)?, 0)),
        };
        let (pseudo, headers) = part(headers);
        ensure!(pseudo == case.pseudo_headers(), "the filter changed {pseudo:?}");
        let lines = borrowed(&exchange.trailers);
        let scan = self.0.scan_trailers(&lines, peer(&self.0, &exchange));
        let mutations = scan.strip(|| is_outbound(&exchange), tally)?;
        Ok((Outcome::upstream(headers, apply(&exchange.trailers, &mutations)), changes + mutations.len()))
    }

    /// The headers that leave, and the number of changes.
    fn rewrite(&self, exchange: &Exchange, tally: &Tally) -> Result<Result<(Headers, usize), Answer>> {
        let headers = borrowed(&exchange.headers);
        let scan = self.0.scan(&headers, peer(&self.0, exchange));
        let facts = Facts::gather(exchange, scan.wants(), &self.0)?;
        let gathered = facts.gathered();
        let lookup = Alone { attributes: exchange, seal: self.0.seal(), private_key: None, now: now() };
        let decision = scan.decide(&gathered, lookup, tally);
        Ok(decision.map(|decision| (apply(&exchange.headers, &decision.mutations), decision.mutations.len())))
    }
}

fn answered(answer: &Answer) -> Result<Outcome> {
    let headers = answer.headers().into_iter().map(|(name, value)| (name.as_bytes().to_vec(), value.to_vec()));
    Ok(Outcome::answered(answer.status().try_into()?, Headers(headers.collect())))
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

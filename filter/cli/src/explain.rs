//! A request on its way through instances of the filter.

use std::cell::RefCell;

use tenancy_filter::{Answer, Decision, Event, Events, Filter, Header, Mutation, PrivateKey, Seal};
use tenancy_filter_crypto::Alone;
use tenancy_filter_envoy::{Facts, Place, is_outbound, peer};

use crate::request::{Line, Request};
use crate::sentence::key_unknown;
use crate::told::{Told, latin1};

/// An instance of the filter.
#[derive(Debug)]
pub struct Instance {
    /// What it is called.
    pub name: String,
    /// Its configuration.
    pub filter: Filter,
    /// The private key of its seals, as base64, where the configuration has it from the environment; `None` if it is not
    /// known here.
    pub private_key: Option<String>,
}

impl Instance {
    /// An instance without a private key.
    pub fn new(name: impl Into<String>, filter: Filter) -> Self {
        Self { name: name.into(), filter, private_key: None }
    }

    /// The variable of the proxy's environment that holds the private key of its seals; `None` if it makes none, or has
    /// the key in its configuration.
    pub fn key_variable(&self) -> Option<&str> {
        match self.filter.seal()? {
            Seal::Sign(rules) => match &rules.private_key {
                PrivateKey::Env(name) => Some(name),
                PrivateKey::Der(_) => None,
            },
            Seal::Verify(_) => None,
        }
    }
}

/// What became of a request, instance by instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// What it was at first.
    pub request: Request,
    /// Each instance that saw it, in order; the last one may have answered it.
    pub hops: Vec<Hop>,
}

/// What one instance made of a request, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Hop {
    /// The instance's name.
    pub instance: String,
    /// What became of the request.
    pub outcome: Outcome,
    /// The events of the filter, in order.
    pub told: Vec<Told>,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The request goes on with these headers.
    Passed(Request),
    /// It is answered.
    Answered {
        /// The status.
        status: u32,
        /// The header lines, beside those that the proxy adds.
        headers: Vec<Line>,
        /// The body, a line, or empty.
        body: String,
    },
}

impl Explanation {
    /// What became of it in the end.
    pub fn outcome(&self) -> Outcome {
        self.hops.last().map_or_else(|| Outcome::Passed(self.request.clone()), |hop| hop.outcome.clone())
    }
}

impl Request {
    /// The values of a header, a line each; each byte as the character of its number.
    pub fn values(&self, name: &str) -> Vec<String> {
        let lines = self.headers.iter().filter(|(known, _)| known == name.as_bytes());
        lines.map(|(_, value)| latin1(value)).collect()
    }
}

/// Sends a request through instances, in order. What leaves one reaches the next.
///
/// Nothing was remembered before, so `repair` restores nothing.
pub fn explain(instances: &[Instance], request: &Request) -> Explanation {
    let mut explanation = Explanation { request: request.clone(), hops: Vec::new() };
    for instance in instances {
        let Outcome::Passed(request) = explanation.outcome() else { break };
        explanation.hops.push(pass(instance, &request));
    }
    explanation
}

fn pass(instance: &Instance, request: &Request) -> Hop {
    let unknown_key = instance.key_variable().filter(|_| instance.private_key.is_none());
    let log = Log { told: RefCell::default(), unknown_key };
    let outcome = match rewrite(instance, request, &log) {
        Ok(passed) => Outcome::Passed(passed),
        Err(answer) => {
            let headers = answer.headers().into_iter().map(|(name, value)| (name.as_bytes().to_vec(), value.to_vec()));
            Outcome::Answered { status: answer.status(), headers: headers.collect(), body: answer.to_string() }
        }
    };
    Hop { instance: instance.name.clone(), outcome, told: log.told.into_inner() }
}

/// The request as it leaves.
fn rewrite(instance: &Instance, request: &Request, log: &Log<'_>) -> Result<Request, Answer> {
    let filter = &instance.filter;
    let (headers, trailers) = (borrowed(&request.headers), borrowed(&request.trailers));
    let peer = peer(filter, request);
    let scan = filter.scan(&headers, peer);
    let Ok(facts) = Facts::gather(request, scan.wants(), filter);
    let gathered = facts.gathered();
    if Place::default().is_mistaken(filter, request, || ()) {
        log.record(Event::Misplaced);
    }
    let private_key = instance.private_key.as_deref();
    let lookup = Alone { attributes: request, seal: filter.seal(), private_key, now: request.time };
    let Decision { mutations, memo: _ } = scan.decide(&gathered, lookup, log)?;
    let trailer_scan = filter.scan_trailers(&trailers, peer);
    let Ok(of_trailers) = trailer_scan.strip(|| is_outbound(request), log);
    Ok(Request {
        headers: applied(&request.headers, &mutations),
        trailers: applied(&request.trailers, &of_trailers),
        ..request.clone()
    })
}

fn borrowed(lines: &[Line]) -> Vec<Header<'_>> {
    lines.iter().map(|(name, value)| Header { name, value }).collect()
}

/// The lines once they are changed so.
fn applied(lines: &[Line], mutations: &[Mutation<'_>]) -> Vec<Line> {
    let mut left = lines.to_vec();
    for mutation in mutations {
        let (Mutation::Remove { name } | Mutation::Set { name, .. }) = mutation;
        left.retain(|(known, _)| known != name);
        if let Mutation::Set { name, value } = mutation {
            left.push((name.to_vec(), value.to_vec()));
        }
    }
    left
}

/// Collects events.
struct Log<'i> {
    told: RefCell<Vec<Told>>,
    /// The variable of the private key that is not known here.
    unknown_key: Option<&'i str>,
}

impl Events for Log<'_> {
    fn record(&self, event: Event<'_>) {
        let mut told = Told::new(&event);
        if let (Event::SealFailed, Some(variable)) = (event, self.unknown_key) {
            told.text = key_unknown(variable);
        }
        self.told.borrow_mut().push(told);
    }
}

//! What the host knows.

use std::collections::BTreeMap;
use std::convert::Infallible;

use playground::Headers;
use serde_json::Value;
use tenancy_filter_envoy::Attributes;

use super::encoding;
use super::shared::Shared;
use crate::cases::{Case, Passage, Peer};

/// One request in the proxy while the module works on it.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// The header lines, pseudo-headers included.
    pub headers: Headers,
    /// The trailer lines.
    pub trailers: Headers,
    /// The payload that `jwt_authn` verified.
    pub token: Option<Value>,
    /// Who sends it.
    pub peer: Peer,
    /// Which way it passes.
    pub passage: Passage,
    /// The local replies; more than one is an error.
    pub replies: Vec<Reply>,
}

/// The node that the proxy is.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// The workload beside it, as its labels name it (Istio, "Canonical Service").
    pub workload: Option<String>,
}

/// A local reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u32,
    /// The header lines that the module adds.
    pub headers: Headers,
    /// The body.
    pub body: String,
}

/// The failure of a host call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It answers `InternalFailure` and does nothing.
    Fails,
    /// It answers `Ok`, but the bytes that it returns are truncated.
    Truncates,
    /// Shared data has changed since it was read.
    Loses,
}

/// Statuses of a property that is not there, and of one that has no bytes.
pub(super) const NOT_FOUND: u32 = 1;
const SERIALIZATION_FAILURE: u32 = 3;

/// What goes wrong with the calls of one function: none of so many, then so many, and no later one.
#[derive(Debug)]
pub(super) struct Faults {
    pub(super) good: usize,
    pub(super) bad: usize,
    pub(super) fault: Fault,
}

/// Everything but the module and its memory.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The context on whose behalf the module runs.
    pub(super) context: i32,
    pub(super) shared: Shared,
    pub(super) node: Node,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) configurations: BTreeMap<i32, String>,
    pub(super) exchanges: BTreeMap<i32, Exchange>,
    /// In milliseconds.
    pub(super) tick_periods: BTreeMap<i32, u64>,
    pub(super) metrics: Vec<(String, u64)>,
    pub(super) faults: BTreeMap<String, Faults>,
    pub(super) journal: Vec<String>,
    pub(super) log: Vec<String>,
    /// Whether its log is at the debug level.
    pub(super) is_debugging: bool,
}

impl Exchange {
    /// The request of a case.
    pub fn of(case: &Case) -> Self {
        let mut headers = case.pseudo_headers();
        headers.0.extend(case.headers().0);
        let (token, peer, passage) = (case.token.clone(), case.peer, case.passage.clone());
        Self { headers, trailers: case.trailers(), token, peer, passage, replies: Vec::new() }
    }

    /// A property by its path (Envoy, "Attributes"): the bytes, or the status of the ABI.
    pub(super) fn property(&self, path: &[&str]) -> Result<Vec<u8>, u32> {
        let known = self.peer == Peer::Known;
        match path {
            ["connection", "mtls"] => Ok(vec![u8::from(known)]),
            ["xds", "listener_direction"] => Ok((self.passage.direction as u64).to_le_bytes().into()),
            ["xds", "route_name"] => Ok(self.passage.route.clone().into()),
            ["xds", "cluster_name"] if !self.passage.cluster.is_empty() => Ok(self.passage.cluster.clone().into()),
            ["metadata", "filter_metadata", "envoy.filters.http.jwt_authn", "payload", claim @ ..] => {
                let payload = self.token.as_ref().ok_or(NOT_FOUND)?;
                let value = encoding::at(payload, claim).ok_or(NOT_FOUND)?;
                encoding::value(value).ok_or(SERIALIZATION_FAILURE)
            }
            _ => Err(NOT_FOUND),
        }
    }
}

impl Node {
    /// A property of the node by its path, as that of an exchange.
    pub(super) fn property(&self, path: &[&str]) -> Result<Vec<u8>, u32> {
        let name = match path {
            ["xds", "node", "metadata", "LABELS", "service.istio.io/canonical-name"] => self.workload.clone(),
            _ => None,
        };
        name.map(String::into_bytes).ok_or(NOT_FOUND)
    }
}

/// The same as the module sees it, for runners without one.
impl Attributes for Node {
    type Failure = Infallible;

    fn property(&self, path: &[&str]) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.property(path).ok())
    }
}

/// The same as the module sees it, for runners without one.
impl Attributes for Exchange {
    type Failure = Infallible;

    fn property(&self, path: &[&str]) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(match self.property(path) {
            Ok(bytes) => Some(bytes),
            Err(SERIALIZATION_FAILURE) => Some(Vec::new()),
            Err(_) => None,
        })
    }
}

impl State {
    /// The fault that this call of a function meets, if any.
    pub(super) fn fault(&mut self, function: &str) -> Option<Fault> {
        let faults = self.faults.get_mut(function)?;
        match (faults.good.checked_sub(1), faults.bad.checked_sub(1)) {
            (Some(left), _) => {
                faults.good = left;
                None
            }
            (None, bad) => {
                faults.bad = bad?;
                Some(faults.fault)
            }
        }
    }

    pub(super) fn exchange(&mut self) -> Option<&mut Exchange> {
        self.exchanges.get_mut(&self.context)
    }
}

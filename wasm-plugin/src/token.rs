//! The payload that Envoy's `jwt_authn` verified.

use tenancy_filter::{Claim, Filter, Token};

use crate::header_map::{Pairs, pairs};
use crate::host::{self, HostFailure};

/// Where Istio's RequestAuthentication has it put; Envoy alone: `payload_in_metadata: payload`.
const PAYLOAD: [&str; 4] = ["metadata", "filter_metadata", "envoy.filters.http.jwt_authn", "payload"];

/// The claims that the filter asks for, as the host hands them over.
pub(crate) struct Payload {
    issuer: Vec<u8>,
    claims: Vec<Value>,
}

enum Value {
    Absent,
    Single(Vec<u8>),
    List(Vec<u8>),
}

impl Payload {
    /// Nothing where the filter asks for none, or no token was verified, or it has no issuer.
    pub(crate) fn read(filter: &Filter) -> Result<Option<Self>, HostFailure> {
        if !filter.reads_token() {
            return Ok(None);
        }
        let Some(issuer) = claim(&["iss"])? else { return Ok(None) };
        let read = |path: &Vec<String>| Value::read(&path.iter().map(String::as_str).collect::<Vec<_>>());
        let claims = filter.claims().iter().map(read).collect::<Result<_, _>>()?;
        Ok(Some(Self { issuer, claims }))
    }

    pub(crate) fn claims(&self) -> Vec<Claim<'_>> {
        self.claims.iter().map(Value::claim).collect()
    }

    pub(crate) fn token<'a>(&'a self, claims: &'a [Claim<'a>]) -> Token<'a> {
        Token { issuer: &self.issuer, claims }
    }
}

impl Value {
    fn read(path: &[&str]) -> Result<Self, HostFailure> {
        Ok(match claim(path)? {
            None => Self::Absent,
            Some(bytes) if is_list(&bytes, path)? => Self::List(bytes),
            Some(bytes) => Self::Single(bytes),
        })
    }

    fn claim(&self) -> Claim<'_> {
        match self {
            Self::Absent => Claim::Absent,
            Self::Single(bytes) => Claim::Single(bytes),
            Self::List(bytes) => {
                let mut elements = Pairs::new();
                match pairs(bytes, &mut elements) {
                    Some(()) => Claim::List(elements.iter().map(|element| element.name).collect()),
                    None => Claim::Single(bytes),
                }
            }
        }
    }
}

fn claim(path: &[&str]) -> Result<Option<Vec<u8>>, HostFailure> {
    host::property(&[&PAYLOAD, path].concat())
}

/// A list arrives as pairs of its elements and nothing; its first element is then found by index,
/// which in a map would be the value of a key called 0. Without elements both are the same, and
/// hold as little.
fn is_list(bytes: &[u8], path: &[&str]) -> Result<bool, HostFailure> {
    let mut elements = Pairs::new();
    if pairs(bytes, &mut elements).is_none() || elements.iter().any(|element| !element.value.is_empty()) {
        return Ok(false);
    }
    let Some(first) = elements.first() else { return Ok(true) };
    Ok(claim(&[path, &["0"]].concat())?.is_some_and(|element| element == first.name))
}

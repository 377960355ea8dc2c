//! The payload that Envoy's `jwt_authn` verified.

use tenancy_filter::{Claim, ClaimPath, Token};

use crate::Attributes;
use crate::pairs::{Pairs, pairs};

/// Where Istio's RequestAuthentication has it put; Envoy alone: `payload_in_metadata: payload`.
const PAYLOAD: [&str; 4] = ["metadata", "filter_metadata", "envoy.filters.http.jwt_authn", "payload"];

/// The claims that the filter asks for, as the host hands them over.
#[derive(Debug)]
pub(crate) struct Payload {
    issuer: Vec<u8>,
    claims: Vec<Value>,
}

#[derive(Debug)]
enum Value {
    Absent,
    Single(Vec<u8>),
    List(Vec<u8>),
}

impl Payload {
    /// `None` if no token was verified, or it has no issuer.
    pub(crate) fn read<A: Attributes>(host: &A, claims: &[ClaimPath]) -> Result<Option<Self>, A::Failure> {
        let Some(issuer) = claim(host, &["iss"])? else { return Ok(None) };
        let read = |path: &ClaimPath| Value::read(host, &path.iter().map(String::as_str).collect::<Vec<_>>());
        let claims = claims.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Some(Self { issuer, claims }))
    }

    pub(crate) fn token(&self) -> Token<'_> {
        Token { issuer: &self.issuer, claims: self.claims.iter().map(Value::claim).collect() }
    }
}

impl Value {
    fn read<A: Attributes>(host: &A, path: &[&str]) -> Result<Self, A::Failure> {
        Ok(match claim(host, path)? {
            None => Self::Absent,
            Some(bytes) if is_list(host, &bytes, path)? => Self::List(bytes),
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

fn claim<A: Attributes>(host: &A, path: &[&str]) -> Result<Option<Vec<u8>>, A::Failure> {
    host.property(&[&PAYLOAD, path].concat())
}

/// Whether these bytes are a list's. A list arrives as pairs of its elements and nothing, and so does a map whose values
/// are empty texts; but an element is found again by its index, which in such a map is no key, or one of an empty text.
/// Empty elements tell nothing: of these a map has at most one.
fn is_list<A: Attributes>(host: &A, bytes: &[u8], path: &[&str]) -> Result<bool, A::Failure> {
    let mut elements = Pairs::new();
    if pairs(bytes, &mut elements).is_none() || elements.iter().any(|element| !element.value.is_empty()) {
        return Ok(false);
    }
    let telling = elements.iter().enumerate().find(|(_, element)| !element.name.is_empty());
    let Some((index, known)) = telling else { return Ok(true) };
    Ok(claim(host, &[path, &[&*index.to_string()]].concat())?.is_some_and(|element| element == known.name))
}

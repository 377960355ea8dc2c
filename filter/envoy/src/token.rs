//! The payload that Envoy's `jwt_authn` verified.

use tenancy_filter::{Claim, ClaimPath, Filter, Token};

use crate::Attributes;
use crate::pairs::{Pairs, pairs};

/// The path of the payloads, each under its provider's `payload_in_metadata`.
const METADATA: [&str; 3] = ["metadata", "filter_metadata", "envoy.filters.http.jwt_authn"];

/// The payload under one key of the metadata.
struct Lookup<'h, A> {
    host: &'h A,
    key: &'h str,
}

/// The claims that the filter wants, as the host returns them.
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
    pub(crate) fn read<A: Attributes>(host: &A, filter: &Filter) -> Result<Option<Self>, A::Failure> {
        let lookup = Lookup { host, key: filter.payload() };
        let Some(issuer) = lookup.claim(&["iss"])? else { return Ok(None) };
        let read = |path: &ClaimPath| Value::read(&lookup, &path.iter().map(String::as_str).collect::<Vec<_>>());
        let claims = filter.claims().iter().map(read).collect::<Result<_, _>>()?;
        Ok(Some(Self { issuer, claims }))
    }

    pub(crate) fn token(&self) -> Token<'_> {
        Token { issuer: &self.issuer, claims: self.claims.iter().map(Value::claim).collect() }
    }
}

impl Value {
    fn read<A: Attributes>(lookup: &Lookup<'_, A>, path: &[&str]) -> Result<Self, A::Failure> {
        Ok(match lookup.claim(path)? {
            None => Self::Absent,
            Some(bytes) if lookup.is_list(&bytes, path)? => Self::List(bytes),
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

impl<A: Attributes> Lookup<'_, A> {
    fn claim(&self, path: &[&str]) -> Result<Option<Vec<u8>>, A::Failure> {
        self.host.property(&[&METADATA[..], &[self.key], path].concat())
    }

    /// Whether these bytes are those of a list. A list arrives as pairs of an element and an empty value, and so does a
    /// map whose values are empty strings; but the host finds a list's element by its index, which in such a map is not
    /// a key, or the key of an empty string. Empty elements do not distinguish the two: a map has at most one.
    fn is_list(&self, bytes: &[u8], path: &[&str]) -> Result<bool, A::Failure> {
        let mut elements = Pairs::new();
        if pairs(bytes, &mut elements).is_none() || elements.iter().any(|element| !element.value.is_empty()) {
            return Ok(false);
        }
        let telling = elements.iter().enumerate().find(|(_, element)| !element.name.is_empty());
        let Some((index, known)) = telling else { return Ok(true) };
        Ok(self.claim(&[path, &[&*index.to_string()]].concat())?.is_some_and(|element| element == known.name))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// A host with payloads of two issuers under two keys.
    struct Providers;

    impl Attributes for Providers {
        type Failure = Infallible;

        fn property(&self, path: &[&str]) -> Result<Option<Vec<u8>>, Infallible> {
            let payload = path.strip_prefix(&METADATA);
            Ok(match payload {
                Some(["payload", "iss"]) => Some(b"https://a".to_vec()),
                Some(["https://b.example.com", "iss"]) => Some(b"https://b".to_vec()),
                Some(["https://b.example.com", "tenant"]) => Some(b"dev1".to_vec()),
                _ => None,
            })
        }
    }

    #[test]
    #[allow(clippy::unwrap_used, reason = "a test may panic")]
    fn a_payload_is_read_under_its_key() {
        for (key, expected) in [
            ("", Some((&b"https://a"[..], Claim::Absent))),
            (r#""payload": "https://b.example.com","#, Some((b"https://b", Claim::Single(b"dev1")))),
            (r#""payload": "jwt","#, None),
        ] {
            let json = format!(
                r#"{{"version": 1, "role": "edge", "verified": {{{key} "issuers": ["i"]}},
                    "tenant": {{"from": [{{"claim": "tenant"}}], "to": [{{"header": "x"}}]}}}}"#
            );
            let filter = Filter::from_config(json.as_bytes()).unwrap().filter;
            let Ok(payload) = Payload::read(&Providers, &filter);
            let token = payload.as_ref().map(Payload::token);
            assert_eq!(
                token.map(|token| (token.issuer, token.claims)),
                expected.map(|(issuer, claim)| (issuer, vec![claim]))
            );
        }
    }
}

//! The facts that a proxy would know about a request, in Envoy's byte formats.

use std::convert::Infallible;

use serde_json::Value;
use tenancy_filter::Peer;
use tenancy_filter_envoy::Attributes;

use crate::request::{Direction, Request};

impl Attributes for Request {
    type Failure = Infallible;

    fn property(&self, path: &[&str]) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(match path {
            ["connection", "mtls"] => Some(vec![u8::from(self.peer == Peer::Known)]),
            ["xds", "listener_direction"] => Some(self.direction.number().to_le_bytes().into()),
            ["xds", "cluster_name"] if !self.cluster.is_empty() => Some(self.cluster.clone().into_bytes()),
            ["xds", "route_name"] => Some(self.route.clone().into_bytes()),
            ["metadata", "filter_metadata", "envoy.filters.http.jwt_authn", _, claim @ ..] => {
                self.token.as_ref().and_then(|token| at(token, claim)).map(|value| bytes(value).unwrap_or_default())
            }
            _ => None,
        })
    }
}

impl Direction {
    /// Its number in Envoy's API (`envoy.config.core.v3.TrafficDirection`).
    fn number(self) -> u64 {
        match self {
            Self::Unspecified => 0,
            Self::Inbound => 1,
            Self::Outbound => 2,
        }
    }
}

/// The value in a payload at a path of names and indexes.
fn at<'p>(payload: &'p Value, path: &[&str]) -> Option<&'p Value> {
    path.iter().try_fold(payload, |value, segment| match value {
        Value::Array(list) => list.get(segment.parse::<usize>().ok()?),
        Value::Object(map) => map.get(*segment),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    })
}

/// The bytes of a value, without its type; `None` for null, and for a value that contains null.
fn bytes(value: &Value) -> Option<Vec<u8>> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(bool) => vec![u8::from(*bool)],
        Value::Number(number) => number.as_f64().unwrap_or_default().to_le_bytes().to_vec(),
        Value::String(text) => text.clone().into_bytes(),
        Value::Array(list) => pairs(list.iter().map(|element| Some((bytes(element)?, Vec::new()))))?,
        Value::Object(map) => pairs(map.iter().map(|(name, field)| Some((name.clone().into_bytes(), bytes(field)?))))?,
    })
}

/// A map, or a list, as proxy-wasm encodes it: the number of pairs, the size of each name and value, all as 32 bits in
/// little endian; then the names and values, each followed by a zero byte.
fn pairs(entries: impl Iterator<Item = Option<(Vec<u8>, Vec<u8>)>>) -> Option<Vec<u8>> {
    let entries: Vec<_> = entries.collect::<Option<_>>()?;
    let size = |length: usize| u32::try_from(length).ok().map(u32::to_le_bytes);
    let mut out = size(entries.len())?.to_vec();
    for text in entries.iter().flat_map(|(name, value)| [name, value]) {
        out.extend(size(text.len())?);
    }
    for text in entries.iter().flat_map(|(name, value)| [name, value]) {
        out.extend_from_slice(text);
        out.push(0);
    }
    Some(out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_have_the_bytes_that_envoy_gives_them() {
        assert_eq!(bytes(&json!("a")).unwrap(), b"a");
        assert_eq!(bytes(&json!(true)).unwrap(), [1]);
        assert_eq!(bytes(&json!(7)).unwrap(), 7f64.to_le_bytes());
        assert_eq!(bytes(&json!([])).unwrap(), [0; 4]);
        assert_eq!(bytes(&json!(["a"])).unwrap(), b"\x01\0\0\0\x01\0\0\0\0\0\0\0a\0\0");
        assert_eq!(bytes(&json!({"a": "bc"})).unwrap(), b"\x01\0\0\0\x01\0\0\0\x02\0\0\0a\0bc\0");
        assert_eq!(bytes(&json!([null])), None);
    }

    #[test]
    fn a_claim_is_found_by_names_and_indexes_under_any_key() {
        let token = json!({"a": [{"b": "c"}], "0": "d"});
        let request = Request { token: Some(token), ..Request::new("GET", "a", "/") };
        let claim = |path: &[&str]| {
            let path = [&["metadata", "filter_metadata", "envoy.filters.http.jwt_authn", "any"], path].concat();
            let Ok(found) = request.property(&path);
            found
        };
        assert_eq!(claim(&["a", "0", "b"]), Some(b"c".to_vec()));
        assert_eq!(claim(&["0"]), Some(b"d".to_vec()));
        assert_eq!((claim(&["a", "1"]), claim(&["0", "0"])), (None, None));
    }
}

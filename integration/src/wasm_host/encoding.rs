//! The encodings in which Envoy passes data to a module.

use serde_json::Value;

/// A header map or a list: the number of pairs, the sizes of each name and value, all as 32 bits in little
/// endian; then the names and values, each followed by a zero byte. Without any pair, see [`pairs_or_nothing`].
fn pairs(pairs: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let size = |bytes: &[u8]| u32::try_from(bytes.len()).expect("less than 4 GiB").to_le_bytes();
    let mut out = u32::try_from(pairs.len()).expect("fewer than 2³² pairs").to_le_bytes().to_vec();
    out.extend(pairs.iter().flat_map(|(name, value)| [size(name), size(value)]).flatten());
    for text in pairs.iter().flat_map(|(name, value)| [name, value]) {
        out.extend_from_slice(text);
        out.push(0);
    }
    out
}

/// The same as `proxy_get_header_map_pairs` has it: an empty map is no bytes at all, not even a count.
pub(super) fn pairs_or_nothing(lines: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    if lines.is_empty() { Vec::new() } else { pairs(lines) }
}

/// The bytes of a token's value, without its type; `None` if the host fails to serialise it.
pub(super) fn value(value: &Value) -> Option<Vec<u8>> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(bool) => vec![u8::from(*bool)],
        Value::Number(number) => number.as_f64().expect("a JSON number").to_le_bytes().to_vec(),
        Value::String(text) => text.clone().into_bytes(),
        Value::Array(list) => {
            let element = |element| Some((self::value(element)?, Vec::new()));
            pairs(&list.iter().map(element).collect::<Option<Vec<_>>>()?)
        }
        Value::Object(map) => {
            let entry = |(name, field): (&String, &Value)| Some((name.clone().into_bytes(), self::value(field)?));
            pairs(&map.iter().map(entry).collect::<Option<Vec<_>>>()?)
        }
    })
}

/// The value in a payload at a path of names and indexes.
pub(super) fn at<'p>(payload: &'p Value, path: &[&str]) -> Option<&'p Value> {
    path.iter().try_fold(payload, |value, segment| match value {
        Value::Array(list) => list.get(segment.parse::<usize>().ok()?),
        Value::Object(map) => map.get(*segment),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn serialises_as_envoy_does() {
        let line = |name: &str, value: &str| (name.as_bytes().to_vec(), value.as_bytes().to_vec());
        let two = [line("a", "bc"), line("d", "")];
        let expected = b"\x02\0\0\0\x01\0\0\0\x02\0\0\0\x01\0\0\0\0\0\0\0a\0bc\0d\0\0";
        assert_eq!(pairs_or_nothing(&two), expected);
        assert_eq!(pairs_or_nothing(&[]), b"");
        assert_eq!(value(&json!([])).unwrap(), [0; 4]);
        assert_eq!(value(&json!(["a"])).unwrap(), b"\x01\0\0\0\x01\0\0\0\0\0\0\0a\0\0");
        assert_eq!(value(&json!(7)).unwrap(), 7f64.to_le_bytes());
        assert_eq!(value(&json!([null])), None);
    }

    #[test]
    fn walks_names_and_indexes() {
        let payload = json!({"a": [{"b": "c"}], "0": "d"});
        assert_eq!(at(&payload, &["a", "0", "b"]), Some(&json!("c")));
        assert_eq!(at(&payload, &["0"]), Some(&json!("d")));
        assert_eq!((at(&payload, &["a", "1"]), at(&payload, &["0", "0"])), (None, None));
    }
}

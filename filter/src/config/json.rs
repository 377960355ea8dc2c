//! JSON without repeated fields: RFC 8259 §4 does not say which of two counts.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// A value without a repeated field.
struct Unique(Value);

/// How a Struct with a field begins, as bytes: with an entry of its map (protobuf, "Encoding"; `struct.proto`).
const STRUCT: &[u8] = b"\n";
/// The tag before the value of such an entry: a control byte, which JSON does not allow.
const VALUE: u8 = 0x12;

/// Parses JSON, or says what is wrong with it.
pub(super) fn parse(json: &[u8]) -> Result<Value, String> {
    let remedy = match json.trim_ascii_start().first() {
        Some(b'{') => "",
        _ => {
            "; YAML is for Istio's pluginConfig alone, in an Envoy configuration write JSON as the value of a google.protobuf.StringValue"
        }
    };
    if json.starts_with(STRUCT) && json.contains(&VALUE) {
        return Err("is a protobuf message, as Envoy hands on a google.protobuf.Struct; write JSON as the value of a google.protobuf.StringValue".into());
    }
    let parsed = serde_json::from_slice(json).map(|Unique(value)| value);
    parsed.map_err(|error| match error.is_data() {
        true => error.to_string(),
        false => format!("is not JSON: {error}{remedy}"),
    })
}

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Unique(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some((name, Unique(value))) = object.next_entry::<String, _>()? {
            if fields.contains_key(&name) {
                return Err(A::Error::custom(format_args!("{name:?} occurs twice in one object; keep one")));
            }
            fields.insert(name, value);
        }
        Ok(fields.into())
    }
}

//! Every configuration is taken or refused, the same way each time.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};

use crate::laws::{self, SUBJECTS};

/// What configurations are made of.
const WORDS: &[&str] = &[
    "version",
    "role",
    "edge",
    "mesh",
    "waypoint",
    "tenant",
    "overrides",
    "projections",
    "verified",
    "strip",
    "foreignBaggage",
    "connect",
    "peers",
    "traceHeaders",
    "clusterDomains",
    "internal",
    "destinations",
    "clusters",
    "routes",
    "levels",
    "--",
    "{cluster}-{tenant}",
    "outbound|{port}|{version}|{host}",
    "repair",
    "by",
    "slots",
    "lingerSeconds",
    "from",
    "to",
    "host",
    "claim",
    "header",
    "baggage",
    "cookie",
    "query",
    "except",
    "of",
    "x-forwarded-host",
    "origin",
    "{tenant}--*.a*.com",
    "trust",
    "anyone",
    "pattern",
    "onConflict",
    "onInvalid",
    "onDuplicate",
    "first",
    "last",
    "reject",
    "list",
    "pair",
    "when",
    "caller",
    "issuers",
    "anyOf",
    "service",
    "called",
    "mtls",
    "drop",
    "b3",
    "example.com",
    "lan",
    "issuer",
    "payload",
    "https://a.com/{tenant}",
    "{tenant}.a.com",
    "*.{tenant}.0.1",
    "x-tenant",
    "X_Tenant",
    "x-*",
    ":path",
    "::",
    ", ",
    " ",
    "",
    "a..b",
    "(",
    "(a{9}){9}",
    "[a-z]+|b",
    "\u{fc}\n",
    "connection",
    "traceparent",
    "cookie*",
    "k%20",
    "seal",
    "sign",
    "verify",
    "unsealed",
    "count",
    "verificationsPerSecond",
    "ttl",
    "key",
    "k1",
    "privateKeyEnv",
    "privateKey",
    "x-tenancy-seal",
    "tenancy-seal",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![9 => select(WORDS).prop_map(str::to_owned), 1 => any::<String>()]
}

fn any_json() -> impl Strategy<Value = Value> {
    let number = prop_oneof![Just(json!(1)), Just(json!(-0.0)), any::<f64>().prop_map(|number| json!(number))];
    let leaf =
        prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), number, word().prop_map(Value::from)];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let object = vec((word(), inner.clone()), 0..6).prop_map(|fields| Value::Object(Map::from_iter(fields)));
        prop_oneof![vec(inner, 0..6).prop_map(Value::from), object]
    })
}

/// A valid configuration in which values were replaced, fields renamed, or entries repeated.
fn nearly_valid() -> impl Strategy<Value = Value> {
    let change = (any::<Index>(), any_json(), word(), 0..3);
    (0..SUBJECTS.len(), vec(change, 1..3)).prop_map(|(subject, changes)| {
        let mut config = SUBJECTS[subject].config.clone();
        for (place, value, name, kind) in changes {
            let mut places = Vec::new();
            places_of(&config, String::new(), &mut places);
            let target = config.pointer_mut(place.get::<String>(&places)).unwrap();
            match (kind, &mut *target) {
                (0, Value::Object(fields)) => _ = fields.insert(name, value),
                (0, Value::Array(entries)) => entries.extend(entries.first().cloned()),
                (1, Value::String(text)) => *text = name,
                _ => *target = value,
            }
        }
        config
    })
}

fn places_of(value: &Value, place: String, places: &mut Vec<String>) {
    let fields = value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, inner)| (name.replace('~', "~0").replace('/', "~1"), inner));
    let entries = value.as_array().into_iter().flatten().enumerate().map(|(index, inner)| (index.to_string(), inner));
    for (step, inner) in fields.chain(entries) {
        places_of(inner, format!("{place}/{step}"), places);
    }
    places.push(place);
}

proptest! {
    #![proptest_config(crate::cases(1000))]

    #[test]
    fn bytes_are_taken_or_refused(bytes in vec(any::<u8>(), 0..200)) {
        laws::configuration(&bytes);
    }

    #[test]
    fn json_is_taken_or_refused(json in any_json()) {
        laws::configuration(json.to_string().as_bytes());
    }

    #[test]
    fn what_is_nearly_valid_is_taken_or_refused(json in nearly_valid(), cut in any::<Index>(), byte in any::<u8>()) {
        laws::configuration(json.to_string().as_bytes());
        let mut bytes = json.to_string().into_bytes();
        let place = cut.index(bytes.len());
        bytes[place] = byte;
        laws::configuration(&bytes);
    }
}

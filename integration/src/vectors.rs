//! The vectors: `integration/vectors/baggage.json`, whose `meta` has their schema, and `integration/vectors/seals.yaml`.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use playground::root;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
struct File<V> {
    vectors: Vec<V>,
}

/// All vectors of baggage, as far as a test reads them.
pub fn vectors<V: DeserializeOwned>() -> Result<Vec<V>> {
    Ok(serde_json::from_str::<File<V>>(&read("baggage.json")?)?.vectors)
}

/// The vectors of seals.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seals {
    /// The keys, by their names.
    pub keys: BTreeMap<String, KeyPair>,
    /// Seals that count.
    pub valid: Vec<ValidSeal>,
    /// Seals that do not.
    pub refused: Vec<RefusedSeal>,
}

/// A pair of keys on P-256, as base64.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyPair {
    /// PKCS#8, in DER.
    pub private: String,
    /// SubjectPublicKeyInfo, in DER.
    pub public: String,
}

/// A seal that counts, with its contents.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidSeal {
    /// What it is about.
    pub name: String,
    /// The name of its key.
    pub key: String,
    /// Until when it counts, in seconds since 1970.
    pub expiry: u64,
    /// The tenant; empty if it has none.
    pub tenant: String,
    /// The overrides as one canonical line; empty if it has none.
    pub overrides: String,
    /// The seal.
    pub seal: String,
}

/// A seal that does not count.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusedSeal {
    /// What is wrong with it.
    pub name: String,
    /// Why, as a word of the event `unsealed`.
    pub why: String,
    /// The seal.
    pub seal: String,
}

/// Reads the vectors of seals.
pub fn seals() -> Result<Seals> {
    Ok(serde_norway::from_str(&read("seals.yaml")?)?)
}

impl Seals {
    /// A sidecar that knows the public keys, as JSON.
    pub fn sidecar(&self) -> Value {
        let keys: Map<_, _> = self.keys.iter().map(|(name, pair)| (name.clone(), pair.public.clone().into())).collect();
        json!({
            "version": 1,
            "role": "mesh",
            "tenant": {"to": [{"header": "x-tenant"}]},
            "overrides": {"to": [{"header": "x-override"}]},
            "seal": {"verify": keys},
        })
    }
}

fn read(file: &str) -> Result<String> {
    let path = root().join("integration/vectors").join(file);
    fs::read_to_string(&path).with_context(|| path.display().to_string())
}

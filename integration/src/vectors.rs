//! The baggage vectors: `integration/vectors/baggage.json`, whose `meta` has their schema.

use std::fs;

use anyhow::{Context, Result};
use playground::root;
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
struct File<V> {
    vectors: Vec<V>,
}

/// All vectors, as far as a test reads them.
pub fn vectors<V: DeserializeOwned>() -> Result<Vec<V>> {
    let path = root().join("integration/vectors/baggage.json");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    Ok(serde_json::from_str::<File<V>>(&text)?.vectors)
}

//! Header lines as bytes.

use std::fmt;

use anyhow::Result;
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};

/// Header or trailer lines: names in lower case, in order, with the lines of one name together.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(pub Vec<(Vec<u8>, Vec<u8>)>);

impl Headers {
    /// The values of a name, a line each; each byte becomes the character of its number.
    pub fn values(&self, name: &str) -> Vec<String> {
        let named = self.0.iter().filter(|(known, _)| known == name.as_bytes());
        named.map(|(_, value)| latin1(value)).collect()
    }

    /// The lines as `name: value`; each byte becomes the character of its number.
    pub fn lines(&self) -> Vec<String> {
        self.0.iter().map(|(name, value)| format!("{}: {}", latin1(name), latin1(value))).collect()
    }

    /// All lines but those of these names.
    pub fn without(&self, names: &[&str]) -> Self {
        let is_kept = |name: &[u8]| names.iter().all(|known| known.as_bytes() != name);
        Self(self.0.iter().filter(|(name, _)| is_kept(name)).cloned().collect())
    }

    /// The lines of these names.
    pub fn only(&self, names: &[String]) -> Self {
        let is_named = |name: &[u8]| names.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name));
        Self(self.0.iter().filter(|(name, _)| is_named(name)).cloned().collect())
    }

    /// The names, one for each line.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| latin1(name)).collect()
    }

    /// The lines as `name: value`, bytes unchanged.
    pub(crate) fn to_text(&self) -> Vec<u8> {
        let line = |(name, value): &(Vec<u8>, Vec<u8>)| [name, &b": "[..], value, b"\n"].concat();
        self.0.iter().flat_map(line).collect()
    }

    /// Adds a line.
    pub fn push(&mut self, name: &str, value: &[u8]) {
        self.0.push((name.into(), value.into()));
    }

    pub(crate) fn to_map(&self) -> Result<HeaderMap> {
        let mut map = HeaderMap::new();
        for (name, value) in &self.0 {
            map.append(HeaderName::from_bytes(name)?, HeaderValue::from_bytes(value)?);
        }
        Ok(map)
    }
}

impl From<&HeaderMap> for Headers {
    fn from(map: &HeaderMap) -> Self {
        Self(map.iter().map(|(name, value)| (name.as_str().into(), value.as_bytes().into())).collect())
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.lines()).finish()
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

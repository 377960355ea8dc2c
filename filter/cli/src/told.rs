//! An event that outlives its request.

use std::fmt;

use tenancy_filter::{Detail, Event};

use crate::sentence::Sentence;

/// An event of the filter, with its details as text: each byte as the character of its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The name of the event.
    pub name: &'static str,
    /// Its details by their keys.
    pub details: Vec<(&'static str, Fact)>,
    /// The subject of the sentence: a source, a header, or empty.
    pub subject: String,
    /// What is said of it.
    pub text: String,
}

/// A detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A path of the configuration, a word, or bytes of the request.
    Text(String),
    /// A number.
    Count(usize),
}

impl Told {
    /// What an event says.
    pub fn new(event: &Event<'_>) -> Self {
        let mut details = Vec::new();
        event.details(&mut |key, detail| {
            let fact = match detail {
                Detail::Source(origin) => Fact::Text(origin.to_string()),
                Detail::Word(word) => Fact::Text(word.to_owned()),
                Detail::Header(bytes) | Detail::Chosen(bytes) | Detail::Raw(bytes) => Fact::Text(latin1(bytes)),
                Detail::Count(count) => Fact::Count(count),
            };
            details.push((key, fact));
        });
        let Sentence { subject, text } = Sentence::of(event);
        Self { name: event.name(), details, subject, text }
    }

    /// A detail that is text, by its key.
    pub fn word(&self, key: &str) -> Option<&str> {
        self.details.iter().find_map(|(known, fact)| match fact {
            Fact::Text(text) if *known == key => Some(text.as_str()),
            Fact::Text(_) | Fact::Count(_) => None,
        })
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.subject.is_empty() { f.write_str(&self.text) } else { write!(f, "{}: {}", self.subject, self.text) }
    }
}

/// Bytes as text: each the character of its number.
pub(crate) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

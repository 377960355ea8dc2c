//! Text as data, with generators for long texts.

use serde::Deserialize;

/// Characters, written down or generated.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Text {
    /// This text.
    Plain(String),
    /// Each part as often as its number says, one after the other.
    Repeated {
        /// The parts and their numbers.
        parts: Vec<(String, usize)>,
    },
    /// Numbered members.
    Numbered {
        /// How they are made.
        seq: Sequence,
    },
    /// All of these, one after the other.
    Joined(Vec<Text>),
}

/// Members that differ in a number.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    prefix: String,
    from: usize,
    count: usize,
    /// The least number of digits.
    #[serde(default)]
    pad: usize,
    suffix: String,
    join: String,
}

impl Text {
    /// The characters.
    pub fn expand(&self) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Repeated { parts } => parts.iter().map(|(part, count)| part.repeat(*count)).collect(),
            Self::Numbered { seq } => seq.expand(),
            Self::Joined(texts) => texts.iter().map(Self::expand).collect(),
        }
    }
}

impl Sequence {
    fn expand(&self) -> String {
        let Self { prefix, suffix, pad, .. } = self;
        let member = |number| format!("{prefix}{number:0pad$}{suffix}");
        (self.from..self.from + self.count).map(member).collect::<Vec<_>>().join(&self.join)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Plain(text.into())
    }
}

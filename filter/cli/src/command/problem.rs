//! Why the command could not do its work.

use std::fmt;

/// Why the command ends early.
#[derive(Debug)]
pub(crate) enum Problem {
    /// What is wrong with the input, and the remedy, in one line or several.
    Input(String),
    /// Nobody reads on what it prints, as behind `head`.
    NobodyReads,
}

impl Problem {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self::Input(text.into())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(text) => f.write_str(text),
            Self::NobodyReads => Ok(()),
        }
    }
}

impl From<tenancy::BadRequest> for Problem {
    fn from(why: tenancy::BadRequest) -> Self {
        Self::Input(why.to_string())
    }
}

impl From<std::io::Error> for Problem {
    fn from(why: std::io::Error) -> Self {
        match why.kind() {
            std::io::ErrorKind::BrokenPipe => Self::NobodyReads,
            _ => Self::Input(why.to_string()),
        }
    }
}

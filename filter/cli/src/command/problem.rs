//! Why the command could not do its work.

use std::fmt;

/// What is wrong with the input, and the remedy, in one line or several.
#[derive(Debug)]
pub(crate) struct Problem(String);

impl Problem {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<tenancy::BadRequest> for Problem {
    fn from(why: tenancy::BadRequest) -> Self {
        Self(why.to_string())
    }
}

impl From<std::io::Error> for Problem {
    fn from(why: std::io::Error) -> Self {
        Self(why.to_string())
    }
}

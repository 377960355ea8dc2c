//! A place in a file.

use std::ops::Range;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The bytes of the file; for several lines, those on the first.
    pub bytes: Range<usize>,
}

impl Place {
    /// The place of some bytes of a text.
    pub(crate) fn of(text: &str, bytes: Range<usize>) -> Self {
        let before = text.get(..bytes.start).unwrap_or(text);
        let line = before.matches('\n').count().saturating_add(1);
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()).saturating_add(1);
        let end =
            text.get(bytes.clone()).and_then(|text| text.find('\n')).map(|length| bytes.start.saturating_add(length));
        Self { line, column, bytes: bytes.start..end.unwrap_or(bytes.end) }
    }
}

/// The bytes at which the characters of a text begin, and at which it ends.
pub(crate) struct Offsets(Vec<usize>);

impl Offsets {
    pub(crate) fn of(text: &str) -> Self {
        Self(text.char_indices().map(|(at, _)| at).chain([text.len()]).collect())
    }

    /// Where the character of this number begins.
    pub(crate) fn byte(&self, character: usize) -> usize {
        self.0.get(character).or(self.0.last()).copied().unwrap_or_default()
    }
}

//! Mistakes in the input, with their places.

use std::ops::Range;

use serde_json::{Value, json};
use tenancy_filter::Severity;

/// Something that is wrong in one of the page's texts.
pub(crate) struct Problem {
    /// The text: `documents`, `head` or `token`.
    pub(crate) text: &'static str,
    pub(crate) severity: Severity,
    /// What it is about, in bytes; empty if it is about the text as a whole.
    pub(crate) bytes: Range<usize>,
    pub(crate) message: String,
    /// Whether nothing can be explained until it is mended.
    pub(crate) blocks: bool,
}

impl Problem {
    /// An error without whose remedy nothing can be explained.
    pub(crate) fn blocking(text: &'static str, bytes: Range<usize>, message: String) -> Self {
        Self { text, severity: Severity::Error, bytes, message, blocks: true }
    }

    /// As JSON; places in UTF-16, as a browser counts.
    pub(crate) fn to_json(&self, text: &str) -> Value {
        let before = text.get(..self.bytes.start).unwrap_or(text);
        let utf16 = |at: usize| text.get(..at).unwrap_or(text).encode_utf16().count();
        json!({
            "text": self.text,
            "severity": match self.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            "blocks": self.blocks,
            "from": utf16(self.bytes.start),
            "to": utf16(self.bytes.end),
            "line": before.matches('\n').count().saturating_add(1),
            "message": self.message,
        })
    }
}

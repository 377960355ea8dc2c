//! `tenant.pattern`.

use crate::bytes::grammar::Bytes;
use crate::pattern::{Fault, MAX_STATES, Pattern};

use super::node::Node;

/// A pattern describes a name, not a list of names.
const MAX_PATTERN_BYTES: usize = 1024;

/// A regular expression for whole names, among them those of hosts if `asks_hosts`.
pub(super) fn read(node: &Node<'_>, asks_hosts: bool) -> Option<Pattern> {
    let text = node.text()?;
    if text.is_empty() || text.len() > MAX_PATTERN_BYTES {
        node.mistake(format!("expected a regular expression of 1 to {MAX_PATTERN_BYTES} bytes"));
        return None;
    }
    match Pattern::compile(text) {
        Ok(pattern) => {
            warn_of_the_impossible(node, text, asks_hosts);
            Some(pattern)
        }
        Err(fault) => {
            node.mistake(sentence(text, &fault));
            None
        }
    }
}

fn sentence(text: &str, fault: &Fault<'_>) -> String {
    match fault {
        Fault::Syntax { head: "", why } => format!("{text:?} cannot be used: {why}"),
        Fault::Syntax { head, why } => format!("{text:?} cannot be used after {head:?}: {why}"),
        Fault::Large => format!(
            "{text:?} takes more than {MAX_STATES} states; count less, and no repetition within another, as in [a-z0-9-]{{1,63}}"
        ),
    }
}

/// Warns if every match begins with a text that begins no name.
///
/// This finds only literal text: finding all patterns that match no name takes an automaton.
fn warn_of_the_impossible(node: &Node<'_>, pattern: &str, asks_hosts: bool) {
    let head = literal_head(pattern);
    if !Bytes::NAME.hold(head.as_bytes()) {
        node.warn(format!("fits no name, because none holds {head:?}; names are of A-Za-z0-9._-"));
    } else if asks_hosts && !Bytes::LOWER_LABEL.hold(head.as_bytes()) {
        node.warn(format!("fits no tenant of a host, because none holds {head:?}; those are of a-z0-9-"));
    }
}

/// The literal text at the beginning of every match of a valid pattern.
fn literal_head(pattern: &str) -> &str {
    let pattern = pattern.strip_prefix('^').unwrap_or(pattern);
    if pattern.as_bytes().contains(&b'|') {
        return "";
    }
    let is_special = |byte: u8| b"\\.+*?()[]{}^$".contains(&byte);
    let mut end = pattern.bytes().position(is_special).unwrap_or(pattern.len());
    if pattern.as_bytes().get(end).is_some_and(|byte| b"*?{".contains(byte)) {
        // The last character may be left out.
        end = (0..end).rev().find(|at| pattern.is_char_boundary(*at)).unwrap_or(end);
    }
    pattern.get(..end).unwrap_or_default()
}

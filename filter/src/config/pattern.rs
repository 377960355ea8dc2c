//! `tenant.pattern`.

use regex_lite::{Regex, RegexBuilder};

use crate::bytes::grammar::Bytes;

use super::node::Node;

/// A pattern describes a name, not a list of names.
const MAX_PATTERN_BYTES: usize = 1024;

/// What a pattern may take once compiled, in bytes. Each of its steps may run for each byte of a name, so this bounds
/// its time too: `[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?` takes 7.7 kB, and 30 repetitions within 30 others 107 kB.
const MAX_COMPILED_BYTES: usize = 16 * 1024;
/// As much a byte of the pattern, if that is more: a long list of names repeats nothing.
const COMPILED_BYTES_OF_A_BYTE: usize = 64;

/// A regular expression for whole names, among them those of hosts if `asks_hosts`.
pub(super) fn read(node: &Node<'_>, asks_hosts: bool) -> Option<Regex> {
    let pattern = node.text()?;
    if pattern.is_empty() || pattern.len() > MAX_PATTERN_BYTES {
        node.mistake(format!("expected a regular expression of 1 to {MAX_PATTERN_BYTES} bytes"));
        return None;
    }
    let whole = format!("^(?:{pattern})$");
    if let Err(error) = Regex::new(pattern).and_then(|_| Regex::new(&whole)) {
        node.mistake(format!("{} cannot be used{}: {error}", node.shown(), place(pattern)));
        return None;
    }
    let limit = pattern.len().saturating_mul(COMPILED_BYTES_OF_A_BYTE).max(MAX_COMPILED_BYTES);
    let bounded = RegexBuilder::new(&whole).size_limit(limit).build();
    if bounded.is_err() {
        let remedy = "count less, and no repetition within another, as in [a-z0-9-]{1,63}";
        node.mistake(format!("{pattern:?} takes more than {limit} bytes once compiled; {remedy}"));
    }
    warn_of_the_impossible(node, pattern, asks_hosts);
    bounded.ok()
}

/// Where it goes wrong: behind the most that can be used by itself. The library tells no place.
fn place(pattern: &str) -> String {
    let is_sound = |head: &&str| RegexBuilder::new(head).size_limit(MAX_COMPILED_BYTES).build().is_ok();
    let head = (1..pattern.len()).rev().filter_map(|end| pattern.get(..end)).find(is_sound);
    head.map_or(String::new(), |head| format!(" after {head:?}"))
}

/// Warns of a text at the beginning of every match with which no name begins.
///
/// This finds what is written literally and nothing else: to know all patterns that fit no name takes an automaton.
fn warn_of_the_impossible(node: &Node<'_>, pattern: &str, asks_hosts: bool) {
    let head = literal_head(pattern);
    if !Bytes::NAME.hold(head.as_bytes()) {
        node.warn(format!("fits no name, because none holds {head:?}; names are of A-Za-z0-9._-"));
    } else if asks_hosts && !Bytes::LOWER_LABEL.hold(head.as_bytes()) {
        node.warn(format!("fits no tenant of a host, because none holds {head:?}; those are of a-z0-9-"));
    }
}

/// What every match of a valid pattern begins with, as far as it stands there literally.
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

//! The conditions of an override: `method=POST|PUT;caller=!foo`. All of them must hold.

use crate::bytes::text::{cut, trim};
use crate::events::Unmet;

use super::{MAX_LINE_BYTES, is_service};

/// The most values of one condition: as many as HTTP has methods, without CONNECT.
pub(crate) const MAX_VALUES: usize = 8;

/// Between conditions in the canonical form.
const CANONICAL: u8 = b';';

/// A call to a service, at the caller's proxy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    /// The request's method; empty if it has none.
    pub(crate) method: &'a [u8],
    /// The calling workload; `None` if it is unknown.
    pub(crate) caller: Option<&'a [u8]>,
}

/// What a condition is about. An entry has at most one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// A method (RFC 9110 §9.1), which has a case.
    Method,
    /// A workload, which has none.
    Caller,
}

impl Key {
    const WORDS: [(&[u8], Self); 2] = [(b"method", Self::Method), (b"caller", Self::Caller)];

    /// How many there are.
    pub(crate) const COUNT: usize = Self::WORDS.len();

    fn bit(self) -> u8 {
        match self {
            Self::Method => 1,
            Self::Caller => 1 << 1,
        }
    }
}

/// Whether a text is the key of a condition, in any case.
pub(super) fn is_key(text: &[u8]) -> bool {
    Key::WORDS.iter().any(|(word, _)| word.eq_ignore_ascii_case(text))
}

/// `key=value|value`, or `key=!value|value` for any other value.
#[derive(Clone, Copy, Debug)]
struct Condition<'a> {
    key: Key,
    excludes: bool,
    /// 1 to [`MAX_VALUES`] names, with `|` between them.
    values: &'a [u8],
}

impl<'a> Condition<'a> {
    #[inline(never)]
    fn parse(text: &'a [u8]) -> Option<Self> {
        let mut rest = Some(text);
        let word = next_part(&mut rest, b"=")?;
        let (_, key) = *Key::WORDS.iter().find(|(known, _)| *known == word)?;
        let values = trim(rest?);
        let included = values.strip_prefix(b"!");
        let condition = Self { key, excludes: included.is_some(), values: included.unwrap_or(values) };
        for (index, value) in condition.values().enumerate() {
            if index >= MAX_VALUES || !is_service(value) {
                return None;
            }
        }
        Some(condition)
    }

    fn values(self) -> impl Iterator<Item = &'a [u8]> {
        parts(self.values, b"|")
    }

    /// Why it does not hold; `None` if it does.
    fn unmet(self, call: &Call<'_>) -> Option<Unmet> {
        let (here, unmet, unknown) = match self.key {
            Key::Method => (Some(call.method).filter(|method| !method.is_empty()), Unmet::Method, Unmet::Method),
            Key::Caller => (call.caller, Unmet::Caller, Unmet::CallerUnknown),
        };
        let Some(here) = here else { return Some(unknown) };
        let is_here = |value: &[u8]| match self.key {
            Key::Method => value == here,
            Key::Caller => value.eq_ignore_ascii_case(here),
        };
        (self.values().any(is_here) == self.excludes).then_some(unmet)
    }
}

/// All conditions of an entry, as they stood but for white space: `method=POST|PUT;caller=!foo`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Conditions(Vec<u8>);

impl Conditions {
    /// Reads what stands behind a version, with a separator between two; `None` if one is unknown, malformed or
    /// repeated.
    pub(super) fn parse(text: &[u8], when: &str) -> Option<Self> {
        let (mut keys, mut canonical) = (0, Vec::with_capacity(text.len().min(MAX_LINE_BYTES)));
        for part in parts(text, when.as_bytes()) {
            let bit = Condition::parse(part)?.key.bit();
            if keys & bit != 0 {
                return None;
            }
            if keys != 0 {
                canonical.push(CANONICAL);
            }
            keys |= bit;
            canonical.extend(part.iter().filter(|byte| !b" \t".contains(byte)));
        }
        Some(Self(canonical))
    }

    /// Their canonical text.
    pub(super) fn text(&self) -> &[u8] {
        &self.0
    }

    /// Writes each of them, after a separator.
    #[inline(never)]
    pub(super) fn write(&self, when: &str, line: &mut Vec<u8>) {
        for condition in self.each() {
            line.extend_from_slice(when.as_bytes());
            line.extend_from_slice(condition);
        }
    }

    fn each(&self) -> impl Iterator<Item = &[u8]> {
        parts(&self.0, &[CANONICAL])
    }

    /// Why they do not all hold; `None` if they do. An unknown caller is the reason only if there is no other.
    #[inline(never)]
    pub(super) fn unmet(&self, call: &Call<'_>) -> Option<Unmet> {
        let mut unknown = None;
        for text in self.each() {
            // Only what parses is kept; if it were not so, it would not hold.
            match Condition::parse(text).map_or(Some(Unmet::Method), |condition| condition.unmet(call)) {
                None => {}
                Some(Unmet::CallerUnknown) => unknown = Some(Unmet::CallerUnknown),
                Some(why) => return Some(why),
            }
        }
        unknown
    }
}

/// The trimmed parts of a text between separators.
fn parts<'a>(text: &'a [u8], separator: &[u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || next_part(&mut rest, separator))
}

/// The text before the first separator of the rest, trimmed; `None` if nothing is left.
#[inline(never)]
pub(super) fn next_part<'a>(rest: &mut Option<&'a [u8]>, separator: &[u8]) -> Option<&'a [u8]> {
    let (part, after) = cut((*rest)?, separator);
    *rest = after;
    Some(trim(part))
}

#[cfg(test)]
mod tests;

//! How overrides are written down: entries of a service, a version and conditions, in the formats of headers.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::bytes::grammar::{Bytes, is_label_value};
use crate::bytes::text::{cut, pieces, trim, trim_start};
use crate::events::Unmet;

use super::condition::{Call, Conditions, next_part};

/// A service is a DNS name or a label of one: at most 253 bytes.
const MAX_SERVICE_BYTES: usize = 253;

/// How a header writes entries down: `foo:v1,bar:v2` with the default separators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    /// Between entries.
    pub(crate) list: Cow<'static, str>,
    /// Between service and version; an entry is split at its first.
    pub(crate) pair: Cow<'static, str>,
    /// Before each condition.
    pub(crate) when: Cow<'static, str>,
}

impl Format {
    /// `foo:v1,bar:v2;method=POST`: of headers unless configured, of claims and baggage always.
    pub(crate) const CANONICAL: Self =
        Self { list: Cow::Borrowed(","), pair: Cow::Borrowed(":"), when: Cow::Borrowed(";") };
}

/// Whether a service, and so a caller, may be called so. It holds each method that is registered, too.
pub(crate) fn is_service(name: &[u8]) -> bool {
    (1..=MAX_SERVICE_BYTES).contains(&name.len()) && Bytes::NAME.hold(name)
}

/// A version for a service, perhaps on conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) service: Cow<'a, [u8]>,
    pub(super) version: Cow<'a, [u8]>,
    /// Boxed, because most entries have none, and entries are moved.
    pub(super) conditions: Option<Box<Conditions>>,
}

impl<'a> Entry<'a> {
    fn parse(text: &'a [u8], format: &Format) -> Option<Self> {
        let (service, rest) = cut(text, format.pair.as_bytes());
        let (service, rest) = (trim(service), trim(rest?));
        if !is_service(service) {
            return None;
        }
        // Most entries have no condition, and a version contains no separator.
        let (version, conditions) = match is_label_value(rest) {
            true => (rest, None),
            false => cut_conditions(rest, &format.when)?,
        };
        Some(Self { service: Cow::Borrowed(service), version: Cow::Borrowed(version), conditions })
    }

    pub(super) fn into_owned(self) -> Entry<'static> {
        let owned = |text: Cow<'_, [u8]>| Cow::Owned(text.into_owned());
        Entry { service: owned(self.service), version: owned(self.version), conditions: self.conditions }
    }

    /// The canonical text of its conditions; empty if it has none.
    pub(super) fn conditions(&self) -> &[u8] {
        self.conditions.as_ref().map_or(&[], |conditions| conditions.text())
    }

    /// Whether its conditions have the same text.
    #[inline(never)]
    pub(super) fn is_on_same_conditions(&self, other: &Self) -> bool {
        self.conditions == other.conditions
    }

    /// Why it does not count for a call to its service; `None` if it does.
    pub(super) fn unmet(&self, call: &Call<'_>) -> Option<Unmet> {
        self.conditions.as_ref()?.unmet(call)
    }

    /// How its service and this one stand to each other, without regard to ASCII case, as in host names. Services differ
    /// at their ends more often than where they begin.
    pub(super) fn order(&self, service: &[u8]) -> Ordering {
        let pairs = self.service.iter().rev().zip(service.iter().rev()).filter(|(a, b)| a != b);
        let mut orders = pairs.map(|(a, b)| a.to_ascii_lowercase().cmp(&b.to_ascii_lowercase()));
        self.service.len().cmp(&service.len()).then_with(|| orders.find(|it| it.is_ne()).unwrap_or(Ordering::Equal))
    }

    /// Its bytes in the canonical line, with all separators.
    pub(super) fn len(&self) -> usize {
        let bytes = self.service.len().saturating_add(self.version.len()).saturating_add(2);
        match &self.conditions {
            None => bytes,
            Some(conditions) => bytes.saturating_add(conditions.text().len()).saturating_add(1),
        }
    }
}

/// A version and its conditions; `None` if either is malformed.
#[inline(never)]
fn cut_conditions<'a>(text: &'a [u8], when: &str) -> Option<(&'a [u8], Option<Box<Conditions>>)> {
    let mut rest = Some(text);
    let version = next_part(&mut rest, when.as_bytes())?;
    let conditions = Conditions::parse(rest?, when)?;
    is_label_value(version).then(|| (version, Some(Box::new(conditions))))
}

impl Format {
    /// The entries of one line; the text of each that is malformed.
    pub(super) fn entries<'a>(&self, line: &'a [u8]) -> impl Iterator<Item = Result<Entry<'a>, &'a [u8]>> {
        pieces(line, |line| self.cut(line)).map(|text| Entry::parse(text, self).ok_or(text))
    }

    /// What stands before the first separator of a list, and what stands after it; `None` without one. A comma is one in
    /// every format that does not pair with it: proxies join repeated lines so (RFC 9110 §5.3).
    fn cut<'a>(&self, line: &'a [u8]) -> (&'a [u8], Option<&'a [u8]>) {
        let (list, joined) = (self.list.as_bytes(), !self.pair.contains(','));
        let mut rest = line;
        while let Some(at) = rest.iter().position(|byte| !Bytes::NAME.has(*byte)) {
            let here = rest.get(at..).unwrap_or_default();
            if let ([b',', after @ ..], true) = (here, joined) {
                return (before(line, here), Some(after));
            }
            rest = match here.strip_prefix(list) {
                None => here.get(1..).unwrap_or_default(),
                // Skips all blanks at once, so that no byte is read twice.
                Some(after) if list.iter().all(|byte| *byte == b' ') => {
                    let after = trim_start(after);
                    if begins_entry(after) {
                        return (before(line, here), Some(after));
                    }
                    after
                }
                Some(after) => return (before(line, here), Some(after)),
            };
        }
        (line, None)
    }
}

/// The text before the end of a line.
fn before<'a>(line: &'a [u8], end: &[u8]) -> &'a [u8] {
    line.get(..line.len().saturating_sub(end.len())).unwrap_or_default()
}

/// Whether an entry, or nothing, may begin so. Otherwise the blank before it stands inside of one: a condition cut off its
/// entry would leave that one without.
fn begins_entry(after: &[u8]) -> bool {
    after.first().is_none_or(|byte| Bytes::NAME.has(*byte) || *byte == b',')
}

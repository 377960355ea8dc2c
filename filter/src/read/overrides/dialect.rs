//! How overrides are written down: entries of a service and a version, in the dialects of headers.

use std::borrow::Cow;

use crate::bytes::grammar::{Bytes, is_label_value};
use crate::bytes::text::{cut, pieces, trim};

/// A service is a DNS name or a label of one: at most 253 bytes.
const MAX_SERVICE_BYTES: usize = 253;

/// How a header writes entries down: `foo:v1,bar:v2` with the default separators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// Between entries.
    pub(crate) list: Cow<'static, str>,
    /// Between service and version; an entry is split at its first.
    pub(crate) pair: Cow<'static, str>,
}

impl Dialect {
    /// `foo:v1,bar:v2`: of headers unless configured, of claims and baggage always.
    pub(crate) const CANONICAL: Self = Self { list: Cow::Borrowed(","), pair: Cow::Borrowed(":") };
}

/// Whether a service may be called so.
pub(crate) fn is_service(name: &[u8]) -> bool {
    (1..=MAX_SERVICE_BYTES).contains(&name.len()) && Bytes::NAME.hold(name)
}

/// A version for a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) service: Cow<'a, [u8]>,
    pub(super) version: Cow<'a, [u8]>,
}

impl<'a> Entry<'a> {
    fn parse(text: &'a [u8], pair: &str) -> Option<Self> {
        let (service, version) = cut(text, pair.as_bytes());
        let (service, version) = (trim(service), trim(version?));
        let entry = Self { service: Cow::Borrowed(service), version: Cow::Borrowed(version) };
        (is_service(service) && is_label_value(version)).then_some(entry)
    }

    pub(super) fn into_owned(self) -> Entry<'static> {
        Entry { service: Cow::Owned(self.service.into_owned()), version: Cow::Owned(self.version.into_owned()) }
    }

    /// Whether it is for this service: without regard to ASCII case, as in host names. Services differ at their ends
    /// more often than where they begin.
    pub(super) fn is_for(&self, service: &[u8]) -> bool {
        let mut pairs = self.service.iter().rev().zip(service.iter().rev());
        self.service.len() == service.len() && pairs.all(|(a, b)| a.eq_ignore_ascii_case(b))
    }

    /// Its bytes in the canonical line, with both separators.
    pub(super) fn len(&self) -> usize {
        self.service.len().saturating_add(self.version.len()).saturating_add(2)
    }
}

impl Dialect {
    /// The entries of one line; the text of each that is malformed.
    pub(super) fn entries<'a>(&self, line: &'a [u8]) -> impl Iterator<Item = Result<Entry<'a>, &'a [u8]>> {
        pieces(line, |line| self.cut(line)).map(|text| Entry::parse(text, &self.pair).ok_or(text))
    }

    /// What stands before the first separator of a list, and what stands after it; `None` without one. A comma is one in
    /// every dialect that does not pair with it: proxies join repeated lines so (RFC 9110 §5.3).
    fn cut<'a>(&self, line: &'a [u8]) -> (&'a [u8], Option<&'a [u8]>) {
        let (list, joined) = (self.list.as_bytes(), !self.pair.contains(','));
        let mut rest = line;
        while let Some(at) = rest.iter().position(|byte| !Bytes::NAME.has(*byte)) {
            let here = rest.get(at..).unwrap_or_default();
            let after = match here {
                [b',', after @ ..] if joined => Some(after),
                _ => here.strip_prefix(list),
            };
            if after.is_some() {
                let end = line.len().saturating_sub(here.len());
                return (line.get(..end).unwrap_or_default(), after);
            }
            rest = here.get(1..).unwrap_or_default();
        }
        (line, None)
    }
}

//! Overrides: a version for each of some services, in every dialect, as one canonical set.

use smallvec::SmallVec;

use crate::names::{Field, Lines};
use crate::request::{cut, split, trim};
use crate::tenant::is_label_value;

/// At most so many services: what one developer tests at once, with room to spare, and the bound
/// that keeps the search for duplicates linear in the header's bytes.
pub(crate) const MAX_ENTRIES: usize = 64;

/// At most so many bytes of the canonical line: half of what baggage may hold in all.
pub(crate) const MAX_LINE_BYTES: usize = 4096;

/// A service is a DNS name or a label of one: at most 253 bytes.
const MAX_SERVICE_BYTES: usize = 253;

/// How a header writes entries down: `foo:v1,bar:v2` with the default separators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// Between entries.
    pub(crate) list: Box<str>,
    /// Between service and version; an entry is split at its first.
    pub(crate) pair: Box<str>,
}

/// Whether a byte may stand in a service or a version, and so in no separator.
pub(crate) fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._".contains(&byte)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry<'a> {
    service: &'a [u8],
    version: &'a [u8],
}

impl<'a> Entry<'a> {
    fn parse(text: &'a [u8], pair: &str) -> Option<Self> {
        let (service, version) = cut(text, pair.as_bytes());
        let (service, version) = (trim(service), trim(version?));
        let service_is_valid =
            (1..=MAX_SERVICE_BYTES).contains(&service.len()) && service.iter().copied().all(is_name_byte);
        (service_is_valid && is_label_value(version)).then_some(Self { service, version })
    }

    /// Its bytes in the canonical line, with both separators.
    fn len(&self) -> usize {
        self.service.len().saturating_add(self.version.len()).saturating_add(2)
    }
}

impl Dialect {
    /// The entries of one line. A comma separates in every dialect that does not pair with it:
    /// proxies join repeated lines so (RFC 9110 §5.3).
    fn entries<'a>(&self, line: &'a [u8]) -> impl Iterator<Item = Option<Entry<'a>>> {
        let joint = if self.pair.contains(',') { &self.list } else { "," };
        let listed = split(line, joint.as_bytes()).flat_map(|part| split(part, self.list.as_bytes()));
        listed.map(trim).filter(|text| !text.is_empty()).map(|text| Entry::parse(text, &self.pair))
    }
}

/// Where believed overrides may stand: header fields, each in its dialect, in order.
#[derive(Debug, Default)]
pub(crate) struct OverrideRules {
    pub(crate) sources: Vec<(Field, Dialect)>,
}

/// One version a service, in the order in which the services came.
#[derive(Debug, Default)]
pub(crate) struct Overrides<'a> {
    entries: SmallVec<[Entry<'a>; 8]>,
    bytes: usize,
}

impl OverrideRules {
    /// All believed overrides; the first version of a service wins, malformed entries are dropped.
    pub(crate) fn resolve<'a>(&self, lines: &Lines<'a>) -> Overrides<'a> {
        let mut overrides = Overrides::default();
        for (field, dialect) in &self.sources {
            lines
                .values(*field)
                .flat_map(|line| dialect.entries(line))
                .flatten()
                .for_each(|entry| overrides.add(entry));
        }
        overrides
    }
}

impl<'a> Overrides<'a> {
    fn add(&mut self, entry: Entry<'a>) {
        let known = self.entries.iter().any(|earlier| earlier.service == entry.service);
        let bytes = self.bytes.saturating_add(entry.len());
        // The last entry is followed by no separator.
        if !known && self.entries.len() < MAX_ENTRIES && bytes <= MAX_LINE_BYTES.saturating_add(1) {
            self.bytes = bytes;
            self.entries.push(entry);
        }
    }

    /// The canonical line in a dialect, without white space; nothing where there is no override.
    pub(crate) fn line(&self, dialect: &Dialect) -> Option<Vec<u8>> {
        let (first, rest) = self.entries.split_first()?;
        let mut line = Vec::with_capacity(self.bytes.saturating_add(self.entries.len()));
        let mut write = |entry: &Entry, separator: &str| {
            for part in [separator.as_bytes(), entry.service, dialect.pair.as_bytes(), entry.version] {
                line.extend_from_slice(part);
            }
        };
        write(first, "");
        rest.iter().for_each(|entry| write(entry, &dialect.list));
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::Line;

    fn dialect(list: &str, pair: &str) -> Dialect {
        Dialect { list: list.into(), pair: pair.into() }
    }

    /// What the lines say in one dialect, written in another.
    fn translate(values: &[&str], from: Dialect, to: &Dialect) -> Option<String> {
        let mut lines = Lines::default();
        for value in values {
            let line = Line { field: Field::Target(0), exact: true, name: b"x", value: value.as_bytes() };
            lines.owned.push(line);
        }
        let rules = OverrideRules { sources: vec![(Field::Target(0), from)] };
        let line = rules.resolve(&lines).line(to);
        line.map(|line| String::from_utf8(line).unwrap())
    }

    fn canonical(values: &[&str]) -> Option<String> {
        translate(values, dialect(",", ":"), &dialect(",", ":"))
    }

    #[test]
    fn lists_one_version_a_service_in_order() {
        assert_eq!(canonical(&[]), None);
        assert_eq!(canonical(&["", " , "]), None);
        assert_eq!(canonical(&["foo:v1"]).as_deref(), Some("foo:v1"));
        assert_eq!(canonical(&["bar:v1, foo:v2"]).as_deref(), Some("bar:v1,foo:v2"));
        assert_eq!(canonical(&["foo:v1", "bar:v2, foo:v3"]).as_deref(), Some("foo:v1,bar:v2"));
        assert_eq!(canonical(&["\tfoo : v1 ,,"]).as_deref(), Some("foo:v1"));
    }

    #[test]
    fn drops_what_is_no_entry_and_keeps_the_rest() {
        for malformed in ["foo", "foo:", ":v1", "foo:-v1", "fo o:v1", "foo:v1:v2", "f\u{e9}:v1", "foo:v\0"] {
            assert_eq!(canonical(&[malformed, "bar:v2"]).as_deref(), Some("bar:v2"), "{malformed:?}");
        }
        assert_eq!(canonical(&[&format!("{}:v1", "a".repeat(254))]), None);
        assert!(canonical(&[&format!("{}:v1", "a".repeat(253))]).is_some());
    }

    #[test]
    fn translates_between_dialects() {
        let miro = || dialect("::", ":");
        let line = "payment-service:mp-101::cart-service:mp-102";
        assert_eq!(
            translate(&[line], miro(), &dialect(",", ":")).as_deref(),
            Some("payment-service:mp-101,cart-service:mp-102")
        );
        assert_eq!(translate(&["foo:v1, bar:v2"], dialect(",", ":"), &miro()).as_deref(), Some("foo:v1::bar:v2"));
        assert_eq!(translate(&["foo=v1;bar=v2"], dialect(";", "="), &miro()).as_deref(), Some("foo:v1::bar:v2"));
        let joined = translate(&["a:1::b:2, c:3"], miro(), &miro());
        assert_eq!(joined.as_deref(), Some("a:1::b:2::c:3"), "lines that a proxy joined");
        let paired = translate(&["a,1;b,2"], dialect(";", ","), &miro());
        assert_eq!(paired.as_deref(), Some("a:1::b:2"), "a comma that pairs does not list");
    }

    #[test]
    fn keeps_within_its_limits() {
        let many: Vec<_> = (0..100).map(|n| format!("s{n}:v")).collect();
        let kept = canonical(&[&many.join(",")]).unwrap();
        assert_eq!(kept, many[..MAX_ENTRIES].join(","));

        // 16 entries of 253 + 1 + 1 bytes and their 15 commas are 4,095 bytes.
        let long: Vec<_> = (0..17).map(|n| format!("{n:a>253}:v")).collect();
        let kept = canonical(&[&long.join(",")]).unwrap();
        assert_eq!(kept, long[..16].join(","));
        let exact = format!("{}:vv,{}", long[0].trim_end_matches(":v"), long[1..16].join(","));
        assert_eq!(exact.len(), MAX_LINE_BYTES);
        assert_eq!(canonical(&[&exact]).as_deref(), Some(exact.as_str()));
        let over = exact.replacen(":vv", ":vvv", 1);
        assert_eq!(canonical(&[&over]).unwrap(), over.rsplit_once(',').unwrap().0);
    }
}

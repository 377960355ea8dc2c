//! The header names that the filter owns, and the lines of a request that bear one of them.

use std::ops::RangeInclusive;

use hashbrown::HashTable;
use smallvec::SmallVec;

use crate::Header;

/// A header name: a token (RFC 9110 §5.6.2), lower-case as Envoy keeps it, never a pseudo-header.
pub(crate) type HeaderName = Box<str>;

/// What the lines of an owned name are to the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    /// Read, and left to whoever sent it unless this is an edge; numbered by configuration.
    Source(u16),
    /// Written, and read in the mesh; numbered by configuration.
    Target(u16),
    /// W3C baggage.
    Baggage,
    /// A list of members from before W3C baggage: `correlation-context`, `jaeger-baggage`.
    OlderBaggage,
    /// One member from before W3C baggage: `ot-baggage-KEY`, `uberctx-KEY`.
    BaggagePrefix,
    /// Names further headers as hop-by-hop (RFC 9110 §7.6.1).
    Connection,
    /// Read alone (RFC 6265).
    Cookie,
    /// Removed at an edge, never read.
    Stripped,
}

/// A line of a request whose name the filter owns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    pub(crate) field: Field,
    /// Whether the name is spelled as configured, or is an alias that only an edge cares for.
    pub(crate) exact: bool,
    pub(crate) name: &'a [u8],
    pub(crate) value: &'a [u8],
}

/// The owned lines of one request, in order, and its pseudo-headers.
#[derive(Debug, Default)]
pub(crate) struct Lines<'a> {
    pub(crate) authority: &'a [u8],
    pub(crate) path: &'a [u8],
    /// A CONNECT (RFC 9110 §9.3.6): what it tunnels is not seen. An extended one (RFC 8441 §4) is a
    /// request like others, but for `bytestream`, which Envoy tunnels as a plain CONNECT.
    pub(crate) is_tunnel: bool,
    pub(crate) owned: SmallVec<[Line<'a>; 8]>,
}

impl<'a> Lines<'a> {
    /// The values of a field, a line each, under its exact name alone.
    pub(crate) fn values(&self, field: Field) -> impl Iterator<Item = &'a [u8]> {
        self.owned.iter().filter(move |line| line.exact && line.field == field).map(|line| line.value)
    }
}

/// All owned names, compiled for one look-up a header line.
#[derive(Debug, Default)]
pub(crate) struct Names {
    sieve: Sieve,
    exact: HashTable<(HeaderName, Field)>,
    prefixes: Vec<(HeaderName, Field)>,
}

/// Tells most names that are nobody's by their length and first byte alone: most lines of most requests.
#[derive(Debug)]
struct Sieve {
    /// For each length, the longest for all beyond: a bit for the low five bits of a first byte, which the two
    /// cases of a letter share.
    rows: [u32; 64],
}

impl Default for Sieve {
    fn default() -> Self {
        Self { rows: [0; 64] }
    }
}

impl Sieve {
    /// Lets a name pass in any spelling, or one of many lengths.
    fn admit(&mut self, lengths: RangeInclusive<usize>, name: &str) {
        let bits = match name.bytes().next() {
            Some(first) if first.is_ascii_alphanumeric() => bit(first),
            // Any byte may stand for a hyphen.
            _ => u32::MAX,
        };
        let (shortest, longest) = (row(*lengths.start()), row(*lengths.end()));
        let rows = self.rows.get_mut(shortest..=longest).into_iter().flatten();
        rows.for_each(|row| *row |= bits);
    }

    fn admits(&self, name: &[u8]) -> bool {
        let row = self.rows.get(row(name.len())).copied().unwrap_or_default();
        name.first().is_some_and(|first| row & bit(*first) != 0)
    }
}

fn row(length: usize) -> usize {
    length.min(63)
}

fn bit(first: u8) -> u32 {
    1 << (first & 31)
}

impl Names {
    pub(crate) fn insert(&mut self, name: &str, field: Field) {
        self.sieve.admit(name.len()..=name.len(), name);
        let hash = hash(name.as_bytes());
        self.exact.insert_unique(hash, (name.into(), field), |(name, _)| self::hash(name.as_bytes()));
    }

    /// Owns every name that begins so, whatever its spelling.
    pub(crate) fn insert_prefix(&mut self, prefix: &str, field: Field) {
        self.sieve.admit(prefix.len()..=usize::MAX, prefix);
        self.prefixes.push((prefix.into(), field));
    }

    /// The field that was inserted under this very name.
    pub(crate) fn get(&self, name: &[u8]) -> Option<Field> {
        self.look_up(name).filter(|(_, exact)| *exact).map(|(field, _)| field)
    }

    /// The owned lines among all lines of a request.
    pub(crate) fn scan<'a>(&self, headers: &'a [Header<'a>]) -> Lines<'a> {
        let mut lines = Lines::default();
        let mut is_extended = false;
        for &Header { name, value } in headers {
            match name {
                // Nobody owns a pseudo-header, whatever the spelling of a hyphen.
                [b':', pseudo @ ..] => match pseudo {
                    b"authority" => lines.authority = value,
                    b"path" => lines.path = value,
                    b"method" => lines.is_tunnel = value == b"CONNECT",
                    b"protocol" => is_extended = !value.is_empty() && !value.eq_ignore_ascii_case(b"bytestream"),
                    _ => {}
                },
                _ => {
                    if let Some((field, exact)) = self.look_up(name) {
                        lines.owned.push(Line { field, exact, name, value });
                    }
                }
            }
        }
        lines.is_tunnel &= !is_extended;
        lines
    }

    /// What a name is in any spelling, and whether it is spelled as configured.
    #[inline]
    pub(crate) fn look_up(&self, name: &[u8]) -> Option<(Field, bool)> {
        if self.sieve.admits(name) { self.find(name) } else { None }
    }

    fn find(&self, name: &[u8]) -> Option<(Field, bool)> {
        let mut alias = None;
        for (owned, field) in self.exact.iter_hash(hash(name)) {
            if owned.as_bytes() == name {
                return Some((*field, true));
            }
            if same_name(owned.as_bytes(), name) {
                alias = Some((*field, false));
            }
        }
        alias.or_else(|| {
            let (_, field) = self.prefixes.iter().find(|(prefix, _)| begins(name, prefix.as_bytes()))?;
            Some((*field, false))
        })
    }
}

/// One spelling for all: lower case, and a hyphen for whatever is neither letter nor digit.
///
/// Applications read `X_Tenant`, `x.tenant` and `x-tenant` from the same variable (CGI, RFC 3875
/// §4.1.18, and what descends from it), so to an edge they are one name.
pub(crate) fn fold(byte: u8) -> u8 {
    FOLDED.get(usize::from(byte)).copied().unwrap_or(b'-')
}

/// A load for each byte, where four comparisons would be.
const FOLDED: [u8; 256] = {
    let mut folded = [b'-'; 256];
    let mut rest: &mut [u8] = &mut folded;
    let mut byte = 0u8;
    while let [first, others @ ..] = rest {
        if byte.is_ascii_alphanumeric() {
            *first = byte.to_ascii_lowercase();
        }
        byte = byte.wrapping_add(1);
        rest = others;
    }
    folded
};

pub(crate) fn same_name(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && begins(a, b)
}

/// Whether a name begins with a prefix, in any spelling.
pub(crate) fn begins(name: &[u8], prefix: &[u8]) -> bool {
    name.get(..prefix.len()).is_some_and(|head| head.iter().zip(prefix).all(|(a, b)| fold(*a) == fold(*b)))
}

/// Over the folded name: short keys, and a table whose content no client chooses.
fn hash(name: &[u8]) -> u64 {
    fnv1a(name.iter().map(|byte| fold(*byte)))
}

/// FNV-1a of 64 bits: for what is compared whole once it is found.
pub(crate) fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    let mix = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.fold(0xcbf2_9ce4_8422_2325, mix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_name_in_every_spelling_and_tells_the_configured_one() {
        let mut names = Names::default();
        names.insert("x-tenant", Field::Target(0));
        names.insert("x_tenant", Field::Source(1));
        names.insert_prefix("x-debug-", Field::Stripped);

        assert_eq!(names.look_up(b"x-tenant"), Some((Field::Target(0), true)));
        assert_eq!(names.look_up(b"x_tenant"), Some((Field::Source(1), true)));
        for alias in ["X-Tenant", "x.tenant", "x~tenant", "x\u{1}tenant"] {
            assert!(matches!(names.look_up(alias.as_bytes()), Some((_, false))), "{alias}");
        }
        assert_eq!(names.look_up(b"x_debug_on"), Some((Field::Stripped, false)));
        for other in ["x-tenan", "x-tenants", "xtenant", "x-debug", "", "-"] {
            assert_eq!(names.look_up(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn the_sieve_loses_no_name() {
        let mut names = Names::default();
        let long = "z".repeat(80);
        for name in ["a", "x-tenant", "1-up", "-odd", "_", &long] {
            names.insert(name, Field::Stripped);
        }
        names.insert_prefix("uberctx-", Field::BaggagePrefix);
        names.insert_prefix(&"y".repeat(70), Field::Stripped);
        let longer = ["uberctx-a".to_owned(), "uberctx-".repeat(20), "y".repeat(70), "y".repeat(71), "q".repeat(90)];
        for name in names.exact.iter().map(|(name, _)| name.to_string()).chain(longer) {
            for first in 0..=u8::MAX {
                let mut name = name.clone().into_bytes();
                name[0] = first;
                assert_eq!(names.look_up(&name), names.find(&name), "{}", String::from_utf8_lossy(&name));
            }
        }
        let passing = |name: &&str| names.sieve.admits(name.as_bytes());
        let strangers = ["accept", "accept-language", "referer", "cookie", ""];
        assert_eq!(strangers.iter().filter(|name| passing(name)).count(), 0);
    }

    #[test]
    fn tells_tunnels_from_requests() {
        let names = Names::default();
        for (method, protocol, is_tunnel) in [
            ("GET", None, false),
            ("CONNECT", None, true),
            ("CONNECT", Some("websocket"), false),
            ("CONNECT", Some("bytestream"), true),
            ("CONNECT", Some("ByteStream"), true),
            ("CONNECT", Some(""), true),
        ] {
            let mut headers = vec![Header { name: b":method", value: method.as_bytes() }];
            headers.extend(protocol.map(|value: &str| Header { name: b":protocol", value: value.as_bytes() }));
            assert_eq!(names.scan(&headers).is_tunnel, is_tunnel, "{method} {protocol:?}");
        }
    }

    #[test]
    fn keeps_every_line_in_order_and_the_authority_aside() {
        let mut names = Names::default();
        names.insert("x-tenant", Field::Target(0));
        names.insert_prefix("-", Field::Stripped);
        let header =
            |name: &'static str, value: &'static str| Header { name: name.as_bytes(), value: value.as_bytes() };
        let headers = [
            header(":authority", "example.com"),
            header(":scheme", "https"),
            header("x-tenant", "a"),
            header("accept", "*/*"),
            header("x_tenant", "b"),
            header("x-tenant", "c"),
        ];
        let lines = names.scan(&headers);
        assert_eq!(lines.authority, b"example.com");
        assert_eq!(lines.owned.len(), 3);
        assert!(lines.values(Field::Target(0)).eq([&b"a"[..], b"c"]));
    }
}

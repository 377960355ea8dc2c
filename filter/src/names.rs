//! The header names that the filter owns, and the lines of a request that bear one of them.

mod kept;

pub(crate) use kept::Kept;

use smallvec::SmallVec;

use crate::bytes::search::Sorted;
use crate::bytes::text::same;
use crate::request::Header;

/// A header name: a token (RFC 9110 §5.6.2), lower-case as Envoy keeps it, never a pseudo-header.
pub(crate) type HeaderName = Box<str>;

/// The role of a header that the filter owns.
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
    /// One member from before W3C baggage: `ot-baggage-KEY`, `uberctx-KEY`, `baggage-KEY`.
    BaggagePrefix,
    /// Names further headers as hop-by-hop (RFC 9110 §7.6.1).
    Connection,
    /// Only read.
    Kept(Kept),
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

/// The pseudo-headers of a request that matter here (RFC 9113 §8.3.1); empty if it has none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pseudo<'a> {
    pub(crate) authority: &'a [u8],
    pub(crate) path: &'a [u8],
    pub(crate) method: &'a [u8],
    /// A CONNECT (RFC 9110 §9.3.6): what it tunnels is not seen. An extended one (RFC 8441 §4) is a
    /// request like others, but for `bytestream`, which Envoy tunnels as a plain CONNECT.
    pub(crate) is_tunnel: bool,
}

/// What a scan of all lines found.
#[derive(Debug, Default)]
pub(crate) struct Scanned<'a> {
    pub(crate) pseudo: Pseudo<'a>,
    /// The owned lines, in order.
    pub(crate) owned: SmallVec<[Line<'a>; 8]>,
}

/// The same, borrowed by the stages of a decision.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lines<'a> {
    pub(crate) pseudo: Pseudo<'a>,
    pub(crate) owned: &'a [Line<'a>],
}

impl Scanned<'_> {
    pub(crate) fn lines(&self) -> Lines<'_> {
        Lines { pseudo: self.pseudo, owned: &self.owned }
    }
}

impl<'a> Lines<'a> {
    /// The values of a field, one per line, only under its exact name.
    pub(crate) fn values(&self, field: Field) -> impl DoubleEndedIterator<Item = &'a [u8]> {
        self.owned.iter().filter(move |line| line.exact && line.field == field).map(|line| line.value)
    }

    /// The names of some lines, each once.
    pub(crate) fn names(&self, wanted: impl Fn(&Line<'a>) -> bool) -> Vec<&'a [u8]> {
        let mut names = Vec::new();
        for line in self.owned.iter().filter(|line| wanted(line)) {
            if let Err(place) = names.binary_search(&line.name) {
                names.insert(place, line.name);
            }
        }
        names
    }
}

/// All owned names, compiled for one look-up a header line.
#[derive(Debug)]
pub(crate) struct Names {
    /// One for each length, the last for 63 bytes and more.
    rows: [Row; 64],
    /// In the canonical spelling. The first inserted of several matches counts.
    prefixes: Sorted<(usize, Field)>,
    inserted: usize,
}

/// Names of one length. Most names of a request are not owned, and length and first byte rule out most of them.
#[derive(Debug, Default)]
struct Row {
    /// Of these, and of those that a prefix owns.
    firsts: Firsts,
    names: Vec<(HeaderName, Field)>,
    /// The same names in canonical spelling.
    folded: Sorted<Field>,
}

/// A set of first bytes: a bit for the low five bits of each, which the two cases of a letter share.
#[derive(Clone, Copy, Debug, Default)]
struct Firsts(u32);

impl Firsts {
    /// Admits a name in any spelling.
    fn admit(&mut self, name: &str) {
        self.0 |= match name.bytes().next() {
            Some(first) if first.is_ascii_alphanumeric() => Self::bit(first),
            // Any byte may replace a hyphen.
            _ => u32::MAX,
        };
    }

    fn admits(self, first: u8) -> bool {
        self.0 & Self::bit(first) != 0
    }

    fn bit(first: u8) -> u32 {
        1 << (first & 31)
    }
}

impl Default for Names {
    fn default() -> Self {
        Self { rows: std::array::from_fn(|_| Row::default()), prefixes: Sorted::default(), inserted: 0 }
    }
}

fn row(length: usize) -> usize {
    length.min(63)
}

impl Names {
    pub(crate) fn insert(&mut self, name: &str, field: Field) {
        if let Some(row) = self.rows.get_mut(row(name.len())) {
            row.firsts.admit(name);
            row.names.push((name.into(), field));
            row.folded.insert(folded(name), field);
        }
    }

    /// Owns every name that begins with this prefix, in any spelling.
    pub(crate) fn insert_prefix(&mut self, prefix: &str, field: Field) {
        let rows = self.rows.iter_mut().skip(row(prefix.len()));
        rows.for_each(|row| row.firsts.admit(prefix));
        self.prefixes.insert(folded(prefix), (self.inserted, field));
        self.inserted = self.inserted.saturating_add(1);
    }

    /// The field that was inserted under this very name.
    pub(crate) fn get(&self, name: &[u8]) -> Option<Field> {
        self.look_up(name).filter(|(_, exact)| *exact).map(|(field, _)| field)
    }

    /// Fills in the owned lines among all lines of a request. They are not returned, because they are 300 bytes, which
    /// would be moved.
    pub(crate) fn scan<'a>(&self, headers: &'a [Header<'a>], scanned: &mut Scanned<'a>) {
        let mut is_extended = false;
        let pseudo = &mut scanned.pseudo;
        for &Header { name, value } in headers {
            match name {
                // Nobody owns a pseudo-header, whatever the spelling of a hyphen.
                [b':', rest @ ..] => match rest {
                    b"authority" => pseudo.authority = value,
                    b"path" => pseudo.path = value,
                    b"method" => pseudo.method = value,
                    b"protocol" => is_extended = !value.is_empty() && !value.eq_ignore_ascii_case(b"bytestream"),
                    _ => {}
                },
                _ => {
                    if let Some((field, exact)) = self.look_up(name) {
                        scanned.owned.push(Line { field, exact, name, value });
                    }
                }
            }
        }
        pseudo.is_tunnel = pseudo.method == b"CONNECT" && !is_extended;
    }

    /// What a name is in any spelling, and whether it is spelled as configured.
    #[inline(always)]
    pub(crate) fn look_up(&self, name: &[u8]) -> Option<(Field, bool)> {
        let row = self.rows.get(row(name.len()))?;
        if row.firsts.admits(*name.first()?) { self.find(row, name) } else { None }
    }

    #[inline(never)]
    fn find(&self, row: &Row, name: &[u8]) -> Option<(Field, bool)> {
        if let Some((_, field)) = row.names.iter().find(|(owned, _)| same(name, owned.as_bytes())) {
            return Some((*field, true));
        }
        row.alias(name).or_else(|| self.prefixed(name)).map(|field| (field, false))
    }

    /// The field of the first prefix with which a name begins, in any spelling.
    fn prefixed(&self, name: &[u8]) -> Option<Field> {
        if let Some(prefixes) = self.prefixes.few() {
            let fitting = prefixes.iter().filter(|(prefix, _)| begins(name, prefix));
            return fitting.map(|(_, first)| first).min_by_key(|(number, _)| *number).map(|(_, field)| *field);
        }
        let mut search = self.prefixes.search();
        let mut first: Option<&(usize, Field)> = None;
        for byte in name {
            search.step(fold(*byte));
            if search.is_over() {
                break;
            }
            first = first.into_iter().chain(search.found()).min_by_key(|(number, _)| *number);
        }
        first.map(|(_, field)| *field)
    }
}

impl Row {
    /// The field of a name that is one of these in another spelling.
    fn alias(&self, name: &[u8]) -> Option<Field> {
        if let Some(names) = self.folded.few() {
            return names.iter().find(|(known, _)| same_name(name, known)).map(|(_, field)| *field);
        }
        let mut search = self.folded.search();
        for byte in name {
            search.step(fold(*byte));
            if search.is_over() {
                return None;
            }
        }
        search.found().copied()
    }
}

fn folded(name: &str) -> Box<[u8]> {
    name.bytes().map(fold).collect()
}

/// One spelling for all: lower case, and a hyphen for whatever is neither letter nor digit.
///
/// Applications read `X_Tenant`, `x.tenant` and `x-tenant` from the same variable (CGI, RFC 3875
/// §4.1.18, and what descends from it), so to an edge they are one name.
pub(crate) fn fold(byte: u8) -> u8 {
    FOLDED.get(usize::from(byte)).copied().unwrap_or(b'-')
}

/// One load a byte, instead of four comparisons.
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a bad index does not compile here")]
const FOLDED: [u8; 256] = {
    let mut folded = [b'-'; 256];
    let mut byte = 0;
    while byte < folded.len() {
        if (byte as u8).is_ascii_alphanumeric() {
            folded[byte] = (byte as u8).to_ascii_lowercase();
        }
        byte += 1;
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

/// The lines of one field, under its exact name.
#[cfg(test)]
pub(crate) fn lines_of<'a>(field: Field, values: &[&'a [u8]]) -> Vec<Line<'a>> {
    values.iter().map(|value| Line { field, exact: true, name: b"x", value }).collect()
}

#[cfg(test)]
mod tests;

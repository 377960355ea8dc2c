//! Trace ids: the headers that hold one, and what each says (read strictly, or as leniently as any application may).

use std::borrow::Cow;

use crate::bytes::grammar::Bytes;
use crate::bytes::percent;
use crate::bytes::text::split;
use crate::names::same_name;
use crate::request::Header;

/// A header that holds an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TraceHeader {
    Traceparent,
    B3,
    B3TraceId,
    RequestId,
    Datadog,
    Uber,
    Cloud,
}

/// What is known of a trace header.
struct Row {
    header: TraceHeader,
    /// As a configuration writes it.
    name: &'static str,
    /// What belongs to it and is useless without it; `*` stands for any end of a name.
    companions: &'static [&'static str],
}

/// All of them.
const ROWS: [Row; 7] = [
    Row { header: TraceHeader::Traceparent, name: "traceparent", companions: &["tracestate"] },
    Row { header: TraceHeader::B3, name: "b3", companions: &[] },
    Row { header: TraceHeader::B3TraceId, name: "x-b3-traceid", companions: &["x-b3-*"] },
    Row { header: TraceHeader::RequestId, name: "x-request-id", companions: &[] },
    Row { header: TraceHeader::Datadog, name: "x-datadog-trace-id", companions: &["x-datadog-*"] },
    Row { header: TraceHeader::Uber, name: "uber-trace-id", companions: &[] },
    Row { header: TraceHeader::Cloud, name: "x-cloud-trace-context", companions: &[] },
];

/// `traceparent` in gRPC's binary form, which nobody forwards as text.
const BINARY: &str = "grpc-trace-bin";

/// The names by which a client may choose a trace id: what an edge removes under `traceHeaders: drop`.
///
/// `x-request-id` is not among them: the proxy itself makes it, and makes it anew for external requests (Envoy,
/// `use_remote_address`).
pub(crate) fn dropped() -> impl Iterator<Item = &'static str> {
    let rows = ROWS.iter().filter(|row| row.header != TraceHeader::RequestId);
    rows.flat_map(|row| row.companions.iter().copied().chain([row.name])).chain([BINARY])
}

/// The longest id that is forwarded opaquely; a UUID has 36 bytes.
const MAX_OPAQUE_BYTES: usize = 128;

impl TraceHeader {
    /// All of them, by the name that a configuration writes.
    pub(crate) fn words() -> [(&'static str, Self); ROWS.len()] {
        ROWS.map(|row| (row.name, row.header))
    }

    fn name(self) -> &'static str {
        ROWS.iter().find(|row| row.header == self).map_or("", |row| row.name)
    }

    /// Whether an application may read an id in one of them and write it in the other: those of traces
    /// (OpenTelemetry, "Composite Propagator").
    pub(crate) fn is_akin(self, other: Self) -> bool {
        (self == Self::RequestId) == (other == Self::RequestId)
    }

    /// The lines of this header, under its exact name alone.
    pub(crate) fn lines<'a>(self, headers: &[Header<'a>]) -> impl Iterator<Item = &'a [u8]> {
        let name = self.name().as_bytes();
        headers.iter().filter(move |header| header.name == name).map(|header| header.value)
    }

    /// Whether an application may take a name for this one (CGI, RFC 3875 §4.1.18).
    pub(crate) fn may_be(self, name: &[u8]) -> bool {
        same_name(name, self.name().as_bytes())
    }

    /// The lines under any such name.
    pub(crate) fn lenient_lines<'a>(self, headers: &[Header<'a>]) -> impl Iterator<Item = &'a [u8]> {
        let name = self.name().as_bytes();
        headers.iter().filter(move |header| same_name(header.name, name)).map(|header| header.value)
    }

    /// The id of a line in this header's own format, in one spelling for all.
    pub(crate) fn id(self, line: &[u8]) -> Option<Vec<u8>> {
        let id = self.well_formed(line)?;
        if self == Self::RequestId { opaque(id) } else { self.number(id) }
    }

    /// Every id that an application may read from a line: of each element of a list, unescaped, as Jaeger's clients do.
    pub(crate) fn lenient_ids(self, line: &[u8]) -> Vec<Vec<u8>> {
        let text = if self == Self::RequestId { Cow::Borrowed(line) } else { percent::decode(line) };
        let separates = |byte: &u8| matches!(byte, b',' | b';' | b' ' | b'\t');
        text.split(separates).flat_map(|element| self.readings(element)).collect()
    }

    /// What an element of a list may be read as.
    fn readings(self, element: &[u8]) -> Vec<Vec<u8>> {
        let fields: Vec<_> = match self {
            Self::RequestId => return opaque(element).into_iter().chain(uuid(element)).collect(),
            Self::Traceparent => split(element, b"-").chain(element.get(PLACE)).collect(),
            Self::B3 => split(element, b"-").take(1).collect(),
            Self::Uber => split(element, b":").take(1).collect(),
            Self::Cloud => split(element, b"/").take(1).collect(),
            Self::B3TraceId | Self::Datadog => vec![element],
        };
        let mut ids = Vec::new();
        fields.into_iter().for_each(|field| self.add_numbers(field, &mut ids));
        ids
    }

    /// Adds what a field may be read as: each run of its digits, all of them together, and the highest of all.
    fn add_numbers(self, field: &[u8], ids: &mut Vec<Vec<u8>>) {
        let digits = if self == Self::Datadog { Bytes::DECIMAL } else { Bytes::HEXADECIMAL };
        let is_digit = |byte: &u8| digits.has(*byte);
        // What is shorter in a traceparent is its parent's id.
        let fits = |digits: usize| self != Self::Traceparent || digits > LOW_DIGITS;
        let count = field.iter().filter(|byte| is_digit(byte)).count();
        if !fits(count) {
            return;
        }
        let mut add = |run: &[u8]| ids.extend(Some(run).filter(|run| fits(run.len())).and_then(|run| self.number(run)));
        let joined = if count == field.len() {
            Cow::Borrowed(field)
        } else {
            field.split(|byte| !is_digit(byte)).for_each(&mut add);
            field.iter().copied().filter(is_digit).collect()
        };
        add(&joined);
        if count > HIGHEST_DIGITS {
            add(joined.get(..HIGHEST_DIGITS).unwrap_or_default());
        }
    }

    /// The id itself within a line of this header's own format.
    fn well_formed(self, line: &[u8]) -> Option<&[u8]> {
        match self {
            Self::Traceparent => traceparent(line),
            Self::B3 => b3(line),
            Self::B3TraceId => Some(line).filter(|id| is_b3(id)),
            Self::RequestId => Some(line),
            Self::Datadog => Some(line).filter(|id| id.len() <= 20 && id.iter().all(u8::is_ascii_digit)),
            Self::Uber => uber(line),
            Self::Cloud => cloud(line),
        }
    }

    /// The low 64 bits in hexadecimal, without zeros in front: all that every tracer hands on (OpenZipkin,
    /// "B3 Propagation"; Datadog writes them alone, in decimals). An id without any is none.
    fn number(self, digits: &[u8]) -> Option<Vec<u8>> {
        let base = if self == Self::Datadog { 10 } else { 16 };
        let value = |digit: &u8| u64::from(char::from(*digit).to_digit(16).unwrap_or_default());
        let number = digits.iter().fold(0u64, |number, digit| number.wrapping_mul(base).wrapping_add(value(digit)));
        (number != 0).then(|| format!("{number:x}").into_bytes())
    }
}

/// Digits of 64 bits.
const LOW_DIGITS: usize = 16;
/// Digits of the longest id; some cut off what is behind.
const HIGHEST_DIGITS: usize = 32;
/// Where the id stands in a traceparent, for those who count bytes.
const PLACE: std::ops::Range<usize> = 3..35;

/// The trace-id of a traceparent. Later versions may append fields (W3C Trace Context §3.2).
fn traceparent(line: &[u8]) -> Option<&[u8]> {
    let mut fields = split(line, b"-");
    let [version, id, parent, flags] = [fields.next()?, fields.next()?, fields.next()?, fields.next()?];
    let is_known = version != b"ff" && (version != b"00" || fields.next().is_none());
    let fits = is_known && is_hex(version, 2) && is_hex(id, 32) && is_hex(parent, 16) && is_hex(flags, 2);
    fits.then_some(id)
}

/// The TraceId of a single `b3` (OpenZipkin, "B3 Propagation"): id, span, and up to two fields more.
fn b3(line: &[u8]) -> Option<&[u8]> {
    let mut fields = split(line, b"-");
    let [id, span] = [fields.next()?, fields.next()?];
    (is_b3(id) && is_hex(span, 16) && fields.count() <= 2).then_some(id)
}

/// The trace-id of Jaeger's four fields.
fn uber(line: &[u8]) -> Option<&[u8]> {
    let mut fields = split(line, b":");
    let id = fields.next()?;
    ((1..=32).contains(&id.len()) && is_hex(id, id.len()) && fields.count() == 3).then_some(id)
}

/// The TRACE_ID of `TRACE_ID[/SPAN_ID…]`.
fn cloud(line: &[u8]) -> Option<&[u8]> {
    let mut fields = split(line, b"/");
    let id = fields.next()?;
    (is_hex(id, 32) && fields.count() <= 1).then_some(id)
}

fn is_b3(id: &[u8]) -> bool {
    is_hex(id, 16) || is_hex(id, 32)
}

fn is_hex(text: &[u8], length: usize) -> bool {
    text.len() == length && text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// An id without a structure of its own, unless it is a UUID.
fn opaque(text: &[u8]) -> Option<Vec<u8>> {
    const UUID_BYTES: usize = 36;
    let fits = (1..=MAX_OPAQUE_BYTES).contains(&text.len())
        && text.iter().all(|byte| byte.is_ascii_graphic() && !b",;".contains(byte));
    let id = fits.then(|| text.to_ascii_lowercase())?;
    Some(uuid(&id).filter(|_| id.len() == UUID_BYTES).unwrap_or(id))
}

/// The digits of a UUID in any notation (`urn:uuid:…`, in braces, without hyphens). Envoy writes its sampling
/// decision over the version, and each proxy may decide anew (Envoy, "UUID request ID extension").
fn uuid(text: &[u8]) -> Option<Vec<u8>> {
    const VERSION: usize = 12;
    let digits = text.rsplit(|byte| *byte == b':').next()?.iter().filter(|byte| byte.is_ascii_hexdigit());
    let mut id: Vec<_> = digits.map(u8::to_ascii_lowercase).collect();
    id.get_mut(VERSION).into_iter().for_each(|version| *version = b'4');
    (id.len() == HIGHEST_DIGITS).then_some(id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const LOW: &str = "a3ce929d0e0e4736";

    fn shown(id: Option<Vec<u8>>) -> Option<String> {
        id.map(|id| String::from_utf8(id).unwrap())
    }

    #[test]
    fn reads_each_format_strictly() {
        let uuid = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
        for (header, line, expected) in [
            (TraceHeader::Traceparent, format!("00-{ID}-00f067aa0ba902b7-01"), Some(LOW)),
            (TraceHeader::Traceparent, format!("01-{ID}-00f067aa0ba902b7-01-more"), Some(LOW)),
            (TraceHeader::Traceparent, format!("00-{ID}-00f067aa0ba902b7-01-more"), None),
            (TraceHeader::Traceparent, format!("ff-{ID}-00f067aa0ba902b7-01"), None),
            (TraceHeader::Traceparent, format!("00-{}-00f067aa0ba902b7-01", ID.to_uppercase()), None),
            (TraceHeader::Traceparent, format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)), None),
            (TraceHeader::Traceparent, format!("00-{ID}0-00f067aa0ba902b7-01"), None),
            (TraceHeader::Traceparent, format!("00-{ID}"), None),
            (TraceHeader::B3, format!("{ID}-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90"), Some(LOW)),
            (TraceHeader::B3, "e457b5a2e4d86bd1-e457b5a2e4d86bd1".into(), Some("e457b5a2e4d86bd1")),
            (TraceHeader::B3, "0".into(), None),
            (TraceHeader::B3TraceId, format!("{}e457b5a2e4d86bd1", "0".repeat(16)), Some("e457b5a2e4d86bd1")),
            (TraceHeader::B3TraceId, "e457b5a2e4d86bd".into(), None),
            (TraceHeader::B3TraceId, format!("{ID}, {ID}"), None),
            (TraceHeader::RequestId, uuid.into(), Some("6ba7b8109dad41d180b400c04fd430c8")),
            (
                TraceHeader::RequestId,
                uuid.replace("-41d1", "-a1d1").to_uppercase(),
                Some("6ba7b8109dad41d180b400c04fd430c8"),
            ),
            (TraceHeader::RequestId, "Order/7".into(), Some("order/7")),
            (TraceHeader::RequestId, "a, b".into(), None),
            (TraceHeader::RequestId, "a".repeat(129), None),
            (TraceHeader::RequestId, "".into(), None),
            (TraceHeader::Datadog, "007".into(), Some("7")),
            (TraceHeader::Datadog, "0".into(), None),
            (TraceHeader::Datadog, "7a".into(), None),
            (TraceHeader::Uber, "1f:2:0:1".into(), Some("1f")),
            (TraceHeader::Uber, "1f%3A2%3A0%3A1".into(), None),
            (TraceHeader::Cloud, format!("{ID}/1;o=1"), Some(LOW)),
            (TraceHeader::Cloud, "1/1".into(), None),
        ] {
            assert_eq!(shown(header.id(line.as_bytes())).as_deref(), expected, "{header:?} {line}");
        }
    }

    #[test]
    fn reads_whatever_an_application_may_take_for_an_id() {
        let upper = ID.to_uppercase();
        for (header, line, expected) in [
            (TraceHeader::Traceparent, format!("garbage, 00-{upper}, \t{ID}"), &[LOW][..]),
            (TraceHeader::Traceparent, format!("ff-{ID}-1-more"), &[LOW]),
            (TraceHeader::B3, format!("{upper}-1"), &[LOW]),
            (TraceHeader::RequestId, "A,b; c  d".into(), &["a", "b", "c", "d"]),
            (TraceHeader::Uber, "1F%3A2%3A0%3A1".into(), &["1f"]),
            (TraceHeader::Cloud, format!("{upper}/1;o=1"), &[LOW, "1"]),
            (TraceHeader::Datadog, "7,+8".into(), &["7", "8"]),
        ] {
            let ids = header.lenient_ids(line.as_bytes()).into_iter().map(|id| shown(Some(id)).unwrap());
            assert_eq!(
                ids.collect::<BTreeSet<_>>(),
                expected.iter().map(|id| (*id).to_owned()).collect(),
                "{header:?} {line}"
            );
        }
    }

    #[test]
    fn whatever_is_read_strictly_is_read_leniently() {
        for (_, header) in TraceHeader::words() {
            for line in
                [&*format!("00-{ID}-00f067aa0ba902b7-01"), ID, "1f:2:0:1", "7", "e457b5a2e4d86bd1-e457b5a2e4d86bd1"]
            {
                let strict = header.id(line.as_bytes());
                assert!(
                    strict.is_none() || header.lenient_ids(line.as_bytes()).contains(strict.as_ref().unwrap()),
                    "{line}"
                );
            }
        }
    }
}

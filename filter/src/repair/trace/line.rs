//! The lines of trace headers, read strictly: whatever an application reads in a line that passes here is its one id,
//! or nothing.

use crate::bytes::grammar::Bytes;
use crate::bytes::text::{cut, split};

use super::{TraceHeader, TraceId};

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::repair) enum Reading {
    Id(TraceId),
    /// Whether to sample, and no id.
    NoId,
    Malformed,
}

impl TraceHeader {
    /// Reads a line. The work is bounded by the longest line of its format, whatever comes.
    pub(in crate::repair) fn read(self, line: &[u8]) -> Reading {
        if line.len() > MAX_LINE_BYTES {
            return Reading::Malformed;
        }
        if self == Self::B3 && is_sampling(line) {
            return Reading::NoId;
        }
        self.id(line).map_or(Reading::Malformed, Reading::Id)
    }

    fn id(self, line: &[u8]) -> Option<TraceId> {
        match self {
            Self::Traceparent => traceparent(line),
            Self::B3 => b3(line),
            Self::B3TraceId => b3_trace_id(line),
            Self::RequestId => request_id(line),
            Self::Datadog => datadog(line),
            Self::Uber => uber(line),
            Self::Cloud => cloud(line),
        }
    }
}

/// The longest of all, a request id; a UUID has 36 bytes.
const MAX_LINE_BYTES: usize = 128;

/// The four fields of a line, if it has no more; those that it lacks are empty.
fn fields<'a>(line: &'a [u8], separator: &[u8]) -> Option<[&'a [u8]; 4]> {
    let mut parts = split(line, separator);
    let fields = std::array::from_fn(|_| parts.next().unwrap_or_default());
    parts.next().is_none().then_some(fields)
}

/// `VERSION-ID-PARENT-FLAGS` (W3C Trace Context §3.2). What a later version may append is no format yet.
pub(super) fn traceparent(line: &[u8]) -> Option<TraceId> {
    let [version, id, parent, flags] = fields(line, b"-")?;
    (is_hex(version, 2) && is_hex(id, 32) && is_hex(parent, 16) && is_hex(flags, 2)).then(|| trace(id))?
}

/// `ID-SPAN[-SAMPLING[-PARENT]]` (OpenZipkin, "B3 Propagation").
fn b3(line: &[u8]) -> Option<TraceId> {
    let mut fields = split(line, b"-");
    let [id, span] = [fields.next()?, fields.next()?];
    let [sampling, parent, more] = [fields.next(), fields.next(), fields.next()];
    let rest_fits = sampling.is_none_or(is_sampling) && parent.is_none_or(|parent| is_hex(parent, 16));
    if is_hex(span, 16) && rest_fits && more.is_none() { b3_trace_id(id) } else { None }
}

fn is_sampling(text: &[u8]) -> bool {
    matches!(text, b"0" | b"1" | b"d")
}

/// 64 or 128 bits (OpenZipkin, "B3 Propagation").
fn b3_trace_id(line: &[u8]) -> Option<TraceId> {
    (is_hex(line, 16) || is_hex(line, 32)).then(|| trace(line))?
}

/// A number of 64 bits, without zeros in front (Datadog, "Trace Context Propagation").
fn datadog(line: &[u8]) -> Option<TraceId> {
    let is_number = Bytes::DECIMAL.hold(line) && line.first() != Some(&b'0');
    TraceId::of_trace(std::str::from_utf8(line).ok().filter(|_| is_number)?.parse().ok()?)
}

/// `ID:SPAN:PARENT:FLAGS`, without zeros in front or with them (Jaeger, "Propagation Format").
fn uber(line: &[u8]) -> Option<TraceId> {
    let [id, span, parent, flags] = fields(line, b":")?;
    let fits = |field: &[u8], digits: usize| (1..=digits).contains(&field.len()) && is_hex(field, field.len());
    (fits(id, 32) && fits(span, 16) && fits(parent, 16) && fits(flags, 2)).then(|| trace(id))?
}

/// `ID[/SPAN][;o=OPTIONS]` (Google Cloud, "Trace Context").
fn cloud(line: &[u8]) -> Option<TraceId> {
    let (ids, options) = cut(line, b";");
    let (id, span) = cut(ids, b"/");
    let options_fit = options.is_none_or(|options| matches!(options, b"o=0" | b"o=1" | b"o=2" | b"o=3"));
    let span_fits = span.is_none_or(|span| (1..=20).contains(&span.len()) && Bytes::DECIMAL.hold(span));
    (options_fit && span_fits && is_hex(id, 32)).then(|| trace(id))?
}

/// Digits of a UUID, and of the longest trace id.
const DIGITS: usize = 32;

/// Letters, digits, `_` and `-`, none of which any framework drops. What a parser of UUIDs may accept has to be one.
fn request_id(line: &[u8]) -> Option<TraceId> {
    let is_plain = !line.is_empty() && line.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte));
    let id = is_plain.then(|| line.to_ascii_lowercase())?;
    match uuid(&id) {
        Some(digits) => Some(TraceId::of_request(&digits)),
        None if looks_like_uuid(&id) => None,
        None => Some(TraceId::of_request(&id)),
    }
}

/// Parsers disagree about what stands around four hyphens (Java, Go), and about hyphens, `0x` and `_` among 32 digits
/// (Python).
fn looks_like_uuid(id: &[u8]) -> bool {
    let hyphens = id.iter().filter(|byte| **byte == b'-').count();
    let has_digits_alone = id.iter().all(|byte| byte.is_ascii_hexdigit() || b"x_-".contains(byte));
    hyphens >= 4 || has_digits_alone && id.len().saturating_sub(hyphens) == DIGITS
}

/// The digits of a UUID (RFC 9562 §4), with its hyphens or without. Envoy writes its sampling decision over the version,
/// and each proxy may decide anew (Envoy, "UUID request ID extension").
fn uuid(id: &[u8]) -> Option<Vec<u8>> {
    const VERSION: usize = 12;
    let is_uuid = is_hex(id, DIGITS) || split(id, b"-").map(<[u8]>::len).eq([8, 4, 4, 4, 12]);
    let mut digits: Vec<_> = id.iter().copied().filter(|byte| *byte != b'-').collect();
    digits.get_mut(VERSION).into_iter().for_each(|version| *version = b'4');
    (is_uuid && is_hex(&digits, DIGITS)).then_some(digits)
}

fn is_hex(text: &[u8], digits: usize) -> bool {
    text.len() == digits && Bytes::HEXADECIMAL.hold(text)
}

/// The id of a trace, by its digits.
fn trace(digits: &[u8]) -> Option<TraceId> {
    let value = |digit: &u8| u64::from(char::from(*digit).to_digit(16).unwrap_or_default());
    TraceId::of_trace(digits.iter().fold(0, |number: u64, digit| number << 4 | value(digit)))
}

#[cfg(test)]
mod tests;

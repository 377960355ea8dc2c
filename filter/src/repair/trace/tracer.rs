//! What the proxy's own tracers read. They read before any filter runs, and write the id again behind all of them: of a
//! header that is removed, an application still sees the id that they found in its first line.

use smallvec::SmallVec;

use super::{TraceHeader, TraceId, line};

/// In bytes: 64 bits in hexadecimal digits, and a whole traceparent.
const LOW: usize = 16;
const TRACEPARENT: usize = 55;

impl TraceHeader {
    /// The ids that a tracer of Envoy's may read in a line, well-formed or not.
    pub(in crate::repair) fn traced(self, line: &[u8]) -> SmallVec<[TraceId; 2]> {
        let trimmed = line.trim_ascii();
        let last = trimmed.get(trimmed.len().saturating_sub(LOW)..);
        let number = |digits: Option<&[u8]>, base| TraceId::of_trace(unsigned(digits?, base)?);
        let ids = match self {
            // Datadog's takes a later version, with more fields; OpenTelemetry's takes any version.
            Self::Traceparent => [trimmed.get(..TRACEPARENT).and_then(line::traceparent), None],
            // Zipkin's: by place.
            Self::B3 => [number(line.get(..LOW), 16), number(line.get(LOW..2 * LOW), 16)],
            // Zipkin's: the whole, or the second half of 32 digits. Datadog's: the end.
            Self::B3TraceId => [number(Some(line), 16), number(last, 16)],
            Self::Datadog => [number(Some(line), 10), None],
            // No tracer of Envoy's.
            Self::RequestId | Self::Uber | Self::Cloud => [None, None],
        };
        ids.into_iter().flatten().collect()
    }
}

/// A number as `strtoull` reads it (ISO C §7.24.1.4): white space, a sign, `0x`, and digits up to the end; or trimmed, as
/// Datadog's tracer reads it.
fn unsigned(text: &[u8], base: u32) -> Option<u64> {
    let text = text.trim_ascii();
    let (is_negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    };
    let digits = match text {
        [b'0', b'x' | b'X', rest @ ..] if base == 16 => rest,
        digits => digits,
    };
    let mut number = digits.first().map(|_| 0u64)?;
    for digit in digits {
        let value = char::from(*digit).to_digit(base)?;
        number = number.checked_mul(base.into())?.checked_add(value.into())?;
    }
    Some(if is_negative { number.wrapping_neg() } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_as_c_does() {
        for (text, base, expected) in [
            ("1f", 16, Some(0x1f)),
            ("0X1F", 16, Some(0x1f)),
            (" \t+1f", 16, Some(0x1f)),
            ("-1", 16, Some(u64::MAX)),
            ("-0x1", 16, Some(u64::MAX)),
            ("00000000000000000000000007", 16, Some(7)),
            ("18446744073709551615", 10, Some(u64::MAX)),
            ("18446744073709551616", 10, None),
            ("1f", 10, None),
            ("0x1", 10, None),
            ("1 ", 16, Some(1)),
            ("1 1", 16, None),
            ("--1", 16, None),
            ("- 1", 16, None),
            ("", 16, None),
            ("-", 16, None),
        ] {
            assert_eq!(unsigned(text.as_bytes(), base), expected, "{text:?}");
        }
    }
}

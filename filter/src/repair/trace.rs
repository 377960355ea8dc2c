//! Trace ids: the headers that hold one, and what each says (read strictly, or as leniently as any application may).

use crate::names::same_name;
use crate::request::{Header, split};

/// A header that holds a trace id. Ids of different headers never meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    Traceparent,
    B3,
    B3TraceId,
    RequestId,
    Datadog,
    Uber,
    Cloud,
}

/// Their names, as a configuration writes them; the place of each is what tells its ids from others'.
pub(crate) const CARRIERS: [(&str, Carrier); 7] = [
    ("traceparent", Carrier::Traceparent),
    ("b3", Carrier::B3),
    ("x-b3-traceid", Carrier::B3TraceId),
    ("x-request-id", Carrier::RequestId),
    ("x-datadog-trace-id", Carrier::Datadog),
    ("uber-trace-id", Carrier::Uber),
    ("x-cloud-trace-context", Carrier::Cloud),
];

/// An id that an application forwards opaquely is at most so long; a UUID has 36 bytes.
const MAX_OPAQUE_BYTES: usize = 128;

impl Carrier {
    fn name(self) -> &'static str {
        CARRIERS.iter().find(|(_, carrier)| *carrier == self).map_or("", |(name, _)| name)
    }

    /// The lines of this header, under its exact name alone.
    pub(crate) fn lines<'a>(self, headers: &[Header<'a>]) -> impl Iterator<Item = &'a [u8]> {
        headers.iter().filter(move |header| header.name == self.name().as_bytes()).map(|header| header.value)
    }

    /// The lines under any name that an application may take for this one (CGI, RFC 3875 §4.1.18).
    pub(crate) fn lenient_lines<'a>(self, headers: &[Header<'a>]) -> impl Iterator<Item = &'a [u8]> {
        headers.iter().filter(move |header| same_name(header.name, self.name().as_bytes())).map(|header| header.value)
    }

    /// The id of a line in this header's own format, in one spelling for all.
    pub(crate) fn id(self, line: &[u8]) -> Option<Vec<u8>> {
        self.is_well_formed(line).then(|| self.lenient_ids(line).next()).flatten()
    }

    /// Every id that an application may read from a line: of each element of a list, in any letter case.
    pub(crate) fn lenient_ids(self, line: &[u8]) -> impl Iterator<Item = Vec<u8>> {
        line.split(|byte| b",; \t".contains(byte)).filter_map(move |element| match self {
            Self::Traceparent | Self::Cloud => first_run(element, u8::is_ascii_hexdigit, 32..=32),
            Self::B3 | Self::B3TraceId => first_run(element, u8::is_ascii_hexdigit, 16..=32),
            Self::Uber => first_run(element, u8::is_ascii_hexdigit, 1..=32),
            Self::Datadog => first_run(element, u8::is_ascii_digit, 1..=20),
            Self::RequestId => opaque(element),
        })
    }

    fn is_well_formed(self, line: &[u8]) -> bool {
        let fields: Vec<_> = match self {
            Self::Uber => split(line, b":").collect(),
            Self::Cloud => split(line, b"/").collect(),
            _ => split(line, b"-").collect(),
        };
        match (self, fields.as_slice()) {
            // W3C Trace Context §3.2: later versions may append fields.
            (Self::Traceparent, [version, id, parent, flags, more @ ..]) => {
                let known = *version != b"ff" && (*version != b"00" || more.is_empty());
                known && is_hex(version, 2) && is_hex(id, 32) && is_hex(parent, 16) && is_hex(flags, 2)
            }
            (Self::B3, [id, span, rest @ ..]) => is_b3(id) && is_hex(span, 16) && rest.len() <= 2,
            (Self::B3TraceId, [id]) => is_b3(id),
            (Self::RequestId, _) => opaque(line).is_some(),
            (Self::Datadog, [id]) => id.len() <= 20 && id.iter().all(u8::is_ascii_digit),
            (Self::Uber, [id, _, _, _]) => (1..=32).contains(&id.len()) && is_hex(id, id.len()),
            (Self::Cloud, [id] | [id, _]) => is_hex(id, 32),
            _ => false,
        }
    }
}

fn is_b3(id: &[u8]) -> bool {
    is_hex(id, 16) || is_hex(id, 32)
}

fn is_hex(text: &[u8], length: usize) -> bool {
    text.len() == length && text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The first run of digits of such a length, without the zeros in front: 64-bit ids travel padded and bare.
fn first_run(text: &[u8], is_digit: fn(&u8) -> bool, lengths: std::ops::RangeInclusive<usize>) -> Option<Vec<u8>> {
    let mut runs = text.split(|byte| !is_digit(byte));
    let run = runs.find(|run| lengths.contains(&run.len()))?;
    let start = run.iter().position(|digit| *digit != b'0')?;
    Some(run.get(start..)?.to_ascii_lowercase())
}

/// An id without a structure of its own. In a UUID, Envoy writes its sampling decision over the version,
/// and each proxy may decide anew (Envoy, "UUID request ID extension").
fn opaque(text: &[u8]) -> Option<Vec<u8>> {
    const UUID_BYTES: usize = 36;
    const VERSION: usize = 14;
    let fits = (1..=MAX_OPAQUE_BYTES).contains(&text.len())
        && text.iter().all(|byte| byte.is_ascii_graphic() && !b",;".contains(byte));
    let mut id = fits.then(|| text.to_ascii_lowercase())?;
    if id.len() == UUID_BYTES {
        id.get_mut(VERSION).into_iter().for_each(|version| *version = b'4');
    }
    Some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn shown(id: Option<Vec<u8>>) -> Option<String> {
        id.map(|id| String::from_utf8(id).unwrap())
    }

    #[test]
    fn reads_each_format_strictly() {
        let uuid = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
        for (carrier, line, expected) in [
            (Carrier::Traceparent, format!("00-{ID}-00f067aa0ba902b7-01"), Some(ID)),
            (Carrier::Traceparent, format!("01-{ID}-00f067aa0ba902b7-01-more"), Some(ID)),
            (Carrier::Traceparent, format!("00-{ID}-00f067aa0ba902b7-01-more"), None),
            (Carrier::Traceparent, format!("ff-{ID}-00f067aa0ba902b7-01"), None),
            (Carrier::Traceparent, format!("00-{}-00f067aa0ba902b7-01", ID.to_uppercase()), None),
            (Carrier::Traceparent, format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)), None),
            (Carrier::Traceparent, format!("00-{ID}0-00f067aa0ba902b7-01"), None),
            (Carrier::Traceparent, format!("00-{ID}"), None),
            (Carrier::B3, format!("{ID}-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90"), Some(ID)),
            (Carrier::B3, "e457b5a2e4d86bd1-e457b5a2e4d86bd1".into(), Some("e457b5a2e4d86bd1")),
            (Carrier::B3, "0".into(), None),
            (Carrier::B3TraceId, format!("{}e457b5a2e4d86bd1", "0".repeat(16)), Some("e457b5a2e4d86bd1")),
            (Carrier::B3TraceId, "e457b5a2e4d86bd".into(), None),
            (Carrier::B3TraceId, format!("{ID}, {ID}"), None),
            (Carrier::RequestId, uuid.into(), Some(uuid)),
            (Carrier::RequestId, uuid.replace("-41d1", "-a1d1").to_uppercase(), Some(uuid)),
            (Carrier::RequestId, "Order/7".into(), Some("order/7")),
            (Carrier::RequestId, "a, b".into(), None),
            (Carrier::RequestId, "a".repeat(129), None),
            (Carrier::RequestId, "".into(), None),
            (Carrier::Datadog, "007".into(), Some("7")),
            (Carrier::Datadog, "0".into(), None),
            (Carrier::Datadog, "7a".into(), None),
            (Carrier::Uber, "1f:2:0:1".into(), Some("1f")),
            (Carrier::Uber, "1f%3A2%3A0%3A1".into(), None),
            (Carrier::Cloud, format!("{ID}/1;o=1"), Some(ID)),
            (Carrier::Cloud, "1/1".into(), None),
        ] {
            assert_eq!(shown(carrier.id(line.as_bytes())).as_deref(), expected, "{carrier:?} {line}");
        }
    }

    #[test]
    fn reads_whatever_an_application_may_take_for_an_id() {
        let upper = ID.to_uppercase();
        for (carrier, line, expected) in [
            (Carrier::Traceparent, format!("garbage, 00-{upper}, \t{ID}"), vec![ID, ID]),
            (Carrier::Traceparent, format!("ff-{ID}-1-more"), vec![ID]),
            (Carrier::B3, format!("{upper}-1"), vec![ID]),
            (Carrier::RequestId, "A,b; c  d".into(), vec!["a", "b", "c", "d"]),
            (Carrier::Uber, "1F%3A2%3A0%3A1".into(), vec!["1f"]),
            (Carrier::Cloud, format!("{upper}/1;o=1"), vec![ID]),
            (Carrier::Datadog, "7,+8".into(), vec!["7", "8"]),
        ] {
            let ids: Vec<_> = carrier.lenient_ids(line.as_bytes()).map(|id| shown(Some(id)).unwrap()).collect();
            assert_eq!(ids, expected, "{carrier:?} {line}");
        }
    }

    #[test]
    fn whatever_is_read_strictly_is_read_leniently() {
        for (_, carrier) in CARRIERS {
            for line in
                [&*format!("00-{ID}-00f067aa0ba902b7-01"), ID, "1f:2:0:1", "7", "e457b5a2e4d86bd1-e457b5a2e4d86bd1"]
            {
                let strict = carrier.id(line.as_bytes());
                assert!(
                    strict.is_none() || carrier.lenient_ids(line.as_bytes()).any(|id| Some(id) == strict),
                    "{line}"
                );
            }
        }
    }
}

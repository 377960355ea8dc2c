//! Each format, and what comes close to it.

use super::*;

const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const LOW: u64 = 0xa3ce_929d_0e0e_4736;
const SPAN: &str = "e457b5a2e4d86bd1";
const UUID: &str = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
const UUID_DIGITS: &str = "6ba7b8109dad41d180b400c04fd430c8";

#[test]
fn reads_the_id_of_a_trace_as_one_number() {
    for (header, line, number) in [
        (TraceHeader::Traceparent, format!("00-{ID}-00f067aa0ba902b7-01"), LOW),
        (TraceHeader::Traceparent, format!("cc-{}-00F067AA0BA902B7-FF", ID.to_uppercase()), LOW),
        (TraceHeader::B3, format!("{ID}-{SPAN}"), LOW),
        (TraceHeader::B3, format!("{ID}-{SPAN}-d"), LOW),
        (TraceHeader::B3, format!("{SPAN}-{SPAN}-1-05e3ac9a4f6e3b90"), 0xe457_b5a2_e4d8_6bd1),
        (TraceHeader::B3TraceId, ID.into(), LOW),
        (TraceHeader::B3TraceId, format!("{:016}{SPAN}", 0), 0xe457_b5a2_e4d8_6bd1),
        (TraceHeader::B3TraceId, SPAN.to_uppercase(), 0xe457_b5a2_e4d8_6bd1),
        (TraceHeader::Datadog, LOW.to_string(), LOW),
        (TraceHeader::Datadog, u64::MAX.to_string(), u64::MAX),
        (TraceHeader::Uber, format!("{ID}:{SPAN}:0:1"), LOW),
        (TraceHeader::Uber, "1F:2:0:01".into(), 0x1f),
        (TraceHeader::Uber, "001f:2:0:1".into(), 0x1f),
        (TraceHeader::Cloud, ID.into(), LOW),
        (TraceHeader::Cloud, format!("{ID}/1"), LOW),
        (TraceHeader::Cloud, format!("{ID}/18446744073709551615;o=1"), LOW),
        (TraceHeader::Cloud, format!("{ID};o=0"), LOW),
    ] {
        let expected = TraceId::of_trace(number).map(Reading::Id).unwrap();
        assert_eq!(header.read(line.as_bytes()), expected, "{header:?} {line}");
    }
    for decision in ["0", "1", "d"] {
        assert_eq!(TraceHeader::B3.read(decision.as_bytes()), Reading::NoId);
    }
}

#[test]
fn reads_one_request_id_in_every_spelling() {
    let digits = UUID_DIGITS.to_uppercase();
    for (line, id) in [
        (UUID, UUID_DIGITS),
        ("6BA7B810-9DAD-a1D1-80B4-00C04FD430C8", UUID_DIGITS),
        (&digits, UUID_DIGITS),
        ("Order_7", "order_7"),
        ("a-b-c-d", "a-b-c-d"),
        ("deadbeef", "deadbeef"),
        (&"a".repeat(128), &"a".repeat(128)),
    ] {
        assert_eq!(
            TraceHeader::RequestId.read(line.as_bytes()),
            Reading::Id(TraceId::of_request(id.as_bytes())),
            "{line}"
        );
    }
}

#[test]
fn reads_nothing_in_any_other_line() {
    for (header, line) in [
        (TraceHeader::Traceparent, format!("01-{ID}-00f067aa0ba902b7-01-more")),
        (TraceHeader::Traceparent, format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32))),
        (TraceHeader::Traceparent, format!("00-{ID}0-00f067aa0ba902b7-01")),
        (TraceHeader::Traceparent, format!("00-{ID}-00f067aa0ba902b7-01,00-{ID}-00f067aa0ba902b7-01")),
        (TraceHeader::Traceparent, format!("00-{ID}")),
        (TraceHeader::Traceparent, format!("0g-{ID}-00f067aa0ba902b7-01")),
        (TraceHeader::B3, ID.into()),
        (TraceHeader::B3, format!("{ID}-{SPAN}-")),
        (TraceHeader::B3, format!("{ID}-{SPAN}-2")),
        (TraceHeader::B3, format!("{ID}-{SPAN}-{SPAN}")),
        (TraceHeader::B3, format!("{ID}-{SPAN}-1-{SPAN}-1")),
        (TraceHeader::B3, "2".into()),
        (TraceHeader::B3TraceId, "e457b5a2e4d86bd".into()),
        (TraceHeader::B3TraceId, format!("{ID}, {ID}")),
        (TraceHeader::B3TraceId, "0".repeat(16)),
        (TraceHeader::Datadog, "-7".into()),
        (TraceHeader::Datadog, "+7".into()),
        (TraceHeader::Datadog, "007".into()),
        (TraceHeader::Datadog, "0".into()),
        (TraceHeader::Datadog, "7a".into()),
        (TraceHeader::Datadog, "18446744073709551616".into()),
        (TraceHeader::Uber, "1f%3A2%3A0%3A1".into()),
        (TraceHeader::Uber, "1f:2:0".into()),
        (TraceHeader::Uber, "1f:2:0:1:1".into()),
        (TraceHeader::Uber, "0x1f:2:0:1".into()),
        (TraceHeader::Uber, format!("0{ID}:2:0:1")),
        (TraceHeader::Uber, "0:2:0:1".into()),
        (TraceHeader::Cloud, "1/1".into()),
        (TraceHeader::Cloud, format!("{ID}/1;o=1;o=1")),
        (TraceHeader::Cloud, format!("{ID}/a")),
        (TraceHeader::Cloud, format!("{ID}/1/1")),
        (TraceHeader::RequestId, "a, b".into()),
        (TraceHeader::RequestId, "a.b".into()),
        (TraceHeader::RequestId, "a@b".into()),
        (TraceHeader::RequestId, format!("{{{UUID}}}")),
        (TraceHeader::RequestId, format!("urn:uuid:{UUID}")),
        (TraceHeader::RequestId, "6ba7b810-9dad-41d1-80b4-c04fd430c8".into()),
        (TraceHeader::RequestId, "0xa7b810-9dad-41d1-80b4-00c04fd430c8".into()),
        (TraceHeader::RequestId, "6ba7b8109dad-41d180b400c04fd4-30c8".into()),
        (TraceHeader::RequestId, format!("x{UUID}y")),
        (TraceHeader::RequestId, "a-b-c-d-e".into()),
        (TraceHeader::RequestId, "ba7b8109dad41d180b400c04fd430c_8".into()),
        (TraceHeader::RequestId, "0xa7b8109dad41d180b400c04fd430c8".into()),
        (TraceHeader::RequestId, "a".repeat(129)),
    ] {
        assert_eq!(header.read(line.as_bytes()), Reading::Malformed, "{header:?} {line}");
    }
    for (_, header) in TraceHeader::words() {
        for line in ["", " ", "\0", "\u{ff}"] {
            assert_eq!(header.read(line.as_bytes()), Reading::Malformed, "{header:?} {line:?}");
        }
    }
}

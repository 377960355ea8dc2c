//! Percent-encoding (RFC 3986 §2.1).

use std::borrow::Cow;

use crate::bytes::grammar::Bytes;

/// The value with its escapes decoded once; a plus stays a plus, and a `%` that begins no escape stays as it is.
pub(crate) fn decode(value: &[u8]) -> Cow<'_, [u8]> {
    match value.contains(&b'%') {
        true => Cow::Owned(Decoded { rest: value, plus: b'+' }.collect()),
        false => Cow::Borrowed(value),
    }
}

/// The same byte by byte, with a plus for a space, as in a form.
pub(crate) fn decode_form(value: &[u8]) -> impl Iterator<Item = u8> {
    Decoded { rest: value, plus: b' ' }
}

struct Decoded<'a> {
    rest: &'a [u8],
    /// The meaning of a plus.
    plus: u8,
}

impl Iterator for Decoded<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        if let (b'%', Some((escape, after))) = (byte, rest.split_at_checked(2))
            && let Some(byte) = hex_pair(escape)
        {
            self.rest = after;
            return Some(byte);
        }
        self.rest = rest;
        Some(if *byte == b'+' { self.plus } else { *byte })
    }
}

fn hex_pair(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u8::from_str_radix(text, 16).ok()
}

/// Writes a value with all but RFC 3986's unreserved characters escaped: what every reader of baggage reads alike.
pub(crate) fn encode(value: &[u8], out: &mut Vec<u8>) {
    const HEX: [u8; 16] = *b"0123456789ABCDEF";
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or_default();
    if Bytes::UNRESERVED.hold(value) {
        return out.extend_from_slice(value);
    }
    for &byte in value {
        if Bytes::UNRESERVED.has(byte) {
            out.push(byte);
        } else {
            out.extend([b'%', digit(byte >> 4), digit(byte & 0xF)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_once_what_is_an_escape() {
        for (text, value) in
            [("a%2Db", "a-b"), ("%2566", "%66"), ("1+1", "1+1"), ("%", "%"), ("%4", "%4"), ("%+4%zz", "%+4%zz")]
        {
            assert_eq!(*decode(text.as_bytes()), *value.as_bytes(), "{text}");
        }
        assert_eq!(decode_form(b"a+%2B").collect::<Vec<_>>(), b"a +");
    }

    #[test]
    fn escapes_all_but_the_unreserved() {
        let mut out = Vec::new();
        encode("foo:v1,b\u{e9}~ %".as_bytes(), &mut out);
        assert_eq!(out, b"foo%3Av1%2Cb%C3%A9~%20%25");
    }

    /// Of the vectors of W3C Baggage, those whose value is no tenant's name: BG-109 and BG-110.
    #[test]
    fn escapes_what_the_vectors_of_baggage_escape() {
        for (value, expected) in [
            ("a,b;c=d%e \"f\\", "a%2Cb%3Bc%3Dd%25e%20%22f%5C"),
            ("caf\u{e9}-\u{6771}\u{4eac}", "caf%C3%A9-%E6%9D%B1%E4%BA%AC"),
        ] {
            let mut out = Vec::new();
            encode(value.as_bytes(), &mut out);
            assert_eq!(out, expected.as_bytes(), "{value}");
        }
    }
}

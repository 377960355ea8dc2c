//! Texts of bytes: trimmed, compared, cut, split and joined.

/// What follows the optional white space at its start.
pub(crate) fn trim_start(value: &[u8]) -> &[u8] {
    let mut value = value;
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    value
}

/// The value without the optional white space around it (`OWS`, RFC 9110 §5.6.3).
#[inline(always)]
pub(crate) fn trim(value: &[u8]) -> &[u8] {
    let mut value = value;
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// Appends a text, byte by byte: a copy of memory is a call out of WebAssembly, which costs more than a few bytes.
#[inline(always)]
pub(crate) fn append(text: &[u8], bytes: &mut Vec<u8>) {
    text.iter().for_each(|byte| bytes.push(*byte));
}

/// Whether two texts are the same: eight bytes at a time; WebAssembly's `==` takes one.
#[inline(always)]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    // A fast path: most differ here.
    a.len() == b.len() && a.first() == b.first() && same_chunks(a, b)
}

fn same_chunks(a: &[u8], b: &[u8]) -> bool {
    let ((chunks, a), (others, b)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    chunks.iter().zip(others).all(|(a, b)| a == b) && a.iter().zip(b).all(|(a, b)| a == b)
}

/// The parts of `value` between the occurrences of `separator`, which is not empty.
pub(crate) fn split<'a>(value: &'a [u8], separator: &[u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let (part, after) = cut(rest?, separator);
        rest = after;
        Some(part)
    })
}

/// The elements of a list, trimmed; empty ones are none (RFC 9110 §5.6.1.2).
pub(crate) fn elements(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    pieces(list, |list| cut(list, b","))
}

/// What `cut` cuts off a text one after another, trimmed, but for what is empty.
pub(crate) fn pieces<'a>(
    text: &'a [u8],
    cut: impl Fn(&'a [u8]) -> (&'a [u8], Option<&'a [u8]>),
) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        loop {
            let (piece, after) = cut(rest?);
            rest = after;
            let piece = trim(piece);
            if !piece.is_empty() {
                return Some(piece);
            }
        }
    })
}

/// The text before the first `separator`, and the text after it; `None` without one.
pub(crate) fn cut<'a>(value: &'a [u8], separator: &[u8]) -> (&'a [u8], Option<&'a [u8]>) {
    let found = match separator {
        [byte] => value.iter().position(|other| other == byte),
        _ => value.windows(separator.len().max(1)).position(|window| window == separator),
    };
    match found.and_then(|at| value.split_at_checked(at)) {
        Some((before, after)) => (before, after.get(separator.len()..)),
        None => (value, None),
    }
}

/// The parts with a separator between them.
pub(crate) fn join<'a>(parts: impl Iterator<Item = &'a [u8]>, separator: &[u8]) -> Vec<u8> {
    let mut joined = Vec::new();
    for part in parts {
        if !joined.is_empty() {
            joined.extend_from_slice(separator);
        }
        joined.extend_from_slice(part);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trims_only_optional_white_space() {
        assert_eq!(trim(b" \t a b\t"), b"a b");
        assert_eq!(trim(b" \t "), b"");
        assert_eq!(trim(b"\x0ba\x0b"), b"\x0ba\x0b");
    }

    #[test]
    fn the_same_text_is_the_same_in_each_byte() {
        let text: Vec<_> = (0..30).collect();
        for length in 0..=text.len() {
            let text = &text[..length];
            assert!(same(text, text), "{length}");
            assert!(!same(text, &[text, b"x"].concat()) && !same(&[text, b"x"].concat(), text), "{length}");
            for at in 0..length {
                let mut other = text.to_vec();
                other[at] ^= 0x20;
                assert!(!same(text, &other), "{at} of {length}");
            }
        }
    }

    #[test]
    fn lists_what_is_there() {
        assert!(elements(b" ,a,, b c\t,").eq([&b"a"[..], b"b c"]));
        assert_eq!(elements(b"").count(), 0);
    }

    #[test]
    fn splits_at_separators_of_any_length() {
        let parts = |value, separator| split(value, separator).collect::<Vec<_>>();
        assert_eq!(parts(b"a:1::b:2", b"::"), [b"a:1", b"b:2"]);
        assert_eq!(parts(b",a,", b","), [&b""[..], b"a", b""]);
        assert_eq!(parts(b"", b","), [b""]);
    }
}

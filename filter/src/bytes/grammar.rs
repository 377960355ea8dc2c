//! Byte classes of the grammars we read, one table look-up per byte.

/// A set of bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes(u16);

impl Bytes {
    /// Letters and digits.
    pub(crate) const ALPHANUMERIC: Self = Self(1);
    /// `A-Za-z0-9-`: a host label that names a tenant (RFC 1123 §2.1).
    pub(crate) const LABEL: Self = Self(1 << 1);
    /// `A-Za-z0-9-_~`: a label of any host.
    pub(crate) const HOST: Self = Self(1 << 2);
    /// `A-Za-z0-9-._`: a tenant, a service, a version (Kubernetes, "Labels and Selectors").
    pub(crate) const NAME: Self = Self(1 << 3);
    /// `tchar` (RFC 9110 §5.6.2).
    pub(crate) const TOKEN: Self = Self(1 << 4);
    /// `baggage-octet` (W3C Baggage, "Definition") but for `%`, which begins an escape.
    pub(crate) const OCTET: Self = Self(1 << 5);
    /// `unreserved` (RFC 3986 §2.3).
    pub(crate) const UNRESERVED: Self = Self(1 << 6);
    /// `0-9`.
    pub(crate) const DECIMAL: Self = Self(1 << 7);
    /// `0-9A-Fa-f`.
    pub(crate) const HEXADECIMAL: Self = Self(1 << 8);
    /// `VCHAR` and the space (RFC 5234 §B.1).
    pub(crate) const PRINTABLE: Self = Self(1 << 9);
    /// `a-z0-9-`: a tenant of a host, which is lower-cased.
    pub(crate) const LOWER_LABEL: Self = Self(1 << 10);

    pub(crate) fn has(self, byte: u8) -> bool {
        SETS.get(usize::from(byte)).is_some_and(|sets| sets & self.0 != 0)
    }

    /// Whether every byte of a text is one of these.
    pub(crate) fn hold(self, text: &[u8]) -> bool {
        text.iter().all(|byte| self.has(*byte))
    }
}

/// The sets of each byte.
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a bad index does not compile here")]
const SETS: [u16; 256] = {
    let mut all = [0; 256];
    let mut byte = 0;
    while byte < all.len() {
        all[byte] = sets_of(byte as u8);
        byte += 1;
    }
    all
};

const fn sets_of(byte: u8) -> u16 {
    let is_alphanumeric = byte.is_ascii_alphanumeric();
    set(Bytes::ALPHANUMERIC, is_alphanumeric)
        | set(Bytes::LABEL, is_alphanumeric || byte == b'-')
        | set(Bytes::LOWER_LABEL, byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        | set(Bytes::HOST, is_alphanumeric || matches!(byte, b'-' | b'_' | b'~'))
        | set(Bytes::NAME, is_alphanumeric || matches!(byte, b'-' | b'.' | b'_'))
        | set(Bytes::UNRESERVED, is_alphanumeric || matches!(byte, b'-' | b'.' | b'_' | b'~'))
        | set(Bytes::OCTET, byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\' | b'%'))
        | set(Bytes::DECIMAL, byte.is_ascii_digit())
        | set(Bytes::HEXADECIMAL, byte.is_ascii_hexdigit())
        | set(Bytes::PRINTABLE, matches!(byte, b' '..=b'~'))
        | set(Bytes::TOKEN, is_alphanumeric || is_token_mark(byte))
}

const fn set(set: Bytes, is_member: bool) -> u16 {
    if is_member { set.0 } else { 0 }
}

const fn is_token_mark(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
    )
}

/// A tenant ends up in label selectors, so it is at most a Kubernetes label value: 63 bytes.
pub(crate) const MAX_TENANT_BYTES: usize = 63;

/// A Kubernetes label value that is not empty.
pub(crate) fn is_label_value(value: &[u8]) -> bool {
    let ends_well = |end: Option<&u8>| end.is_some_and(|byte| Bytes::ALPHANUMERIC.has(*byte));
    value.len() <= MAX_TENANT_BYTES && Bytes::NAME.hold(value) && ends_well(value.first()) && ends_well(value.last())
}

/// `token` of RFC 9110 §5.6.2.
pub(crate) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && Bytes::TOKEN.hold(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_set_is_what_its_grammar_lists() {
        for (set, marks) in [
            (Bytes::ALPHANUMERIC, ""),
            (Bytes::LABEL, "-"),
            (Bytes::HOST, "-_~"),
            (Bytes::NAME, "-._"),
            (Bytes::TOKEN, "!#$%&'*+-.^_`|~"),
            (Bytes::OCTET, "!#$&'()*+-./:<=>?@[]^_`{|}~"),
            (Bytes::UNRESERVED, "-._~"),
        ] {
            for byte in 0..=u8::MAX {
                let expected = byte.is_ascii_alphanumeric() || marks.as_bytes().contains(&byte);
                assert_eq!(set.has(byte), expected, "{set:?} {:?}", char::from(byte));
            }
            assert!(set.hold(b"") && set.hold(b"a1Z") && !set.hold(b"a,"), "{set:?}");
        }
        for byte in 0..=u8::MAX {
            assert_eq!(Bytes::DECIMAL.has(byte), byte.is_ascii_digit());
            assert_eq!(Bytes::HEXADECIMAL.has(byte), byte.is_ascii_hexdigit());
            assert_eq!(Bytes::PRINTABLE.has(byte), byte.is_ascii_graphic() || byte == b' ');
        }
    }
}

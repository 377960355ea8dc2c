//! Envoy's foreign functions for signatures: what they take and give, in protocol buffers (Envoy,
//! `source/extensions/common/wasm/ext/{sign,verify_signature}.proto`; Protocol Buffers, "Encoding").
//!
//! There are only a dozen byte fields; a protobuf library would be larger than the rest of the seal in the module.

/// Signs a text: [`sign_arguments`] to [`signature`]. Envoy has it from 1.37 on.
pub const SIGN: &str = "sign";

/// Verifies a signature: [`verify_arguments`] to [`verdict`]. Envoy has it from 1.36 on.
pub const VERIFY: &str = "verify_signature";

/// The hash of a text before it is signed.
const HASH: &[u8] = b"sha256";

/// What to sign, with a private key (PKCS#8, DER).
pub fn sign_arguments(key: &[u8], text: &[u8]) -> Vec<u8> {
    message(&[(1, HASH), (2, key), (3, text)])
}

/// What to verify, with a public key (SubjectPublicKeyInfo, DER).
pub fn verify_arguments(key: &[u8], signature: &[u8], text: &[u8]) -> Vec<u8> {
    message(&[(1, HASH), (2, key), (3, signature), (4, text)])
}

/// The signature; `None` if Envoy made none, or these bytes are not an answer.
pub fn signature(answer: &[u8]) -> Option<Vec<u8>> {
    let (mut is_made, mut signature) = (false, None);
    fields(answer, &mut |field| match field {
        Field::Number(1, number) => is_made = number == 1,
        Field::Bytes(2, bytes) => signature = Some(bytes.to_vec()),
        Field::Number(..) | Field::Bytes(..) => {}
    })?;
    signature.filter(|_| is_made)
}

/// Envoy's verdict on a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The signature is valid.
    Right,
    /// The signature is of another key or text, or malformed.
    Wrong,
    /// The key is invalid.
    NoKey,
}

/// Envoy's message for a key that it cannot use, at least up to 1.40; later releases refuse the arguments.
const NO_KEY: &[u8] = b"initialize";

/// Envoy's verdict; `None` if these bytes are not an answer.
pub fn verdict(answer: &[u8]) -> Option<Verdict> {
    let mut verdict = Verdict::Wrong;
    fields(answer, &mut |field| match field {
        Field::Number(1, number) => verdict = if number == 1 { Verdict::Right } else { Verdict::Wrong },
        Field::Bytes(2, why) if why.windows(NO_KEY.len()).any(|part| part == NO_KEY) => verdict = Verdict::NoKey,
        Field::Number(..) | Field::Bytes(..) => {}
    })?;
    Some(verdict)
}

/// A field by its number.
enum Field<'a> {
    Number(u64, u64),
    Bytes(u64, &'a [u8]),
}

const VARINT: u64 = 0;
const LENGTH_DELIMITED: u64 = 2;

fn message(fields: &[(u64, &[u8])]) -> Vec<u8> {
    let mut message = Vec::new();
    for (number, bytes) in fields {
        put(number << 3 | LENGTH_DELIMITED, &mut message);
        put(u64::try_from(bytes.len()).unwrap_or(u64::MAX), &mut message);
        message.extend_from_slice(bytes);
    }
    message
}

fn put(mut number: u64, message: &mut Vec<u8>) {
    while number > 0x7f {
        message.push(number as u8 | 0x80);
        number >>= 7;
    }
    message.push(number as u8);
}

/// Calls a function with each field; `None` if a field has another wire type or the message is truncated.
fn fields<'a>(mut message: &'a [u8], tell: &mut dyn FnMut(Field<'a>)) -> Option<()> {
    while !message.is_empty() {
        let tag = take(&mut message)?;
        let value = take(&mut message)?;
        tell(match tag & 7 {
            VARINT => Field::Number(tag >> 3, value),
            LENGTH_DELIMITED => {
                let (bytes, rest) = message.split_at_checked(usize::try_from(value).ok()?)?;
                message = rest;
                Field::Bytes(tag >> 3, bytes)
            }
            _ => return None,
        });
    }
    Some(())
}

fn take(message: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = message.split_first()?;
        *message = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_fields_of_bytes() {
        let text = [b'x'; 200];
        let expected = [&b"\x0a\x06sha256\x12\x03key\x1a\x03sig\x22\xc8\x01"[..], &text].concat();
        assert_eq!(verify_arguments(b"key", b"sig", &text), expected);
        assert_eq!(sign_arguments(b"key", b""), b"\x0a\x06sha256\x12\x03key\x1a\x00");
    }

    #[test]
    fn answers_are_read_whole() {
        assert_eq!(signature(b"\x08\x01\x12\x03abc"), Some(b"abc".to_vec()));
        assert_eq!(signature(b"\x12\x03abc\x1a\x02no"), None, "not made");
        for (answer, expected) in [
            (&b"\x08\x01"[..], Verdict::Right),
            (b"\x12\x05error", Verdict::Wrong),
            (b"", Verdict::Wrong),
            (b"\x12\x23Failed to initialize digest verify.", Verdict::NoKey),
        ] {
            assert_eq!(verdict(answer), Some(expected));
        }
        for broken in
            [&b"\x08"[..], b"\x12\x03ab", b"\x0d\x01\x02\x03\x04", b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"]
        {
            assert_eq!((signature(broken), verdict(broken)), (None, None), "{broken:?}");
        }
    }
}

//! What Envoy offers under names of its own: signing and verifying (Envoy,
//! `source/extensions/common/wasm/ext/{sign,verify_signature}.proto`).

use tenancy_filter_crypto::{sign, verify};

use super::state::NOT_FOUND;

const BAD_ARGUMENT: u32 = 2;

/// A field of bytes, by its number.
type Field = (u8, Vec<u8>);

/// What a function answers, or the status of the ABI.
pub(super) fn answer(name: &str, arguments: &[u8]) -> Result<Vec<u8>, u32> {
    let fields = fields(arguments).ok_or(BAD_ARGUMENT)?;
    let field = |number| fields.iter().find(|(known, _)| *known == number).map(|(_, bytes)| &**bytes);
    let field = |number| field(number).unwrap_or_default();
    match (name, field(1)) {
        ("sign", b"sha256") => {
            let signature = sign(field(2), field(3)).ok_or(BAD_ARGUMENT)?;
            let length = u8::try_from(signature.len()).map_err(|_| BAD_ARGUMENT)?;
            Ok([&[0x08, 1, 0x12, length], &signature[..]].concat())
        }
        ("verify_signature", b"sha256") => {
            Ok(if verify(field(2), field(3), field(4)) { vec![0x08, 1] } else { b"\x12\x05wrong".to_vec() })
        }
        ("sign" | "verify_signature", _) => Err(BAD_ARGUMENT),
        _ => Err(NOT_FOUND),
    }
}

/// Fields of bytes, of fewer than 16 KiB each.
fn fields(mut message: &[u8]) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    while let [tag, rest @ ..] = message {
        let (length, rest) = match rest {
            [low, high, rest @ ..] if *low > 0x7f => (usize::from(low & 0x7f) + (usize::from(*high) << 7), rest),
            [length, rest @ ..] => (usize::from(*length), rest),
            [] => return None,
        };
        let (bytes, rest) = rest.split_at_checked(length)?;
        fields.push((tag >> 3, bytes.to_vec()));
        message = rest;
    }
    Some(fields)
}

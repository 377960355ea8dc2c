//! A seal as text: `v1.KEY.EXPIRY.CONTEXT.SIGNATURE`.

use base64ct::{Base64UrlUnpadded, Encoding};

use crate::bytes::grammar::Bytes;
use crate::context::SEPARATOR;

/// The most bytes of the context in a seal (512), before base64url; a larger one is not sealed.
pub const MAX_SEALED_BYTES: usize = 512;

/// The most bytes of a signature: ECDSA on P-256, in DER (SEC 1, C.5).
pub const MAX_SIGNATURE_BYTES: usize = 72;

/// The most bytes of a seal: the longest key, expiry, context and signature, and the dots.
pub(crate) const MAX_SEAL_BYTES: usize = 832;

/// The form of all seals so far.
const VERSION: &[u8] = b"v1";

/// The most characters of a key's name.
pub(crate) const MAX_KEY_BYTES: usize = 32;

/// Digits of an expiry: until the year 33658.
const MAX_EXPIRY_DIGITS: usize = 12;

/// A parsed seal. It is well-formed; its signature may still be invalid.
///
/// ```
/// use tenancy_filter::SealText;
///
/// let text = b"v1.k1.4102444800.ZmVhdC14CmZvbzp2MQ.MEUCIQ";
/// let seal = SealText::parse(text).ok_or("no seal")?;
/// assert_eq!((seal.key, seal.expiry), ("k1", 4_102_444_800));
/// assert_eq!(seal.context(), Some(b"feat-x\nfoo:v1".to_vec()));
/// assert_eq!(seal.signed, b"v1.k1.4102444800.ZmVhdC14CmZvbzp2MQ");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealText<'s> {
    /// The signed text: all bytes before the signature's dot.
    pub signed: &'s [u8],
    /// The name of the key: 1 to 32 letters, digits, `-` and `_`.
    pub key: &'s str,
    /// Until when it counts, in seconds since 1970.
    pub expiry: u64,
    context: &'s str,
    signature: &'s str,
}

impl<'s> SealText<'s> {
    /// `None` if it is not well-formed. What is has letters, digits, `-`, `_` and dots alone, 832 at most.
    pub fn parse(text: &'s [u8]) -> Option<Self> {
        if text.len() > MAX_SEAL_BYTES {
            return None;
        }
        let mut parts = text.split(|byte| *byte == b'.');
        let mut next = || std::str::from_utf8(parts.next()?).ok();
        let (version, key, expiry, context, signature) = (next()?, next()?, next()?, next()?, next()?);
        let is_whole = parts.next().is_none() && version.as_bytes() == VERSION && is_key_name(key);
        let is_spelled = [context, signature].into_iter().all(|part| part.bytes().all(is_base64url));
        let digits = Some(expiry).filter(|it| is_expiry(it))?;
        let signed = text.get(..text.len().checked_sub(signature.len())?.checked_sub(1)?)?;
        (is_whole && is_spelled).then_some(Self { signed, key, expiry: digits.parse().ok()?, context, signature })
    }

    /// The context: the tenant, a line feed, and the overrides as one canonical line. [`split_context`] parts them.
    ///
    /// `None` if it is no base64url, or no context.
    pub fn context(&self) -> Option<Vec<u8>> {
        let context = Base64UrlUnpadded::decode_vec(self.context).ok()?;
        let separators = context.iter().filter(|byte| **byte == SEPARATOR).count();
        (context.len() <= MAX_SEALED_BYTES && separators == 1).then_some(context)
    }

    /// Whether both hold the same context, which has one spelling.
    pub(crate) fn holds_the_same(&self, other: &Self) -> bool {
        self.context == other.context
    }

    /// The signature of `signed`: ECDSA on P-256 of its SHA-256, in DER; `None` if it is no base64url, or too long.
    pub fn signature(&self) -> Option<Vec<u8>> {
        let signature = Base64UrlUnpadded::decode_vec(self.signature).ok()?;
        (1..=MAX_SIGNATURE_BYTES).contains(&signature.len()).then_some(signature)
    }
}

/// The tenant and the overrides of a sealed context; each is empty if there is none.
pub fn split_context(context: &[u8]) -> (&[u8], &[u8]) {
    let mut parts = context.splitn(2, |byte| *byte == SEPARATOR);
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// What is signed, without a signature yet.
pub(crate) fn unsigned(key: &str, expiry: u64, context: &[u8]) -> String {
    format!("v1.{key}.{expiry}.{}", Base64UrlUnpadded::encode_string(context))
}

/// The whole seal.
pub(crate) fn signed(mut unsigned: String, signature: &[u8]) -> Vec<u8> {
    unsigned.push('.');
    unsigned.push_str(&Base64UrlUnpadded::encode_string(signature));
    unsigned.into_bytes()
}

/// Whether a key may be called so.
pub(crate) fn is_key_name(name: &str) -> bool {
    (1..=MAX_KEY_BYTES).contains(&name.len()) && name.bytes().all(is_base64url)
}

/// Letters, digits, `-` and `_` (RFC 4648 §5).
fn is_base64url(byte: u8) -> bool {
    Bytes::ALPHANUMERIC.has(byte) || matches!(byte, b'-' | b'_')
}

fn is_expiry(digits: &str) -> bool {
    (1..=MAX_EXPIRY_DIGITS).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEAL: &str = "v1.k-1_A.4102444800.ZmVhdC14Cg.MEUCIQ";

    #[test]
    fn is_read_as_it_was_written() {
        let context = b"feat-x\nfoo:v1,bar:v2;method=POST";
        let unsigned = unsigned("k1", 7, context);
        let text = signed(unsigned.clone(), &[0x30, 1, 2]);
        let seal = SealText::parse(&text).unwrap();
        assert_eq!((seal.signed, seal.key, seal.expiry), (unsigned.as_bytes(), "k1", 7));
        assert_eq!(seal.context().as_deref(), Some(&context[..]));
        assert_eq!(seal.signature().as_deref(), Some(&[0x30, 1, 2][..]));
        assert_eq!(split_context(context), (&b"feat-x"[..], &b"foo:v1,bar:v2;method=POST"[..]));
    }

    #[test]
    fn other_forms_are_none() {
        assert!(SealText::parse(SEAL.as_bytes()).is_some());
        for (from, to) in [
            ("v1", "v2"),
            ("v1", ""),
            ("v1.", ""),
            ("k-1_A", ""),
            ("k-1_A", "k 1"),
            ("k-1_A", "k+1"),
            ("k-1_A", &"k".repeat(33)),
            ("4102444800", ""),
            ("4102444800", "-1"),
            ("4102444800", "1e9"),
            ("4102444800", "1234567890123"),
            (".MEUCIQ", ""),
            ("MEUCIQ", "MEUCIQ.x"),
            ("MEUCIQ", &"M".repeat(900)),
            ("k-1_A", "k\u{e9}"),
            ("ZmVhdC14Cg", "ZmVhdC14Cg=="),
            ("ZmVhdC14Cg", "Z mVhdC14Cg"),
            ("ZmVhdC14Cg", "Zm\u{e9}"),
            ("MEUCIQ", "MEU+IQ"),
            ("MEUCIQ", "MEUC,Q"),
        ] {
            let text = SEAL.replacen(from, to, 1);
            assert_eq!(SealText::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn each_part_has_one_spelling() {
        // Trailing bits, a length that none has, a context without or with two separators.
        for context in ["ZmVhdC14Ch", "ZmVhdC14C", "ZmVhdC14", "Cgo"] {
            let text = format!("v1.k.1.{context}.MEUCIQ");
            assert_eq!(SealText::parse(text.as_bytes()).unwrap().context(), None, "{text}");
        }
        for signature in ["", "MEUCIR", "MEUCI", &"MEUC".repeat(25)] {
            let text = format!("v1.k.1.Cg.{signature}");
            assert_eq!(SealText::parse(text.as_bytes()).unwrap().signature(), None, "{text}");
        }
    }

    #[test]
    fn the_longest_fits() {
        let text = signed(unsigned(&"k".repeat(32), 999_999_999_999, &[b'a'; 512]), &[0; 72]);
        assert!(text.len() <= MAX_SEAL_BYTES && SealText::parse(&text).is_some(), "{}", text.len());
    }
}

//! Seals without a proxy: what Envoy signs and verifies for the module, for what explains, tests and signs outside.
//!
//! ```
//! use tenancy_filter_crypto::{generate, sign, verify};
//!
//! let (private, public) = generate([7; 32]).ok_or("no scalar")?;
//! let signature = sign(&private, b"text").ok_or("no key")?;
//! assert!(verify(&public, &signature, b"text"));
//! assert!(!verify(&public, &signature, b"other text"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]
#![forbid(unsafe_code)]

use p256::SecretKey;
use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use tenancy_filter::{Lookup, Made, PrivateKey, Recalled, Route, Seal, TraceId, Unsealed, Verdicts};
use tenancy_filter_envoy::{Attributes, route};

/// A key pair from 32 random bytes: PKCS#8 and SubjectPublicKeyInfo, both in DER.
///
/// `None` if the bytes are not a scalar of P-256, with a probability of at most 2⁻³².
pub fn generate(random: [u8; 32]) -> Option<(Vec<u8>, Vec<u8>)> {
    let key = SecretKey::from_slice(&random).ok()?;
    let public = key.public_key().to_public_key_der().ok()?;
    Some((key.to_pkcs8_der().ok()?.as_bytes().to_vec(), public.as_bytes().to_vec()))
}

/// The public key of a private one (PKCS#8, DER), as SubjectPublicKeyInfo in DER; `None` if it is not a key on P-256.
pub fn public_key(private: &[u8]) -> Option<Vec<u8>> {
    let key = SecretKey::from_pkcs8_der(private).ok()?;
    Some(key.public_key().to_public_key_der().ok()?.as_bytes().to_vec())
}

/// The signature of a text's SHA-256, in DER; `None` if the key (PKCS#8, DER) is not on P-256.
pub fn sign(private: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    let key = SigningKey::from_pkcs8_der(private).ok()?;
    let signature: Signature = key.sign(text);
    Some(signature.to_der().as_bytes().to_vec())
}

/// Whether a signature (DER) of a text's SHA-256 is that of a public key (SubjectPublicKeyInfo, DER).
pub fn verify(public: &[u8], signature: &[u8], text: &[u8]) -> bool {
    let key = VerifyingKey::from_public_key_der(public).ok();
    let signature = Signature::from_der(signature).ok();
    key.zip(signature).is_some_and(|(key, signature)| key.verify(text, &signature).is_ok())
}

/// The facts of a request without a proxy: its route, and its seals. It has no memory.
#[derive(Debug)]
pub struct Alone<'a, A> {
    /// The known facts of the request.
    pub attributes: &'a A,
    /// What the filter does with seals.
    pub seal: Option<&'a Seal>,
    /// The private key of an edge, as base64; `None` if it is not known here, and nothing can be sealed.
    pub private_key: Option<&'a str>,
    /// Seconds since 1970.
    pub now: u64,
}

/// A fixed key is enough here: no client sees the table of a seal.
const TABLE_KEY: [u8; 16] = [0; 16];

impl<A: Attributes> Lookup for Alone<'_, A> {
    fn recall(&mut self, _: &TraceId) -> Recalled {
        Recalled::Unknown
    }

    /// A route that cannot be read counts as no route.
    fn route(&mut self) -> Option<Route> {
        route(self.attributes).unwrap_or_default()
    }

    fn unseal(&mut self, seal: &[u8]) -> Result<Vec<u8>, Unsealed> {
        let Some(Seal::Verify(rules)) = self.seal else { return Err(Unsealed::HostFailed) };
        Verdicts::new(&TABLE_KEY).open(rules, seal, self.now, |key, seal| {
            Some(seal.signature().is_some_and(|signature| verify(key, &signature, seal.signed)))
        })
    }

    fn seal(&mut self, context: &[u8]) -> Option<Vec<u8>> {
        let Some(Seal::Sign(rules)) = self.seal else { return None };
        let key = match &rules.private_key {
            PrivateKey::Der(key) => key.clone(),
            PrivateKey::Env(_) => PrivateKey::decode(self.private_key?)?,
        };
        Made::new(&TABLE_KEY).seal(rules, context, self.now, |text| sign(&key, text))
    }
}

//! Seals: the context, signed by an edge. If the mesh verifies them, context comes from nothing else.
//!
//! The crypto is the host's, and so is the clock. What a worker keeps of seals, [`Made`] and [`Verdicts`], a front end
//! holds.

mod kept;
mod made;
mod open;
mod text;
mod verdicts;

pub use kept::SEAL_TABLE_KEY_BYTES;
pub use made::Made;
pub(crate) use open::SealTargets;
pub(crate) use text::{MAX_KEY_BYTES, MAX_SEAL_BYTES, is_key_name};
pub use text::{MAX_SEALED_BYTES, MAX_SIGNATURE_BYTES, SealText, split_context};
pub use verdicts::Verdicts;

/// The header of a seal, unless `seal.header` names another.
pub const HEADER: &str = "x-tenancy-seal";

/// The baggage member of a seal.
pub const MEMBER: &str = "tenancy-seal";

/// The configuration of seals.
#[derive(Debug)]
pub enum Seal {
    /// An edge makes them.
    Sign(Signing),
    /// The mesh believes them.
    Verify(Verification),
}

/// How to make seals, compiled from `seal.sign`.
#[derive(Debug)]
pub struct Signing {
    /// The name of the key in the mesh.
    pub key: Box<str>,
    /// The place of the key.
    pub private_key: PrivateKey,
    /// The minimum lifetime of a seal in seconds.
    pub(crate) ttl: u64,
}

/// The place of a private key: PKCS#8 in DER, as base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrivateKey {
    /// In a variable of the module's environment, of this name.
    Env(Box<str>),
    /// In the configuration, decoded.
    Der(Vec<u8>),
}

/// How to verify seals, compiled from `seal.verify`.
#[derive(Debug, Default)]
pub struct Verification {
    /// Each with its name: SubjectPublicKeyInfo in DER.
    pub(crate) keys: Vec<(Box<str>, Vec<u8>)>,
    pub(crate) unsealed: OnUnsealed,
    /// The most verifications a second.
    pub(crate) per_second: u32,
}

/// The context of a request without a valid seal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OnUnsealed {
    /// Nothing.
    #[default]
    Drop,
    /// Its own context, as without seals; it is counted.
    Count,
}

impl Seal {
    /// Whether a request without a valid seal carries nothing.
    pub(crate) fn drops_unsealed(&self) -> bool {
        match self {
            Self::Sign(_) => false,
            Self::Verify(verification) => verification.unsealed == OnUnsealed::Drop,
        }
    }
}

impl Verification {
    /// The keys, each with its name: SubjectPublicKeyInfo in DER.
    pub fn keys(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.keys.iter().map(|(name, key)| (&**name, &**key))
    }

    pub(crate) fn key(&self, name: &str) -> Option<&[u8]> {
        self.keys().find(|(known, _)| *known == name).map(|(_, key)| key)
    }
}

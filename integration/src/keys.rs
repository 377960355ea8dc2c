//! Keys that sign seals.

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tenancy_filter_crypto::{generate, sign};

use crate::token::encode;

/// A key pair on P-256, which is the same in each run.
pub struct Keys {
    private: Vec<u8>,
    public: Vec<u8>,
}

impl Keys {
    /// The pair of this number, from 1 on.
    pub fn number(number: u8) -> Result<Self> {
        let (private, public) = generate([number; 32]).context("a scalar of P-256")?;
        Ok(Self { private, public })
    }

    /// The private key, as `tenancy seal new-key` prints it.
    pub fn private(&self) -> String {
        STANDARD.encode(&self.private)
    }

    /// The public key, as `tenancy seal new-key` prints it.
    pub fn public(&self) -> String {
        STANDARD.encode(&self.public)
    }

    /// The public key with another last byte, which is no point of the curve.
    pub fn off_the_curve(&self) -> Result<String> {
        let (last, head) = self.public.split_last().context("a key")?;
        Ok(STANDARD.encode([head, &[last ^ 1]].concat()))
    }

    /// A seal that the private key signs under a name, whatever it says.
    pub fn seal(&self, name: &str, expiry: u64, context: &str) -> Result<String> {
        let signed = format!("v1.{name}.{expiry}.{}", encode(context.as_bytes()));
        let signature = sign(&self.private, signed.as_bytes()).context("a signature")?;
        Ok(format!("{signed}.{}", encode(&signature)))
    }
}

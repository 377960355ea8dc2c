//! Seals, with the host's crypto, clock and environment.

use std::cell::RefCell;

use tenancy_filter::{
    MAX_SIGNATURE_BYTES, Made, PrivateKey, SEAL_TABLE_KEY_BYTES, Seal, SealText, Signing, Unsealed, Verdicts,
    Verification,
};
use tenancy_filter_envoy::{SIGN, VERIFY, Verdict, sign_arguments, signature, verdict, verify_arguments};

use crate::host::{self, HostFailure, Uncalled};

/// This worker's memory of seals.
pub(crate) enum Seals {
    /// None, as nobody asks for any.
    None,
    /// Those that it made, and the key.
    Made(RefCell<Made>, Vec<u8>),
    /// What it knows of those that came.
    Verdicts(RefCell<Verdicts>),
}

/// A text that is signed, or whose signature is found wrong, to see whether the host can.
const PROBE: &[u8] = b"tenancy-filter";
/// The pair of 1 and 1: well-formed, and nobody's signature.
const NO_SIGNATURE: [u8; 8] = [0x30, 6, 2, 1, 1, 2, 1, 1];

const NO_CALLS: &str =
    "the proxy gives no access to its foreign functions, its clock or its random bytes; allow what the reference lists";

impl Seals {
    /// Whether the host can do what is configured is found out at once, rather than with the first request.
    ///
    /// # Errors
    /// A line for the log, with the field and the remedy.
    pub(crate) fn new(seal: Option<&Seal>) -> Result<Self, String> {
        let Some(seal) = seal else { return Ok(Self::None) };
        let table_key = table_key().map_err(|HostFailure| format!("seal: {NO_CALLS}"))?;
        match seal {
            Seal::Sign(signing) => {
                let key = private_key(signing)?;
                probe_signing(&key)?;
                Ok(Self::Made(RefCell::new(Made::new(&table_key)), key))
            }
            Seal::Verify(verification) => {
                probe_verification(verification)?;
                Ok(Self::Verdicts(RefCell::new(Verdicts::new(&table_key))))
            }
        }
    }

    /// The contents of a seal.
    pub(crate) fn open(&self, rules: Option<&Seal>, seal: &[u8]) -> Result<Vec<u8>, Unsealed> {
        let (Self::Verdicts(verdicts), Some(Seal::Verify(rules))) = (self, rules) else {
            return Err(Unsealed::HostFailed);
        };
        // Nothing else borrows it: a worker handles one callback at a time.
        let mut verdicts = verdicts.try_borrow_mut().map_err(|_| Unsealed::HostFailed)?;
        let now = host::seconds().map_err(|HostFailure| Unsealed::HostFailed)?;
        verdicts.open(rules, seal, now, |key, seal| verify(key, seal).ok())
    }

    /// The seal of a context; `None` if the host cannot make it.
    pub(crate) fn seal(&self, rules: Option<&Seal>, context: &[u8]) -> Option<Vec<u8>> {
        let (Self::Made(made, key), Some(Seal::Sign(rules))) = (self, rules) else { return None };
        let now = host::seconds().ok()?;
        made.try_borrow_mut().ok()?.seal(rules, context, now, |text| sign(key, text).ok())
    }
}

fn table_key() -> Result<[u8; SEAL_TABLE_KEY_BYTES], HostFailure> {
    let mut key = [0; SEAL_TABLE_KEY_BYTES];
    host::random(&mut key)?;
    host::seconds()?;
    Ok(key)
}

fn private_key(Signing { private_key, .. }: &Signing) -> Result<Vec<u8>, String> {
    let name = match private_key {
        PrivateKey::Der(key) => return Ok(key.clone()),
        PrivateKey::Env(name) => name,
    };
    let fault = |why: &str| format!("seal.sign.privateKeyEnv: {why}");
    let text = host::variable(name).map_err(|HostFailure| fault("the proxy gives no access to the environment"))?;
    let text = text.ok_or_else(|| {
        fault(&format!("the module's environment has no {name}; set it in vmConfig.env of the WasmPlugin, or environment_variables of Envoy"))
    })?;
    PrivateKey::decode(&text).ok_or_else(|| {
        fault(&format!("{name} holds no private key on P-256 as base64 (PKCS#8, DER); tenancy seal new-key prints one"))
    })
}

fn probe_signing(key: &[u8]) -> Result<(), String> {
    let why = match sign(key, PROBE) {
        Ok(signature) if signature.len() <= MAX_SIGNATURE_BYTES => return Ok(()),
        Ok(_) | Err(Uncalled::BadArgument) => "the key is none on P-256 (PKCS#8, DER); tenancy seal new-key prints one",
        Err(Uncalled::Unknown) => "this Envoy signs nothing; it takes Envoy 1.37 or later",
        Err(Uncalled::Failed) => NO_CALLS,
    };
    Err(format!("seal.sign: {why}"))
}

fn probe_verification(verification: &Verification) -> Result<(), String> {
    for (name, key) in verification.keys() {
        let why = match call_verify(key, &NO_SIGNATURE, PROBE) {
            Ok(Verdict::Wrong) => continue,
            Ok(Verdict::Right | Verdict::NoKey) | Err(Uncalled::BadArgument) => {
                "is no point on P-256; tenancy seal new-key prints a key"
            }
            Err(Uncalled::Unknown) => "cannot be used: this Envoy verifies nothing; it takes Envoy 1.36 or later",
            Err(Uncalled::Failed) => NO_CALLS,
        };
        return Err(format!("seal.verify.{name}: {why}"));
    }
    Ok(())
}

fn sign(key: &[u8], text: &[u8]) -> Result<Vec<u8>, Uncalled> {
    signature(&host::call(SIGN, &sign_arguments(key, text))?).ok_or(Uncalled::BadArgument)
}

fn verify(key: &[u8], seal: &SealText<'_>) -> Result<bool, Uncalled> {
    // What is no signature is nobody's.
    let Some(signature) = seal.signature() else { return Ok(false) };
    call_verify(key, &signature, seal.signed).map(|verdict| verdict == Verdict::Right)
}

fn call_verify(key: &[u8], signature: &[u8], text: &[u8]) -> Result<Verdict, Uncalled> {
    verdict(&host::call(VERIFY, &verify_arguments(key, signature, text))?).ok_or(Uncalled::Failed)
}

//! The vectors of seals, by the core with this crypto, and their signatures by `openssl` too.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use integration::{Seals, ValidSeal, seals};
use tenancy_filter::{Event, Filter, Lookup, PrivateKey, SealText, Unsealed, split_context};
use tenancy_filter_crypto::{Alone, public_key, sign, verify};
use tenancy_filter_envoy::Attributes;

/// Nothing is known of a request.
struct Nothing;

impl Attributes for Nothing {
    type Failure = std::convert::Infallible;

    fn property(&self, _: &[&str]) -> Result<Option<Vec<u8>>, Self::Failure> {
        Ok(None)
    }
}

/// Before the expiries of the valid ones.
const NOW: u64 = 4_102_444_000;

fn unseal(seals: &Seals, seal: &str) -> Result<Vec<u8>, Unsealed> {
    let filter = Filter::from_config(seals.sidecar().to_string().as_bytes()).unwrap().filter;
    Alone { attributes: &Nothing, seal: filter.seal(), private_key: None, now: NOW }.unseal(seal.as_bytes())
}

/// The word by which an event tells why.
fn word(why: Unsealed) -> String {
    let mut word = String::new();
    Event::Unsealed { why }.details(&mut |_, detail| word = format!("{detail:?}"));
    word
}

#[test]
fn what_counts_holds_what_it_says() -> Result<()> {
    let seals = seals()?;
    for ValidSeal { name, key, expiry, tenant, overrides, seal } in &seals.valid {
        let parts = SealText::parse(seal.as_bytes()).with_context(|| name.clone())?;
        assert_eq!((parts.key, parts.expiry), (key.as_str(), *expiry), "{name}");
        let held = unseal(&seals, seal);
        let held = held.as_deref().map(split_context);
        assert_eq!(held, Ok((tenant.as_bytes(), overrides.as_bytes())), "{name}");
    }
    Ok(())
}

#[test]
fn what_does_not_count_has_its_reason() -> Result<()> {
    let seals = seals()?;
    for refused in &seals.refused {
        let why = unseal(&seals, &refused.seal).err().map(word);
        assert_eq!(why, Some(format!("Word({:?})", refused.why)), "{}", refused.name);
    }
    for why in ["malformed", "unknown_key", "expired", "false"] {
        ensure!(seals.refused.iter().any(|refused| refused.why == why), "no vector is {why}");
    }
    Ok(())
}

#[test]
fn the_keys_are_pairs() -> Result<()> {
    for (name, pair) in seals()?.keys {
        let private = PrivateKey::decode(&pair.private).with_context(|| name.clone())?;
        let public = public_key(&private).with_context(|| name.clone())?;
        let signature = sign(&private, b"text").with_context(|| name.clone())?;
        ensure!(verify(&public, &signature, b"text") && public == spki(&pair.public), "{name}");
    }
    Ok(())
}

/// The bytes of a public key, by the way that a configuration has.
fn spki(base64: &str) -> Vec<u8> {
    let config = format!(
        r#"{{"version": 1, "role": "mesh", "tenant": {{"to": [{{"header": "x"}}]}}, "seal": {{"verify": {{"k": "{base64}"}}}}}}"#
    );
    let filter = Filter::from_config(config.as_bytes()).unwrap().filter;
    let Some(tenancy_filter::Seal::Verify(rules)) = filter.seal() else { return Vec::new() };
    rules.keys().next().map(|(_, key)| key.to_vec()).unwrap_or_default()
}

#[test]
fn openssl_says_the_same_of_each_signature() -> Result<()> {
    if Command::new("openssl").arg("version").stdout(Stdio::null()).status().is_err() {
        eprintln!("left out: openssl on the vectors of seals; needs openssl (apt-get install openssl)");
        return Ok(());
    }
    let (seals, folder) = (seals()?, tempfile::tempdir()?);
    for (name, pair) in &seals.keys {
        fs::write(folder.path().join(name), spki(&pair.public))?;
    }
    for vector in &seals.valid {
        ensure!(openssl_verifies(folder.path(), &vector.seal)?, "{}", vector.name);
    }
    let false_ones = seals.refused.iter().filter(|vector| vector.why == "false");
    for vector in false_ones.filter(|vector| signature(&vector.seal).is_some()) {
        ensure!(!openssl_verifies(folder.path(), &vector.seal)?, "{}", vector.name);
    }
    Ok(())
}

fn signature(seal: &str) -> Option<Vec<u8>> {
    SealText::parse(seal.as_bytes())?.signature()
}

/// What openssl says with the key of the seal's name, which is a file of the folder.
fn openssl_verifies(folder: &Path, seal: &str) -> Result<bool> {
    let parts = SealText::parse(seal.as_bytes()).context("a seal")?;
    fs::write(folder.join("signed"), parts.signed)?;
    fs::write(folder.join("signature"), parts.signature().context("a signature")?)?;
    let arguments = ["dgst", "-sha256", "-keyform", "DER", "-verify", parts.key, "-signature", "signature", "signed"];
    Ok(Command::new("openssl").args(arguments).current_dir(folder).output()?.status.success())
}

//! Floods of seals that nobody saw before: false ones, and valid ones. What is verified of them in a second is bounded,
//! and so is what is kept.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use integration::{Bootstrap, Envoy};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use serde_json::json;
use tenancy_filter_crypto::generate;

use crate::memory::{self, GROWTH_PER_CENT};
use crate::requests::Expected;
use crate::{PARTS, answering, asked, sample};

/// Signs as fast as a flood needs it.
struct Signer {
    pair: EcdsaKeyPair,
    random: SystemRandom,
    public: Vec<u8>,
}

impl Signer {
    fn new() -> Result<Self> {
        let (private, public) = generate([5; 32]).context("a scalar")?;
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &private, &random);
        Ok(Self { pair: pair.ok().context("a key")?, random, public })
    }

    /// A seal of the tenant of this number.
    fn seal(&self, number: u64) -> String {
        let context = URL_SAFE_NO_PAD.encode(format!("t{number}\n"));
        let signed = format!("v1.k1.4102444800.{context}");
        let signature = self.pair.sign(&self.random, signed.as_bytes()).expect("a signature");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn sidecar(signer: &Signer, per_second: u64) -> Result<Bootstrap> {
    let seal = json!({"verify": {"k1": STANDARD.encode(&signer.public)}, "verificationsPerSecond": per_second});
    let mut bootstrap = answering(&json!({
        "version": 1,
        "role": "mesh",
        "tenant": {"to": [{"header": "x-tenant"}]},
        "seal": seal,
    }))?;
    bootstrap.listener()["traffic_direction"] = "INBOUND".into();
    Ok(bootstrap)
}

fn write(seal: &str, to: &mut Vec<u8>) {
    to.extend(format!("GET / HTTP/1.1\r\nHost: shop\r\nx-tenancy-seal: {seal}\r\n\r\n").bytes());
}

/// Sends a flood, and compares what was verified with what may be.
async fn flood<W>(requests: u64, per_second: u64, signer: &Signer, verified: &str, write: W) -> Result<()>
where
    W: Fn(u64, &mut Vec<u8>) -> Expected + Clone + Send + 'static,
{
    let envoy = Envoy::start(&sidecar(signer, per_second)?).await?;
    let start = Instant::now();
    let samples = sample(&envoy, requests.div_ceil(PARTS), write).await?;
    // Those that the flood began and ended in, and one for the clock.
    let seconds = start.elapsed().as_secs() + 3;
    // Two parts warm up: sets fill by chance.
    let [_, samples @ ..] = &samples[..] else { unreachable!("there are {PARTS} parts") };
    memory::assert_flat(samples, GROWTH_PER_CENT);
    let all = requests.div_ceil(PARTS) * PARTS;
    envoy.stats_become("tenancy.requests", &[("wasmcustom.tenancy.requests".to_owned(), all)].into()).await?;
    let stats = envoy.stats("wasmcustom.tenancy.(sealed|unsealed)").await?;
    let of = |name: &str| stats.get(&format!("wasmcustom.tenancy.{name}")).copied().unwrap_or_default();
    println!("{verified}: {} of {all} in {seconds} s, limit {}", of(verified), of("unsealed_limit"));
    assert_eq!(of(verified) + of("unsealed_limit"), all, "{stats:?}");
    assert!(of(verified) > 0 && of(verified) <= per_second * seconds, "{stats:?} in {seconds} s");
    assert!(!envoy.log()?.contains("[wasm]"), "{}", envoy.log()?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: make soak"]
async fn false_seals_cost_what_they_may() -> Result<()> {
    let signer = Signer::new()?;
    let right = signer.seal(0);
    let (_, signature) = right.rsplit_once('.').context("a signature")?;
    let signature: Arc<str> = signature.into();
    let requests = asked("SOAK_REQUESTS", 1_000_000)?;
    flood(requests, 1000, &signer, "unsealed_false", move |number, to: &mut _| {
        let context = URL_SAFE_NO_PAD.encode(format!("t{}\n", number + 1));
        write(&format!("v1.k1.4102444800.{context}.{signature}"), to);
        Expected::Passed(String::new(), String::new())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: make soak"]
async fn valid_seals_cost_what_they_may() -> Result<()> {
    let signer = Arc::new(Signer::new()?);
    let signing = Arc::clone(&signer);
    let requests = asked("SOAK_REQUESTS", 1_000_000)? / 10;
    flood(requests, 5000, &signer, "sealed", move |number, to: &mut _| {
        write(&signing.seal(number), to);
        Expected::Perhaps(format!("t{number}"))
    })
    .await
}

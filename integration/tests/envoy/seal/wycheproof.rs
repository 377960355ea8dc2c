//! Wycheproof's signatures of ECDSA on P-256 with SHA-256, through the function of Envoy that verifies seals.

use anyhow::{Context, Result, ensure};
use integration::{Bootstrap, Envoy, Protocol, Request};
use tenancy_filter_envoy::{Verdict, verdict, verify_arguments};
use wycheproof::TestResult;
use wycheproof::ecdsa::{TestName, TestSet};

/// What Envoy says of a signature.
async fn said(envoy: &Envoy, arguments: &[u8]) -> Result<Verdict> {
    let hexadecimal: String = arguments.iter().map(|byte| format!("{byte:02x}")).collect();
    let reply = Request::to("a").header("x-arguments", hexadecimal).send(envoy.listener(), Protocol::Http1).await?;
    ensure!(reply.status == 200, "{}: {}", reply.status, reply.text());
    verdict(&reply.body).context("no answer")
}

#[tokio::test]
async fn envoy_verifies_what_is_valid_and_nothing_else() -> Result<()> {
    let module = tempfile::NamedTempFile::with_suffix(".wasm")?;
    std::fs::write(module.path(), wat::parse_str(include_str!("foreign.wat"))?)?;
    let envoy = Envoy::start(&Bootstrap::gateway()?.module(module.path())).await?;
    let set = TestSet::load(TestName::EcdsaSecp256r1Sha256).map_err(|why| anyhow::anyhow!("{why}"))?;
    let (mut valid, mut invalid) = (0, 0);
    for group in set.test_groups {
        for test in group.tests {
            let name = format!("{}: {}", test.tc_id, test.comment);
            let said = said(&envoy, &verify_arguments(&group.der, &test.sig, &test.msg)).await.context(name.clone())?;
            let (expected, count) = match test.result {
                TestResult::Valid => (Verdict::Right, &mut valid),
                TestResult::Invalid => (Verdict::Wrong, &mut invalid),
                // No vector of this set leaves it open.
                TestResult::Acceptable => panic!("{name}"),
            };
            assert_eq!(said, expected, "{name}");
            *count += 1;
        }
    }
    ensure!(valid > 100 && invalid > 100, "{valid} valid, {invalid} invalid");
    Ok(())
}

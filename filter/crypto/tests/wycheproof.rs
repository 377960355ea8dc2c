//! Wycheproof's signatures of ECDSA on P-256 with SHA-256, in DER: what implementations once got wrong.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use tenancy_filter_crypto::verify;
use wycheproof::TestResult;
use wycheproof::ecdsa::{TestName, TestSet};

#[test]
fn what_is_valid_verifies_and_nothing_else() {
    let set = TestSet::load(TestName::EcdsaSecp256r1Sha256).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for group in set.test_groups {
        for test in group.tests {
            let expected = match test.result {
                TestResult::Valid => true,
                TestResult::Invalid => false,
                // No vector of this set leaves it open.
                TestResult::Acceptable => panic!("{}: {}", test.tc_id, test.comment),
            };
            assert_eq!(verify(&group.der, &test.sig, &test.msg), expected, "{}: {}", test.tc_id, test.comment);
            if expected { valid += 1 } else { invalid += 1 }
        }
    }
    assert!(valid > 100 && invalid > 100, "{valid} valid, {invalid} invalid");
}

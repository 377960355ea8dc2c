//! Verifying: what a worker knows of the seals that it has seen.

use crate::events::Unsealed;
use crate::seal::kept::Kept;
use crate::seal::{SEAL_TABLE_KEY_BYTES, SealText, Verification};

/// Seconds by which clocks may differ.
const SKEW: u64 = 30;

/// Seals and what they hold, once verified; at most 1,024 of a worker, and as many false ones.
#[derive(Debug)]
pub struct Verdicts {
    valid: Kept<Vec<u8>>,
    /// So that one false seal, sent for ever, is verified once.
    false_ones: Kept<()>,
    budget: Budget,
}

/// What is left of the verifications of one second.
#[derive(Debug, Default)]
struct Budget {
    second: u64,
    spent: u32,
}

impl Verdicts {
    /// Nothing is known yet. The key is random, and stays in the proxy.
    pub fn new(key: &[u8; SEAL_TABLE_KEY_BYTES]) -> Self {
        Self { valid: Kept::new(key), false_ones: Kept::new(key), budget: Budget::default() }
    }

    /// The context that a seal holds, at a time in seconds since 1970.
    ///
    /// `verify` is asked at most as often in a second as `seal.verificationsPerSecond` says: whether a signature of
    /// a seal is right by a public key (SubjectPublicKeyInfo, DER); `None` if the host cannot tell.
    ///
    /// # Errors
    /// Why the seal does not count.
    pub fn open(
        &mut self,
        rules: &Verification,
        seal: &[u8],
        now: u64,
        verify: impl FnOnce(&[u8], &SealText<'_>) -> Option<bool>,
    ) -> Result<Vec<u8>, Unsealed> {
        if let Some((expiry, context)) = self.valid.find(seal) {
            return if is_over(expiry, now) { Err(Unsealed::Expired) } else { Ok(context.clone()) };
        }
        let parts = SealText::parse(seal).ok_or(Unsealed::Malformed)?;
        let context = parts.context().ok_or(Unsealed::Malformed)?;
        let key = rules.key(parts.key).ok_or(Unsealed::UnknownKey)?;
        if is_over(parts.expiry, now) {
            return Err(Unsealed::Expired);
        }
        if self.false_ones.find(seal).is_some() {
            return Err(Unsealed::False);
        }
        if !self.budget.spend(rules.per_second, now) {
            return Err(Unsealed::Limit);
        }
        if !verify(key, &parts).ok_or(Unsealed::HostFailed)? {
            self.false_ones.keep(seal, parts.expiry, ());
            return Err(Unsealed::False);
        }
        self.valid.keep(seal, parts.expiry, context.clone());
        Ok(context)
    }
}

fn is_over(expiry: u64, now: u64) -> bool {
    now > expiry.saturating_add(SKEW)
}

impl Budget {
    fn spend(&mut self, limit: u32, now: u64) -> bool {
        if self.second != now {
            *self = Self { second: now, spent: 0 };
        }
        let is_left = self.spent < limit;
        self.spent = self.spent.saturating_add(u32::from(is_left));
        is_left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::text::{signed, unsigned};

    fn rules() -> Verification {
        Verification {
            keys: vec![("k1".into(), vec![1]), ("k0".into(), vec![0])],
            per_second: 3,
            ..Verification::default()
        }
    }

    /// A seal whose signature is right if its second byte is its key's.
    fn seal(key: &str, expiry: u64, context: &str, signature: u8) -> Vec<u8> {
        signed(unsigned(key, expiry, context.as_bytes()), &[0x30, signature])
    }

    fn verify(key: &[u8], seal: &SealText<'_>) -> Option<bool> {
        seal.signature().map(|signature| signature[1..] == *key)
    }

    fn never(_: &[u8], _: &SealText<'_>) -> Option<bool> {
        panic!("verified again")
    }

    #[test]
    fn a_seal_is_verified_once() {
        let mut verdicts = Verdicts::new(&[0; 16]);
        let (right, wrong) = (seal("k1", 100, "a\n", 1), seal("k1", 100, "a\n", 9));
        assert_eq!(verdicts.open(&rules(), &right, 50, verify), Ok(b"a\n".to_vec()));
        assert_eq!(verdicts.open(&rules(), &right, 50, never), Ok(b"a\n".to_vec()));
        assert_eq!(verdicts.open(&rules(), &wrong, 50, verify), Err(Unsealed::False));
        assert_eq!(verdicts.open(&rules(), &wrong, 50, never), Err(Unsealed::False));
    }

    #[test]
    fn each_fault_has_its_reason() {
        let mut verdicts = Verdicts::new(&[0; 16]);
        for (seal, expected) in [
            (b"v1.k1".to_vec(), Unsealed::Malformed),
            (seal("k1", 100, "no separator", 1), Unsealed::Malformed),
            (seal("k2", 100, "a\n", 2), Unsealed::UnknownKey),
            (seal("k1", 69, "a\n", 1), Unsealed::Expired),
        ] {
            assert_eq!(verdicts.open(&rules(), &seal, 100, never), Err(expected), "{seal:?}");
        }
        let right = seal("k0", 70, "a\n", 0);
        assert_eq!(verdicts.open(&rules(), &right, 100, |_, _| None), Err(Unsealed::HostFailed));
        assert_eq!(verdicts.open(&rules(), &right, 100, verify), Ok(b"a\n".to_vec()), "within the skew");
        assert_eq!(verdicts.open(&rules(), &right, 101, never), Err(Unsealed::Expired), "though it is known");
    }

    #[test]
    fn a_second_has_its_verifications() {
        let mut verdicts = Verdicts::new(&[0; 16]);
        let known = seal("k1", 1000, "known\n", 1);
        assert!(verdicts.open(&rules(), &known, 7, verify).is_ok());
        for now in [8, 9] {
            let asked = std::cell::Cell::new(0);
            let reasons = (0..100_u32).map(|number| {
                let text = seal("k1", 1000, &format!("{now}-{number}\n"), u8::from(number % 2 == 0));
                verdicts.open(&rules(), &text, now, |key, text| {
                    asked.set(asked.get() + 1);
                    verify(key, text)
                })
            });
            let limited = reasons.filter(|reason| *reason == Err(Unsealed::Limit)).count();
            assert_eq!((asked.get(), limited), (3, 97));
            assert!(verdicts.open(&rules(), &known, now, never).is_ok(), "what is known stays known");
        }
    }
}

//! Signing: the seals that a worker of an edge has made.

use crate::seal::kept::Kept;
use crate::seal::text::{MAX_SIGNATURE_BYTES, signed, unsigned};
use crate::seal::{SEAL_TABLE_KEY_BYTES, Signing};

/// Seals by their contents: at most 1,024 per worker.
#[derive(Debug)]
pub struct Made(Kept<Vec<u8>>);

impl Made {
    /// No seal yet. The key is random, and stays in the proxy.
    pub fn new(key: &[u8; SEAL_TABLE_KEY_BYTES]) -> Self {
        Self(Kept::new(key))
    }

    /// The seal of a context, at a time in seconds since 1970.
    ///
    /// It counts for at least `seal.ttl` seconds, and at most a quarter longer: so equal contexts share a seal for a
    /// while, which is signed once. Different contexts change seals at different times, so that no second has them all. `sign` makes the signature: ECDSA on P-256 of the text's SHA-256, in DER.
    ///
    /// `None` if `sign` fails.
    pub fn seal(
        &mut self,
        rules: &Signing,
        context: &[u8],
        now: u64,
        sign: impl FnOnce(&[u8]) -> Option<Vec<u8>>,
    ) -> Option<Vec<u8>> {
        let expiry = rules.expiry(now, self.0.hash(context));
        let unsigned = unsigned(&rules.key, expiry, context);
        if let Some((_, seal)) = self.0.find(unsigned.as_bytes()) {
            return Some(seal.clone());
        }
        let signature = sign(unsigned.as_bytes()).filter(|it| (1..=MAX_SIGNATURE_BYTES).contains(&it.len()))?;
        let seal = signed(unsigned.clone(), &signature);
        self.0.keep(unsigned.as_bytes(), expiry, seal.clone());
        Some(seal)
    }
}

impl Signing {
    /// The expiry of a seal made at this time, both in seconds since 1970: the first one a step apart from a phase, after
    /// `ttl`.
    fn expiry(&self, now: u64, phase: u64) -> u64 {
        let step = (self.ttl / 4).max(1);
        let phase = phase.checked_rem(step).unwrap_or_default();
        let least = now.saturating_add(self.ttl).saturating_sub(phase);
        least.div_ceil(step).saturating_mul(step).saturating_add(phase)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::{PrivateKey, SealText};

    fn rules(ttl: u64) -> Signing {
        Signing { key: "k1".into(), private_key: PrivateKey::Env("KEY".into()), ttl }
    }

    #[test]
    fn equal_contexts_share_a_seal_for_a_while() {
        let mut made = Made::new(&[0; 16]);
        let mut signatures = 0;
        let mut seal = |context: &[u8], now| {
            made.seal(&rules(60), context, now, |_| {
                signatures += 1;
                Some(vec![0x30, signatures])
            })
        };
        let expiries: Vec<_> = (1000..1060)
            .map(|now| {
                let text = seal(b"a\n", now).unwrap();
                (now, SealText::parse(&text).unwrap().expiry)
            })
            .collect();
        assert_ne!(seal(b"a\n", 1000), seal(b"b\n", 1000));
        assert_eq!(signatures, 4 + 1 + 1, "one in 15 seconds, in four whole and two cut ones");
        assert!(expiries.windows(2).all(|pair| [0, 15].contains(&(pair[1].1 - pair[0].1))), "{expiries:?}");
    }

    #[test]
    fn no_second_has_the_seals_of_all_contexts() {
        let made = Made::new(&[3; 16]);
        let mut ends = [0; 15];
        for number in 0..1500_u64 {
            let phase = made.0.hash(&number.to_le_bytes());
            ends[(rules(60).expiry(1000, phase) % 15) as usize] += 1;
        }
        assert!(ends.iter().all(|count| (50..200).contains(count)), "{ends:?}");
    }

    #[test]
    fn counts_for_its_time_and_a_quarter_at_most() {
        for ttl in [1, 2, 3, 4, 5, 59, 60, 61, 3600, 86_400] {
            for now in 1_000_000..1_000_200 {
                for phase in [0, 1, 7, u64::MAX] {
                    let left = rules(ttl).expiry(now, phase) - now;
                    assert!((ttl..=ttl + (ttl / 4).max(1)).contains(&left), "{ttl} {now} {phase} {left}");
                }
            }
        }
    }

    #[test]
    fn without_a_signature_there_is_no_seal() {
        let mut made = Made::new(&[0; 16]);
        for signature in [None, Some(Vec::new()), Some(vec![0; 73])] {
            assert_eq!(made.seal(&rules(60), b"a\n", 1, |_| signature), None);
        }
        assert!(made.seal(&rules(60), b"a\n", 1, |_| Some(vec![0; 72])).is_some(), "nothing was kept");
    }
}

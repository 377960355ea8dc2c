//! Seals as text: what is read of them, and when they count.

use std::sync::LazyLock;

use tenancy_filter::{Filter, Made, Seal, SealText, Signing, Unsealed, Verdicts, Verification};

use super::KEY;
use crate::naive::{decoded, encoded};

const LIMIT: usize = 3;

/// Panics where a seal is read in another way than it was written, or counts when it should not. A line of the text is a
/// time and a seal; behind a `+` the seal is signed, and behind a `*` made of a context, in which `|` stands for a line
/// feed.
pub(crate) fn hold(text: &[u8]) {
    static FILTERS: LazyLock<[Filter; 2]> = LazyLock::new(|| [verifying(), signing()]);
    let [Some(Seal::Verify(rules)), Some(Seal::Sign(signing))] = FILTERS.each_ref().map(Filter::seal) else {
        panic!("one of each")
    };
    let (mut verdicts, mut made) = (Verdicts::new(&[0; 16]), Made::new(&[0; 16]));
    let (mut second, mut asked) = (0, 0);
    for line in text.split(|byte| *byte == b'\n') {
        let (time, seal) = line.split_at(line.iter().position(|byte| *byte == b' ').unwrap_or_default());
        let now: u32 = std::str::from_utf8(time).ok().and_then(|digits| digits.parse().ok()).unwrap_or_default();
        let now = u64::from(now);
        let seal = written(seal.strip_prefix(b" ").unwrap_or(seal), now, signing, &mut made);
        is_read_as_written(&seal);
        let was_full = second == now && asked == LIMIT;
        let verdict = verdicts.open(rules, &seal, now, |key, seal| {
            (second, asked) = (now, if second == now { asked + 1 } else { 1 });
            seal.signature().map(|signature| signature == signature_of(key, seal.signed)).or(Some(false))
        });
        assert!(asked <= LIMIT, "{asked} verifications in a second");
        let is_limited = was_full && verdict == Err(Unsealed::Limit);
        assert!(is_limited || verdict == judged(rules, &seal, now), "{verdict:?} at {now} of {seal:?}");
    }
}

fn verifying() -> Filter {
    let seal = format!(r#"{{"verify": {{"k1": "{KEY}", "k0": "{KEY}"}}, "verificationsPerSecond": {LIMIT}}}"#);
    filter(&format!(r#"{{"version": 1, "role": "mesh", "tenant": {{"to": [{{"header": "x"}}]}}, "seal": {seal}}}"#))
}

fn signing() -> Filter {
    let seal = r#"{"sign": {"key": "k1", "privateKeyEnv": "KEY"}, "ttl": 60}"#;
    let tenant = r#"{"from": [{"host": "{tenant}.a"}], "to": [{"header": "x"}]}"#;
    filter(&format!(r#"{{"version": 1, "role": "edge", "tenant": {tenant}, "seal": {seal}}}"#))
}

fn filter(config: &str) -> Filter {
    Filter::from_config(config.as_bytes()).unwrap().filter
}

/// The seal that a line stands for.
fn written(text: &[u8], now: u64, rules: &Signing, made: &mut Made) -> Vec<u8> {
    match text {
        [b'+', signed @ ..] => sealed(signed),
        [b'*', context @ ..] => {
            let context: Vec<_> = context.iter().map(|byte| if *byte == b'|' { b'\n' } else { *byte }).collect();
            let seal = made.seal(rules, &context, now, |text| Some(signature_of(&[0], text))).expect("it signs");
            let parts = SealText::parse(&seal);
            let is_context = context.len() <= 512 && context.iter().filter(|byte| **byte == b'\n').count() == 1;
            let parts = parts.filter(|_| is_context);
            assert_eq!(parts.and_then(|seal| seal.context()), is_context.then_some(context), "of {seal:?}");
            assert!(parts.is_none_or(|seal| seal.expiry >= now + 60 && seal.expiry <= now + 75));
            seal
        }
        other => other.to_vec(),
    }
}

/// A text with its signature.
fn sealed(signed: &[u8]) -> Vec<u8> {
    let signature = encoded(&latin1(&signature_of(&[0], signed)));
    [signed, b".", signature.as_bytes()].concat()
}

/// What only the owner of a key can say of a text, in this model. All keys are one.
fn signature_of(_: &[u8], text: &[u8]) -> Vec<u8> {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    text.iter().fold(0xcbf2_9ce4_8422_2325, mix).to_be_bytes().to_vec()
}

/// All that is read of a seal is all there is.
fn is_read_as_written(text: &[u8]) {
    let Some(seal) = SealText::parse(text) else { return };
    assert!(text.len() <= 832 && text.iter().all(|byte| byte.is_ascii_graphic() && *byte != b','), "{text:?}");
    let text = latin1(text);
    let [version, key, expiry, context, signature] = text.split('.').collect::<Vec<_>>()[..] else {
        panic!("five parts of {text:?}")
    };
    assert_eq!((version, key), ("v1", seal.key));
    assert_eq!(expiry.parse(), Ok(seal.expiry));
    assert_eq!(format!("{}.{signature}", latin1(seal.signed)), text);
    assert!(seal.context().is_none_or(|held| encoded(&latin1(&held)) == context), "{text:?}");
    assert!(seal.signature().is_none_or(|bytes| encoded(&latin1(&bytes)) == signature), "{text:?}");
}

/// Whether a seal counts, if nobody limits that.
fn judged(rules: &Verification, text: &[u8], now: u64) -> Result<Vec<u8>, Unsealed> {
    let parts = SealText::parse(text).ok_or(Unsealed::Malformed)?;
    let text = latin1(text);
    let held = decoded(text.split('.').nth(3).unwrap()).ok_or(Unsealed::Malformed)?;
    let held: Vec<_> = held.chars().map(|c| c as u8).collect();
    if parts.context() != Some(held.clone()) {
        return Err(Unsealed::Malformed);
    }
    if !rules.keys().any(|(name, _)| name == parts.key) {
        return Err(Unsealed::UnknownKey);
    }
    match sealed(parts.signed) {
        _ if parts.expiry + 30 < now => Err(Unsealed::Expired),
        right if latin1(&right) == text => Ok(held),
        _ => Err(Unsealed::False),
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

//! Which keys may be read as one of ours.

use crate::baggage::Key;
use crate::bytes::grammar::Bytes;
use crate::bytes::percent::decode_form;
use crate::bytes::search::{Search, Sorted};
use crate::names::fold;

/// Keys of ours.
#[derive(Debug)]
pub(crate) struct OurKeys {
    /// As they are spelled.
    exact: Sorted<()>,
    /// In the canonical spelling.
    folded: Sorted<()>,
    /// A bit for the low five bits of each byte with which one begins, which the two cases of a letter share.
    firsts: u32,
}

impl OurKeys {
    pub(crate) fn new(keys: Vec<Key>) -> Self {
        let sorted = |spell: fn(u8) -> u8| {
            let mut all = Sorted::default();
            keys.iter().for_each(|key| all.insert(key.0.bytes().map(spell).collect(), ()));
            all
        };
        let (exact, folded) = (sorted(|byte| byte), sorted(fold));
        let firsts = keys.iter().filter_map(|key| key.0.bytes().next()).fold(0, |bits, first| bits | bit(fold(first)));
        Self { exact, folded, firsts }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.exact.is_empty()
    }

    /// Whether an SDK may read a received key as one of ours.
    ///
    /// Some decode keys (`%74enant`, `+`) and trim them afterwards, whatever W3C says, and one takes all white space away
    /// beforehand; in `any_spelling`, a key is also ours if it differs in letter case or punctuation alone.
    pub(crate) fn have(&self, received: &[u8], any_spelling: bool) -> bool {
        // A fast path for most keys: letters and digits are the same in every spelling.
        let is_strange = |first: &u8| Bytes::ALPHANUMERIC.has(*first) && self.firsts & bit(*first) == 0;
        if received.first().is_some_and(is_strange) {
            return false;
        }
        let (keys, spell): (_, fn(u8) -> u8) = if any_spelling { (&self.folded, fold) } else { (&self.exact, |it| it) };
        let mut trimmed = keys.search();
        // Without blanks inside, which makes a difference from the first one on.
        let mut squeezed = None;
        // Whether what came up to the last byte that is not blank is one of ours.
        let mut is_ours = false;
        for byte in decode_form(received).skip_while(is_blank) {
            if is_blank(&byte) {
                squeezed = squeezed.or_else(|| any_spelling.then(|| trimmed.clone()));
            }
            trimmed.step(spell(byte));
            if !is_blank(&byte) {
                is_ours = trimmed.found().is_some();
                squeezed.iter_mut().for_each(|search| search.step(spell(byte)));
            }
            if !is_ours && trimmed.is_over() && squeezed.as_ref().is_none_or(Search::is_over) {
                return false;
            }
        }
        is_ours || squeezed.is_some_and(|search| search.found().is_some())
    }
}

/// What an SDK's `trim` may take away: white space and control bytes, and all of Latin-1's and
/// Unicode's, whose bytes are above 0x7F.
fn is_blank(byte: &u8) -> bool {
    !byte.is_ascii_graphic()
}

fn bit(byte: u8) -> u32 {
    1 << (byte & 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(names: &[&str]) -> OurKeys {
        OurKeys::new(names.iter().map(|name| Key((*name).into())).collect())
    }

    #[test]
    fn knows_its_key_in_the_spellings_that_sdks_read() {
        // Among others that begin as it does, or as what differs from it.
        for names in [&["sd-Key"][..], &["s", "sd-Kex", "sd-Key", "sd-Key-----------x", "x", "~"]] {
            let ours = keys(names);
            for alias in ["sd-Key", "%73d-Key", "+sd-Key+", "%20sd-Key%09", "sd%2DKey", "sd-Key%C2%A0", "sd-Key\u{a0}"]
            {
                assert!(ours.have(alias.as_bytes(), false), "{alias}");
                assert!(ours.have(alias.as_bytes(), true), "{alias}");
            }
            for spelling in ["sd-key", "SD_KEY", "sd.key", "sd%2ekey", "sd+key"] {
                assert!(!ours.have(spelling.as_bytes(), false), "{spelling}");
                assert!(ours.have(spelling.as_bytes(), true), "{spelling}");
            }
            assert!(ours.have(b"s d-K\te y", true) && !ours.have(b"s d-Key", false), "blanks inside");
            for other in ["", "sd", "sd-Ke", "sd-Keys", "xsd-Key", "%2573d-Key", "sd-Key%", "sdKey"] {
                assert!(!ours.have(other.as_bytes(), true), "{other}");
            }
        }
    }

    #[test]
    fn blanks_are_trimmed_before_a_key_is_spelled() {
        assert!(!keys(&["tenant~"]).have(b"+tenant+", true) && keys(&["tenant~"]).have(b"+tenant.+", true));
        let ours = keys(&["a", "a--", "-"]);
        for (received, is_ours) in [
            ("a ", true),
            ("a%20%20", true),
            ("a  b", false),
            ("a%20-", true),
            ("%20%20", false),
            ("-%20", true),
            ("--", false),
        ] {
            assert_eq!(ours.have(received.as_bytes(), true), is_ours, "{received:?}");
        }
    }

    /// Each text of up to five bytes that matter, against each key by itself.
    #[test]
    fn all_keys_together_have_what_each_has() {
        let names = ["a", "ab", "a-", "A-b", "b", "--", "ba-"];
        let (all, each) = (keys(&names), names.map(|name| keys(&[name])));
        let mut texts = vec![Vec::new()];
        for _ in 0..5 {
            let longer = |text: &Vec<u8>| b"aAb-+".map(|byte| [text, &[byte][..]].concat());
            texts.extend(texts.iter().flat_map(longer).collect::<Vec<_>>());
        }
        for text in &texts {
            for any_spelling in [false, true] {
                let expected = each.iter().any(|key| key.have(text, any_spelling));
                assert_eq!(all.have(text, any_spelling), expected, "{text:?} {any_spelling}");
            }
        }
    }
}

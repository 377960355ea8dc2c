//! A table of fixed size: texts, each with a value until it expires.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::rc::Rc;

use siphasher::sip::SipHasher13;

/// The bytes of the key by which texts are hashed.
pub const SEAL_TABLE_KEY_BYTES: usize = 16;

/// The most entries of a table.
const MAX_ENTRIES: usize = 1024;

/// Texts by their bytes. If the table is full, a new text replaces one that was not found lately, whatever its expiry
/// (the clock algorithm): a flood of new texts, even of long-lived ones, replaces itself.
#[derive(Debug)]
pub(super) struct Kept<V> {
    places: HashMap<Rc<[u8]>, usize, Keyed>,
    entries: Vec<Entry<V>>,
    /// Where the search for an entry to replace continues.
    hand: usize,
}

#[derive(Debug)]
struct Entry<V> {
    text: Rc<[u8]>,
    expiry: u64,
    value: V,
    /// Whether it was found since the hand passed.
    is_used: Cell<bool>,
}

/// Without the key no client can choose texts whose hashes collide.
#[derive(Debug)]
struct Keyed(SipHasher13);

impl BuildHasher for Keyed {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        self.0
    }
}

impl<V> Kept<V> {
    pub(super) fn new(key: &[u8; SEAL_TABLE_KEY_BYTES]) -> Self {
        let keyed = Keyed(SipHasher13::new_with_key(key));
        Self { places: HashMap::with_hasher(keyed), entries: Vec::new(), hand: 0 }
    }

    /// A number that only this worker derives from a text.
    pub(super) fn hash(&self, text: &[u8]) -> u64 {
        self.places.hasher().0.hash(text)
    }

    /// The value of a text, and its expiry.
    pub(super) fn find(&self, text: &[u8]) -> Option<(u64, &V)> {
        let entry = self.entries.get(*self.places.get(text)?)?;
        entry.is_used.set(true);
        Some((entry.expiry, &entry.value))
    }

    /// Inserts a new text.
    pub(super) fn keep(&mut self, text: &[u8], expiry: u64, value: V) {
        let entry = Entry { text: text.into(), expiry, value, is_used: Cell::new(false) };
        let place = if self.entries.len() < MAX_ENTRIES { self.entries.len() } else { self.replaceable() };
        self.places.insert(Rc::clone(&entry.text), place);
        match self.entries.get_mut(place) {
            None => self.entries.push(entry),
            Some(known) => {
                let replaced = std::mem::replace(known, entry);
                self.places.remove(&replaced.text);
            }
        }
    }

    /// The place of an entry that was not found since the hand passed it last.
    fn replaceable(&mut self) -> usize {
        // After one round the hand has passed every entry.
        for _ in 0..=MAX_ENTRIES {
            self.hand = self.hand.wrapping_add(1).checked_rem(MAX_ENTRIES).unwrap_or_default();
            if self.entries.get(self.hand).is_none_or(|entry| !entry.is_used.replace(false)) {
                break;
            }
        }
        self.hand
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(number: u64) -> [u8; 8] {
        number.to_le_bytes()
    }

    #[test]
    fn holds_as_many_as_it_has_room_for() {
        let mut kept = Kept::new(&[7; 16]);
        for number in 0..20_000 {
            kept.keep(&text(number), number, number);
            assert_eq!(kept.find(&text(number)), Some((number, &number)));
            let known = number.saturating_sub(MAX_ENTRIES as u64 - 1);
            assert!((kept.entries.len(), kept.places.len()) <= (MAX_ENTRIES, MAX_ENTRIES) && known <= number);
        }
        let left = (0..20_000).filter(|number| kept.find(&text(*number)).is_some()).count();
        assert_eq!((left, kept.entries.len(), kept.places.len()), (MAX_ENTRIES, MAX_ENTRIES, MAX_ENTRIES));
        let full = (0..MAX_ENTRIES as u64).fold(Kept::new(&[7; 16]), |mut kept, number| {
            kept.keep(&text(number), 1, ());
            kept
        });
        assert!((0..MAX_ENTRIES as u64).all(|number| full.find(&text(number)).is_some()), "none is replaced before");
    }

    #[test]
    fn what_comes_again_stays_whatever_is_new() {
        let mut kept = Kept::new(&[7; 16]);
        let honest = 0..500;
        honest.clone().for_each(|number| kept.keep(&text(number), 60, ()));
        for round in 0..50 {
            assert!(honest.clone().all(|number| kept.find(&text(number)).is_some()), "after {round} floods");
            // They expire later than all that was there.
            (0..500).for_each(|number| kept.keep(&text(1000 + round * 500 + number), u64::MAX, ()));
        }
    }
}

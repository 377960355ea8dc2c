//! A table of fixed size: texts, each with a value until it expires.

use siphasher::sip::SipHasher13;

use crate::bytes::text::same;

/// The bytes of the key by which texts choose their sets.
pub const SEAL_TABLE_KEY_BYTES: usize = 16;

/// Entries of a set: the one that expires first is replaced.
const WAYS: usize = 4;
const SETS: usize = 256;

/// The most entries of a table, 1,024.
#[cfg(test)]
const MAX_ENTRIES: usize = WAYS * SETS;

/// Texts by their bytes. Without the key no client can tell which texts share a set, and evict others.
#[derive(Debug)]
pub(super) struct Kept<V> {
    hasher: SipHasher13,
    sets: Vec<Vec<Entry<V>>>,
}

#[derive(Debug)]
struct Entry<V> {
    text: Box<[u8]>,
    expiry: u64,
    value: V,
}

impl<V> Kept<V> {
    pub(super) fn new(key: &[u8; SEAL_TABLE_KEY_BYTES]) -> Self {
        Self { hasher: SipHasher13::new_with_key(key), sets: std::iter::repeat_with(Vec::new).take(SETS).collect() }
    }

    /// The value of a text, and its expiry.
    pub(super) fn find(&self, text: &[u8]) -> Option<(u64, &V)> {
        let set = self.sets.get(self.set(text))?;
        set.iter().find(|entry| same(&entry.text, text)).map(|entry| (entry.expiry, &entry.value))
    }

    /// Inserts a new text in place of the one in its set that expires first.
    pub(super) fn keep(&mut self, text: &[u8], expiry: u64, value: V) {
        let set = self.set(text);
        let Some(set) = self.sets.get_mut(set) else { return };
        let entry = Entry { text: text.into(), expiry, value };
        if set.len() < WAYS {
            set.push(entry);
        } else if let Some(first) = set.iter_mut().min_by_key(|known| known.expiry) {
            *first = entry;
        }
    }

    fn set(&self, text: &[u8]) -> usize {
        let hash = self.hasher.hash(text);
        let set = hash.checked_rem(SETS as u64).unwrap_or_default();
        usize::try_from(set).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_of_fixed_size_and_forgets_what_expires_first() {
        let mut kept = Kept::new(&[7; 16]);
        for number in 0..20_000_u64 {
            kept.keep(&number.to_le_bytes(), number, number);
            assert_eq!(kept.find(&number.to_le_bytes()), Some((number, &number)));
        }
        let left: Vec<_> = (0..20_000_u64).filter(|number| kept.find(&number.to_le_bytes()).is_some()).collect();
        assert_eq!(left.len(), MAX_ENTRIES);
        assert!(left.iter().all(|number| *number > 15_000), "{left:?}");
        assert!(kept.sets.iter().all(|set| set.len() == WAYS && set.capacity() == WAYS));
    }
}

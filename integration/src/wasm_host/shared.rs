//! What all VMs of a proxy share.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;

use crate::token::now;

/// Shared data and the clock, which outlive a VM. A clone shares them.
#[derive(Clone, Debug, Default)]
pub struct Shared(Rc<RefCell<Contents>>);

#[derive(Debug)]
struct Contents {
    data: BTreeMap<Vec<u8>, (Vec<u8>, u32)>,
    versions: u32,
    milliseconds: u64,
}

impl Default for Contents {
    /// Now, because seals expire.
    fn default() -> Self {
        Self { data: BTreeMap::new(), versions: 0, milliseconds: now() * 1000 }
    }
}

impl Shared {
    /// Lets time pass.
    pub fn wait(&self, milliseconds: u64) {
        self.0.borrow_mut().milliseconds += milliseconds;
    }

    /// How many keys there are, and how many bytes under them.
    pub fn size(&self) -> (usize, usize) {
        let contents = self.0.borrow();
        (contents.data.len(), contents.data.values().map(|(bytes, _)| bytes.len()).sum())
    }

    /// Unpredictable bytes.
    pub(super) fn random(size: usize) -> Vec<u8> {
        let words = std::iter::repeat_with(|| RandomState::new().hash_one(size));
        words.flat_map(u64::to_le_bytes).take(size).collect()
    }

    pub(super) fn milliseconds(&self) -> u64 {
        self.0.borrow().milliseconds
    }

    pub(super) fn get(&self, key: &[u8]) -> Option<(Vec<u8>, u32)> {
        self.0.borrow().data.get(key).cloned()
    }

    /// Whether the host accepted it: not if the key has another version and this one is not zero.
    pub(super) fn set(&self, key: Vec<u8>, bytes: Vec<u8>, version: u32) -> bool {
        let mut contents = self.0.borrow_mut();
        let is_other = contents.data.get(&key).is_some_and(|(_, current)| version != 0 && *current != version);
        if !is_other {
            contents.versions += 1;
            let version = contents.versions;
            contents.data.insert(key, (bytes, version));
        }
        !is_other
    }
}

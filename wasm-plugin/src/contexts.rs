//! What the proxy's numbers stand for: plugin configurations, and the requests under way.

use std::cell::RefCell;
use std::hash::{BuildHasherDefault, Hasher};

use hashbrown::HashMap;

use crate::{Root, Stream};

thread_local! {
    static CONTEXTS: RefCell<Contexts> = const { RefCell::new(Contexts::new()) };
}

/// Calls with all contexts of the VM; within a host call the proxy makes no other callback than for memory.
pub(crate) fn with<R>(callback: impl FnOnce(&mut Contexts) -> R) -> R {
    CONTEXTS.with_borrow_mut(callback)
}

/// A configuration and a request never have the same number.
pub(crate) struct Contexts {
    /// Few: several configurations may share a VM, an edge and a mesh one among them.
    roots: Vec<(u32, Root)>,
    streams: HashMap<u32, Stream, BuildHasherDefault<NumberHasher>>,
}

impl Contexts {
    const fn new() -> Self {
        Self { roots: Vec::new(), streams: HashMap::with_hasher(BuildHasherDefault::new()) }
    }

    pub(crate) fn create_root(&mut self, context: u32) {
        self.roots.push((context, Root::default()));
    }

    /// Nothing for a request whose configuration was refused.
    pub(crate) fn create_stream(&mut self, context: u32, root: u32) {
        if let Some(stream) = self.root(root).and_then(|root| root.stream()) {
            self.streams.insert(context, stream);
        }
    }

    pub(crate) fn root(&mut self, context: u32) -> Option<&mut Root> {
        self.roots.iter_mut().find(|(number, _)| *number == context).map(|(_, root)| root)
    }

    pub(crate) fn stream(&mut self, context: u32) -> Option<&mut Stream> {
        self.streams.get_mut(&context)
    }

    pub(crate) fn delete(&mut self, context: u32) {
        if self.streams.remove(&context).is_none() {
            self.roots.retain(|(number, _)| *number != context);
        }
    }
}

/// Spreads the proxy's numbers, which it counts up and no client chooses, over all bits.
#[derive(Default)]
struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn write_u32(&mut self, number: u32) {
        // 2⁶⁴ over the golden ratio: neighbours end up far from each other.
        self.0 = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32(u32::from(*byte)));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

//! Memory that the proxy fills and hands over: one buffer is used again and again, so that most calls allocate nothing.

use std::cell::RefCell;
use std::mem;
use std::ops::Deref;
use std::ptr;

/// A larger buffer is not kept.
const KEPT_BYTES: usize = 16 * 1024;

thread_local! {
    static SPARE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    /// What the proxy is filling. It asks for memory and hands it over within one host call.
    static LENT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// So many bytes for the proxy to fill; nothing for none.
pub(crate) fn lend(size: usize) -> *mut u8 {
    if size == 0 {
        return ptr::null_mut();
    }
    let mut buffer = SPARE.take();
    buffer.resize(size.max(buffer.len()), 0);
    let place = buffer.as_mut_ptr();
    LENT.set(buffer);
    place
}

/// What the proxy filled.
pub(crate) struct Filled {
    buffer: Vec<u8>,
    size: usize,
}

impl Filled {
    /// What was lent last, if it is what the proxy handed over.
    pub(crate) fn take(data: *const u8, size: usize) -> Option<Self> {
        let buffer = LENT.take();
        (ptr::eq(buffer.as_ptr(), data) && size <= buffer.len()).then_some(Self { buffer, size })
    }

    pub(crate) fn into_vec(mut self) -> Vec<u8> {
        let mut bytes = mem::take(&mut self.buffer);
        bytes.truncate(self.size);
        bytes
    }
}

impl Deref for Filled {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.buffer.get(..self.size).unwrap_or_default()
    }
}

impl Drop for Filled {
    fn drop(&mut self) {
        let buffer = mem::take(&mut self.buffer);
        if (1..=KEPT_BYTES).contains(&buffer.capacity()) {
            SPARE.set(buffer);
        }
    }
}

//! What the browser calls: it writes a question into the buffer, and reads the answer from it.

use std::cell::RefCell;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Returns where to write a question of `size` bytes.
// SAFETY: no other symbol of the module has this name.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn tenancy_question(size: usize) -> *mut u8 {
    BUFFER.with_borrow_mut(|buffer| {
        buffer.clear();
        buffer.resize(size, 0);
        buffer.as_mut_ptr()
    })
}

/// Answers the question in the buffer. Returns the size of the answer, which takes its place.
// SAFETY: no other symbol of the module has this name.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn tenancy_answer() -> usize {
    BUFFER.with_borrow_mut(|buffer| {
        *buffer = crate::answer(&String::from_utf8_lossy(buffer)).into_bytes();
        buffer.len()
    })
}

/// Where the buffer is.
// SAFETY: no other symbol of the module has this name.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn tenancy_buffer() -> *const u8 {
    BUFFER.with_borrow(Vec::as_ptr)
}

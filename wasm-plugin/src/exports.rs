//! The callbacks of proxy-wasm ABI 0.2.1 that are in use, and no more: the proxy calls each that is exported, for
//! every request, whether or not it does anything.

use std::panic;

use crate::Stream;
use crate::buffer;
use crate::contexts;
use crate::host::{self, LogLevel};

/// What becomes of a request for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Action {
    Continue = 0,
    Pause = 1,
}

/// Names the ABI, to a proxy that knows several.
#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

/// Comes first. Of a panic the log tells the place alone: a message may hold what a client sent.
#[unsafe(no_mangle)]
extern "C" fn _initialize() {
    panic::set_hook(Box::new(|panic| {
        if let Some(place) = panic.location() {
            host::log(LogLevel::Critical, &format!("tenancy-filter: panic at {place}"));
        }
    }));
}

/// Memory that the proxy fills and hands over.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    buffer::lend(size)
}

/// A plugin configuration, which has no parent, or a request of the one that is its parent.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_context_create(context: u32, parent: u32) {
    contexts::with(|contexts| match parent {
        0 => contexts.create_root(context),
        root => contexts.create_stream(context, root),
    });
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_configure(context: u32, size: usize) -> bool {
    contexts::with(|contexts| contexts.root(context).is_some_and(|root| root.on_configure(size)))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_tick(context: u32) {
    contexts::with(|contexts| {
        if let Some(root) = contexts.root(context) {
            root.on_tick();
        }
    });
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(context: u32, _lines: u32, _end_of_stream: u32) -> Action {
    contexts::with(|contexts| match contexts.stream(context) {
        Some(stream) => stream.on_request_headers(),
        None => Stream::unknown(),
    })
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_trailers(context: u32, _lines: u32) -> Action {
    contexts::with(|contexts| match contexts.stream(context) {
        Some(stream) => stream.on_request_trailers(),
        None => Action::Pause,
    })
}

/// The last that is heard of a context.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_delete(context: u32) {
    contexts::with(|contexts| contexts.delete(context));
}

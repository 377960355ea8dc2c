//! What a host offers besides the calls of the ABI: its own functions by name, and the module's environment (WASI).

use std::ptr;

use super::{HostFailure, NOT_FOUND, OK, bytes, done};

/// Why a host's own function returned nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Uncalled {
    /// The host has no function of this name.
    Unknown,
    /// The function rejects these arguments.
    BadArgument,
    /// The host failed, or forbids the call.
    Failed,
}

const BAD_ARGUMENT: u32 = 2;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_call_foreign_function(
        name: *const u8,
        name_size: usize,
        arguments: *const u8,
        arguments_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn environ_sizes_get(count: *mut usize, size: *mut usize) -> u32;
    fn environ_get(variables: *mut *mut u8, texts: *mut u8) -> u32;
}

/// The answer of a host's own function.
pub(crate) fn call(name: &str, arguments: &[u8]) -> Result<Vec<u8>, Uncalled> {
    let (mut data, mut size) = (ptr::null_mut(), 0);
    // SAFETY: the host reads both slices during the call, and writes once through each pointer.
    match unsafe {
        proxy_call_foreign_function(
            name.as_ptr(),
            name.len(),
            arguments.as_ptr(),
            arguments.len(),
            &mut data,
            &mut size,
        )
    } {
        OK => Ok(bytes(data, size).unwrap_or_default()),
        NOT_FOUND => Err(Uncalled::Unknown),
        BAD_ARGUMENT => Err(Uncalled::BadArgument),
        _ => Err(Uncalled::Failed),
    }
}

/// A variable of the module's environment; `None` if it is unset, or not UTF-8.
pub(crate) fn variable(name: &str) -> Result<Option<String>, HostFailure> {
    let (mut count, mut size) = (0, 0);
    // SAFETY: the host writes once through each pointer, during the call.
    done(unsafe { environ_sizes_get(&mut count, &mut size) })?;
    let (mut variables, mut texts) = (vec![ptr::null_mut(); count], vec![0; size]);
    // SAFETY: the host told the number of variables, and their bytes with a trailing zero each; it writes exactly
    // these, during the call.
    done(unsafe { environ_get(variables.as_mut_ptr(), texts.as_mut_ptr()) })?;
    let value = |text: &[u8]| {
        std::str::from_utf8(text).ok()?.split_once('=').map(|(n, v)| (n == name).then(|| v.to_owned()))?
    };
    Ok(texts.split(|byte| *byte == 0).find_map(value))
}

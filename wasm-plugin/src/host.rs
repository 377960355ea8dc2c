//! The host calls of one request (proxy-wasm ABI 0.2.1), with their failures as values.
//!
//! The SDK's own wrappers panic on a status that they do not expect, and copy each header.

use std::ptr;

use proxy_wasm::types::MapType;
use smallvec::SmallVec;
use tenancy_filter::Header;

/// The host answered a call with another status than `Ok`, or with bytes that are no header map.
pub(crate) struct HostFailure;

const OK: u32 = 0;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_replace_header_map_value(
        map: u32,
        name: *const u8,
        name_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    fn proxy_remove_header_map_value(map: u32, name: *const u8, name_size: usize) -> u32;
    fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_size: usize,
        body: *const u8,
        body_size: usize,
        headers: *const u8,
        headers_size: usize,
        grpc_status: i32,
    ) -> u32;
}

fn done(status: u32) -> Result<(), HostFailure> {
    if status == OK { Ok(()) } else { Err(HostFailure) }
}

/// A header map as the host serialises it.
///
/// The number of pairs, the sizes of each name and value, all as 32 bits in little endian; then
/// the names and values, each followed by a zero byte.
pub(crate) struct HeaderMap(Vec<u8>);

impl HeaderMap {
    pub(crate) fn read(map: MapType) -> Result<Self, HostFailure> {
        let (mut data, mut size) = (ptr::null_mut(), 0);
        // SAFETY: both pointers are valid for the call's one write through each.
        done(unsafe { proxy_get_header_map_pairs(map as u32, &mut data, &mut size) })?;
        if data.is_null() {
            return Err(HostFailure);
        }
        // SAFETY: the host wrote `size` bytes into memory that it took from this module's allocator
        // with that very size, and handed it over.
        Ok(Self(unsafe { Vec::from_raw_parts(data, size, size) }))
    }

    /// Every line, borrowed from the host's buffer.
    pub(crate) fn headers(&self) -> Result<SmallVec<[Header<'_>; 64]>, HostFailure> {
        self.parse().ok_or(HostFailure)
    }

    fn parse(&self) -> Option<SmallVec<[Header<'_>; 64]>> {
        let (count, rest) = self.0.split_first_chunk()?;
        let pairs = usize::try_from(u32::from_le_bytes(*count)).ok()?;
        let (sizes, mut data) = rest.split_at_checked(pairs.checked_mul(8)?)?;
        let mut headers = SmallVec::with_capacity(pairs);
        for &[a, b, c, d, e, f, g, h] in sizes.as_chunks().0 {
            let name = take(&mut data, [a, b, c, d])?;
            let value = take(&mut data, [e, f, g, h])?;
            headers.push(Header { name, value });
        }
        Some(headers)
    }
}

/// The next name or value, without the zero byte behind it.
fn take<'a>(data: &mut &'a [u8], size: [u8; 4]) -> Option<&'a [u8]> {
    let (text, rest) = data.split_at_checked(usize::try_from(u32::from_le_bytes(size)).ok()?)?;
    *data = rest.split_first()?.1;
    Some(text)
}

/// Leaves one line of this name, whatever stood there.
pub(crate) fn replace(map: MapType, name: &[u8], value: &[u8]) -> Result<(), HostFailure> {
    // SAFETY: the host reads both slices during the call.
    done(unsafe { proxy_replace_header_map_value(map as u32, name.as_ptr(), name.len(), value.as_ptr(), value.len()) })
}

/// Removes every line of this name.
pub(crate) fn remove(map: MapType, name: &[u8]) -> Result<(), HostFailure> {
    // SAFETY: the host reads the slice during the call.
    done(unsafe { proxy_remove_header_map_value(map as u32, name.as_ptr(), name.len()) })
}

/// Answers in place of the upstream. Where even that fails, the paused request still goes no further.
pub(crate) fn respond(status: u32, body: &str) {
    const NO_GRPC_STATUS: i32 = -1;
    const NO_HEADERS: [u8; 4] = 0u32.to_le_bytes();
    // SAFETY: the host reads the slices during the call; a null pointer goes with size zero.
    let _ = unsafe {
        proxy_send_local_response(
            status,
            ptr::null(),
            0,
            body.as_ptr(),
            body.len(),
            NO_HEADERS.as_ptr(),
            NO_HEADERS.len(),
            NO_GRPC_STATUS,
        )
    };
}

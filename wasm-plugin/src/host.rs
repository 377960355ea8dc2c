//! The host calls of one request (proxy-wasm ABI 0.2.1), with their failures as values.
//!
//! The SDK's own wrappers panic on a status that they do not expect, and copy each header.

use std::ptr;

use proxy_wasm::types::MapType;
use smallvec::SmallVec;
use tenancy_filter::{Filter, Header, Peer};

/// The host answered a call with another status than `Ok`, or with bytes that are no header map.
pub(crate) struct HostFailure;

const OK: u32 = 0;
const NOT_FOUND: u32 = 1;
const SERIALIZATION_FAILURE: u32 = 3;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_get_property(path: *const u8, path_size: usize, data: *mut *mut u8, size: *mut usize) -> u32;
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
pub(crate) struct HeaderMap(Vec<u8>);

/// The lines of a header map; few requests have more than fit on the stack.
pub(crate) type Pairs<'a> = SmallVec<[Header<'a>; 64]>;

impl HeaderMap {
    /// Nothing where the map has no line: the host then hands over no memory.
    pub(crate) fn read(map: MapType) -> Result<Option<Self>, HostFailure> {
        let (mut data, mut size) = (ptr::null_mut(), 0);
        // SAFETY: both pointers are valid for the call's one write through each.
        done(unsafe { proxy_get_header_map_pairs(map as u32, &mut data, &mut size) })?;
        Ok(owned(data, size).map(Self))
    }

    /// Every line, borrowed from the host's buffer.
    pub(crate) fn headers(&self) -> Result<Pairs<'_>, HostFailure> {
        pairs(&self.0).ok_or(HostFailure)
    }
}

/// What the host wrote into memory that it took from this module's allocator, and handed over.
fn owned(data: *mut u8, size: usize) -> Option<Vec<u8>> {
    // SAFETY: the allocation has that very size (proxy-wasm, `proxy_on_memory_allocate`).
    (!data.is_null()).then(|| unsafe { Vec::from_raw_parts(data, size, size) })
}

/// The pairs of a serialised map, borrowed: the number of pairs, the sizes of each name and value,
/// all as 32 bits in little endian; then the names and values, each followed by a zero byte.
pub(crate) fn pairs(bytes: &[u8]) -> Option<Pairs<'_>> {
    let (count, rest) = bytes.split_first_chunk()?;
    let count = usize::try_from(u32::from_le_bytes(*count)).ok()?;
    let (sizes, mut data) = rest.split_at_checked(count.checked_mul(8)?)?;
    let mut pairs = SmallVec::with_capacity(count);
    for &[a, b, c, d, e, f, g, h] in sizes.as_chunks().0 {
        let name = take(&mut data, [a, b, c, d])?;
        let value = take(&mut data, [e, f, g, h])?;
        pairs.push(Header { name, value });
    }
    data.is_empty().then_some(pairs)
}

/// The next name or value, without the zero byte behind it.
fn take<'a>(data: &mut &'a [u8], size: [u8; 4]) -> Option<&'a [u8]> {
    let (text, rest) = data.split_at_checked(usize::try_from(u32::from_le_bytes(size)).ok()?)?;
    *data = rest.split_first()?.1;
    Some(text)
}

/// A property of the request (Envoy, "Attributes"), by its path; `None` where there is none, and
/// empty where its type has no bytes.
pub(crate) fn property(path: &[&str]) -> Result<Option<Vec<u8>>, HostFailure> {
    let path = path.join("\0");
    let (mut data, mut size) = (ptr::null_mut(), 0);
    // SAFETY: the host reads the path during the call, and writes once through each pointer.
    match unsafe { proxy_get_property(path.as_ptr(), path.len(), &mut data, &mut size) } {
        NOT_FOUND => Ok(None),
        SERIALIZATION_FAILURE => Ok(Some(Vec::new())),
        status => done(status).map(|()| Some(owned(data, size).unwrap_or_default())),
    }
}

/// Who sends the request: known where it presented a client certificate (the listener
/// verifies it, unless it was told to accept any), or where it is the workload
/// beside this proxy, which calls out through an outbound listener. Where nothing tells, unknown.
pub(crate) fn peer(filter: &Filter) -> Peer {
    const OUTBOUND: [u8; 8] = 2u64.to_le_bytes();
    let is = |path: &[&str], expected: &[u8]| matches!(property(path), Ok(Some(value)) if value == expected);
    let known =
        !filter.reads_peer() || is(&["connection", "mtls"], &[1]) || is(&["xds", "listener_direction"], &OUTBOUND);
    if known { Peer::Known } else { Peer::Unknown }
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

//! The host calls (proxy-wasm ABI 0.2.1), with their failures as values: the SDK's own trap on any unexpected status.

mod foreign;

use std::ptr;
use std::time::Duration;

use smallvec::SmallVec;
use tenancy_filter_envoy::{Attributes, serialized};

pub(crate) use foreign::{Uncalled, call, variable};

/// The host answered a call with a status other than `Ok`, or with bytes that are not a header map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HostFailure;

/// The host of this module.
pub(crate) struct Host;

impl Attributes for Host {
    type Failure = HostFailure;

    fn property(&self, path: &[&str]) -> Result<Option<Vec<u8>>, HostFailure> {
        property(path)
    }
}

const OK: u32 = 0;
const NOT_FOUND: u32 = 1;
const SERIALIZATION_FAILURE: u32 = 3;
const CAS_MISMATCH: u32 = 8;

#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum MapType {
    RequestHeaders = 0,
    RequestTrailers = 1,
}

/// The levels of the host's log.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum Level {
    Trace = 0,
    Debug = 1,
    Info = 2,
    Warn = 3,
    Error = 4,
    Critical = 5,
}

impl From<log::Level> for Level {
    fn from(level: log::Level) -> Self {
        match level {
            log::Level::Trace => Self::Trace,
            log::Level::Debug => Self::Debug,
            log::Level::Info => Self::Info,
            log::Level::Warn => Self::Warn,
            log::Level::Error => Self::Error,
        }
    }
}

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_log(level: Level, message: *const u8, size: usize) -> u32;
    fn proxy_get_log_level(level: *mut u32) -> u32;
    fn proxy_set_tick_period_milliseconds(period: u32) -> u32;
    fn proxy_get_buffer_bytes(buffer: u32, start: usize, length: usize, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_define_metric(kind: u32, name: *const u8, size: usize, metric: *mut u32) -> u32;
    fn proxy_increment_metric(metric: u32, offset: i64) -> u32;
    fn proxy_get_header_map_pairs(map: MapType, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_get_property(path: *const u8, path_size: usize, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
    fn proxy_get_shared_data(
        key: *const u8,
        key_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
        version: *mut u32,
    ) -> u32;
    fn proxy_set_shared_data(key: *const u8, key_size: usize, data: *const u8, size: usize, version: u32) -> u32;
    fn proxy_replace_header_map_value(
        map: MapType,
        name: *const u8,
        name_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    fn proxy_remove_header_map_value(map: MapType, name: *const u8, name_size: usize) -> u32;
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

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn random_get(data: *mut u8, size: usize) -> u32;
}

fn done(status: u32) -> Result<(), HostFailure> {
    if status == OK { Ok(()) } else { Err(HostFailure) }
}

/// The bytes that the host returned; `None` if it returned no memory, because there are no bytes.
fn bytes(data: *mut u8, size: usize) -> Option<Vec<u8>> {
    if data.is_null() {
        return None;
    }
    // SAFETY: the host got this memory from the SDK's allocator, which allocated exactly this size; the host filled it
    // and passes ownership to us.
    Some(unsafe { Vec::from_raw_parts(data, size, size) })
}

/// Writes a line to the proxy's log.
pub(crate) fn log(level: Level, message: &str) {
    // If the host refuses the line, only the line is lost. SAFETY: the host reads the message during the call.
    let _ = unsafe { proxy_log(level, message.as_ptr(), message.len()) };
}

/// The level of the proxy's log, by its number in [`Level`].
pub(crate) fn log_level() -> Result<u32, HostFailure> {
    let mut level = 0;
    // SAFETY: the host writes a number during the call.
    done(unsafe { proxy_get_log_level(&mut level) })?;
    Ok(level)
}

/// Sets how often `on_tick` runs; zero stops it.
pub(crate) fn set_tick_period(period: Duration) -> Result<(), HostFailure> {
    let period = u32::try_from(period.as_millis()).unwrap_or(u32::MAX);
    // SAFETY: it takes a number.
    done(unsafe { proxy_set_tick_period_milliseconds(period) })
}

/// The configuration of the plugin that is being configured; `None` if it is empty.
pub(crate) fn plugin_configuration(size: usize) -> Result<Option<Vec<u8>>, HostFailure> {
    const PLUGIN_CONFIGURATION: u32 = 7;
    let (mut data, mut length) = (ptr::null_mut(), 0);
    // SAFETY: both pointers are valid for the call's one write through each.
    match unsafe { proxy_get_buffer_bytes(PLUGIN_CONFIGURATION, 0, size, &mut data, &mut length) } {
        NOT_FOUND => Ok(None),
        status => done(status).map(|()| bytes(data, length)),
    }
}

/// The number of the counter with this name; a new counter starts at zero.
pub(crate) fn define_counter(name: &str) -> Result<u32, HostFailure> {
    const COUNTER: u32 = 0;
    let mut metric = 0;
    // SAFETY: the host reads the name during the call, and writes once through the pointer.
    done(unsafe { proxy_define_metric(COUNTER, name.as_ptr(), name.len(), &mut metric) }).map(|()| metric)
}

/// Adds to a counter.
pub(crate) fn increment_counter(metric: u32, count: u64) -> Result<(), HostFailure> {
    // SAFETY: it takes numbers.
    done(unsafe { proxy_increment_metric(metric, i64::try_from(count).unwrap_or(i64::MAX)) })
}

/// A whole header map, serialised; `None` if it has no line.
pub(crate) fn header_map_pairs(map: MapType) -> Result<Option<Vec<u8>>, HostFailure> {
    let (mut data, mut size) = (ptr::null_mut(), 0);
    // SAFETY: both pointers are valid for the call's one write through each.
    done(unsafe { proxy_get_header_map_pairs(map, &mut data, &mut size) })?;
    Ok(bytes(data, size))
}

/// A property of the request (Envoy, "Attributes"), by its path; `None` if there is none, and empty if its type has no
/// bytes.
fn property(path: &[&str]) -> Result<Option<Vec<u8>>, HostFailure> {
    let path = joined(path);
    let (mut data, mut size) = (ptr::null_mut(), 0);
    // SAFETY: the host reads the path during the call, and writes once through each pointer.
    match unsafe { proxy_get_property(path.as_ptr(), path.len(), &mut data, &mut size) } {
        NOT_FOUND => Ok(None),
        SERIALIZATION_FAILURE => Ok(Some(Vec::new())),
        status => done(status).map(|()| Some(bytes(data, size).unwrap_or_default())),
    }
}

/// The segments, separated by zero bytes; on the stack, and copied byte by byte, because a memory copy is a call out of
/// WebAssembly.
fn joined(path: &[&str]) -> SmallVec<[u8; 128]> {
    let mut joined = SmallVec::new();
    for segment in path {
        joined.extend(segment.bytes());
        joined.push(0);
    }
    joined.pop();
    joined
}

/// Fills a buffer with random bytes (WASI, `random_get`).
pub(crate) fn random(buffer: &mut [u8]) -> Result<(), HostFailure> {
    // SAFETY: the host writes within the buffer, during the call.
    done(unsafe { random_get(buffer.as_mut_ptr(), buffer.len()) })
}

/// The proxy's clock, in nanoseconds.
pub(crate) fn nanoseconds() -> Result<u64, HostFailure> {
    let mut time = 0;
    // SAFETY: the host writes once through the pointer.
    done(unsafe { proxy_get_current_time_nanoseconds(&mut time) })?;
    Ok(time)
}

/// The same in seconds.
pub(crate) fn seconds() -> Result<u64, HostFailure> {
    nanoseconds().map(|time| time / 1_000_000_000)
}

/// The same in milliseconds.
pub(crate) fn milliseconds() -> Result<u64, HostFailure> {
    nanoseconds().map(|time| time / 1_000_000)
}

/// Bytes that all VMs of a proxy share, with their version.
pub(crate) struct SharedData {
    pub(crate) bytes: Vec<u8>,
    pub(crate) version: u32,
}

/// The value of a key; no bytes if the key is unset.
pub(crate) fn shared_data(key: &[u8]) -> Result<SharedData, HostFailure> {
    /// The version of an unset key: the host ignores it if the key is unset, and otherwise it never matches.
    const ABSENT: u32 = u32::MAX;
    let (mut data, mut size, mut version) = (ptr::null_mut(), 0, 0);
    // SAFETY: the host reads the key during the call, and writes once through each pointer.
    match unsafe { proxy_get_shared_data(key.as_ptr(), key.len(), &mut data, &mut size, &mut version) } {
        NOT_FOUND => Ok(SharedData { bytes: Vec::new(), version: ABSENT }),
        status => done(status).map(|()| SharedData { bytes: bytes(data, size).unwrap_or_default(), version }),
    }
}

/// Replaces the value of a key if it still has that version; otherwise returns that it does not.
pub(crate) fn replace_shared_data(key: &[u8], data: &[u8], version: u32) -> Result<bool, HostFailure> {
    // SAFETY: the host reads both slices during the call.
    match unsafe { proxy_set_shared_data(key.as_ptr(), key.len(), data.as_ptr(), data.len(), version) } {
        CAS_MISMATCH => Ok(false),
        status => done(status).map(|()| true),
    }
}

/// Replaces the value of a key, whatever its version.
pub(crate) fn set_shared_data(key: &[u8], data: &[u8]) -> Result<(), HostFailure> {
    const WHATEVER: u32 = 0;
    replace_shared_data(key, data, WHATEVER).map(|_| ())
}

/// Sets this header to one line, whatever lines it had.
pub(crate) fn replace(map: MapType, name: &[u8], value: &[u8]) -> Result<(), HostFailure> {
    // SAFETY: the host reads both slices during the call.
    done(unsafe { proxy_replace_header_map_value(map, name.as_ptr(), name.len(), value.as_ptr(), value.len()) })
}

/// Removes every line of this name.
pub(crate) fn remove(map: MapType, name: &[u8]) -> Result<(), HostFailure> {
    // SAFETY: the host reads the slice during the call.
    done(unsafe { proxy_remove_header_map_value(map, name.as_ptr(), name.len()) })
}

/// Answers in place of the upstream, with these header lines. If even that fails, the paused request still does not go
/// on.
pub(crate) fn respond(status: u32, headers: &[(&str, &[u8])], body: &str) {
    const NO_GRPC_STATUS: i32 = -1;
    let headers = serialized(headers);
    // SAFETY: the host reads the slices during the call; a null pointer goes with size zero.
    let _ = unsafe {
        proxy_send_local_response(
            status,
            ptr::null(),
            0,
            body.as_ptr(),
            body.len(),
            headers.as_ptr(),
            headers.len(),
            NO_GRPC_STATUS,
        )
    };
}

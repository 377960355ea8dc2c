//! The proxy's log, behind the macros of `log`. The SDK's own logger would trap if the proxy took no line.

use std::panic;

use log::{LevelFilter, Log, Metadata, Record};

use crate::host::{self, Level};

struct HostLog;

/// Logs warnings and errors to the proxy, and of a panic where it happened: its message could hold client data.
pub(crate) fn install() {
    panic::set_hook(Box::new(|panic| {
        if let Some(place) = panic.location() {
            host::log(Level::Critical, &format!("tenancy-filter: panic at {place}"));
        }
    }));
    // It fails if there is a logger already, which then logs.
    if log::set_logger(&HostLog).is_ok() {
        log::set_max_level(LevelFilter::Warn);
    }
}

/// Takes over the level of the proxy's log, as far as it decides something here: what a request tells at the debug level
/// is not even formatted unless somebody reads it.
pub(crate) fn follow_host() {
    let is_debug = host::log_level().is_ok_and(|level| level <= Level::Debug as u32);
    log::set_max_level(if is_debug { LevelFilter::Debug } else { LevelFilter::Warn });
}

impl Log for HostLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            host::log(record.level().into(), &format!("tenancy-filter: {}", record.args()));
        }
    }

    fn flush(&self) {}
}

//! The proxy's log, for the macros of `log`. The SDK's own logger would trap if the proxy refused a line.

use std::panic;

use log::{LevelFilter, Log, Metadata, Record};

use crate::host::{self, Level};

struct HostLog;

/// Logs warnings and errors to the proxy, and only the place of a panic, because its message could hold client data.
pub(crate) fn install() {
    panic::set_hook(Box::new(|panic| {
        if let Some(place) = panic.location() {
            host::log(Level::Critical, &format!("tenancy-filter: panic at {place}"));
        }
    }));
    // It fails if there already is a logger, which then logs.
    if log::set_logger(&HostLog).is_ok() {
        log::set_max_level(LevelFilter::Warn);
    }
}

/// Adopts the level of the proxy's log, so that a request's debug line is not even formatted unless it is logged.
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

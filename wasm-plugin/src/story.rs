//! One line per request at the proxy's debug level: the decisions, and why.

use std::cell::Cell;

use tenancy_filter::{Detail, Event, Events, Tally};

/// The limit of a line in bytes, before its last event: the sender of a request controls the number of events.
const MAX_BYTES: usize = 4096;

/// Counts events, and logs them at the debug level. All requests of a configuration share it, one after the other.
#[derive(Default)]
pub(crate) struct Story {
    pub(crate) tally: Tally,
    /// The line of the request so far; empty unless the debug level is on.
    line: Cell<String>,
}

impl Story {
    /// `Some` at the debug level; `None` if counting is enough.
    pub(crate) fn listener(&self) -> Option<&Self> {
        is_heard().then_some(self)
    }

    /// Writes the line to the log, with a prefix.
    pub(crate) fn end(&self, prefix: &str) {
        if !is_heard() {
            return;
        }
        let line = self.line.take();
        if !line.is_empty() {
            log::debug!("{prefix}{line}");
        }
    }

    fn tell(&self, event: &Event<'_>) {
        let mut line = self.line.take();
        if line.len() < MAX_BYTES {
            if !line.is_empty() {
                line.push_str("; ");
            }
            line.push_str(event.name());
            event.details(&mut |key, detail| append(&mut line, key, detail));
            if line.len() >= MAX_BYTES {
                line.push_str("; and more");
            }
        }
        self.line.set(line);
    }
}

impl Events for Story {
    #[inline(never)]
    fn record(&self, event: Event<'_>) {
        self.tally.record(event);
        if is_heard() {
            self.tell(&event);
        }
    }
}

fn is_heard() -> bool {
    log::log_enabled!(log::Level::Debug)
}

/// Adds sources, names and chosen values. Leaves out other client values, which do not belong in a log.
fn append(line: &mut String, key: &str, detail: Detail<'_>) {
    let (number, bytes);
    let value = match detail {
        Detail::Raw(_) => return,
        Detail::Source(origin) => {
            number = origin.to_string();
            &number
        }
        Detail::Count(count) => {
            number = count.to_string();
            &number
        }
        Detail::Word(word) => word,
        Detail::Header(name) | Detail::Chosen(name) => {
            bytes = String::from_utf8_lossy(name);
            &*bytes
        }
    };
    [" ", key, "=", value].iter().for_each(|text| line.push_str(text));
}

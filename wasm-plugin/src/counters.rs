//! The counters, as metrics of the host.

use tenancy_filter::{Counter, Tally};

use crate::host;

thread_local! {
    /// One for all configurations of a VM: the host's numbers stay valid as long as the VM lives.
    static COUNTERS: Counters = Counters::define();
}

/// The host's number for each counter; `None` if the host refused one, which then counts nothing.
struct Counters([Option<u32>; Counter::ALL.len()]);

/// Defines the counters, so that the host's statistics show them from zero on.
pub(crate) fn define() {
    COUNTERS.with(|_| ());
}

/// Adds the counts since the last call.
pub(crate) fn flush(tally: &Tally) {
    COUNTERS.with(|counters| counters.flush(tally));
}

impl Counters {
    fn define() -> Self {
        Self(Counter::ALL.map(|counter| host::define_counter(counter.name()).ok()))
    }

    fn flush(&self, tally: &Tally) {
        for (counter, count) in tally.take() {
            if let Some(Some(number)) = self.0.get(counter as usize) {
                // If the host refuses a count, only that count is lost.
                let _ = host::increment_counter(*number, count);
            }
        }
    }
}

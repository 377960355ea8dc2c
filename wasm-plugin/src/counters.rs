//! The counters, as metrics of the host.

use tenancy_filter::{Counter, Tally};

use crate::host;

thread_local! {
    /// One for all configurations of a VM: the host keeps each number that it gave for as long as the VM lives.
    static COUNTERS: Counters = Counters::define();
}

/// The host's number for each counter; none where it gave none, and counts nothing.
struct Counters([Option<u32>; Counter::ALL.len()]);

/// Shows the counters in the host's statistics, from zero on.
pub(crate) fn define() {
    COUNTERS.with(|_| ());
}

/// Hands on what was counted since.
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
                // A count that the host does not take is lost, and nothing else.
                let _ = host::increment_counter(*number, count);
            }
        }
    }
}

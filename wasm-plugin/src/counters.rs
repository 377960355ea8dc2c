//! The counters, as metrics of the host.

use proxy_wasm::hostcalls::{define_metric, increment_metric};
use proxy_wasm::types::MetricType;
use tenancy_filter::{Counter, Tally};

thread_local! {
    /// One for all configurations of a VM: the host keeps each number that it gave for as long as the VM lives.
    static COUNTERS: Counters = Counters::define();
}

/// The host's number for each counter.
struct Counters(Vec<u32>);

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
        // The SDK panics where the host refuses, and a plugin without metrics is then refused whole.
        let number = |counter: Counter| define_metric(MetricType::Counter, counter.name()).ok();
        Self(Counter::ALL.into_iter().map_while(number).collect())
    }

    fn flush(&self, tally: &Tally) {
        for (counter, count) in tally.take() {
            if let Some(number) = self.0.get(counter as usize) {
                // A count that the host does not take is lost, and nothing else.
                let _ = increment_metric(*number, i64::try_from(count).unwrap_or(i64::MAX));
            }
        }
    }
}

//! The counters, as metrics of the host.

use proxy_wasm::hostcalls::{define_metric, increment_metric};
use proxy_wasm::types::MetricType;
use tenancy_filter::{Counter, Tally};

/// The host's number for each counter.
#[derive(Default)]
pub(crate) struct Counters(Vec<u32>);

impl Counters {
    pub(crate) fn define() -> Self {
        // The SDK panics where the host refuses, and a plugin without metrics is then refused whole.
        let number = |counter: Counter| define_metric(MetricType::Counter, counter.name()).ok();
        Self(Counter::ALL.into_iter().map_while(number).collect())
    }

    /// Hands on what was counted since.
    pub(crate) fn flush(&self, tally: &Tally) {
        for (counter, count) in tally.take() {
            if let Some(number) = self.0.get(counter as usize) {
                // A count that the host does not take is lost, and nothing else.
                let _ = increment_metric(*number, i64::try_from(count).unwrap_or(i64::MAX));
            }
        }
    }
}

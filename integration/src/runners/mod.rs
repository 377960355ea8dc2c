//! Who runs cases: the filter itself, the compiled module, and a real Envoy.

mod envoy;
mod module;
mod native;
mod token;

pub use envoy::{Proxy, Wire};
pub use module::ModuleRunner;
pub use native::NativeRunner;

use crate::cases::{Case, Counts, Outcome};
use crate::headers::Headers;

/// What became of a request, and what was counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What became of it.
    pub outcome: Outcome,
    /// The counters that moved, but `tenancy.requests`, which counts one in each run.
    pub counted: Counts,
}

impl Run {
    /// Panics where it is not as the case says.
    pub fn check(&self, case: &Case, who: &str) {
        assert_eq!(self.outcome, case.expected(), "{who}: {}", case.name);
        if let Some(counted) = &case.counted {
            assert_eq!(&self.counted, counted, "{who}: {}", case.name);
        }
    }
}

/// Counts by the metric's name without `tenancy.`, and how many requests there were.
fn counts(metrics: impl IntoIterator<Item = (String, u64)>) -> (Counts, u64) {
    let short = |(name, count): (String, u64)| (name.trim_start_matches("tenancy.").to_owned(), count);
    let mut counts: Counts = metrics.into_iter().map(short).collect();
    let requests = counts.remove("requests").unwrap_or(0);
    (counts, requests)
}

/// Headers, parted into the pseudo-headers and all others.
fn part(headers: Headers) -> (Headers, Headers) {
    let (pseudo, others) = headers.0.into_iter().partition(|(name, _)| name.starts_with(b":"));
    (Headers(pseudo), Headers(others))
}

//! Who runs cases: the filter itself, the compiled module, and a real Envoy.

mod envoy;
mod module;
mod native;
mod token;

pub use envoy::{Proxy, Wire};
pub use module::ModuleRunner;
pub use native::NativeRunner;

use playground::Headers;
use std::collections::BTreeSet;

use crate::cases::{Case, Counts, Outcome};

/// The result of a request, and its counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What became of it.
    pub outcome: Outcome,
    /// The counters that moved, but `tenancy.requests`, which counts one in each run.
    pub counted: Counts,
    /// How many times a header or trailer was written or removed.
    pub changes: usize,
}

impl Run {
    /// Panics if the result differs from the case, or if more was written than had to change (R2).
    pub fn check(&self, case: &Case, who: &str) {
        assert_eq!(self.outcome, case.expected(), "{who}: {}", case.name);
        if let Outcome::Upstream(headers, trailers) = &self.outcome {
            let needed = differing(&case.headers(), headers) + differing(&case.trailers(), trailers);
            assert_eq!(self.changes, needed, "{who}: {}: changes", case.name);
        }
        if let Some(counted) = &case.counted {
            assert_eq!(&self.counted, counted, "{who}: {}", case.name);
        }
    }
}

/// How many names have other lines than before.
fn differing(before: &Headers, after: &Headers) -> usize {
    let lines =
        |headers: &Headers, name: &[u8]| headers.0.iter().filter(|line| line.0 == name).cloned().collect::<Vec<_>>();
    let names: BTreeSet<_> = before.0.iter().chain(&after.0).map(|(name, _)| name).collect();
    names.into_iter().filter(|name| lines(before, name) != lines(after, name)).count()
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

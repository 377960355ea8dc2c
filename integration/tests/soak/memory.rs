//! The memory of an Envoy, as Linux and as it tells itself.

use std::fmt;
use std::fs;

use anyhow::{Context, Result, ensure};
use integration::Envoy;
use serde_json::Value;

const KIB: u64 = 1024;

/// How much the memory of the process may grow after warm-up; its allocator keeps and returns pages as it likes.
pub(crate) const GROWTH_PER_CENT: u64 = 4;

/// Behind a module's linear memory V8 reserves what 32 bits may address, so that no access needs a check.
const RESERVED: u64 = 4 << 30;

/// What an Envoy holds.
pub(crate) struct Memory {
    resident: u64,
    /// What its allocator has given out, whatever pages that takes.
    allocated: u64,
    /// The linear memory of each VM of the process.
    linear: Vec<u64>,
}

impl Memory {
    /// Of an Envoy with a module in V8.
    pub(crate) async fn of(envoy: &Envoy) -> Result<Self> {
        let pid = envoy.pid();
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let resident = line.trim().trim_end_matches(" kB").parse::<u64>()? * KIB;
        let linear = linear(&fs::read_to_string(format!("/proc/{pid}/maps"))?)?;
        ensure!(!linear.is_empty(), "no linear memory");
        let memory: Value = serde_json::from_str(&envoy.admin("/memory").await?)?;
        let allocated = memory["allocated"].as_str().context("nothing allocated")?.parse()?;
        Ok(Self { resident, allocated, linear })
    }
}

/// The sizes of all linear memories: what may be written, right before so large a reservation.
fn linear(maps: &str) -> Result<Vec<u64>> {
    let mut sizes = Vec::new();
    let mut before = (0, 0);
    for line in maps.lines() {
        let (range, rest) = line.split_once(' ').context("no range")?;
        let (start, end) = range.split_once('-').context("no end")?;
        let (start, end) = (u64::from_str_radix(start, 16)?, u64::from_str_radix(end, 16)?);
        if rest.starts_with("---p") && end - start >= RESERVED && start == before.0 {
            sizes.push(before.1);
        }
        before = if rest.starts_with("rw-p") { (end, end - start) } else { (0, 0) };
    }
    sizes.sort_unstable();
    Ok(sizes)
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let linear: Vec<_> = self.linear.iter().map(|size| size / KIB).collect();
        write!(f, "{} KiB resident, {} allocated, {linear:?} linear", self.resident / KIB, self.allocated / KIB)
    }
}

/// The first sample is that after warm-up.
pub(crate) fn assert_flat(samples: &[Memory], growth_per_cent: u64) {
    let [warm, later @ ..] = samples else { panic!("no sample") };
    for memory in later {
        assert!(memory.resident <= warm.resident * (100 + growth_per_cent) / 100, "{warm}, later {memory}");
        assert_eq!(memory.linear, warm.linear);
    }
}

/// How many KiB more are allocated than after warm-up.
pub(crate) fn growth(samples: &[Memory]) -> u64 {
    let [warm, .., last] = samples else { panic!("too few samples") };
    last.allocated.saturating_sub(warm.allocated) / KIB
}

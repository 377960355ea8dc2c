//! The findings in a configuration, written to the proxy's log.

use tenancy_filter::{Findings, Severity};

use crate::host::{self, HostFailure};

const MISPLACED: &str = "warning: role: this proxy is a waypoint, and role: mesh takes whatever comes in for its workload's own, so what leaves the mesh keeps our context; write role: waypoint";

/// All plugins share the host's data.
const PREFIX: &[u8] = b"tenancy-filter.told.";

/// The number of slots is bounded: a proxy may read any number of configurations, and shared data is never freed.
const SLOTS: u8 = 16;

/// Logs all findings of a rejected configuration, one line each; the proxy tries such a configuration in only one VM.
pub(crate) fn tell(findings: &Findings) {
    for finding in findings.iter() {
        let level = match finding.severity {
            Severity::Warning => log::Level::Warn,
            Severity::Error => log::Level::Error,
        };
        log::log!(level, "{finding}");
    }
}

/// Logs the warnings of an accepted configuration once per proxy, although every VM reads it.
pub(crate) fn tell_once(json: &[u8], warnings: &Findings) {
    if warnings.iter().next().is_some() && is_first(json) {
        tell(warnings);
    }
}

/// Logs once that a waypoint has `role: mesh`.
#[cold]
pub(crate) fn tell_misplaced() {
    if is_first(MISPLACED.as_bytes()) {
        log::warn!("{MISPLACED}");
    }
}

/// Whether this text is new in its slot, and claims it. A failure counts as new: logging twice is better than never.
fn is_first(json: &[u8]) -> bool {
    let hash = hash(json);
    let key = [PREFIX, &[slot(hash)]].concat();
    let claim = || {
        let known = host::shared_data(&key)?;
        if known.bytes == hash.to_le_bytes() {
            return Ok(false);
        }
        // Another VM may have claimed this text, or another text of the slot, in the meantime.
        Ok::<_, HostFailure>(
            host::replace_shared_data(&key, &hash.to_le_bytes(), known.version)?
                || host::shared_data(&key)?.bytes != hash.to_le_bytes(),
        )
    };
    claim().unwrap_or(true)
}

fn slot(hash: u64) -> u8 {
    let [.., last] = hash.to_le_bytes();
    last % SLOTS
}

/// FNV-1a, 64 bits.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

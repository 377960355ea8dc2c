//! What was found in a configuration, told in the proxy's log.

use tenancy_filter::{Findings, Severity};

use crate::host::{self, HostFailure};

const MISPLACED: &str = "warning: role: this proxy is a waypoint, and role: mesh takes whatever comes in for its workload's own, so what leaves the mesh keeps our context; write role: waypoint";

/// All plugins share the host's data.
const PREFIX: &[u8] = b"tenancy-filter.told.";

/// A proxy takes configurations as long as it runs, and what it shares never goes away.
const SLOTS: u8 = 16;

/// Tells all findings, a line each: of a refused configuration, which the proxy tries in one VM alone.
pub(crate) fn tell(findings: &Findings) {
    for finding in findings.iter() {
        let level = match finding.severity {
            Severity::Warning => log::Level::Warn,
            Severity::Error => log::Level::Error,
        };
        log::log!(level, "{finding}");
    }
}

/// Tells the warnings of one that is taken, once: every VM of the proxy reads it.
pub(crate) fn tell_once(json: &[u8], warnings: &Findings) {
    if warnings.iter().next().is_some() && is_first(json) {
        tell(warnings);
    }
}

/// Tells once that a waypoint has `role: mesh`.
#[cold]
pub(crate) fn tell_misplaced() {
    if is_first(MISPLACED.as_bytes()) {
        log::warn!("{MISPLACED}");
    }
}

/// Whether this text is not the last that a VM of this proxy claimed in its slot. Better told twice than never.
fn is_first(json: &[u8]) -> bool {
    let hash = hash(json);
    let key = [PREFIX, &[slot(hash)]].concat();
    let claim = || {
        let known = host::shared_data(&key)?;
        if known.bytes == hash.to_le_bytes() {
            return Ok(false);
        }
        // Who comes first in between may have claimed this text, or another one of the slot.
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

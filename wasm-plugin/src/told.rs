//! What was found in a configuration, told in the proxy's log.

use tenancy_filter::{Findings, Severity};

use crate::host::{self, HostFailure};

/// All plugins share the host's data.
const PREFIX: &[u8] = b"tenancy-filter.told.";

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

/// Whether no VM of this proxy has claimed a configuration before. Better told twice than never.
fn is_first(json: &[u8]) -> bool {
    let key = [PREFIX, &hash(json).to_le_bytes()].concat();
    let claim = || {
        let known = host::shared_data(&key)?;
        Ok::<_, HostFailure>(known.bytes.is_empty() && host::replace_shared_data(&key, b"1", known.version)?)
    };
    claim().unwrap_or(true)
}

/// FNV-1a, 64 bits.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

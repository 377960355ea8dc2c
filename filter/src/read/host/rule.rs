//! A host as a source of the tenant.

use super::HostPattern;

/// Which hosts name a tenant, and which names are none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct HostRule {
    pub(crate) pattern: HostPattern,
    /// In lower case: what fits the pattern and is no tenant, such as `www`.
    pub(crate) except: Vec<Box<str>>,
}

impl HostRule {
    /// Whether a name of its pattern is no tenant.
    pub(crate) fn excepts(&self, name: &[u8]) -> bool {
        self.except.iter().any(|known| known.as_bytes() == name)
    }
}

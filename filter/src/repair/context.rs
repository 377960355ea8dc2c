//! What is remembered of a request: what it carried.

use crate::overrides::{Dialect, Overrides};
use crate::rules::{Carried, Rules};

/// The most bytes of a context that is remembered (512); a larger one is known to be too large, and not restored.
pub const MAX_CONTEXT_BYTES: usize = 512;

/// What a request carried: its tenant and overrides, or that it carried none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context(pub(super) Vec<u8>);

/// Between the tenant and the overrides; neither may hold it.
const SEPARATOR: u8 = 0;

impl Context {
    pub(crate) fn new(carried: &Carried<'_>) -> Self {
        let mut bytes = carried.tenant.as_ref().map(|tenant| tenant.name().into_owned()).unwrap_or_default();
        bytes.push(SEPARATOR);
        bytes.extend(carried.overrides.line(&Dialect::CANONICAL).unwrap_or_default());
        Self(bytes)
    }

    /// Adds what these rules carry and the request does not; whether that was anything.
    pub(super) fn complete(&self, carried: &mut Carried<'_>, rules: &Rules) -> bool {
        let mut parts = self.0.splitn(2, |byte| *byte == SEPARATOR);
        let mut next = || parts.next().unwrap_or_default();
        let tenant = rules.tenant.parse(next().to_vec().into()).filter(|_| rules.lacks_tenant(carried));
        let overrides = Overrides::parse(next());
        let completes = !overrides.is_empty() && rules.lacks_overrides(carried);
        let is_restored = tenant.is_some() || completes;
        carried.tenant = carried.tenant.take().or(tenant);
        if completes {
            carried.overrides = overrides;
        }
        is_restored
    }
}

//! What is remembered of a request: what it carried.

use crate::read::overrides::{Dialect, Overrides};
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
        let mut is_restored = false;
        let mut parts = self.0.splitn(2, |byte| *byte == SEPARATOR);
        let mut next = || parts.next().unwrap_or_default();
        let (tenant, overrides) = (next(), next());
        if rules.lacks_tenant(carried) {
            carried.tenant = rules.tenant.parse(tenant.to_vec().into());
            is_restored |= carried.tenant.is_some();
        }
        if rules.lacks_overrides(carried) {
            carried.overrides = Overrides::parse(overrides);
            is_restored |= !carried.overrides.is_empty();
        }
        is_restored
    }
}

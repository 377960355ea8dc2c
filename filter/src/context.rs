//! The two things that travel with a request.

use crate::read::overrides::Overrides;
use crate::read::tenant::Tenant;

/// What a request carries.
#[derive(Debug, Default)]
pub(crate) struct Context<'a> {
    pub(crate) tenant: Option<Tenant<'a>>,
    pub(crate) overrides: Overrides<'a>,
}

impl Context<'_> {
    /// Whether it holds neither.
    pub(crate) fn is_empty(&self) -> bool {
        self.tenant.is_none() && self.overrides.is_empty()
    }
}

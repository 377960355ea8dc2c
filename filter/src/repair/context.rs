//! What is remembered of a request: its context, as bytes.

use super::TraceId;
use crate::context::Context;
use crate::read::overrides::{Dialect, Overrides};
use crate::rules::Rules;

/// The most bytes of a context that is remembered (512); a larger one is known to be too large, and not restored.
pub const MAX_CONTEXT_BYTES: usize = 512;

/// A tenant and overrides, or that there were none, as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedContext(pub(super) Vec<u8>);

/// What to remember of an inbound request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memo {
    /// What it carries.
    pub context: EncodedContext,
    /// By which ids to remember that, each once: one for each trace header, or two for one that is not well-formed.
    pub ids: Vec<TraceId>,
}

impl Memo {
    pub(crate) fn new(context: &Context<'_>, ids: Vec<TraceId>) -> Self {
        Self { context: EncodedContext::new(context), ids }
    }
}

/// Between the tenant and the overrides; neither may hold it.
const SEPARATOR: u8 = 0;

impl EncodedContext {
    fn new(context: &Context<'_>) -> Self {
        let mut bytes = context.tenant.as_ref().map(|tenant| tenant.name().into_owned()).unwrap_or_default();
        bytes.push(SEPARATOR);
        bytes.extend(context.overrides.line(&Dialect::CANONICAL).unwrap_or_default());
        Self(bytes)
    }

    /// Adds what these rules carry and the request does not. Returns whether that was anything.
    pub(super) fn complete(&self, context: &mut Context<'_>, rules: &Rules) -> bool {
        let mut is_restored = false;
        let mut parts = self.0.splitn(2, |byte| *byte == SEPARATOR);
        let mut next = || parts.next().unwrap_or_default();
        let (tenant, overrides) = (next(), next());
        if rules.tenant_to.lack(context) {
            context.tenant = rules.tenant.parse(tenant.to_vec().into());
            is_restored |= context.tenant.is_some();
        }
        if rules.overrides_to.lack(context) {
            context.overrides = Overrides::parse(overrides);
            is_restored |= !context.overrides.is_empty();
        }
        is_restored
    }
}

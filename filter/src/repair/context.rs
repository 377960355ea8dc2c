//! What is remembered of a request: its context, as bytes.

use super::TraceId;
use crate::context::{Context, SEPARATOR};
use crate::events::Events;
use crate::lookup::Lookup;
use crate::read::overrides::Overrides;
use crate::rules::Rules;
use crate::seal::{OnUnsealed, Seal};

/// The most bytes of a context that is remembered (512); a larger one is known to be too large, and not restored.
pub const MAX_CONTEXT_BYTES: usize = 512;

/// A tenant and overrides, a seal that holds them, or that there were none, as bytes.
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

impl EncodedContext {
    /// The tenant and the overrides, with a separator between; or two separators and a seal, which holds both.
    fn new(context: &Context<'_>) -> Self {
        Self(match context.seal.valid() {
            Some(seal) => [&[SEPARATOR; 2], seal].concat(),
            None => context.to_bytes(),
        })
    }

    /// Adds what these rules carry and the request does not. Returns whether that was anything.
    pub(super) fn complete(
        &self,
        context: &mut Context<'_>,
        rules: &Rules,
        lookup: &mut dyn Lookup,
        events: &dyn Events,
    ) -> bool {
        let mut parts = self.0.splitn(3, |byte| *byte == SEPARATOR);
        let mut next = || parts.next().unwrap_or_default();
        let (tenant, overrides, seal) = (next(), next(), next());
        match &rules.seal {
            Some((_, Seal::Verify(_))) if !seal.is_empty() => unseal(seal, context, rules, lookup, events),
            Some((_, Seal::Verify(verification))) if verification.unsealed == OnUnsealed::Drop => false,
            Some(_) | None => complete(tenant, overrides, context, rules),
        }
    }
}

fn complete(tenant: &[u8], overrides: &[u8], context: &mut Context<'_>, rules: &Rules) -> bool {
    let mut is_restored = false;
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

/// A seal that is restored is verified like one that came: it may have expired meanwhile.
fn unseal(seal: &[u8], context: &mut Context<'_>, rules: &Rules, lookup: &mut dyn Lookup, events: &dyn Events) -> bool {
    match lookup.unseal(seal) {
        // What it holds was admitted when it came.
        Ok(held) => rules.admit(seal.to_vec().into(), &held, context, events).is_ok(),
        Err(why) => {
            events.record(crate::events::Event::Unsealed { why });
            false
        }
    }
}

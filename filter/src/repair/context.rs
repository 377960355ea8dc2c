//! What is remembered of a request: its context, as bytes.

use super::TraceId;
use crate::context::{Context, SEPARATOR, Standing};
use crate::events::{Event, Events};
use crate::lookup::Lookup;
use crate::read::overrides::Overrides;
use crate::rules::Rules;
use crate::seal::{OnUnsealed, Seal, SealText, split_context};

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

    /// The seal that holds the context; `None` if it came without.
    fn seal(&self) -> Option<&[u8]> {
        self.0.strip_prefix(&[SEPARATOR; 2])
    }

    /// What two requests with one trace id carry, if it is the same. Of two seals of one context the one counts that ends
    /// later: a gateway seals requests of one trace at different times.
    pub(super) fn agreed(&self, other: &Self) -> Option<Self> {
        if self == other {
            return Some(self.clone());
        }
        let (one, two) = (SealText::parse(self.seal()?)?, SealText::parse(other.seal()?)?);
        one.holds_the_same(&two).then(|| if one.expiry < two.expiry { other.clone() } else { self.clone() })
    }

    /// Adds what these rules carry and the request does not. Returns whether that was anything.
    pub(super) fn complete(
        &self,
        context: &mut Context<'_>,
        rules: &Rules,
        lookup: &mut dyn Lookup,
        events: &dyn Events,
    ) -> bool {
        match (self.seal(), &rules.seal) {
            (Some(seal), Some((_, Seal::Verify(verification)))) => {
                unseal(seal, verification.unsealed, context, rules, lookup, events)
            }
            (None, Some((_, Seal::Verify(verification)))) if verification.unsealed == OnUnsealed::Drop => false,
            // Seals were configured until just now.
            (Some(seal), Some(_) | None) => complete(&held(seal), context, rules),
            (None, Some(_) | None) => complete(&self.0, context, rules),
        }
    }
}

/// Adds the tenant and the overrides of a context, each if the request has none.
fn complete(held: &[u8], context: &mut Context<'_>, rules: &Rules) -> bool {
    let (tenant, overrides) = split_context(held);
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

/// A seal that is restored is verified like one that came: it may have expired meanwhile. Under `count` a request is
/// completed as without seals, where its seal has expired or its application says something else.
fn unseal(
    seal: &[u8],
    unsealed: OnUnsealed,
    context: &mut Context<'_>,
    rules: &Rules,
    lookup: &mut dyn Lookup,
    events: &dyn Events,
) -> bool {
    let counts = unsealed == OnUnsealed::Count;
    match lookup.unseal(seal) {
        Ok(held) if counts && !agrees(context, &held) => complete(&held, context, rules),
        // What it holds was admitted when it came.
        Ok(held) => rules.admit(seal.to_vec().into(), &held, context, events).is_ok(),
        Err(why) => {
            if let Standing::Unsealed = context.seal {
                events.record(Event::Unsealed { why });
                context.seal = Standing::Refused(None);
            }
            counts && complete(&held(seal), context, rules)
        }
    }
}

/// Whether a request says nothing else than what a seal holds.
fn agrees(context: &Context<'_>, held: &[u8]) -> bool {
    let said = context.to_bytes();
    let ((tenant, overrides), (sealed_tenant, sealed_overrides)) = (split_context(&said), split_context(held));
    let is_same = |said: &[u8], sealed: &[u8]| said.is_empty() || said == sealed;
    is_same(tenant, sealed_tenant) && is_same(overrides, sealed_overrides)
}

/// What a seal holds that was valid when it came.
fn held(seal: &[u8]) -> Vec<u8> {
    SealText::parse(seal).and_then(|seal| seal.context()).unwrap_or_default()
}

//! A request's seals: read before anything else, and written beside their contents.

use std::borrow::Cow;

use crate::baggage::Key;
use crate::bytes::text::elements;
use crate::context::{Context, Standing};
use crate::decision::{Mutation, Policy, Refusal};
use crate::events::{Event, Events, Origin, Unsealed};
use crate::lookup::Lookup;
use crate::names::{Field, HeaderName, Line, Lines};
use crate::read::carried::Carried;
use crate::read::overrides::Overrides;
use crate::read::tenant::Tenant;
use crate::rules::Rules;
use crate::seal::text::{MAX_SEALED_BYTES, SealText, split_context};
use crate::seal::{OnUnsealed, Seal, Verification};
use crate::write::strip;

/// The most seals that are read in the header, in `baggage` and in the older lists each: an honest request has the same
/// one in all of them. With a common limit the next proxy, which finds fewer, would read further.
const MAX_SEALS: usize = 4;

/// The places to which a seal is written, and from which the mesh reads it.
#[derive(Debug)]
pub(crate) struct SealTargets {
    pub(crate) header: (HeaderName, Field),
    /// The member, and its number among those that are read.
    pub(crate) baggage: Option<(Key, u16)>,
}

impl SealTargets {
    /// The seals of a request: the header's, those in `baggage`, and those in the older lists.
    fn texts<'s, 'a>(&'s self, carried: &'s Carried<'_, 'a>) -> impl Iterator<Item = Cow<'a, [u8]>> {
        let (_, field) = self.header;
        let lines = carried.lines.values(field).flat_map(elements).map(|text| (0, Cow::Borrowed(text)));
        let members = self.baggage.iter().flat_map(|(_, number)| carried.baggage(*number));
        let members = members.map(|(is_older, text)| (if is_older { 2 } else { 1 }, text));
        let mut left = [MAX_SEALS; 3];
        lines.chain(members).filter_map(move |(carrier, text)| {
            let left = left.get_mut(carrier)?;
            *left = left.checked_sub(1)?;
            Some(text)
        })
    }
}

/// Seals in the mesh.
impl Rules {
    /// Fills in the contents of the first valid seal. Returns whether the sources count: there is no valid seal, and
    /// `seal.unsealed` is `count`.
    #[inline(never)]
    pub(crate) fn open<'a>(
        &self,
        (targets, verification): (&SealTargets, &Verification),
        carried: &Carried<'_, 'a>,
        context: &mut Context<'a>,
        lookup: &mut dyn Lookup,
        events: &dyn Events,
    ) -> Result<bool, Refusal> {
        let counts = verification.unsealed == OnUnsealed::Count;
        let (mut first, mut passed_on) = (None, None);
        for text in targets.texts(carried) {
            match lookup.unseal(&text) {
                Ok(held) => {
                    self.admit(text, &held, context, events)?;
                    return Ok(false);
                }
                Err(why) => {
                    first = first.or(Some(why));
                    passed_on = passed_on.or(Some(text).filter(|text| SealText::parse(text).is_some()));
                }
            }
        }
        if let Some(why) = first {
            events.record(Event::Unsealed { why });
            context.seal = Standing::Refused(passed_on.filter(|_| counts && !self.role.is_edge()));
        }
        Ok(counts)
    }

    /// Takes only the contents of a valid seal.
    ///
    /// # Errors
    /// [`Refusal::TenantInvalid`], and the context stays as it was.
    #[inline(never)]
    pub(crate) fn admit<'a>(
        &self,
        text: Cow<'a, [u8]>,
        held: &[u8],
        context: &mut Context<'a>,
        events: &dyn Events,
    ) -> Result<(), Refusal> {
        let (tenant, overrides) = split_context(held);
        let tenant = self.admit_tenant(tenant, events)?;
        *context = Context { tenant, overrides: Overrides::parse(overrides), seal: Standing::Sealed(text) };
        self.tell_sealed(context, events);
        Ok(())
    }

    /// The tenant of a seal, unless it is invalid here. `tenant.pattern` may differ from the edge's.
    fn admit_tenant<'a>(&self, name: &[u8], events: &dyn Events) -> Result<Option<Tenant<'a>>, Refusal> {
        let Some(why) = self.tenant.fault(name).filter(|_| !name.is_empty()) else {
            return Ok(self.tenant.parse(name.to_vec().into()));
        };
        events.record(Event::TenantInvalid { source: Origin::SEAL, value: name, why });
        match self.tenant.on_invalid {
            Policy::Tolerate => Ok(None),
            Policy::Reject => Err(Refusal::TenantInvalid),
        }
    }

    fn tell_sealed(&self, context: &Context<'_>, events: &dyn Events) {
        let key = context.seal.valid().and_then(SealText::parse).map_or("", |seal| seal.key);
        let tenant = context.tenant.as_ref().map(|tenant| tenant.name()).unwrap_or_default();
        let overrides = context.overrides.count();
        events.record(Event::Sealed { key, tenant: &tenant, overrides });
        if overrides > 0 {
            events.record(Event::Overrides { count: overrides });
        }
    }

    /// Reports a context without a seal, kept or lost, and a context that contradicts its valid seal.
    #[inline(never)]
    pub(crate) fn tell_seal<'a>(
        &'a self,
        context: &Context<'a>,
        lines: &Lines<'a>,
        mutations: &[Mutation<'_>],
        events: &dyn Events,
    ) {
        let Some((_, Seal::Verify(verification))) = &self.seal else { return };
        let is_source = |line: &Line<'_>| line.exact && matches!(line.field, Field::Source(_));
        let brings = || {
            lines.owned.iter().any(is_source)
                || self.contradict(lines, context)
                || !strip::strip_forms(self.baggage.as_ref(), lines).is_empty()
        };
        let event = match (&context.seal, verification.unsealed) {
            // Told when it was read.
            (Standing::Refused(_), _) => return,
            (Standing::Unsealed, OnUnsealed::Count) if context.is_empty() => return,
            (Standing::Unsealed, OnUnsealed::Drop) if !brings() => return,
            (Standing::Unsealed, _) => Event::Unsealed { why: Unsealed::Absent },
            (Standing::Sealed(_), _) if mutations.is_empty() || !self.contradict(lines, context) => return,
            (Standing::Sealed(_), _) => Event::SealOverruled,
        };
        events.record(event);
    }

    /// Whether the request's targets differ from its context.
    fn contradict<'a>(&'a self, lines: &Lines<'a>, context: &Context<'a>) -> bool {
        let mut rewritten = Vec::new();
        self.tenant_to.write(lines, context.tenant.as_ref(), &mut rewritten);
        self.overrides_to.write(lines, &context.overrides, &mut rewritten);
        self.write_seal(lines, context, &mut rewritten);
        let is_line_of = |mutation: &Mutation<'_>| {
            let (Mutation::Remove { name } | Mutation::Set { name, .. }) = mutation;
            lines.owned.iter().any(|line| line.exact && line.name == *name)
        };
        rewritten.iter().any(is_line_of)
            || self.baggage.as_ref().is_some_and(|rules| rules.contradict(lines, &self.members(context)))
    }
}

/// Seals at an edge.
impl Rules {
    /// Seals the decided context.
    #[inline(never)]
    pub(crate) fn seal(&self, context: &mut Context<'_>, lookup: &mut dyn Lookup, events: &dyn Events) {
        if context.is_empty() {
            return;
        }
        let bytes = context.to_bytes();
        if bytes.len() > MAX_SEALED_BYTES {
            events.record(Event::SealTooLarge { bytes: bytes.len() });
            return;
        }
        match lookup.seal(&bytes) {
            Some(text) => {
                events.record(Event::SealMade);
                context.seal = Standing::Sealed(text.into());
            }
            None => events.record(Event::SealFailed),
        }
    }
}

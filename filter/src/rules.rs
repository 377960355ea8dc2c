//! The compiled rules for one role.

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::answer::Answer;
use crate::baggage::{BaggageRules, Key};
use crate::caller::Caller;
use crate::context::Context;
use crate::decision::{Mutation, Policy, Refusal};
use crate::events::{Event, Events, Unoffered};
use crate::lookup::Lookup;
use crate::mesh::MeshDomains;
use crate::names::{Lines, Names, Pseudo};
use crate::read::carried::{Asked, Carried};
use crate::read::evidence::Verified;
use crate::read::link;
use crate::read::overrides::{Call, Format, OverrideRules};
use crate::read::tenant::TenantRules;
use crate::request::{Role, Token};
use crate::seal::{Seal, SealTargets};
use crate::write::destinations::Destinations;
use crate::write::projection::{Projection, Service};
use crate::write::strip;
use crate::write::targets::{OverrideTargets, TenantTargets, set_line};
use crate::write::withhold::Withholding;

/// Our baggage: the tenant, the overrides and the seal, each with its key.
type Members<'a> = SmallVec<[(&'a Key, Cow<'a, [u8]>); 3]>;

/// The rules for a request.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) role: Role,
    pub(crate) names: Names,
    pub(crate) asked: Asked,
    /// Whether an edge refuses plain CONNECT.
    pub(crate) tunnel: Policy,
    /// Whether a token matters.
    pub(crate) reads_token: bool,
    pub(crate) verified: Verified,
    pub(crate) tenant: TenantRules,
    pub(crate) tenant_to: TenantTargets,
    pub(crate) overrides: OverrideRules,
    pub(crate) overrides_to: OverrideTargets,
    pub(crate) projections: Vec<Projection>,
    pub(crate) destinations: Option<Destinations>,
    pub(crate) caller: Caller,
    /// `None` if the configuration does not touch baggage.
    pub(crate) baggage: Option<BaggageRules>,
    pub(crate) mesh: MeshDomains,
    /// Our context, which may not leave the mesh; `None` at an edge, where the mesh begins.
    pub(crate) withholding: Option<Withholding>,
    /// `None` without `seal`.
    pub(crate) seal: Option<(SealTargets, Seal)>,
}

impl Rules {
    /// Whether a tunnel passes untouched, as in the mesh (HBONE).
    pub(crate) fn passes_tunnel(&self, pseudo: &Pseudo<'_>) -> Result<bool, Refusal> {
        match (pseudo.is_tunnel, self.role, self.tunnel) {
            (true, Role::Edge, Policy::Reject) => Err(Refusal::Tunnel),
            (is_tunnel, role, _) => Ok(is_tunnel && !role.is_edge()),
        }
    }

    /// Whether only a valid seal gives context.
    pub(crate) fn drops_unsealed(&self) -> bool {
        self.seal.as_ref().is_some_and(|(_, seal)| seal.drops_unsealed())
    }

    /// Whether the version of a service matters here.
    pub(crate) fn reads_versions(&self) -> bool {
        !self.projections.is_empty() || self.destinations.as_ref().is_some_and(Destinations::name_versions)
    }

    /// Whether the called service matters.
    pub(crate) fn reads_called(&self) -> bool {
        let is_called = |projection: &Projection| projection.service == Service::Called;
        self.projections.iter().any(is_called) || self.destinations.as_ref().is_some_and(Destinations::name_versions)
    }

    /// The call of a request at this proxy.
    fn call<'c>(&'c self, lines: &Lines<'c>) -> Call<'c> {
        Call { method: lines.pseudo.method, caller: self.caller.name() }
    }

    /// Removes a list of destinations that arrived with a request.
    pub(crate) fn clear_destinations<'a>(&'a self, lines: &Lines<'a>) -> Option<Mutation<'a>> {
        self.destinations.as_ref().and_then(|Destinations { header, field, .. }| set_line(lines, header, *field, None))
    }

    /// The other destinations of a request; `None` if there are none.
    #[inline(never)]
    pub(crate) fn offer(
        &self,
        destinations: &Destinations,
        lines: &Lines<'_>,
        host: Option<&[u8]>,
        context: &Context<'_>,
        lookup: &mut impl Lookup,
        events: &impl Events,
    ) -> Option<Vec<u8>> {
        let route = match destinations.are_forestalled(self.role, lines) {
            true => Err(Unoffered::Brought),
            false => lookup.route().ok_or(Unoffered::NoRoute),
        };
        let call = self.call(lines);
        let offer = |route| destinations.offer(self, context, host, route, &call, events);
        let offered = route.as_ref().map_err(|why| *why).and_then(offer);
        let event =
            Event::Destinations { header: &destinations.header, offered: offered.as_deref().map_err(|why| *why) };
        events.record(event);
        offered.ok()
    }

    /// Fills in the values of the believed sources, unless the filter answers the request.
    pub(crate) fn resolve<'a>(
        &self,
        lines: &Lines<'a>,
        token: Option<&'a Token<'a>>,
        context: &mut Context<'a>,
        lookup: &mut impl Lookup,
        events: &impl Events,
    ) -> Result<(), Answer> {
        let carried = Carried::new(lines, &self.asked);
        if let Some((targets, Seal::Verify(verification))) = &self.seal
            && !self.open((targets, verification), &carried, context, lookup, events)?
        {
            return Ok(());
        }
        let evidence = self.verified.weigh(&carried, token, |issuer| self.tenant.admits(issuer));
        if let (true, None, Some(why)) = (self.reads_token, evidence.token, evidence.doubt) {
            events.record(Event::TokenNotBelieved { why });
        }
        if !self.tenant.links.is_empty() {
            link::follow(&self.tenant, &evidence, &mut |event| events.record(event))?;
        }
        context.tenant = self.tenant.resolve(&evidence, events)?;
        self.overrides.resolve(&evidence, &mut context.overrides, events)?;
        if let Some((_, Seal::Sign(_))) = &self.seal {
            self.seal(context, lookup, events);
        }
        Ok(())
    }

    /// The changes that write the context to each of its targets; an edge removes all our other headers and members.
    pub(crate) fn write<'a>(
        &'a self,
        lines: &Lines<'a>,
        host: Option<&'a [u8]>,
        context: &Context<'a>,
        destinations: Option<Vec<u8>>,
        events: &impl Events,
    ) -> Vec<Mutation<'a>> {
        let mut mutations = match self.role {
            Role::Edge => strip::strip(&self.names, self.baggage.as_ref(), lines),
            Role::Mesh | Role::Waypoint if self.drops_unsealed() => strip::strip_forms(self.baggage.as_ref(), lines),
            Role::Mesh | Role::Waypoint => Vec::new(),
        };
        self.tenant_to.write(lines, context.tenant.as_ref(), &mut mutations);
        self.overrides_to.write(lines, &context.overrides, &mut mutations);
        self.write_seal(lines, context, &mut mutations);
        let call = self.call(lines);
        for projection @ Projection { header, field, service } in &self.projections {
            let version = projection.version(host, &context.overrides, &self.mesh, &call, events);
            events.record(Event::Projected { header, service: service.name(), version: version.as_deref() });
            mutations.extend(set_line(lines, header, *field, version));
        }
        if let Some(Destinations { header, field, .. }) = &self.destinations {
            mutations.extend(set_line(lines, header, *field, destinations.map(Cow::Owned)));
        }
        if let Some(rules) = &self.baggage {
            mutations.extend(rules.rewrite(lines, &self.members(context), events));
        }
        match self.role {
            Role::Edge => strip::record(&mutations, events),
            Role::Mesh | Role::Waypoint => {}
        }
        mutations
    }

    /// Writes the seal into its header.
    pub(crate) fn write_seal<'a>(&'a self, lines: &Lines<'a>, context: &Context<'a>, out: &mut Vec<Mutation<'a>>) {
        if let Some((SealTargets { header: (header, field), .. }, _)) = &self.seal {
            out.extend(set_line(lines, header, *field, context.seal.text()));
        }
    }

    /// What is written as baggage.
    pub(crate) fn members<'a>(&'a self, context: &Context<'a>) -> Members<'a> {
        let mut members = SmallVec::new();
        if let Some(tenant) = &context.tenant {
            members.extend(self.tenant_to.baggage.iter().map(|key| (key, tenant.name())));
        }
        if let Some(key) = &self.overrides_to.baggage {
            members.extend(context.overrides.line(&Format::CANONICAL).map(|line| (key, Cow::Owned(line))));
        }
        if let Some((SealTargets { baggage: Some((key, _)), .. }, _)) = &self.seal {
            members.extend(context.seal.text().map(|text| (key, text)));
        }
        members
    }
}

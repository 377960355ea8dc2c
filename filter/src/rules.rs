//! What a configuration says is to be done with a request, as one peer's role reads it.

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::baggage::{BaggageRules, Key};
use crate::bytes::text::same;
use crate::decision::{Mutation, Refusal};
use crate::events::{Counter, Tally};
use crate::mesh::{Internal, Place};
use crate::names::{Field, HeaderName, Lines, Names};
use crate::read::evidence::Verified;
use crate::read::overrides::{Dialect, OverrideRules, Overrides};
use crate::read::tenant::{Policy, Tenant, TenantRules};
use crate::request::Header;
use crate::request::Token;
use crate::write::projection::Projection;
use crate::write::strip;
use crate::write::withhold::Egress;

/// Whom the proxy faces: always configured, never inferred from a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Clients that are not trusted: an ingress gateway.
    Edge,
    /// Other workloads: a sidecar, a waypoint.
    Mesh,
}

/// What to do with a request.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) role: Role,
    pub(crate) names: Names,
    /// Whether an edge refuses plain CONNECT.
    pub(crate) tunnel: Policy,
    pub(crate) verified: Verified,
    pub(crate) tenant: TenantRules,
    pub(crate) tenant_to: TenantTargets,
    pub(crate) overrides: OverrideRules,
    pub(crate) overrides_to: OverrideTargets,
    pub(crate) projections: Vec<Projection>,
    /// Nothing where the configuration leaves baggage alone.
    pub(crate) baggage: Option<BaggageRules>,
    /// Names of the mesh beside Kubernetes' own.
    pub(crate) internal: Internal,
    /// What may not leave the mesh; nothing at an edge, where the mesh begins.
    pub(crate) egress: Option<Egress>,
}

/// Where the tenant is written.
#[derive(Debug, Default)]
pub(crate) struct TenantTargets {
    pub(crate) headers: Vec<(HeaderName, Field)>,
    pub(crate) baggage: Vec<Key>,
}

/// Where the overrides are written.
#[derive(Debug, Default)]
pub(crate) struct OverrideTargets {
    pub(crate) headers: Vec<(HeaderName, Field, Dialect)>,
    pub(crate) baggage: Option<Key>,
}

/// The two things that travel with a request.
#[derive(Debug, Default)]
pub(crate) struct Carried<'a> {
    pub(crate) tenant: Option<Tenant<'a>>,
    pub(crate) overrides: Overrides<'a>,
}

impl Rules {
    /// Whether a tunnel is left alone, as the mesh does (HBONE).
    pub(crate) fn passes_tunnel(&self, lines: &Lines<'_>) -> Result<bool, Refusal> {
        match (lines.is_tunnel, self.role, self.tunnel) {
            (true, Role::Edge, Policy::Reject) => Err(Refusal::Tunnel),
            (is_tunnel, role, _) => Ok(is_tunnel && role == Role::Mesh),
        }
    }

    /// Where a request goes to.
    pub(crate) fn place(&self, headers: &[Header<'_>]) -> Place {
        let authority = headers.iter().rfind(|header| header.name == b":authority");
        self.internal.place(authority.map_or(b"", |header| header.value))
    }

    /// Fills in what the believed sources say.
    pub(crate) fn resolve<'a>(
        &self,
        lines: &Lines<'a>,
        token: Option<&'a Token<'a>>,
        carried: &mut Carried<'a>,
        tally: &Tally,
    ) -> Result<(), Refusal> {
        let evidence = self.verified.weigh(lines, token);
        carried.tenant = self.tenant.resolve(&evidence, tally)?;
        self.overrides.resolve(&evidence, &mut carried.overrides, tally)
    }

    /// Whether tenants travel here, and this request has none.
    pub(crate) fn lacks_tenant(&self, carried: &Carried<'_>) -> bool {
        let travels = !self.tenant_to.headers.is_empty() || !self.tenant_to.baggage.is_empty();
        travels && carried.tenant.is_none()
    }

    /// Whether overrides travel here, and this request has none.
    pub(crate) fn lacks_overrides(&self, carried: &Carried<'_>) -> bool {
        let travel = !self.overrides_to.headers.is_empty() || self.overrides_to.baggage.is_some();
        travel && carried.overrides.is_empty()
    }

    /// Every change that leaves what is carried in each of its carriers, and at an edge nothing else that is ours.
    pub(crate) fn write<'a>(&'a self, lines: &Lines<'a>, carried: &Carried<'a>, tally: &Tally) -> Vec<Mutation<'a>> {
        let Carried { tenant, overrides } = carried;
        if lines.owned.is_empty() && tenant.is_none() && overrides.is_empty() {
            // Nothing of ours came, and nothing goes: most requests.
            return Vec::new();
        }
        let mut mutations = match self.role {
            Role::Edge => strip::strip(&self.names, self.baggage.as_ref(), lines),
            Role::Mesh => Vec::new(),
        };
        for (name, field) in &self.tenant_to.headers {
            mutations.extend(write(lines, name, *field, tenant.as_ref().map(Tenant::name)));
        }
        for (name, field, dialect) in &self.overrides_to.headers {
            mutations.extend(write(lines, name, *field, overrides.line(dialect).map(Cow::Owned)));
        }
        for projection @ Projection { header, field, .. } in &self.projections {
            let version = projection.version(lines, overrides, &self.internal);
            mutations.extend(write(lines, header, *field, version));
        }
        mutations.extend(self.write_baggage(lines, carried, tally));
        match self.role {
            Role::Edge => counted(mutations, tally),
            Role::Mesh => mutations,
        }
    }

    fn write_baggage<'a>(&'a self, lines: &Lines<'a>, carried: &Carried<'_>, tally: &Tally) -> Option<Mutation<'a>> {
        let rules = self.baggage.as_ref()?;
        let mut ours = SmallVec::<[_; 2]>::new();
        if let Some(tenant) = &carried.tenant {
            ours.extend(self.tenant_to.baggage.iter().map(|key| (key, tenant.name())));
        }
        if let Some(key) = &self.overrides_to.baggage {
            ours.extend(carried.overrides.line(&Dialect::CANONICAL).map(|line| (key, Cow::Owned(line))));
        }
        rules.rewrite(lines, &ours, tally)
    }
}

/// The change that leaves one line of a header with this value, or none; nothing where it is so.
fn write<'a>(lines: &Lines<'a>, name: &'a str, field: Field, value: Option<Cow<'a, [u8]>>) -> Option<Mutation<'a>> {
    let name = name.as_bytes();
    let mut present = lines.values(field);
    match (present.next(), present.next(), value) {
        (None, _, None) => None,
        (Some(line), None, Some(value)) if same(line, &value) => None,
        (_, _, Some(value)) => Some(Mutation::Set { name, value }),
        (Some(_), _, None) => Some(Mutation::remove(name)),
    }
}

/// Counts what an edge removes.
pub(crate) fn counted<'a>(mutations: Vec<Mutation<'a>>, tally: &Tally) -> Vec<Mutation<'a>> {
    let removed = mutations.iter().filter(|mutation| matches!(mutation, Mutation::Remove { .. })).count();
    tally.add(Counter::Stripped, removed);
    mutations
}

//! One request, a straight line.

use std::borrow::Cow;

use crate::baggage::{BaggageRules, Key};
use crate::config::{self, ConfigErrors};
use crate::decision::{Decision, Mutation};
use crate::edge;
use crate::names::{Field, HeaderName, Lines, Names};
use crate::overrides::{Dialect, OverrideRules, Overrides};
use crate::request::{Header, Request};
use crate::tenant::{Tenant, TenantRules};

/// Whom the proxy faces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Clients that are not trusted: an ingress gateway.
    Edge,
    /// Other workloads: a sidecar, a waypoint.
    Mesh,
}

/// The plugin configuration, compiled once and asked for every request.
#[derive(Debug)]
pub struct Filter {
    pub(crate) role: Role,
    pub(crate) names: Names,
    pub(crate) tenant: TenantRules,
    pub(crate) tenant_to: TenantTargets,
    pub(crate) overrides: OverrideRules,
    pub(crate) overrides_to: Vec<(HeaderName, Field, Dialect)>,
    /// Nothing where the configuration leaves baggage alone.
    pub(crate) baggage: Option<BaggageRules>,
}

/// Where the tenant is written.
#[derive(Debug, Default)]
pub(crate) struct TenantTargets {
    pub(crate) headers: Vec<(HeaderName, Field)>,
    pub(crate) baggage: Vec<Key>,
}

impl Filter {
    /// Compiles a plugin configuration: JSON, at most [`MAX_CONFIG_BYTES`](crate::MAX_CONFIG_BYTES).
    ///
    /// # Errors
    /// Everything that is wrong with it, each with the path of its field and the remedy.
    pub fn from_config(json: &[u8]) -> Result<Self, ConfigErrors> {
        config::compile(json)
    }

    /// Whom the proxy faces, by configuration.
    pub fn role(&self) -> Role {
        self.role
    }

    /// What to change in a request, or why to refuse it.
    ///
    /// # Errors
    /// A [`Refusal`](crate::Refusal) where the configuration says `reject`.
    pub fn on_request<'a>(&'a self, request: &Request<'a>) -> Decision<'a> {
        let lines = self.names.scan(request.headers);
        let tenant = self.tenant.resolve(&lines)?;
        let overrides = self.overrides.resolve(&lines);

        let mut mutations = match self.role {
            Role::Edge => edge::strip(&self.names, self.baggage.as_ref(), &lines),
            Role::Mesh => Vec::new(),
        };
        mutations.extend(self.write_tenant(&lines, tenant.as_ref()));
        mutations.extend(self.write_overrides(&lines, &overrides));
        mutations.extend(self.write_baggage(&lines, tenant.as_ref()));
        Ok(mutations)
    }

    /// What to remove from the request's trailers: at an edge, everything that is ours.
    pub fn on_request_trailers<'a>(&self, trailers: &'a [Header<'a>]) -> Vec<Mutation<'a>> {
        match self.role {
            Role::Edge => edge::strip_trailers(&self.names, trailers),
            Role::Mesh => Vec::new(),
        }
    }

    fn write_tenant<'a>(
        &'a self,
        lines: &Lines<'a>,
        tenant: Option<&Tenant<'a>>,
    ) -> impl Iterator<Item = Mutation<'a>> {
        let value = tenant.map(Tenant::name);
        self.tenant_to.headers.iter().filter_map(move |(name, field)| write(lines, name, *field, value.clone()))
    }

    fn write_overrides<'a>(
        &'a self,
        lines: &Lines<'a>,
        overrides: &Overrides<'_>,
    ) -> impl Iterator<Item = Mutation<'a>> {
        let line = |dialect| overrides.line(dialect).map(Cow::Owned);
        self.overrides_to.iter().filter_map(move |(name, field, dialect)| write(lines, name, *field, line(dialect)))
    }

    fn write_baggage<'a>(&'a self, lines: &Lines<'a>, tenant: Option<&Tenant<'a>>) -> Option<Mutation<'a>> {
        let rules = self.baggage.as_ref()?;
        let value = tenant.map(Tenant::name);
        let ours: Vec<_> =
            value.iter().flat_map(|value| self.tenant_to.baggage.iter().map(|key| (key, value.clone()))).collect();
        rules.rewrite(lines, &ours)
    }
}

/// The change that leaves one line of a header with this value, or none; nothing where it is so.
fn write<'a>(lines: &Lines<'a>, name: &'a str, field: Field, value: Option<Cow<'a, [u8]>>) -> Option<Mutation<'a>> {
    let name = name.as_bytes();
    let mut present = lines.values(field);
    match (present.next(), present.next(), value) {
        (None, _, None) => None,
        (Some(line), None, Some(value)) if line == &*value => None,
        (_, _, Some(value)) => Some(Mutation::Set { name, value }),
        (Some(_), _, None) => Some(Mutation::remove(name)),
    }
}

//! One request, a straight line.

use std::borrow::Cow;

use crate::baggage::{BaggageRules, Key};
use crate::config::{self, ConfigErrors};
use crate::decision::{Decision, Mutation, Refusal};
use crate::edge;
use crate::names::{Field, HeaderName, Lines, Names};
use crate::overrides::{Dialect, OverrideRules, Overrides};
use crate::projection::Projection;
use crate::request::{Header, Peer, Request};
use crate::sources::Verified;
use crate::tally::{Counter, Tally};
use crate::tenant::{Policy, Tenant, TenantRules};

/// Whom the proxy faces: always configured, never inferred from a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Clients that are not trusted: an ingress gateway.
    Edge,
    /// Other workloads: a sidecar, a waypoint.
    Mesh,
}

/// The way to a claim in a token's payload: 1 to 8 names of nested objects, and indexes of lists in decimals.
pub type ClaimPath = Vec<String>;

/// The plugin configuration, compiled once and asked for every request.
///
/// It never changes, so all requests of a worker share it.
#[derive(Debug)]
pub struct Filter {
    pub(crate) rules: Rules,
    /// For callers that presented no certificate, where the configuration tells them apart.
    pub(crate) unknown_peer: Option<Rules>,
    pub(crate) claims: Vec<ClaimPath>,
    pub(crate) reads_token: bool,
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

impl Filter {
    /// Compiles a plugin configuration: JSON, at most [`MAX_CONFIG_BYTES`](crate::MAX_CONFIG_BYTES).
    ///
    /// # Errors
    /// Everything that is wrong with it, each with the path of its field and the remedy:
    ///
    /// ```
    /// # use tenancy_filter::Filter;
    /// let json = br#"{"version": 1, "role": "edge", "tenant": {"from": [{"host": "a.com"}], "too": []}}"#;
    /// let errors = Filter::from_config(json).unwrap_err();
    ///
    /// let paths: Vec<_> = errors.iter().map(|error| error.path.as_str()).collect();
    /// assert_eq!(paths, ["tenant.too", "tenant.to", "tenant.from[0].host"]);
    /// assert!(errors.to_string().contains(r#"tenant.from[0].host: "a.com" needs exactly one {tenant}"#));
    /// ```
    pub fn from_config(json: &[u8]) -> Result<Self, ConfigErrors> {
        config::compile(json)
    }

    /// Whom the proxy faces in this peer: [`Role::Edge`] in an unknown one, under `peers: mtls`.
    pub fn role(&self, peer: Peer) -> Role {
        self.rules(peer).role
    }

    /// Whether [`Request::token`] decides anything; without need the proxy spares itself the look-up.
    pub fn reads_token(&self) -> bool {
        self.reads_token
    }

    /// Whether [`Request::peer`] decides anything; likewise.
    pub fn reads_peer(&self) -> bool {
        self.unknown_peer.is_some()
    }

    /// The claims that a [`Token`](crate::Token) has to bring, in this order.
    pub fn claims(&self) -> &[ClaimPath] {
        &self.claims
    }

    /// What to change in a request, or why to refuse it.
    ///
    /// # Errors
    /// A [`Refusal`] where the configuration says `reject` or `refuse`:
    ///
    /// ```
    /// # use tenancy_filter::{Counter, Filter, Header, Refusal, Request, Tally};
    /// let filter = Filter::from_config(br#"{
    ///     "version": 1,
    ///     "role": "edge",
    ///     "tenant": {
    ///         "from": [{"host": "{tenant}.www.example.com"}, {"cookie": "tenant", "trust": "anyone"}],
    ///         "to": [{"header": "x-tenant"}]
    ///     }
    /// }"#)?;
    /// let headers = [
    ///     Header { name: b":authority", value: b"feat-x.www.example.com" },
    ///     Header { name: b"cookie", value: b"a=1; tenant=dev1" },
    /// ];
    /// let tally = Tally::default();
    /// let refusal = filter.on_request(&Request { headers: &headers, ..Request::default() }, &tally).unwrap_err();
    ///
    /// assert_eq!(refusal, Refusal::TenantConflict);
    /// assert_eq!(refusal.status(), 400);
    /// assert_eq!(refusal.to_string(), "the request names two different tenants (tenant.onConflict)\n");
    /// assert!(tally.take().any(|counted| counted == (Counter::Refused, 1)));
    /// # Ok::<(), tenancy_filter::ConfigErrors>(())
    /// ```
    pub fn on_request<'a>(&'a self, request: &Request<'a>, tally: &Tally) -> Decision<'a> {
        tally.count(Counter::Requests);
        let decision = self.rules(request.peer).decide(request, tally);
        if decision.is_err() {
            tally.count(Counter::Refused);
        }
        decision
    }

    /// What to remove from the request's trailers (RFC 9110 §6.5): at an edge, everything that is ours.
    ///
    /// ```
    /// # use tenancy_filter::{Filter, Header, Mutation, Peer, Tally};
    /// let filter = Filter::from_config(br#"{"version": 1, "role": "edge", "strip": ["x-tenant"]}"#)?;
    /// let trailers = [
    ///     Header { name: b"x_tenant", value: b"evil" },
    ///     Header { name: b"checksum", value: b"1" },
    /// ];
    /// let mutations = filter.on_request_trailers(&trailers, Peer::Known, &Tally::default());
    ///
    /// assert_eq!(mutations, [Mutation::remove(b"x_tenant")]);
    /// # Ok::<(), tenancy_filter::ConfigErrors>(())
    /// ```
    pub fn on_request_trailers<'a>(&self, trailers: &'a [Header<'a>], peer: Peer, tally: &Tally) -> Vec<Mutation<'a>> {
        let rules = self.rules(peer);
        match rules.role {
            Role::Edge => counted(edge::strip_trailers(&rules.names, trailers), tally),
            Role::Mesh => Vec::new(),
        }
    }

    fn rules(&self, peer: Peer) -> &Rules {
        match peer {
            Peer::Known => &self.rules,
            Peer::Unknown => self.unknown_peer.as_ref().unwrap_or(&self.rules),
        }
    }
}

impl Rules {
    fn decide<'a>(&'a self, request: &Request<'a>, tally: &Tally) -> Decision<'a> {
        let lines = self.names.scan(request.headers);
        match (lines.is_tunnel, self.role, self.tunnel) {
            (true, Role::Mesh, _) => return Ok(Vec::new()),
            (true, Role::Edge, Policy::Reject) => return Err(Refusal::Tunnel),
            _ => {}
        }
        let evidence = self.verified.weigh(&lines, request.token);
        let tenant = self.tenant.resolve(&evidence, tally)?;
        let overrides = self.overrides.resolve(&evidence, tally)?;
        if lines.owned.is_empty() && tenant.is_none() && overrides.is_empty() {
            // Nothing of ours came, and nothing goes: most requests.
            return Ok(Vec::new());
        }

        let mut mutations = match self.role {
            Role::Edge => edge::strip(&self.names, self.baggage.as_ref(), &lines),
            Role::Mesh => Vec::new(),
        };
        mutations.extend(self.write_tenant(&lines, tenant.as_ref()));
        mutations.extend(self.write_overrides(&lines, &overrides));
        mutations.extend(self.write_projections(&lines, &overrides));
        mutations.extend(self.write_baggage(&lines, tenant.as_ref(), &overrides, tally));
        Ok(match self.role {
            Role::Edge => counted(mutations, tally),
            Role::Mesh => mutations,
        })
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
        let targets = self.overrides_to.headers.iter();
        targets.filter_map(move |(name, field, dialect)| write(lines, name, *field, line(dialect)))
    }

    fn write_projections<'a>(
        &'a self,
        lines: &Lines<'a>,
        overrides: &Overrides<'a>,
    ) -> impl Iterator<Item = Mutation<'a>> {
        let version = |projection: &Projection| projection.version(lines, overrides);
        let write =
            move |projection: &'a Projection| write(lines, &projection.header, projection.field, version(projection));
        self.projections.iter().filter_map(write)
    }

    fn write_baggage<'a>(
        &'a self,
        lines: &Lines<'a>,
        tenant: Option<&Tenant<'a>>,
        overrides: &Overrides<'_>,
        tally: &Tally,
    ) -> Option<Mutation<'a>> {
        let rules = self.baggage.as_ref()?;
        let mut ours = Vec::new();
        if let Some(tenant) = tenant {
            ours.extend(self.tenant_to.baggage.iter().map(|key| (key, tenant.name())));
        }
        if let Some(key) = &self.overrides_to.baggage {
            ours.extend(overrides.line(&Dialect::CANONICAL).map(|line| (key, Cow::Owned(line))));
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
        (Some(line), None, Some(value)) if line == &*value => None,
        (_, _, Some(value)) => Some(Mutation::Set { name, value }),
        (Some(_), _, None) => Some(Mutation::remove(name)),
    }
}

/// Counts what an edge removes.
fn counted<'a>(mutations: Vec<Mutation<'a>>, tally: &Tally) -> Vec<Mutation<'a>> {
    let removed = mutations.iter().filter(|mutation| matches!(mutation, Mutation::Remove { .. })).count();
    tally.add(Counter::Stripped, removed);
    mutations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_for_what_decides_something_alone() {
        let edge = |from: &str| format!(r#""role": "edge", "tenant": {{"from": [{from}], "to": [{{"header": "x"}}]}}"#);
        let mesh = |from: &str| format!(r#""role": "mesh", "tenant": {{"from": [{from}], "to": [{{"header": "x"}}]}}"#);
        let mtls = |from: &str| mesh(from) + r#", "peers": "mtls""#;
        let [host, claim, vouched] =
            [r#"{"host": "{tenant}.a"}"#, r#"{"claim": "t"}"#, r#"{"header": "y", "trust": "verified"}"#];
        for (config, reads_token, reads_peer) in [
            (edge(host), false, false),
            (edge(claim), true, false),
            (edge(vouched), true, false),
            (mesh(claim), true, false),
            (mesh(vouched), false, false),
            (mtls(host), false, true),
            (mtls(vouched), true, true),
        ] {
            let json = format!(r#"{{"version": 1, {config}, "verified": {{"issuers": ["i"]}}}}"#);
            let filter = Filter::from_config(json.as_bytes()).unwrap();
            assert_eq!((filter.reads_token(), filter.reads_peer()), (reads_token, reads_peer), "{config}");
            let differs = filter.role(Peer::Known) != filter.role(Peer::Unknown);
            assert_eq!((differs, filter.rules.role == Role::Mesh), (reads_peer, config.contains("mesh")), "{config}");
        }
    }
}

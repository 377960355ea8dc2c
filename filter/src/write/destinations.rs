//! Destinations: the clusters to which a request may go instead of its route's own, most specific first. A route sends it
//! to the first of them that exists.

use std::borrow::Cow;
use std::iter::successors;

use crate::bytes::text::{append, cut, same};
use crate::context::Context;
use crate::events::{Events, Unoffered};
use crate::lookup::Route;
use crate::mesh::MeshDomains;
use crate::names::{Field, HeaderName, Line, Lines};
use crate::read::overrides::Call;
use crate::read::tenant::TenantRules;
use crate::request::Role;
use crate::rules::Rules;

use super::projection::{called, version_of_called};

/// Where destinations are written, and which.
#[derive(Debug)]
pub(crate) struct Destinations {
    pub(crate) header: HeaderName,
    pub(crate) field: Field,
    pub(crate) templates: Vec<Template>,
    /// The names of the routes whose choice may be replaced.
    pub(crate) routes: Vec<Box<str>>,
    /// The headers that are believed, by their fields: what a client writes there may choose a route.
    pub(crate) believed: Vec<Field>,
    /// What stands between the names of environments in a tenant, the most specific first.
    pub(crate) levels: Option<Box<str>>,
}

/// The most clusters in a header, the route's own among them.
pub(crate) const MAX_CLUSTERS: usize = 8;

/// The name of a cluster, in which values are missing.
#[derive(Debug)]
pub(crate) struct Template(pub(crate) Vec<Part>);

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Text(Box<str>),
    Value(Value),
}

/// What a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Port,
    Subset,
    Host,
    Service,
    Namespace,
    Cluster,
    Tenant,
    Version,
}

impl Value {
    /// All of them, by their placeholders.
    pub(crate) const WORDS: [(&'static str, Self); 8] = [
        ("port", Self::Port),
        ("subset", Self::Subset),
        ("host", Self::Host),
        ("service", Self::Service),
        ("namespace", Self::Namespace),
        ("cluster", Self::Cluster),
        ("tenant", Self::Tenant),
        ("version", Self::Version),
    ];
}

/// The values of one request; what it lacks is empty.
#[derive(Clone, Copy, Default)]
struct Values<'v> {
    port: &'v [u8],
    subset: &'v [u8],
    host: &'v [u8],
    service: &'v [u8],
    namespace: &'v [u8],
    cluster: &'v [u8],
    tenant: &'v [u8],
    version: &'v [u8],
}

impl Destinations {
    /// Whether a request may have chosen its route by what it may not say: by a list of its own, and at an edge by a
    /// header that it loses.
    pub(crate) fn are_forestalled(&self, role: Role, lines: &Lines<'_>) -> bool {
        let is_edge = role.is_edge();
        let is_lost = |line: &Line<'_>| match line.field {
            Field::Source(_) | Field::Target(_) => is_edge && line.exact && !self.believed.contains(&line.field),
            Field::Stripped => is_edge,
            Field::Baggage | Field::OlderBaggage | Field::BaggagePrefix => false,
            Field::Connection | Field::Kept(_) => false,
        };
        let is_list = |line: &Line<'_>| line.exact && line.field == self.field;
        lines.owned.iter().any(|line| is_list(line) || is_lost(line))
    }

    /// Whether the service that the authority calls matters.
    pub(crate) fn name_versions(&self) -> bool {
        self.templates.iter().any(|template| template.names(Value::Version))
    }

    /// The clusters for a call to this host, by its context: joined by commas, the route's own the last.
    pub(crate) fn offer<'r>(
        &self,
        rules: &Rules,
        context: &Context<'_>,
        host: Option<&[u8]>,
        route: &'r Route,
        call: &Call<'_>,
        events: &dyn Events,
    ) -> Result<Vec<u8>, Unoffered<'r>> {
        let Route { name, cluster } = route;
        if !self.routes.iter().any(|known| known.as_bytes() == name) {
            return Err(Unoffered::Route(name));
        }
        if !is_listable(cluster) {
            return Err(Unoffered::Cluster);
        }
        let mut values = of_cluster(cluster, &rules.mesh);
        let version = |host| version_of_called(host, &context.overrides, &rules.mesh, call, events);
        let version = || version(host).or_else(|| version(Some(values.host)));
        let version = self.name_versions().then(version).flatten();
        values.version = version.as_deref().unwrap_or_default();
        let tenant = context.tenant.as_ref().map_or(Cow::Borrowed(&b""[..]), |tenant| tenant.name());
        let tenant =
            if tenant.iter().any(u8::is_ascii_uppercase) { tenant.to_ascii_lowercase().into() } else { tenant };
        self.list(values, &tenant, &rules.tenant).ok_or(Unoffered::NoOther)
    }

    /// `None` if there is no other cluster than the own one.
    fn list(&self, values: Values<'_>, tenant: &[u8], tenants: &TenantRules) -> Option<Vec<u8>> {
        let mut list = List { bytes: Vec::new(), own: values.cluster, count: 0 };
        for tenant in self.tenants(tenant) {
            // In lower case, and without what stands before it, it may be no tenant any more.
            let tenant = if tenants.admits_name(tenant) { tenant } else { b"" };
            for template in &self.templates {
                if !list.push(template, Values { tenant, ..values }) {
                    return list.end();
                }
            }
        }
        list.end()
    }

    /// The whole name, then what stands behind each separator: `a--b--c`, `b--c`, `c`.
    fn tenants<'t>(&'t self, tenant: &'t [u8]) -> impl Iterator<Item = &'t [u8]> {
        let outer = move |inner: &&'t [u8]| cut(inner, self.levels.as_deref()?.as_bytes()).1;
        successors(Some(tenant), outer)
    }
}

/// Clusters joined by commas.
struct List<'o> {
    bytes: Vec<u8>,
    own: &'o [u8],
    count: usize,
}

impl List<'_> {
    /// Adds what a template makes of values, unless one is missing or it stands here already. `false` if what follows
    /// cannot be reached, or is too much.
    fn push(&mut self, template: &Template, values: Values<'_>) -> bool {
        let before = self.bytes.len();
        // As much as comes now and at the end: a buffer that grows costs more than all that is written into it.
        self.bytes.reserve(template.most_bytes(values).saturating_add(self.own.len()));
        let is_whole = template.fill(values, &mut self.bytes).is_some();
        let (known, cluster) = self.bytes.split_at_checked(before).unwrap_or_default();
        let is_last = is_whole && (same(cluster, self.own) || self.count >= MAX_CLUSTERS.saturating_sub(1));
        if is_whole && !is_last && !known.split(|byte| *byte == b',').any(|known| same(known, cluster)) {
            self.bytes.push(b',');
            self.count = self.count.saturating_add(1);
        } else {
            self.bytes.truncate(before);
        }
        !is_last
    }

    /// The list with the own cluster behind the others; `None` if there are none.
    fn end(mut self) -> Option<Vec<u8>> {
        if self.count == 0 {
            return None;
        }
        append(self.own, &mut self.bytes);
        Some(self.bytes)
    }
}

impl Template {
    /// Whether whoever sends a request chooses all of it.
    pub(crate) fn is_open(&self) -> bool {
        self.0.iter().all(|part| matches!(part, Part::Value(Value::Tenant | Value::Version)))
    }

    pub(crate) fn names(&self, value: Value) -> bool {
        self.0.contains(&Part::Value(value))
    }

    /// Writes the cluster; `None` if a value is missing.
    fn fill(&self, values: Values<'_>, bytes: &mut Vec<u8>) -> Option<()> {
        for part in &self.0 {
            append(part.text(values)?, bytes);
        }
        Some(())
    }

    /// With a separator behind it.
    fn most_bytes(&self, values: Values<'_>) -> usize {
        let sizes = self.0.iter().filter_map(|part| part.text(values)).map(<[u8]>::len);
        sizes.fold(1, usize::saturating_add)
    }
}

impl Part {
    /// `None` if the value is missing.
    fn text<'v>(&'v self, values: Values<'v>) -> Option<&'v [u8]> {
        match self {
            Self::Text(text) => Some(text.as_bytes()),
            Self::Value(value) => values.get(*value),
        }
    }
}

impl<'v> Values<'v> {
    fn get(&self, value: Value) -> Option<&'v [u8]> {
        let text = match value {
            Value::Port => self.port,
            Value::Subset => self.subset,
            Value::Host => self.host,
            Value::Service => self.service,
            Value::Namespace => self.namespace,
            Value::Cluster => self.cluster,
            Value::Tenant => self.tenant,
            Value::Version => self.version,
        };
        Some(text).filter(|text| !text.is_empty())
    }
}

/// What a cluster's name tells, which under Istio is `outbound|PORT|SUBSET|HOST`.
fn of_cluster<'v>(cluster: &'v [u8], mesh: &MeshDomains) -> Values<'v> {
    let mut parts = cluster.split(|byte| *byte == b'|');
    let (Some(b"outbound"), Some(port), Some(subset), Some(host), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Values { cluster, ..Values::default() };
    };
    let (qualified, service) = called(host, mesh).unwrap_or_default();
    let namespace = qualified.get(service.len().saturating_add(1)..).unwrap_or_default();
    Values { port, subset, host, service, namespace, cluster, ..Values::default() }
}

/// Whether a cluster may stand in a list of a header, and is none of those by which Istio reaches the workload beside the
/// proxy.
fn is_listable(cluster: &[u8]) -> bool {
    let is_plain = cluster.iter().all(|byte| byte.is_ascii_graphic() && *byte != b',');
    is_plain && !cluster.is_empty() && !cluster.starts_with(b"inbound|")
}

//! Which headers carry the context, as plugin configurations of the filter have it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use tenancy_filter::Filter;

use crate::explain::{Instance, Outcome, explain};
use crate::request::Request;

use super::plan::Match;

/// Whose requests are routed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Those of workloads to each other.
    Mesh,
    /// Those of clients, at a gateway.
    Gateway,
}

/// The headers that the filter writes for routes.
#[derive(Debug)]
pub struct Headers {
    mesh: Written,
    gateway: Written,
    /// The DNS domain of the cluster.
    pub(super) domain: String,
    /// Says which names are tenants and versions.
    judge: Instance,
}

/// What one role writes: the header for each thing that it carries.
type Written = BTreeMap<Carried, String>;

/// What a header carries.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Carried {
    Tenant,
    /// The version of the called service.
    Called,
    /// The version of a service.
    Service(String),
}

/// A header with its place in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub header: String,
    /// The number of the configuration among all that were given.
    pub configuration: usize,
    /// The field, as in `tenant.to[0].header`.
    pub path: String,
}

/// What our manifests for sidecars have; a test compares.
const USUAL: &str = r#"{"version": 1, "role": "mesh", "tenant": {"to": [{"header": "x-tenant"}]},
    "overrides": {"to": [{"header": "x-override"}]}, "projections": [{"header": "x-version", "service": "called"}]}"#;

const DOMAIN: &str = "cluster.local";

impl Headers {
    /// Those of plugin configurations: an edge's for the gateway, others for the mesh. A strip-only configuration
    /// writes none. Without any configuration those of our manifests for sidecars count: `x-tenant` and `x-version`.
    ///
    /// # Errors
    ///
    /// `None` if the filter refuses one of them.
    pub fn of(configurations: &[&str]) -> Option<Self> {
        let usual = [USUAL];
        let texts = if configurations.is_empty() { &usual[..] } else { configurations };
        let all = texts.iter().map(|text| serde_json::from_str(text).ok()).collect::<Option<Vec<Value>>>()?;
        let [meshes, edges] = [Side::Mesh, Side::Gateway].map(|side| written(&all, side));
        let (mesh, gateway) = match (meshes, edges) {
            (Some(mesh), Some(gateway)) => (mesh, gateway),
            (Some(one), None) | (None, Some(one)) => (one.clone(), one),
            (None, None) => (Written::default(), Written::default()),
        };
        let domain =
            all.iter().find_map(|value| value.pointer("/clusterDomains/0")?.as_str()).unwrap_or(DOMAIN).to_owned();
        Some(Self { mesh, gateway, domain, judge: judge(&all)? })
    }

    /// The first two headers of one side that carry the same under different names, so that nobody knows which one a
    /// route is to match. `None` if there are none, or a configuration is not JSON.
    pub fn clash(configurations: &[&str]) -> Option<[Named; 2]> {
        let all = configurations.iter().map(|text| serde_json::from_str(text).ok()).collect::<Option<Vec<Value>>>()?;
        [Side::Gateway, Side::Mesh].into_iter().find_map(|side| {
            let mut known: BTreeMap<Carried, Named> = BTreeMap::new();
            of_side(&all, side).find_map(|(carried, named)| match known.get(&carried) {
                Some(first) => (first.header != named.header).then(|| [first.clone(), named]),
                None => known.insert(carried, named).and(None),
            })
        })
    }

    /// The header by which a tenant is matched.
    pub(super) fn tenant(&self, side: Side, tenant: &str) -> Result<Match, String> {
        let header = self.written(side).get(&Carried::Tenant).cloned().ok_or_else(|| {
            format!(
                "no header carries the tenant {}; add `tenant: {{to: [{{header: x-tenant}}]}}` to its configuration",
                side.at()
            )
        })?;
        Ok(Match::Tenant { header, value: tenant.to_owned() })
    }

    /// The header by which a version of a service is matched. A gateway's clients do not call services by their names.
    pub(super) fn version(&self, side: Side, service: &str, version: &str) -> Result<Match, String> {
        let written = self.written(side);
        let called = match side {
            Side::Mesh => written.get(&Carried::Called),
            Side::Gateway => None,
        };
        let header = written.get(&Carried::Service(service.to_owned())).or(called).cloned().ok_or_else(|| {
            format!(
                "no header carries the version of {service} {}; add `projections: [{{header: x-{service}-version, \
                 service: {service}}}]` to its configuration, and name it with --config",
                side.at()
            )
        })?;
        Ok(Match::Version { header, value: version.to_owned() })
    }

    /// Why the filter would not take a name for a tenant; `None` if it would.
    pub(super) fn not_a_tenant(&self, name: &str) -> Option<String> {
        let refused = self.passed(TENANT, name) != [name];
        refused.then(|| format!("{name:?} is not a tenant for the filter: {SHAPE}, and what `tenant.pattern` admits"))
    }

    /// Why the filter would not take a name for a version; `None` if it would.
    pub(super) fn not_a_version(&self, name: &str) -> Option<String> {
        let entry = format!("s:{name}");
        let refused = self.passed(OVERRIDE, &entry) != [entry];
        refused.then(|| format!("{name:?} is not a version for the filter: {SHAPE}"))
    }

    fn passed(&self, header: &str, value: &str) -> Vec<String> {
        let mut request = Request::new("GET", "shop", "/");
        request.push(header, value.as_bytes());
        match explain(std::slice::from_ref(&self.judge), &request).outcome() {
            Outcome::Passed(request) => request.values(header),
            Outcome::Answered { .. } => Vec::new(),
        }
    }

    fn written(&self, side: Side) -> &Written {
        match side {
            Side::Mesh => &self.mesh,
            Side::Gateway => &self.gateway,
        }
    }
}

const SHAPE: &str = "write 1 to 63 of A-Za-z0-9._-, with a letter or digit at both ends";
const TENANT: &str = "x-tenant";
const OVERRIDE: &str = "x-override";

impl Side {
    /// Whether a configuration is for it.
    fn has(self, configuration: &Value) -> bool {
        let is_edge = configuration.get("role").is_some_and(|role| role == "edge");
        match self {
            Self::Gateway => is_edge,
            Self::Mesh => !is_edge,
        }
    }

    fn at(self) -> &'static str {
        match self {
            Self::Mesh => "between services",
            Self::Gateway => "at the gateway",
        }
    }
}

/// The headers that all instances of a side write, in order; `None` if there are no instances.
fn written(configurations: &[Value], side: Side) -> Option<Written> {
    configurations.iter().find(|value| resolves(value) && side.has(value))?;
    let mut written = Written::new();
    for (carried, named) in of_side(configurations, side) {
        written.entry(carried).or_insert(named.header);
    }
    Some(written)
}

/// What each instance of a side carries, and in which header.
fn of_side(configurations: &[Value], side: Side) -> impl Iterator<Item = (Carried, Named)> {
    let numbered = configurations.iter().enumerate();
    let of_side = numbered.filter(move |(_, value)| resolves(value) && side.has(value));
    of_side.flat_map(|(number, value)| carriers(value, number))
}

/// What an instance carries, each thing once: in the first header for it.
fn carriers(configuration: &Value, number: usize) -> BTreeMap<Carried, Named> {
    let text = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_ascii_lowercase);
    let list = |at: &str| configuration.pointer(at).and_then(Value::as_array).cloned().unwrap_or_default();
    let named = |header, path| Named { header, configuration: number, path };
    let mut carriers = BTreeMap::new();
    for (index, target) in list("/tenant/to").iter().enumerate() {
        if let Some(header) = text(target, "header") {
            carriers.entry(Carried::Tenant).or_insert(named(header, format!("tenant.to[{index}].header")));
        }
    }
    for (index, projection) in list("/projections").iter().enumerate() {
        if let (Some(header), Some(service)) = (text(projection, "header"), text(projection, "service")) {
            let carried = if service == "called" { Carried::Called } else { Carried::Service(service) };
            carriers.entry(carried).or_insert(named(header, format!("projections[{index}].header")));
        }
    }
    carriers
}

fn resolves(configuration: &Value) -> bool {
    configuration.get("tenant").is_some() || configuration.get("overrides").is_some()
}

/// A filter that believes what a request says, and so says which names count.
fn judge(configurations: &[Value]) -> Option<Instance> {
    let mut tenant = Map::from_iter([("to".to_owned(), json!([{"header": TENANT}]))]);
    let pattern = configurations.iter().find_map(|configuration| configuration.pointer("/tenant/pattern"));
    tenant.extend(pattern.map(|pattern| ("pattern".to_owned(), pattern.clone())));
    let overrides = json!({"to": [{"header": OVERRIDE}]});
    let judge = json!({"version": 1, "role": "mesh", "tenant": tenant, "overrides": overrides}).to_string();
    let filter = Filter::from_config(judge.as_bytes()).ok()?.filter;
    Some(Instance::new("judge", filter))
}

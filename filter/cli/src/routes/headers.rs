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

/// What one role writes.
#[derive(Clone, Debug, Default)]
struct Written {
    tenant: Option<String>,
    /// The header for the version of the called service.
    called: Option<String>,
    /// The headers for the versions of named services.
    named: BTreeMap<String, String>,
}

/// What our manifests for sidecars have; a test compares.
const USUAL: &str = r#"{"version": 1, "role": "mesh", "tenant": {"to": [{"header": "x-tenant"}]},
    "overrides": {"to": [{"header": "x-override"}]}, "projections": [{"header": "x-version", "service": "called"}]}"#;

const DOMAIN: &str = "cluster.local";

impl Headers {
    /// Those of plugin configurations: an edge's for the gateway, others for the mesh. What only strips writes none.
    /// Without any configuration those of our manifests for sidecars count: `x-tenant` and `x-version`.
    ///
    /// # Errors
    ///
    /// `None` if the filter refuses one of them.
    pub fn of(configurations: &[&str]) -> Option<Self> {
        let usual = [USUAL];
        let texts = if configurations.is_empty() { &usual[..] } else { configurations };
        let all = texts.iter().map(|text| serde_json::from_str(text).ok()).collect::<Option<Vec<Value>>>()?;
        let is_edge = |value: &&Value| value.get("role").is_some_and(|role| role == "edge");
        let [edges, meshes] =
            [true, false].map(|edge| Written::of(all.iter().filter(|value| is_edge(value) == edge && resolves(value))));
        let (mesh, gateway) = match (meshes, edges) {
            (Some(mesh), Some(gateway)) => (mesh, gateway),
            (Some(one), None) | (None, Some(one)) => (one.clone(), one),
            (None, None) => (Written::default(), Written::default()),
        };
        let domain =
            all.iter().find_map(|value| value.pointer("/clusterDomains/0")?.as_str()).unwrap_or(DOMAIN).to_owned();
        Some(Self { mesh, gateway, domain, judge: judge(&all)? })
    }

    /// The header by which a tenant is matched.
    pub(super) fn tenant(&self, side: Side, tenant: &str) -> Result<Match, String> {
        let header = self.written(side).tenant.clone().ok_or_else(|| {
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
            Side::Mesh => written.called.as_ref(),
            Side::Gateway => None,
        };
        let header = written.named.get(service).or(called).cloned().ok_or_else(|| {
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
        refused.then(|| format!("{name:?} is no tenant for the filter: {SHAPE}, and what `tenant.pattern` admits"))
    }

    /// Why the filter would not take a name for a version; `None` if it would.
    pub(super) fn not_a_version(&self, name: &str) -> Option<String> {
        let entry = format!("s:{name}");
        let refused = self.passed(OVERRIDE, &entry) != [entry];
        refused.then(|| format!("{name:?} is no version for the filter: {SHAPE}"))
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
    fn at(self) -> &'static str {
        match self {
            Self::Mesh => "between services",
            Self::Gateway => "at the gateway",
        }
    }
}

impl Written {
    /// What several instances write together; `None` if there are none.
    fn of<'v>(configurations: impl Iterator<Item = &'v Value>) -> Option<Self> {
        configurations.map(Self::of_one).reduce(|one, other| Self {
            tenant: one.tenant.or(other.tenant),
            called: one.called.or(other.called),
            named: other.named.into_iter().chain(one.named).collect(),
        })
    }

    fn of_one(configuration: &Value) -> Self {
        let text = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_ascii_lowercase);
        let list = |at: &str| configuration.pointer(at).and_then(Value::as_array).cloned().unwrap_or_default();
        let tenant = list("/tenant/to").iter().find_map(|target| text(target, "header"));
        let mut written = Self { tenant, ..Self::default() };
        for projection in list("/projections") {
            match (text(&projection, "header"), text(&projection, "service")) {
                (Some(header), Some(service)) if service == "called" => drop(written.called.get_or_insert(header)),
                (Some(header), Some(service)) => drop(written.named.entry(service).or_insert(header)),
                (_, _) => {}
            }
        }
        written
    }
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
    Some(Instance { name: "judge".into(), filter })
}

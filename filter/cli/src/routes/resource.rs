//! What all resources have in common.

use serde_json::{Map, Value, json};

use super::file::STABLE;
use super::plan::{Backend, Detour, Plan, Service};
use super::{Mistake, Whence};

/// The label by which everybody knows who wrote a resource, and its value.
pub(super) const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "tenancy-filter");
/// The label for the set of routes to which it belongs.
pub(super) const PART_OF: &str = "app.kubernetes.io/part-of";
/// The label for the sandbox without which it has no use.
const SANDBOX: &str = "tenancy-filter/sandbox";
/// The label for the service whose requests it routes.
const SERVICE: &str = "tenancy-filter/service";

/// What a resource is about.
#[derive(Clone, Copy, Default)]
pub(super) struct About<'a> {
    pub(super) sandbox: Option<&'a str>,
    pub(super) service: Option<&'a str>,
}

/// A resource of these API version and kind.
pub(super) fn resource(
    (version, kind): (&str, &str),
    plan: &Plan,
    namespace: &str,
    name: &[&str],
    about: About<'_>,
    spec: Value,
) -> Value {
    let labels = [
        (MANAGED_BY.0, Some(MANAGED_BY.1)),
        (PART_OF, Some(plan.name.as_str())),
        (SANDBOX, about.sandbox),
        (SERVICE, about.service),
    ];
    let labels = labels.into_iter().filter_map(|(key, value)| Some((key.to_owned(), Value::from(value?))));
    let labels: Map<_, _> = labels.collect();
    let name = [&[plan.name.as_str()], name].concat().join(".");
    json!({
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": spec,
    })
}

/// Puts resources in the order in which they are written: by kind, namespace and name.
pub(super) fn sort(resources: &mut [Value]) {
    let key = |it: &Value, at: &str| it.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    resources.sort_by_cached_key(|it| ["/kind", "/metadata/namespace", "/metadata/name"].map(|at| key(it, at)));
}

/// What is wrong with a resource whose name is longer than Kubernetes allows (RFC 1123 §2.1: 253 bytes).
pub(super) fn too_long(resource: &Value) -> Option<Mistake> {
    let name = resource.pointer("/metadata/name").and_then(Value::as_str).filter(|name| name.len() > 253)?;
    let message = "the name of this resource is longer than 253 bytes; shorten `name`, the host, or the sandbox's name";
    Some(Whence { place: None, path: name.to_owned() }.mistake(message))
}

/// How the name of a resource for some hosts begins, and how it ends: with the first of them. Of several for the same
/// hosts the first has number 0. No Service and no other host makes the same name: they have other parts at the same
/// places.
pub(super) fn host_name(hosts: &[String], number: usize) -> (String, &str) {
    let host = hosts.first().map_or("", String::as_str);
    let number = if number == 0 { String::new() } else { number.saturating_add(1).to_string() };
    match host.strip_prefix("*.") {
        Some(rest) => (format!("wildcard{number}"), rest),
        None => (format!("host{number}"), host),
    }
}

/// The host by which the mesh knows a Service.
pub(super) fn host(name: &str, namespace: &str, plan: &Plan) -> String {
    format!("{name}.{namespace}.svc.{}", plan.domain)
}

/// The host of a backend, and the subset of it; a subset is called as its sandbox. Without a detour that of everybody
/// else.
pub(super) fn destination(plan: &Plan, service: &Service, detour: Option<&Detour>) -> (String, Option<String>) {
    match detour.map_or(&service.stable, |detour| &detour.backend) {
        Backend::Service { name, namespace } => (host(name, namespace, plan), None),
        Backend::Labels(_) => {
            let subset = detour.map_or(STABLE, |detour| &detour.sandbox).to_owned();
            (host(&service.name, &service.namespace, plan), Some(subset))
        }
    }
}

//! The routes in a cluster that are no longer wanted.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::resource::{MANAGED_BY, PART_OF};

/// A resource to delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unwanted {
    version: String,
    key: Key,
}

/// What makes a resource the same, in whatever version of its API: group, kind, namespace and name.
type Key = [String; 4];

impl Unwanted {
    /// The arguments of `kubectl delete`.
    pub fn arguments(&self) -> String {
        let [group, kind, namespace, name] = &self.key;
        format!("--namespace {namespace} {kind}.{group}/{name}")
    }

    /// As much of the resource as `kubectl delete -f` needs.
    pub fn reference(&self) -> Value {
        let [group, kind, namespace, name] = &self.key;
        let version = format!("{group}/{}", self.version);
        json!({"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}})
    }

    fn name(&self) -> &str {
        let [_, _, _, name] = &self.key;
        name
    }

    fn of(resource: &Value) -> Option<Self> {
        let (group, version) = resource.get("apiVersion")?.as_str()?.split_once('/')?;
        let text = |at: &str| resource.pointer(at).and_then(Value::as_str);
        let key = [group, text("/kind")?, text("/metadata/namespace")?, text("/metadata/name")?].map(str::to_owned);
        Some(Self { version: version.to_owned(), key })
    }
}

/// What a cluster has with the labels of a set and under its name, and is not wanted; by group, kind, namespace and name. `existing` is what
/// `kubectl get -o json` prints. Others' resources, and those of other sets, are left alone.
///
/// # Errors
///
/// Why `existing` cannot be read.
pub fn unwanted(set: &str, wanted: &[Value], existing: &str) -> Result<Vec<Unwanted>, String> {
    let existing = items(existing)?;
    let wanted: BTreeSet<_> = wanted.iter().filter_map(Unwanted::of).map(|it| it.key).collect();
    let is_ours = |item: &&Value| {
        let label = |name: &str| item.get("metadata")?.get("labels")?.get(name)?.as_str();
        label(MANAGED_BY.0) == Some(MANAGED_BY.1) && label(PART_OF) == Some(set)
    };
    // Labels are copied with a resource, its name is not.
    let is_named = |it: &Unwanted| it.name().strip_prefix(set).is_some_and(|rest| rest.starts_with('.'));
    let ours = existing.iter().filter(is_ours).filter_map(Unwanted::of).filter(is_named);
    let mut unwanted: Vec<_> = ours.filter(|it| !wanted.contains(&it.key)).collect();
    unwanted.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(unwanted)
}

/// The items of a list of Kubernetes.
pub(super) fn items(text: &str) -> Result<Vec<Value>, String> {
    let list: Value = serde_json::from_str(text).map_err(|why| format!("is not JSON: {why}; {REMEDY}"))?;
    let items = list.get("items").and_then(Value::as_array);
    items.cloned().ok_or_else(|| format!("has no `items`; {REMEDY}"))
}

const REMEDY: &str = "it must be the output of `kubectl get … -o json`";

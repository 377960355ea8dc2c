//! What policies of Envoy Gateway, and plugins of Istio, are attached to by name.

use std::rc::Rc;

use crate::document::{Kind, Node};

use super::deployed::{Deployed, Document, Mesh};

/// Something that a policy is attached to.
pub(super) struct Target<'d> {
    pub(super) node: &'d Rc<Node>,
    pub(super) kind: &'d str,
    /// The same for all policies that name the same: namespace, kind, and name or labels.
    pub(super) whole: String,
    /// Whether it is a part of that: a listener, or a rule of a route.
    is_part: bool,
}

impl Target<'_> {
    pub(super) fn is_gateway(&self) -> bool {
        self.kind == "Gateway" && !self.is_part
    }

    /// Whether a policy here counts in place of one on that Gateway. A route, or a set of listeners, may be on any.
    pub(super) fn is_within(&self, gateway: &str) -> bool {
        self.kind != "Gateway" || self.is_part && self.whole == gateway
    }
}

/// Whatever a policy is attached to, in the order of its fields.
pub(super) fn targets(policy: &Rc<Node>) -> Vec<Target<'_>> {
    let namespace = policy.at(&["metadata", "namespace"]).and_then(|node| node.text()).unwrap_or_default();
    let field = |name| policy.at(&["spec", name]);
    let lists = ["targetRefs", "targetSelectors"].into_iter().filter_map(field).flat_map(|list| list.list());
    field("targetRef").into_iter().chain(lists).filter_map(|node| target(namespace, node)).collect()
}

fn target<'d>(namespace: &str, node: &'d Rc<Node>) -> Option<Target<'d>> {
    let kind = node.field("kind")?.text()?;
    // Without a name it is labels that choose.
    let named = node.field("name").unwrap_or(node).value();
    let is_part = node.field("sectionName").is_some();
    Some(Target { node, kind, whole: format!("{namespace}/{kind}/{named}"), is_part })
}

/// The instances that face the clients of a whole Gateway, each with that.
pub(super) fn edges<'m, 's>(mesh: &'m Mesh<'s>) -> Vec<(&'m Deployed<'s>, String)> {
    let policies = mesh.instances.iter().filter(|deployed| matches!(deployed.found.kind, Kind::EnvoyExtensionPolicy));
    let edges = policies.filter(|deployed| deployed.is_edge_alone() && deployed.instance.is_some());
    edges
        .flat_map(|deployed| gateways(deployed.document()).into_iter().map(move |gateway| (deployed, gateway)))
        .collect()
}

/// The documents of a kind that are attached to a whole Gateway.
pub(super) fn policies_on<'m, 's>(mesh: &'m Mesh<'s>, kind: &str, gateway: &str) -> Vec<&'m Document<'s>> {
    let of_kind = mesh.documents.iter().filter(|document| document.text(&["kind"]) == Some(kind));
    of_kind.filter(|document| gateways(Some(&document.root)).iter().any(|whole| whole == gateway)).collect()
}

fn gateways(policy: Option<&Rc<Node>>) -> Vec<String> {
    let targets = policy.map(targets).unwrap_or_default();
    targets.into_iter().filter(Target::is_gateway).map(|target| target.whole).collect()
}

//! Whether an instance that believes its callers attaches to a Gateway that faces clients.

use std::rc::Rc;

use crate::document::{Kind, Node};

use super::super::target::targets;
use super::super::{Code, Finding};
use super::{Deployed, Document, Mesh};

/// What the pods of a Gateway are labelled with, whose value is its name (Gateway API, GEP-1762).
const OWN_LABEL: &str = "gateway.networking.k8s.io/gateway-name";

pub(crate) fn believes_clients(mesh: &Mesh<'_>) -> Vec<Finding> {
    let attaches = |deployed: &&Deployed<'_>| match deployed.found.kind {
        Kind::WasmPlugin | Kind::TrafficExtension | Kind::EnvoyExtensionPolicy => deployed.believes_all(),
        Kind::EnvoyFilter | Kind::Bare | Kind::Envoy => false,
    };
    let believing = mesh.instances.iter().filter(attaches);
    believing
        .flat_map(|deployed| believed(deployed, &mesh.documents).into_iter().chain(unbounded(deployed, mesh)))
        .collect()
}

fn believed(deployed: &Deployed<'_>, documents: &[Document<'_>]) -> Vec<Finding> {
    let Some(policy) = deployed.document() else { return Vec::new() };
    let gateway = |chosen: &dyn Fn(&Document<'_>) -> bool| documents.iter().find(|it| faces_clients(it) && chosen(it));
    let finding = |node: &Rc<Node>, gateway: &Document<'_>| {
        let [name, class] = [NAME, CLASS].map(|path| gateway.text(path).unwrap_or_default());
        let message = format!("attaches to the Gateway {name:?}, whose class {class:?} is not a waypoint's");
        deployed.around(Code::BelievesClients, node, message)
    };
    let targets = targets(policy);
    let targets = targets.iter().filter(|target| target.kind == "Gateway").map(|target| target.node);
    let targeted = targets.filter_map(|node| Some((node, gateway(&|it| is_named(it, node, policy))?)));
    let selector = policy.at(&["spec", "selector"]);
    let selected = selector.and_then(|node| Some((node, gateway(&|it| is_selected(it, node, policy))?)));
    targeted.chain(selected).map(|(node, gateway)| finding(node, gateway)).collect()
}

/// An instance that names no proxies: Istio attaches it to all of its namespace, and from the root namespace to all.
fn unbounded(deployed: &Deployed<'_>, mesh: &Mesh<'_>) -> Option<Finding> {
    let policy = deployed.document().filter(|policy| deployed.is_istios() && !names_proxies(policy))?;
    let own = policy.at(NAMESPACE)?.text()?;
    let reaches = |other: &Node| own == ROOT || other.at(NAMESPACE).and_then(|node| node.text()) == Some(own);
    let is_gateway = |it: &&Document<'_>| faces_clients(it) && class(it).is_some_and(|class| class.starts_with(ISTIO));
    let gateway = mesh.documents.iter().filter(is_gateway).find(|it| reaches(&it.root));
    let gateway = gateway.map(|it| format!("the Gateway {:?}", it.text(NAME).unwrap_or_default()));
    let is_edge =
        |it: &&Deployed<'_>| it.says_edge() && it.is_istios() && it.document().is_some_and(|node| reaches(node));
    let edge = mesh.instances.iter().find(is_edge);
    let edge = edge.map(|it| format!("the gateway of {} ({}:{})", it.found.name, it.file, it.found.place("").line));
    let message = format!("without selector and targetRefs it attaches to {} too", gateway.or(edge)?);
    Some(deployed.around(Code::BelievesClients, policy.field("spec")?, message))
}

/// How Istio's own classes begin.
const ISTIO: &str = "istio";

/// Istio's default root namespace.
const ROOT: &str = "istio-system";

fn names_proxies(policy: &Rc<Node>) -> bool {
    let labels = policy.at(&["spec", "selector", "matchLabels"]);
    labels.is_some_and(|labels| !labels.fields().is_empty()) || !targets(policy).is_empty()
}

const NAME: &[&str] = &["metadata", "name"];
const NAMESPACE: &[&str] = &["metadata", "namespace"];
const CLASS: &[&str] = &["spec", "gatewayClassName"];

/// Whether a document is the Gateway that a target of a policy names.
pub(super) fn is_named(document: &Document<'_>, target: &Node, policy: &Node) -> bool {
    let name = target.field("name").and_then(|name| name.text());
    document.text(&["kind"]) == Some("Gateway")
        && name.is_some()
        && document.text(NAME) == name
        && is_beside(document, policy)
}

/// The class of a Gateway of the Gateway API.
pub(super) fn class<'d>(document: &'d Document<'_>) -> Option<&'d str> {
    document.text(CLASS)
}

/// Whether a GatewayClass is one of waypoints, as `istio-waypoint`: by how its name ends.
pub(super) fn is_waypoints(class: &str) -> bool {
    class.ends_with("waypoint")
}

fn faces_clients(document: &Document<'_>) -> bool {
    document.text(&["kind"]) == Some("Gateway") && class(document).is_some_and(|class| !is_waypoints(class))
}

/// Whether labels choose the pods of a Gateway: by its name, or by what it has for them.
fn is_selected(gateway: &Document<'_>, selector: &Node, policy: &Node) -> bool {
    let own = gateway.root.at(&["spec", "infrastructure", "labels"]);
    let has = |(key, value): &(Rc<Node>, Rc<Node>)| match key.text() {
        Some(OWN_LABEL) => gateway.text(NAME) == value.text(),
        Some(key) => own.and_then(|labels| labels.field(key)).is_some_and(|label| label.text() == value.text()),
        None => false,
    };
    let wanted = selector.field("matchLabels").map(|labels| labels.fields()).unwrap_or_default();
    !wanted.is_empty() && wanted.iter().all(has) && is_beside(gateway, policy)
}

/// Whether both are in one namespace; `kubectl` may put a resource without a namespace into any.
fn is_beside(document: &Document<'_>, policy: &Node) -> bool {
    let policy = policy.at(NAMESPACE).and_then(|node| node.text());
    match (document.text(NAMESPACE), policy) {
        (Some(one), Some(other)) => one == other,
        (None, _) | (_, None) => true,
    }
}

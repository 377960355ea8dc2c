//! Whether a plugin attaches where its role belongs: Istio's waypoints take `targetRefs` alone.

use std::rc::Rc;

use crate::document::{Kind, Node};

use super::super::{Code, Finding};
use super::{Deployed, Document, Mesh, gateway};

const CLASS: &str = "istio-waypoint";

pub(crate) fn never_attaches(mesh: &Mesh<'_>) -> Vec<Finding> {
    let waypoints = plugins(mesh).filter(|deployed| role(deployed) == Some("waypoint"));
    let finding = |deployed: &Deployed<'_>| {
        let spec = deployed.document()?.field("spec")?;
        let says = |selector: &&Rc<Node>| Some(deployed.around(Code::NeverAttaches, selector, SELECTED.to_owned()));
        match spec.field("targetRefs").or_else(|| spec.field("targetRef")) {
            Some(_) => None,
            None => spec.field("selector").or(Some(spec)).as_ref().and_then(says),
        }
    };
    waypoints.filter_map(finding).collect()
}

const SELECTED: &str = "chooses no waypoint: those take targetRefs alone";

pub(crate) fn is_a_sidecars(mesh: &Mesh<'_>) -> Vec<Finding> {
    let meshes = plugins(mesh).filter(|deployed| role(deployed) == Some("mesh"));
    let findings = meshes.flat_map(|deployed| {
        let policy = deployed.document();
        let target = policy.and_then(|policy| policy.at(&["spec", "targetRefs"]));
        let waypoints = target.map(|target| target.list()).unwrap_or_default().iter();
        let waypoints =
            waypoints.filter(|target| policy.is_some_and(|policy| is_waypoint(target, policy, &mesh.documents)));
        waypoints
            .map(|target| deployed.around(Code::Misplaced, target, "is a waypoint's".to_owned()))
            .collect::<Vec<_>>()
    });
    findings.collect()
}

fn plugins<'m>(mesh: &'m Mesh<'_>) -> impl Iterator<Item = &'m Deployed<'m>> {
    mesh.instances.iter().filter(|deployed| match deployed.found.kind {
        Kind::WasmPlugin | Kind::TrafficExtension => true,
        Kind::EnvoyFilter | Kind::EnvoyExtensionPolicy | Kind::Bare | Kind::Envoy => false,
    })
}

fn role<'d>(deployed: &'d Deployed<'_>) -> Option<&'d str> {
    deployed.value.get("role")?.as_str()
}

/// Whether a target stands behind a waypoint, or is one; of a Gateway its own document says so, if it is there.
fn is_waypoint(target: &Node, policy: &Node, documents: &[Document<'_>]) -> bool {
    let text = |field: &str| target.field(field).and_then(|node| node.text());
    match text("kind") {
        Some("Service" | "ServiceEntry") => true,
        Some("GatewayClass") => text("name") == Some(CLASS),
        Some("Gateway") => documents
            .iter()
            .any(|document| gateway::is_named(document, target, policy) && gateway::class(document) == Some(CLASS)),
        Some(_) | None => false,
    }
}

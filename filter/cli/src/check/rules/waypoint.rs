//! Whether a plugin attaches to a place of its role: Istio's waypoints take only `targetRefs`.

use crate::document::Node;

use super::super::target::{Target, targets};
use super::super::{Code, Finding};
use super::{Deployed, Document, Mesh, gateway};

pub(crate) fn never_attaches(mesh: &Mesh<'_>) -> Vec<Finding> {
    let waypoints = plugins(mesh).filter(|deployed| role(deployed) == Some("waypoint"));
    let finding = |deployed: &Deployed<'_>| {
        let policy = deployed.document().filter(|policy| targets(policy).is_empty())?;
        let spec = policy.field("spec")?;
        let node = spec.field("selector").unwrap_or(spec);
        Some(deployed.around(
            Code::NeverAttaches,
            node,
            "attaches to no waypoint, because a waypoint needs targetRefs".to_owned(),
        ))
    };
    waypoints.filter_map(finding).collect()
}

pub(crate) fn is_a_sidecars(mesh: &Mesh<'_>) -> Vec<Finding> {
    let meshes = plugins(mesh).filter(|deployed| role(deployed) == Some("mesh"));
    let findings = meshes.flat_map(|deployed| {
        let policy = deployed.document();
        let targets =
            policy.into_iter().flat_map(|policy| targets(policy).into_iter().map(move |target| (policy, target)));
        let waypoints = targets.filter(|(policy, target)| is_waypoint(target, policy, &mesh.documents));
        let finding =
            |(_, target): (_, Target<'_>)| deployed.around(Code::Misplaced, target.node, "is a waypoint's".to_owned());
        waypoints.map(finding).collect::<Vec<_>>()
    });
    findings.collect()
}

fn plugins<'m>(mesh: &'m Mesh<'_>) -> impl Iterator<Item = &'m Deployed<'m>> {
    mesh.instances.iter().filter(|deployed| deployed.is_istios())
}

fn role<'d>(deployed: &'d Deployed<'_>) -> Option<&'d str> {
    deployed.value.get("role")?.as_str()
}

/// Whether a target is behind a waypoint, or is one; for a Gateway, its own document decides, if it is in the input.
fn is_waypoint(target: &Target<'_>, policy: &Node, documents: &[Document<'_>]) -> bool {
    match target.kind {
        "Service" | "ServiceEntry" => true,
        "GatewayClass" => target.node.field("name").and_then(|name| name.text()).is_some_and(gateway::is_waypoints),
        "Gateway" => documents.iter().any(|document| {
            gateway::is_named(document, target.node, policy)
                && gateway::class(document).is_some_and(gateway::is_waypoints)
        }),
        _ => false,
    }
}

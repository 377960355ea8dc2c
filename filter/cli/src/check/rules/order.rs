//! The order of instances and other filters of their proxy.

use std::rc::Rc;

use crate::document::Node;

use super::super::position::Order;
use super::super::{Code, Finding};
use super::{Deployed, Mesh};

pub(crate) fn strips_late(mesh: &Mesh<'_>) -> Vec<Finding> {
    let message = "strips after filters that may authorise by the headers that it strips";
    let late = mesh.instances.iter().filter(|deployed| is_late(deployed) && !deployed.resolves());
    late.filter_map(|deployed| Some(deployed.around(Code::StripLate, &place(deployed)?, message.into()))).collect()
}

pub(crate) fn strips_nothing_first(mesh: &Mesh<'_>) -> Vec<Finding> {
    let message = "resolves after filters that may authorise, and nothing strips before them";
    // A late instance that only strips has its own finding.
    let strips = |other: &Deployed<'_>| other.position.order == Order::First || !other.resolves();
    let late = mesh.instances.iter().filter(|deployed| is_late(deployed) && deployed.resolves());
    let alone = late.filter(|deployed| !chain(mesh, deployed).into_iter().any(strips));
    alone.filter_map(|deployed| Some(deployed.around(Code::StripMissing, &place(deployed)?, message.into()))).collect()
}

pub(crate) fn reads_token_early(mesh: &Mesh<'_>) -> Vec<Finding> {
    let is_early = |deployed: &&Deployed<'_>| match deployed.position.order {
        Order::First | Order::Behind { jwt_authn: Some(false) } => deployed.reads_token(),
        Order::Behind { jwt_authn: Some(true) | None } | Order::Unknown => false,
    };
    let message = "runs before the filter that verifies tokens, so no token counts";
    let early = mesh.instances.iter().filter(is_early);
    early.filter_map(|deployed| Some(deployed.around(Code::TokenEarly, &place(deployed)?, message.into()))).collect()
}

/// The edges through which a request goes that also goes through this one, in their order as far as it is known.
pub(super) fn chain<'m, 's>(mesh: &'m Mesh<'s>, deployed: &Deployed<'_>) -> Vec<&'m Deployed<'s>> {
    let is_in_it = |other: &&Deployed<'_>| other.is_edge_alone() && other.position.chain == deployed.position.chain;
    mesh.instances.iter().filter(is_in_it).collect()
}

fn is_late(deployed: &Deployed<'_>) -> bool {
    deployed.says_edge() && matches!(deployed.position.order, Order::Behind { .. })
}

/// What decides its place: the phase, the operation of a patch, or else the plugin itself.
fn place(deployed: &Deployed<'_>) -> Option<Rc<Node>> {
    let phase = deployed.document().and_then(|document| document.at(&["spec", "phase"]));
    let operation = deployed.found.trail.iter().find_map(|node| node.at(&["patch", "operation"]));
    phase.or(operation).or(deployed.plugin()).cloned()
}

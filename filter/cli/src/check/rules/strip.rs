//! Whether what is believed later is stripped first.

use super::super::carrier::{Carrier, carriers};
use super::super::position::Order;
use super::super::{Code, Finding};
use super::order::chain;
use super::{Deployed, Mesh};

/// An instance that resolves late, behind one that strips first: filters in between see what the first leaves. What the
/// later one may believe has to pass.
pub(crate) fn leaves_for_later(mesh: &Mesh<'_>) -> Vec<Finding> {
    let late = mesh.instances.iter().filter(|deployed| deployed.is_edge_alone() && deployed.instance.is_some());
    let late = late.filter(|deployed| matches!(deployed.position.order, Order::Behind { .. }));
    let findings = late.flat_map(|deployed| {
        let mut first = chain(mesh, deployed);
        first.retain(|other| other.position.order == Order::First);
        let named = carriers(&deployed.value).into_iter().filter(|carrier| !carrier.is_believed);
        let named = if first.is_empty() { Vec::new() } else { named.collect() };
        passing(Code::StripIncomplete, deployed, &named, &first)
    });
    findings.collect()
}

/// What an instance of the mesh reads or writes, and an edge lets pass. All files together are one mesh.
pub(crate) fn lets_pass_into_the_mesh(mesh: &Mesh<'_>) -> Vec<Finding> {
    let inner = mesh.instances.iter().filter(|deployed| !deployed.is_edge_alone() && deployed.instance.is_some());
    let edges = edges(mesh);
    let findings = inner.flat_map(|deployed| {
        let named = carriers(&deployed.value);
        let before = edges.iter().filter(|edge| edge.iter().any(|edge| edge.may_precede(deployed)));
        before.flat_map(|edge| passing(Code::NotStripped, deployed, &named, edge)).collect::<Vec<_>>()
    });
    findings.collect()
}

/// The chains of all edges.
fn edges<'m, 's>(mesh: &'m Mesh<'s>) -> Vec<Vec<&'m Deployed<'s>>> {
    let mut edges: Vec<Vec<&Deployed<'_>>> = Vec::new();
    for deployed in mesh.instances.iter().filter(|deployed| deployed.is_edge_alone()) {
        if !edges.iter().flatten().any(|known| std::ptr::eq(*known, deployed)) {
            edges.push(chain(mesh, deployed));
        }
    }
    edges
}

/// A finding for each of these carriers that passes an edge.
fn passing(code: Code, deployed: &Deployed<'_>, named: &[Carrier], edge: &[&Deployed<'_>]) -> Vec<Finding> {
    let passing = named.iter().filter(|carrier| carrier.passes(edge) == Some(true));
    passing.map(|carrier| finding(code, deployed, carrier, edge)).collect()
}

fn finding(code: Code, deployed: &Deployed<'_>, carrier: &Carrier, edge: &[&Deployed<'_>]) -> Finding {
    let Carrier { path, medium, name, .. } = carrier;
    let edges = edge.iter().map(|edge| format!("{} ({}:{})", edge.found.name, edge.file, edge.found.place("").line));
    let (medium, edges) = (medium.word(), edges.collect::<Vec<_>>().join(", "));
    deployed.in_configuration(code, path, format!("the {medium} {name:?} passes {edges} as clients send it"))
}

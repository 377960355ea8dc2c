//! Istio's order of plugins in one phase: the highest priority first, 0 unless it is said.

use super::super::position::{Order, proxies};
use super::super::{Code, Finding};
use super::{Deployed, Document, Mesh};

/// What strips is to come before all plugins of others, which may believe what clients claim.
pub(crate) fn strips_behind_a_plugin(mesh: &Mesh<'_>) -> Vec<Finding> {
    let plugins = mesh.instances.iter().filter(|deployed| deployed.is_istios());
    let first = plugins.filter(|deployed| deployed.position.order == Order::First);
    let edges = first.filter(|deployed| deployed.says_edge());
    edges.filter_map(|deployed| finding(mesh, deployed)).collect()
}

fn finding(mesh: &Mesh<'_>, deployed: &Deployed<'_>) -> Option<Finding> {
    let document = deployed.document()?;
    let own = document.at(&["spec", "priority"]);
    let mut others = mesh.documents.iter().filter(|other| is_in_phase(other) && !is_ours(mesh, other));
    let before = others.find(|other| {
        let priority = priority(other.text(&["spec", "priority"]));
        proxies(&other.root) == deployed.position.chain && priority > self::priority(own.and_then(|own| own.text()))
    })?;
    let name = before.text(&["metadata", "name"]).unwrap_or_default();
    let message = format!("strips after {name} ({}), whose priority is higher", before.source.file);
    Some(deployed.around(Code::StripLate, own.or(document.field("spec"))?, message))
}

fn is_in_phase(document: &Document<'_>) -> bool {
    matches!(document.text(&["kind"]), Some("WasmPlugin" | "TrafficExtension"))
        && document.text(&["spec", "phase"]) == Some("AUTHN")
}

fn is_ours(mesh: &Mesh<'_>, document: &Document<'_>) -> bool {
    mesh.instances.iter().any(|deployed| document.holds(deployed))
}

fn priority(text: Option<&str>) -> i64 {
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}

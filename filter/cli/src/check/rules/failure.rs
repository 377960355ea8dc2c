//! What lets clients past an edge: a crash, or listeners that the plugin does not see.

use std::rc::Rc;

use crate::document::Node;

use super::super::{Code, Finding};
use super::{Deployed, Mesh};

/// The fields of all kinds that say what a crash does, each with what lets requests pass.
const OPEN: [(&str, &str); 5] = [
    ("failStrategy", "FAIL_OPEN"),
    ("failure_policy", "FAIL_OPEN"),
    ("failurePolicy", "FAIL_OPEN"),
    ("fail_open", "true"),
    ("failOpen", "true"),
];

pub(crate) fn fails_open(mesh: &Mesh<'_>) -> Vec<Finding> {
    let edges = mesh.instances.iter().filter(|deployed| deployed.is_edge());
    let findings = edges.flat_map(|deployed| {
        OPEN.iter().filter_map(|(field, open)| {
            let value = deployed.plugin()?.field(field)?;
            let message = format!("{field} lets requests pass after a crash, with forged headers");
            (value.text() == Some(*open)).then(|| deployed.around(Code::FailOpen, value, message))
        })
    });
    findings.collect()
}

/// Istio: without an entry a plugin matches all traffic, and so does an entry without a mode.
pub(crate) fn matches_server(mesh: &Mesh<'_>) -> Vec<Finding> {
    let edges = mesh.instances.iter().filter(|deployed| deployed.says_edge());
    let finding = |deployed: &Deployed<'_>| {
        let modes = deployed.document()?.at(&["spec", "match"])?.list();
        let modes: Vec<_> = modes.iter().map(|entry| entry.field("mode")).collect();
        let is_server = |mode: &Option<&Rc<Node>>| mode.is_some_and(|mode| mode.text() == Some("SERVER"));
        let first = (*modes.first()?)?;
        let message = "matches no request that a client sends to a gateway".to_owned();
        modes.iter().all(is_server).then(|| deployed.around(Code::MatchServer, first, message))
    };
    edges.filter_map(finding).collect()
}

//! Placeholders of the manifests that were left in.

use std::rc::Rc;

use crate::document::Node;

use super::super::target::{edges, policies_on};
use super::super::{Code, Finding};
use super::{Deployed, Mesh};

/// What stands in our manifests for what only the reader knows, and what to write instead.
const PLACEHOLDERS: [(&str, &str); 4] = [
    ("registry.example.com", "the registry of your image"),
    ("www.example.com", "your own domain"),
    ("idp.example.com", "the issuer of your tokens"),
    ("0000000000000000000000000000000000000000000000000000000000000000", "what sha256sum prints for the module"),
];

pub(crate) fn left_in(mesh: &Mesh<'_>) -> Vec<Finding> {
    let instances = mesh.instances.iter().flat_map(|deployed| [in_configuration(deployed), around(deployed)].concat());
    instances.chain(edges(mesh).into_iter().flat_map(|(edge, gateway)| beside(mesh, edge, &gateway))).collect()
}

/// Under Envoy Gateway, where the issuer stands again in a policy of its own.
fn beside(mesh: &Mesh<'_>, edge: &Deployed<'_>, gateway: &str) -> Vec<Finding> {
    let findings = policies_on(mesh, "SecurityPolicy", gateway).into_iter().flat_map(|policy| {
        let mut texts = Vec::new();
        collect(&policy.root, String::new(), &mut texts);
        let finding = |(_, node): (String, Rc<Node>)| {
            let message = message(node.text()?)?;
            Some(policy.finding(Code::Placeholder, &node, &edge.found.name, message))
        };
        texts.into_iter().filter_map(finding).collect::<Vec<_>>()
    });
    findings.collect()
}

fn in_configuration(deployed: &Deployed<'_>) -> Vec<Finding> {
    let mut texts = Vec::new();
    if let Some(fields) = deployed.found.fields() {
        collect(fields, String::new(), &mut texts);
    }
    let findings = texts
        .iter()
        .filter_map(|(path, node)| Some(deployed.in_configuration(Code::Placeholder, path, message(node.text()?)?)));
    findings.collect()
}

/// Beside the configuration, in the same plugin.
fn around(deployed: &Deployed<'_>) -> Vec<Finding> {
    let mut texts = Vec::new();
    let fields = deployed.plugin().map(|plugin| plugin.fields()).unwrap_or_default();
    let is_ours =
        |value: &Rc<Node>| deployed.found.fields().is_some_and(|fields| std::ptr::eq(&raw const **value, fields));
    let beside = fields.iter().filter(|(key, value)| !is_ours(value) && key.text() != Some("configuration"));
    beside.for_each(|(_, value)| add(value, String::new(), &mut texts));
    texts.retain(|_| !matches!(deployed.found.kind, crate::Kind::Bare));
    let findings =
        texts.iter().filter_map(|(_, node)| Some(deployed.around(Code::Placeholder, node, message(node.text()?)?)));
    findings.collect()
}

fn message(text: &str) -> Option<String> {
    let (placeholder, remedy) = PLACEHOLDERS.iter().find(|(placeholder, _)| text.contains(placeholder))?;
    Some(format!("{placeholder} is a placeholder; write {remedy}"))
}

/// The scalars in a value, each with its path.
fn collect(node: &Node, path: String, texts: &mut Vec<(String, Rc<Node>)>) {
    for (key, value) in node.fields() {
        let dot = if path.is_empty() { "" } else { "." };
        let name = key.text().unwrap_or_default().escape_debug();
        add(value, format!("{path}{dot}{name}"), texts);
    }
    for (index, value) in node.list().iter().enumerate() {
        add(value, format!("{path}[{index}]"), texts);
    }
}

fn add(value: &Rc<Node>, path: String, texts: &mut Vec<(String, Rc<Node>)>) {
    if value.text().is_some() {
        texts.push((path.clone(), value.clone()));
    }
    collect(value, path, texts);
}

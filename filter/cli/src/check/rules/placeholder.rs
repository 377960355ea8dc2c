//! Placeholders of the manifests that were left in.

use std::rc::Rc;

use crate::document::{KUSTOMIZATIONS, Node};

use super::super::{Code, Finding};
use super::{Deployed, Document, Mesh};

/// What stands in our manifests, and in what their pages say of the image, for what only the reader knows; and what to
/// write instead. The first that fits counts.
const PLACEHOLDERS: [(&str, &str); 8] = [
    ("registry.example.com", "the registry of your image"),
    ("oci://REGISTRY/", "the registry of your image"),
    ("sha256:DIGEST", "the digest of your image"),
    ("www.example.com", "your own domain"),
    ("idp.example.com", "the issuer of your tokens"),
    ("BASE64-OF-THE-PUBLIC-KEY", "the public key that tenancy seal new-key prints"),
    ("sha256:0000000000000000000000000000000000000000000000000000000000000000", "the digest of your image"),
    ("0000000000000000000000000000000000000000000000000000000000000000", "what sha256sum prints for the module"),
];

/// The kinds beside those of plugins in which a placeholder of ours stands. In others it may be somebody's example, as in
/// a CustomResourceDefinition.
const KINDS: [&str; 3] = ["EnvoyFilter", "HTTPRoute", "SecurityPolicy"];

/// What a kustomization makes of an image; its `name` is what it looks for, and so a placeholder by right.
const OF_IMAGE: [&str; 2] = ["newName", "digest"];

/// A document is read as a whole, behind the configurations in it: what both find is one finding.
pub(crate) fn left_in(mesh: &Mesh<'_>) -> Vec<Finding> {
    let configurations = mesh.instances.iter().flat_map(in_configuration);
    configurations.chain(mesh.documents.iter().flat_map(|document| in_document(mesh, document))).collect()
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

fn in_document(mesh: &Mesh<'_>, document: &Document<'_>) -> Vec<Finding> {
    let plugin = mesh.instances.iter().find(|deployed| document.holds(deployed));
    let kind = document.text(&["kind"]).unwrap_or_default();
    let mut texts = Vec::new();
    if KUSTOMIZATIONS.contains(&kind) {
        let images = document.root.field("images").map(|images| images.list()).unwrap_or_default();
        let fields = images.iter().flat_map(|image| OF_IMAGE.iter().filter_map(|field| image.field(field)));
        fields.for_each(|value| add(value, String::new(), &mut texts));
    } else if plugin.is_some() || KINDS.contains(&kind) {
        // What kubectl notes in `metadata` may be what was there before.
        collect(document.root.field("spec").unwrap_or(&document.root), String::new(), &mut texts);
    }
    let name = plugin.map_or_else(|| document.name(), |plugin| plugin.found.name.clone());
    let finding =
        |(_, node): &(String, Rc<Node>)| Some(document.finding(Code::Placeholder, node, &name, message(node.text()?)?));
    texts.iter().filter_map(finding).collect()
}

/// What is wrong with a text that holds a placeholder. One with blanks or quotes is prose, a script, or a configuration,
/// which is read by itself.
fn message(text: &str) -> Option<String> {
    let is_name = !text.contains(|mark: char| mark.is_whitespace() || mark == '"');
    let (placeholder, remedy) = PLACEHOLDERS.iter().find(|(placeholder, _)| is_name && text.contains(placeholder))?;
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

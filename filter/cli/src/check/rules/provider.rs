//! The providers of `jwt_authn`, whose payload the filter reads; under Envoy Gateway those of a SecurityPolicy.

use std::rc::Rc;

use crate::document::Node;

use super::super::{Code, Finding};
use super::{Deployed, Document, Mesh};

/// The end of the type of Envoy's filter that verifies tokens.
const JWT_AUTHN: &str = ".jwt_authn.v3.JwtAuthentication";

/// A provider may be in a different document than the plugin, such as an EnvoyFilter beside a WasmPlugin.
pub(crate) fn checks_no_issuer(mesh: &Mesh<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for document in &mesh.documents {
        let mut providers = Vec::new();
        collect(&document.root, &mut providers);
        providers.extend(of_policy(document));
        for (name, provider) in providers.iter().filter(|(_, provider)| text(provider, &["issuer"]).is_empty()) {
            let message = format!("provider {name:?} stores the payload that the filter reads, and accepts any issuer");
            let reader = mesh.instances.iter().find(|deployed| reads(deployed, provider));
            let finding = |deployed: &Deployed<'_>| {
                document.finding(Code::IssuerMissing, provider, &deployed.found.name, message)
            };
            findings.extend(reader.map(finding));
        }
    }
    findings
}

/// Whether an instance reads the payload that a provider leaves.
fn reads(deployed: &Deployed<'_>, provider: &Node) -> bool {
    let payload = text(provider, &["payload_in_metadata", "payloadInMetadata", "name"]);
    let is_its = deployed.instance.as_ref().is_some_and(|instance| instance.filter.payload() == payload);
    is_its && deployed.reads_token()
}

/// The first of these fields as text; empty if there is none.
fn text<'n>(provider: &'n Node, fields: &[&str]) -> &'n str {
    fields.iter().find_map(|field| provider.field(field)?.text()).unwrap_or_default()
}

/// The providers of a SecurityPolicy, whose name is the key of the payload.
fn of_policy(document: &Document<'_>) -> Vec<(String, Rc<Node>)> {
    let is_policy = document.text(&["kind"]) == Some("SecurityPolicy");
    let list = document.root.at(&["spec", "jwt", "providers"]).filter(|_| is_policy).map(|list| list.list());
    let name = |provider: &Rc<Node>| Some((provider.field("name")?.text()?.to_owned(), provider.clone()));
    list.unwrap_or_default().iter().filter_map(name).collect()
}

/// The providers in a part of a document, each with its name.
fn collect(node: &Rc<Node>, providers: &mut Vec<(String, Rc<Node>)>) {
    let is_filter = node.field("@type").and_then(|kind| kind.text()).is_some_and(|kind| kind.ends_with(JWT_AUTHN));
    if let Some(named) = node.field("providers").filter(|_| is_filter) {
        let named = named.fields().iter().filter_map(|(key, value)| Some((key.text()?.to_owned(), value.clone())));
        providers.extend(named);
    }
    node.values().for_each(|value| collect(value, providers));
}

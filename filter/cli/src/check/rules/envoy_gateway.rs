//! What a Gateway of Envoy Gateway needs beside the policy with the filter, and what switches that off.

use std::rc::Rc;

use serde_json::Value;

use crate::document::Node;

use super::super::carrier::{Medium, carriers};
use super::super::target::{Target, edges, policies_on, targets};
use super::super::{Code, Finding};
use super::{Deployed, Document, Mesh};

/// Of several policies only the most specific counts: one on a route, or on a listener, replaces that on the Gateway.
/// Under `mergeType` they are merged, but a list replaces a list.
pub(crate) fn switched_off(mesh: &Mesh<'_>) -> Vec<Finding> {
    let edges = edges(mesh);
    let policies = mesh.documents.iter().filter(|document| document.text(&["kind"]) == Some("EnvoyExtensionPolicy"));
    let findings = policies.flat_map(|policy| {
        let targets = targets(&policy.root);
        let within = targets.into_iter().filter_map(|target| {
            let (edge, _) = edges.iter().find(|(edge, gateway)| {
                target.is_within(gateway) && !policy.holds(edge) && !does_its_work(mesh, edge, policy)
            })?;
            replaces(policy, &target, edge)
        });
        within.collect::<Vec<_>>()
    });
    findings.collect()
}

/// Whether the policy has instances of its own that strip what that one strips.
fn does_its_work(mesh: &Mesh<'_>, edge: &Deployed<'_>, policy: &Document<'_>) -> bool {
    let own: Vec<_> = mesh.instances.iter().filter(|deployed| policy.holds(deployed)).collect();
    !own.is_empty() && carriers(&edge.value).iter().all(|carrier| carrier.passes(&own) == Some(false))
}

fn replaces(policy: &Document<'_>, target: &Target<'_>, edge: &Deployed<'_>) -> Option<Finding> {
    let name = &edge.found.name;
    let place = format!("{name} ({}:{})", edge.file, edge.found.place("").line);
    let own = policy.root.at(&["spec", "wasm"]).filter(|wasm| !wasm.list().is_empty());
    let merges = policy.root.at(&["spec", "mergeType"]).filter(|merges| !merges.is_null());
    let (node, message) = match (merges, own) {
        (None, _) => (target.node, format!("without mergeType it switches {place} off on this {}", target.kind)),
        (Some(_), Some(own)) => (own, format!("replaces the list that has {place}, with or without mergeType")),
        (Some(_), None) => return None,
    };
    Some(policy.finding(Code::SwitchedOff, node, name, message))
}

/// The route that is chosen first decides whether the filter runs, so what only the filter removes could choose that.
pub(crate) fn not_removed_early(mesh: &Mesh<'_>) -> Vec<Finding> {
    let findings = edges(mesh).into_iter().flat_map(|(edge, gateway)| {
        let policies = policies_on(mesh, "ClientTrafficPolicy", &gateway);
        let left = unbelieved(&edge.value)
            .into_iter()
            .filter(move |(_, name)| !policies.iter().any(|policy| removes(policy, name)));
        left.map(|(path, name)| {
            let message =
                format!("no ClientTrafficPolicy of this Gateway removes {name:?} before Envoy chooses a route");
            edge.in_configuration(Code::NotRemovedEarly, &path, message)
        })
    });
    findings.collect()
}

/// The headers that an edge believes of nobody, each where it is named. Our keys of baggage stand in one header, which
/// goes as a whole if no foreign member is kept.
fn unbelieved(configuration: &Value) -> Vec<(String, String)> {
    let carriers = carriers(configuration);
    let (headers, keys): (Vec<_>, Vec<_>) = carriers.into_iter().partition(|carrier| carrier.medium == Medium::Header);
    let keeps = configuration.get("foreignBaggage").is_some_and(|foreign| foreign == "keep");
    let baggage = keys.first().filter(|_| !keeps && !keys.iter().any(|key| key.is_believed));
    let baggage = baggage.map(|key| (key.path.clone(), "baggage".to_owned()));
    let strip = configuration.get("strip").and_then(Value::as_array).into_iter().flatten().enumerate();
    let strip = strip.filter_map(|(index, name)| Some((format!("strip[{index}]"), name.as_str()?.to_owned())));
    let headers = headers.into_iter().filter(|header| !header.is_believed).map(|header| (header.path, header.name));
    headers.chain(strip.filter(|(_, name)| !name.ends_with('*'))).chain(baggage).collect()
}

/// Whether a policy removes a header early. A regular expression may.
fn removes(policy: &Document<'_>, header: &str) -> bool {
    let early = ["spec", "headers", "earlyRequestHeaders"];
    let Some(early) = policy.root.at(&early) else { return false };
    let list = |name| early.field(name).map(|list| list.list()).unwrap_or_default();
    let is_same = |name: &Rc<Node>| name.text().is_some_and(|name| name.eq_ignore_ascii_case(header));
    list("remove").iter().any(is_same) || list("removeOnMatch").iter().any(|matcher| may_match(matcher, header))
}

/// Whether a `StringMatch` may match a name, regardless of case.
fn may_match(matcher: &Rc<Node>, header: &str) -> bool {
    let text = |field| matcher.field(field).and_then(|node| node.text()).unwrap_or_default().to_ascii_lowercase();
    let (value, header) = (text("value"), header.to_ascii_lowercase());
    match text("type").as_str() {
        "prefix" => header.starts_with(&value),
        "suffix" => header.ends_with(&value),
        "regularexpression" => true,
        _ => header == value,
    }
}

/// Envoy Gateway leaves the payload of a token under the name of the provider.
pub(crate) fn payload_unknown(mesh: &Mesh<'_>) -> Vec<Finding> {
    let readers = edges(mesh).into_iter().filter(|(edge, _)| edge.reads_token());
    let findings = readers.flat_map(|(edge, gateway)| {
        let policies = policies_on(mesh, "SecurityPolicy", &gateway);
        policies.into_iter().filter_map(move |policy| wrong_key(edge, policy))
    });
    findings.collect()
}

fn wrong_key(edge: &Deployed<'_>, policy: &Document<'_>) -> Option<Finding> {
    let key = edge.instance.as_ref()?.filter.payload();
    let providers = policy.root.at(&["spec", "jwt", "providers"])?.list().iter();
    let names: Vec<_> = providers.filter_map(|provider| provider.field("name")?.text()).collect();
    let known = names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    let message = format!(
        "{key:?} is not a provider of the SecurityPolicy in {}, so no token counts; known there: {known}",
        policy.source.file
    );
    let is_wrong = !names.is_empty() && !names.contains(&key);
    is_wrong.then(|| edge.in_configuration(Code::PayloadUnknown, "verified.payload", message))
}

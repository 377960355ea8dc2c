//! The position of an instance among the filters of its proxy.

use std::rc::Rc;

use crate::document::{Found, Kind, Node};

/// The position of an instance.
pub(super) struct Position {
    /// The same for all instances that one request passes.
    pub(super) chain: String,
    pub(super) order: Order,
}

/// The filters before it that decide something by a client's headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Unknown.
    Unknown,
    /// Nothing.
    First,
    /// There are some, and whether `jwt_authn` is among them; `None` if that is unknown.
    Behind { jwt_authn: Option<bool> },
}

/// Parts of the types of Envoy's filters that decide nothing by what a client claims.
const HARMLESS: [&str; 7] =
    [".buffer.", ".compressor.", ".decompressor.", ".grpc_http1_bridge.", ".grpc_stats.", ".health_check.", ".tap."];

const JWT_AUTHN: &str = ".jwt_authn.";

/// What chooses the proxies of a resource.
const PROXIES: [&[&str]; 5] = [
    &["spec", "selector", "matchLabels"],
    &["spec", "workloadSelector", "labels"],
    &["spec", "targetRef"],
    &["spec", "targetRefs"],
    &["spec", "targetSelectors"],
];

impl Position {
    /// The index of a plugin among all plugins found.
    pub(super) fn of(found: &Found, plugins: &[Rc<Node>]) -> Self {
        if let Some(position) = listed(&found.trail, plugins) {
            return position;
        }
        let chain = found.trail.first().map(|document| proxies(document)).unwrap_or_default();
        match found.kind {
            Kind::WasmPlugin | Kind::TrafficExtension => {
                let phase = found.trail.first().and_then(|document| document.at(&["spec", "phase"])?.text());
                Self { chain, order: order_of_phase(phase) }
            }
            Kind::EnvoyFilter => patched(&found.trail, chain),
            Kind::EnvoyExtensionPolicy => Self { chain, order: Order::Unknown },
            Kind::Bare | Kind::Envoy => Self { chain: "alone".into(), order: Order::Unknown },
        }
    }
}

/// What is the same for all resources that apply to the same proxies.
pub(super) fn proxies(resource: &Node) -> String {
    let part = |path: &[&str]| resource.at(path).map(|node| node.value().to_string()).unwrap_or_default();
    format!("{} {}", part(&["metadata", "namespace"]), PROXIES.map(part).concat())
}

/// The phases of Istio: AUTHN comes before its JWT filter, AUTHZ behind it; without a phase it is before the router.
fn order_of_phase(phase: Option<&str>) -> Order {
    match phase {
        Some("AUTHN") => Order::First,
        Some("AUTHZ" | "STATS") => Order::Behind { jwt_authn: Some(true) },
        Some(_) | None => Order::Behind { jwt_authn: None },
    }
}

/// The position in a list of `http_filters`; `None` if it is in none.
fn listed(trail: &[Rc<Node>], plugins: &[Rc<Node>]) -> Option<Position> {
    let list = trail.iter().find_map(|node| node.field("http_filters").or_else(|| node.field("httpFilters")))?;
    let is_ours = |entry: &Rc<Node>| plugins.iter().any(|plugin| holds(entry, plugin));
    let own = list.list().iter().position(|entry| trail.iter().any(|node| Rc::ptr_eq(node, entry)))?;
    let before = list.list().iter().take(own).filter(|entry| !is_ours(entry));
    let types: Vec<_> = before.map(|entry| type_of(entry)).collect();
    let decides = |kind: &String| !HARMLESS.iter().any(|harmless| kind.contains(harmless));
    let order = match types.iter().any(decides) {
        true => Order::Behind { jwt_authn: Some(types.iter().any(|kind| kind.contains(JWT_AUTHN))) },
        false => Order::First,
    };
    Some(Position { chain: format!("filters {:p}", Rc::as_ptr(list)), order })
}

/// A filter's type, or its name if there is no type.
fn type_of(filter: &Node) -> String {
    let typed = filter.at(&["typed_config", "@type"]).or_else(|| filter.at(&["typedConfig", "@type"]));
    let text = typed.or_else(|| filter.field("name")).and_then(|node| node.text());
    format!("{}.", text.unwrap_or_default())
}

/// The position that a patch of an EnvoyFilter asks for.
fn patched(trail: &[Rc<Node>], proxies: String) -> Position {
    let patch = trail.iter().find(|node| node.field("applyTo").is_some());
    let text = |path: &[&str]| patch.and_then(|patch| patch.at(path)).and_then(|node| node.text());
    let chain = match text(&["match", "context"]) {
        Some(context) if context.starts_with("SIDECAR") => format!("{proxies} {context}"),
        Some(_) | None => proxies,
    };
    let beside = text(&["match", "listener", "filterChain", "filter", "subFilter", "name"]);
    let order = match (text(&["patch", "operation"]), beside) {
        // Without a filter to insert it before, Istio inserts it at the front.
        (Some("INSERT_FIRST"), _) | (Some("INSERT_BEFORE"), None) => Order::First,
        (Some("INSERT_BEFORE"), Some(name)) if name.ends_with("jwt_authn") => Order::Behind { jwt_authn: Some(false) },
        (Some(_) | None, _) => Order::Behind { jwt_authn: None },
    };
    Position { chain, order }
}

fn holds(node: &Rc<Node>, wanted: &Rc<Node>) -> bool {
    Rc::ptr_eq(node, wanted) || node.values().any(|value| holds(value, wanted))
}

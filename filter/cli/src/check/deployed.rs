//! An instance of the filter, with the configuration that it has and the place that it gets.

use std::rc::Rc;

use serde_json::Value;
use tenancy_filter::{Filter, Findings, Parsed, Peer, Role};

use crate::document::{Found, Kind, Node, Place, resource_name};
use crate::explain::Instance;

use super::position::Position;
use super::{Checked, Code, Finding, Source};

/// All files together.
pub(super) struct Mesh<'s> {
    pub(super) instances: Vec<Deployed<'s>>,
    pub(super) documents: Vec<Document<'s>>,
}

/// A document of any kind.
pub(super) struct Document<'s> {
    pub(super) source: &'s Source,
    pub(super) root: Rc<Node>,
}

/// An instance of the filter as files deploy it.
pub(super) struct Deployed<'s> {
    pub(super) file: &'s str,
    pub(super) found: Found,
    /// The configuration; null if it cannot be read.
    pub(super) value: Value,
    /// `None` if the filter refuses the configuration.
    pub(super) instance: Option<Instance>,
    /// What the filter finds in it.
    pub(super) findings: Findings,
    pub(super) position: Position,
}

/// The filter's reading of each configuration.
pub(super) fn deploy(found: Vec<(&str, Found)>) -> Vec<Deployed<'_>> {
    let plugins: Vec<_> = found.iter().filter_map(|(_, found)| found.trail.last().cloned()).collect();
    let deploy = |(file, found): (_, Found)| {
        let (filter, findings) = match Filter::from_config(found.json.as_bytes()) {
            Ok(Parsed { filter, warnings }) => (Some(filter), warnings),
            Err(findings) => (None, findings),
        };
        let instance = filter.map(|filter| Instance::new(found.name.clone(), filter));
        let position = Position::of(&found, &plugins);
        let value = serde_json::from_str(&found.json).unwrap_or_default();
        Deployed { file, value, found, instance, findings, position }
    };
    found.into_iter().map(deploy).collect()
}

impl Deployed<'_> {
    pub(super) fn checked(&self) -> Checked {
        let Found { name, kind, .. } = &self.found;
        Checked { name: name.clone(), kind: *kind, file: self.file.to_owned(), place: self.found.place("") }
    }

    /// Whether it is a plugin of Istio, which attaches it by labels or by targets.
    pub(super) fn is_istios(&self) -> bool {
        match self.found.kind {
            Kind::WasmPlugin | Kind::TrafficExtension => true,
            Kind::EnvoyFilter | Kind::EnvoyExtensionPolicy | Kind::Bare | Kind::Envoy => false,
        }
    }

    /// Whether it treats some of its callers as clients.
    pub(super) fn is_edge(&self) -> bool {
        match &self.instance {
            Some(instance) => instance.filter.role(Peer::Unknown) == Role::Edge,
            None => self.says_edge(),
        }
    }

    /// Whether its role is that of an edge.
    pub(super) fn says_edge(&self) -> bool {
        self.value.get("role").is_some_and(|role| role == "edge")
    }

    /// Whether its role is one that believes all its callers.
    pub(super) fn believes_all(&self) -> bool {
        let says = |word: &str| self.value.get("role").is_some_and(|role| role == word);
        (says("mesh") || says("waypoint")) && !self.is_edge()
    }

    /// Whether it faces only clients; an unreadable role may mean that.
    pub(super) fn is_edge_alone(&self) -> bool {
        self.value.get("role").is_none_or(|role| role != "mesh" && role != "waypoint")
    }

    /// Whether requests that leave it may reach the other one: both run in Kubernetes, or neither does.
    pub(super) fn may_precede(&self, other: &Self) -> bool {
        self.found.kind.is_resource() == other.found.kind.is_resource()
    }

    /// Whether it finds out a tenant or overrides, rather than only strips.
    pub(super) fn resolves(&self) -> bool {
        self.value.get("tenant").is_some() || self.value.get("overrides").is_some()
    }

    /// Whether a source needs a verified token.
    pub(super) fn reads_token(&self) -> bool {
        self.instance.as_ref().is_some_and(|instance| instance.filter.scan(&[], Peer::Unknown).wants().token)
    }

    pub(super) fn document(&self) -> Option<&Rc<Node>> {
        self.found.trail.first()
    }

    pub(super) fn plugin(&self) -> Option<&Rc<Node>> {
        self.found.trail.last()
    }

    /// A finding at a value of the configuration.
    pub(super) fn in_configuration(&self, code: Code, path: &str, message: String) -> Finding {
        self.finding(code, path.to_owned(), self.found.place(path), message)
    }

    /// A finding at a key of the configuration.
    pub(super) fn at_key(&self, code: Code, path: &str, message: String) -> Finding {
        self.finding(code, path.to_owned(), self.found.key_place(path), message)
    }

    /// A finding in the document around the configuration.
    pub(super) fn around(&self, code: Code, node: &Rc<Node>, message: String) -> Finding {
        let path = self.document().map(|document| path_to(document, node)).unwrap_or_default();
        self.finding(code, path, self.found.place_of(node), message)
    }

    fn finding(&self, code: Code, path: String, place: Place, message: String) -> Finding {
        Finding { code, file: self.file.to_owned(), place, plugin: self.found.name.clone(), path, message }
    }
}

impl Document<'_> {
    /// A finding about a plugin in this document.
    pub(super) fn finding(&self, code: Code, node: &Rc<Node>, plugin: &str, message: String) -> Finding {
        let Source { file, text } = self.source;
        let place = Place::of(text, node.bytes.clone());
        Finding { code, file: file.clone(), place, plugin: plugin.to_owned(), path: path_to(&self.root, node), message }
    }

    /// What its resource is called, or else its file.
    pub(super) fn name(&self) -> String {
        resource_name(&self.root, self.source.stem())
    }

    /// Whether it contains an instance.
    pub(super) fn holds(&self, deployed: &Deployed<'_>) -> bool {
        deployed.document().is_some_and(|own| Rc::ptr_eq(own, &self.root))
    }

    /// The text at a path of fields.
    pub(super) fn text(&self, path: &[&str]) -> Option<&str> {
        self.root.at(path).and_then(|node| node.text())
    }
}

/// The path from a node to one in it, as in `spec.match[0].mode`; empty if it is not in it.
fn path_to(from: &Rc<Node>, to: &Rc<Node>) -> String {
    steps_to(from, to).unwrap_or_default()
}

fn steps_to(from: &Rc<Node>, to: &Rc<Node>) -> Option<String> {
    if Rc::ptr_eq(from, to) {
        return Some(String::new());
    }
    let fields = from.fields().iter().map(|(key, value)| (key.text().unwrap_or_default().to_owned(), value));
    let entries = from.list().iter().enumerate().map(|(index, entry)| (format!("[{index}]"), entry));
    fields.chain(entries).find_map(|(step, next)| {
        let rest = steps_to(next, to)?;
        let dot = if rest.is_empty() || rest.starts_with('[') { "" } else { "." };
        Some(format!("{step}{dot}{rest}"))
    })
}

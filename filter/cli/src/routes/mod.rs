//! Routes for sandboxes, if Envoy cannot be patched: from a list of sandboxes, or from deployed ones.
//!
//! A straight line: [`Draft::read`] takes the list, [`Draft::add_deployed`] finds more, [`Draft::plan`] says which
//! header leads where, [`RouteKind::resources`] writes it as resources, and [`unwanted`] tells what is left over.

mod backend;
mod cluster;
mod deployed;
mod draft;
mod file;
mod gateway_api;
mod headers;
mod istio;
mod kind;
mod match_tree;
mod plan;
mod prune;
mod reading;
mod resource;
mod yaml;

pub use cluster::Search;
pub use draft::{Draft, Stable};
pub use headers::{Headers, Named, Side};
pub use kind::RouteKind;
pub use plan::{Backend, Detour, Gateway, Match, Plan, Service};
pub use prune::{Unwanted, unwanted};
pub use yaml::to_yaml;

use crate::document::Place;

/// What is wrong with a list of sandboxes or with what is deployed, and the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where it is.
    pub at: Whence,
    /// What is wrong, and what to write instead.
    pub message: String,
}

/// Where something was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whence {
    /// Its place in the list of sandboxes; `None` if that does not say it.
    pub place: Option<Place>,
    /// The field, as in `sandboxes[0].tenant`, or the resource of the cluster; empty for all of it.
    pub path: String,
}

impl Whence {
    fn mistake(&self, message: impl Into<String>) -> Mistake {
        Mistake { at: self.clone(), message: message.into() }
    }

    /// A resource of the cluster.
    fn resource(kind: &str, namespace: &str, name: &str) -> Self {
        Self { place: None, path: format!("{kind} {namespace}/{name}") }
    }
}

/// Whether a text is a label of the DNS in lower case, as Kubernetes names Services and namespaces (RFC 1123 §2.1).
fn is_label(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let ends = !text.starts_with('-') && !text.ends_with('-');
    (1..=63).contains(&text.len()) && ends && text.bytes().all(is_inner)
}

/// The remedy if only capitals keep a text from being a label; otherwise empty.
fn in_lower_case(text: &str) -> &'static str {
    if !is_label(text) && is_label(&text.to_ascii_lowercase()) { "; write it in lower case" } else { "" }
}

const LABEL: &str = "1 to 63 of a-z, 0-9 and -, with no - at either end";

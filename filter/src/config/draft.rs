//! What a configuration has said so far.

use crate::request::{ClaimPath, Role};

use super::node::Node;
use super::ownership::Ownership;

/// A configuration while it is read, for one role.
pub(super) struct Draft {
    pub(super) role: Role,
    pub(super) owned: Ownership,
    /// Every claim that the configuration names; a number counts from here.
    pub(super) claims: Vec<ClaimPath>,
    /// The first field that needs `verified`, by its path.
    pub(super) needs_verified: Option<String>,
    /// Whether a source has `trust: verified`, in any role.
    pub(super) trusts_verified: bool,
    /// Whether issuers name tenants, and so count without an entry in `verified.issuers`.
    pub(super) admits_issuers: bool,
    /// Whether `destinations` may replace the cluster of a route.
    pub(super) has_destinations: bool,
    /// The separator between the environments in a tenant's name.
    pub(super) levels: Option<Box<str>>,
    /// Whether this role reads a token.
    pub(super) reads_token: bool,
}

impl Draft {
    /// A draft that continues the numbers of these claims, so that two drafts agree about them.
    pub(super) fn new(role: Role, claims: Vec<ClaimPath>) -> Self {
        Self {
            role,
            owned: Ownership::new(role),
            claims,
            needs_verified: None,
            trusts_verified: false,
            admits_issuers: false,
            reads_token: false,
            has_destinations: false,
            levels: None,
        }
    }

    /// The number of the claim that a source names.
    pub(super) fn source_claim(&mut self, node: &Node<'_>) -> Option<usize> {
        self.needs_verified.get_or_insert_with(|| node.path.clone());
        self.reads_token = true;
        self.claim(node)
    }

    /// The number of the claim that a field names: a path with dots, or a list of segments.
    pub(super) fn claim(&mut self, node: &Node<'_>) -> Option<usize> {
        let path = match node.value.as_str().is_some_and(is_url) {
            true => {
                let shown = node.shown();
                let remedy = format!("write [{shown}] if it is one name, or a list of the names of a path");
                node.mistake(format!("{shown} would be split at its dots; {remedy}"));
                None
            }
            false => claim_path(node).or_else(|| {
                node.expected(
                    "a claim as in tenancy.name, or a list of names and indexes as in [\"https://a.com/t\", 0]",
                );
                None
            }),
        }?;
        let known = self.claims.iter().position(|known| *known == path);
        Some(known.unwrap_or_else(|| {
            self.claims.push(path);
            self.claims.len().saturating_sub(1)
        }))
    }
}

/// Whether a claim in a string is probably one name with dots, not a path.
fn is_url(claim: &str) -> bool {
    claim.contains('.') && claim.bytes().any(|byte| b"/:".contains(&byte))
}

fn claim_path(node: &Node<'_>) -> Option<ClaimPath> {
    let segments: Option<ClaimPath> = match (node.value.as_str(), node.value.as_array()) {
        (Some(dotted), _) => Some(dotted.split('.').map(str::to_owned).collect()),
        (_, Some(list)) => list
            .iter()
            .map(|segment| match segment.as_str() {
                Some(name) => Some(name.to_owned()),
                // Istio passes numbers on as doubles.
                None => segment
                    .as_f64()
                    .filter(|index| *index >= 0.0 && index.fract() == 0.0)
                    .map(|index| index.abs().to_string()),
            })
            .collect(),
        _ => None,
    };
    // The host separates segments by a zero byte.
    let fits = |segment: &String| !segment.is_empty() && !segment.contains('\0');
    segments.filter(|segments| (1..=8).contains(&segments.len()) && segments.iter().all(fits))
}

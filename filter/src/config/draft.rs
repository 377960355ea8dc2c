//! What a configuration has said so far.

use crate::read::source::{Belief, Condition};
use crate::request::{ClaimPath, Role};

use super::node::{Node, Object};
use super::ownership::Ownership;

/// A configuration while it is read, for one role.
pub(super) struct Draft {
    pub(super) role: Role,
    pub(super) owned: Ownership,
    /// Every claim that the configuration names; a number counts from here.
    pub(super) claims: Vec<ClaimPath>,
    /// The first field that needs `verified`, by its path.
    pub(super) needs_verified: Option<String>,
    /// Whether issuers name tenants, and count without standing in `verified.issuers`.
    pub(super) admits_issuers: bool,
    /// Whether a token decides anything in this role.
    pub(super) reads_token: bool,
}

#[derive(Clone, Copy)]
enum Trust {
    Mesh,
    Verified,
    Anyone,
}

impl Draft {
    /// A draft that goes on counting behind these claims, so that two drafts agree about their numbers.
    pub(super) fn new(role: Role, claims: Vec<ClaimPath>) -> Self {
        Self {
            role,
            owned: Ownership::new(role),
            claims,
            needs_verified: None,
            admits_issuers: false,
            reads_token: false,
        }
    }

    /// When a source is believed that a client can write; in the mesh always.
    pub(super) fn condition(&mut self, source: &Object<'_>) -> Condition {
        let words = [("mesh", Trust::Mesh), ("verified", Trust::Verified), ("anyone", Trust::Anyone)];
        let node = source.field("trust");
        let trust = node.as_ref().and_then(|node| node.word(&words)).unwrap_or(Trust::Mesh);
        if let (Trust::Verified, Some(node)) = (trust, node) {
            self.needs_verified.get_or_insert(node.path);
        }
        let belief = match (self.role, trust) {
            (Role::Mesh, Trust::Mesh | Trust::Verified | Trust::Anyone) | (Role::Edge, Trust::Anyone) => Belief::Always,
            (Role::Edge, Trust::Verified) => Belief::Vouched,
            (Role::Edge, Trust::Mesh) => Belief::Never,
        };
        self.reads_token |= belief == Belief::Vouched;
        Condition { belief }
    }

    /// The number of the claim that a source names.
    pub(super) fn source_claim(&mut self, node: &Node<'_>) -> Option<usize> {
        self.needs_verified.get_or_insert_with(|| node.path.clone());
        self.reads_token = true;
        self.claim(node)
    }

    /// The number of the claim that a field names: a path with dots, or a list of segments.
    pub(super) fn claim(&mut self, node: &Node<'_>) -> Option<usize> {
        let path = claim_path(node).or_else(|| {
            let remedy =
                "expected a claim as in tenancy.name, or a list of names and indexes as in [\"https://a.com/t\", 0]";
            node.mistake(format!("{remedy}, found {}", node.shown()));
            None
        })?;
        let known = self.claims.iter().position(|known| *known == path);
        Some(known.unwrap_or_else(|| {
            self.claims.push(path);
            self.claims.len().saturating_sub(1)
        }))
    }
}

fn claim_path(node: &Node<'_>) -> Option<ClaimPath> {
    let segments: Option<ClaimPath> = match (node.value.as_str(), node.value.as_array()) {
        (Some(dotted), _) => Some(dotted.split('.').map(str::to_owned).collect()),
        (_, Some(list)) => list
            .iter()
            .map(|segment| match segment.as_str() {
                Some(name) => Some(name.to_owned()),
                // Istio hands numbers on as doubles.
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

//! What may pass into the mesh and out of it: `traceHeaders`, `internal`, and what follows from the rest.

use crate::baggage::{BaggageRules, Foreign};
use crate::mesh::Internal;
use crate::read::overrides::{OverridePlace, OverrideRules};
use crate::read::tenant::{Place, TenantRules};
use crate::rules::Role;
use crate::write::withhold::Egress;

use super::draft::Draft;
use super::node::{Node, Object};

/// Headers by which a client may choose a trace id. `x-request-id` is not among them: the proxy itself
/// makes it, and makes it anew for strangers (Envoy, `use_remote_address`).
const TRACE_HEADERS: [&str; 8] = [
    "traceparent",
    "tracestate",
    "b3",
    "x-b3-*",
    "x-datadog-*",
    "uber-trace-id",
    "x-cloud-trace-context",
    "grpc-trace-bin",
];

pub(super) fn read_trace_headers(config: &Object<'_>, draft: &mut Draft) {
    let Some(node) = config.field("traceHeaders") else { return };
    if draft.role == Role::Mesh {
        node.mistake("decides nothing in the mesh, which keeps trace headers; leave it out");
    }
    if node.word(&[("drop", true), ("keep", false)]) == Some(true) {
        TRACE_HEADERS.iter().for_each(|name| draft.carriers.strip_name(name));
    }
}

pub(super) fn read_internal(config: &Object<'_>) -> Internal {
    let entries = config.field("internal").map_or(Vec::new(), |node| node.list());
    Internal(entries.iter().filter_map(read_domain).collect())
}

fn read_domain(entry: &Node<'_>) -> Option<Box<str>> {
    let domain = entry.text()?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(fits);
    if !domain.split('.').all(is_label) {
        entry.mistake(format!(
            "expected a domain as in corp.example.org, which stands for all names in it, found {domain:?}"
        ));
        return None;
    }
    Some(domain.to_ascii_lowercase().into())
}

/// What may not leave; an edge is where clients come in.
pub(super) fn egress(draft: &Draft, tenant: &TenantRules, overrides: &OverrideRules) -> Option<Egress> {
    if draft.role == Role::Edge {
        return None;
    }
    let keys = draft.carriers.all_keys();
    let baggage = BaggageRules { keys, foreign: Foreign::Keep, any_spelling: false };
    let names_tenant = tenant.sources.iter().any(|source| matches!(source.place, Place::Host(_) | Place::Claim(_)));
    let names_overrides = overrides.sources.iter().any(|source| matches!(source.place, OverridePlace::Claim(_)));
    Some(Egress {
        baggage: Some(baggage).filter(|rules| !rules.keys.is_empty()),
        gives: names_tenant || names_overrides,
    })
}

//! What may pass into the mesh and out of it: `traceHeaders`, `clusterDomains`, `internal`, and what follows from the
//! rest.

use crate::baggage::{BaggageRules, Foreign, OurKeys};
use crate::mesh::MeshDomains;
use crate::read::overrides::{OverridePlace, OverrideRules};
use crate::read::tenant::{TenantPlace, TenantRules};
use crate::repair;
use crate::request::Role;
use crate::write::projection::{Projection, Service};
use crate::write::withhold::Withholding;

use super::draft::Draft;
use super::node::{Node, Object};
use super::place;

pub(super) fn read_trace_headers(config: &Object<'_>, draft: &mut Draft) {
    let Some(node) = config.field("traceHeaders") else { return };
    if !draft.role.is_edge() {
        node.mistake(format!("decides nothing {}, which keeps trace headers; leave it out", place(draft.role)));
    }
    if node.word(&[("drop", true), ("keep", false)]) == Some(true) {
        repair::dropped().for_each(|name| draft.owned.strip(name));
    }
}

/// At an edge, from which nothing leaves the mesh, they only say which service is called.
pub(super) fn read_domains(
    config: &Object<'_>,
    role: Role,
    projections: &[Projection],
    has_destinations: bool,
) -> MeshDomains {
    let clusters = config.field("clusterDomains");
    let reads_no_host = !has_destinations && projections.iter().all(|projection| projection.service != Service::Called);
    let is_idle = role.is_edge() && reads_no_host;
    let fields = [clusters.clone(), config.field("internal")].into_iter().flatten();
    for node in fields.filter(|node| is_idle && node.value.as_array().is_some_and(|list| !list.is_empty())) {
        node.warn("decides nothing at an edge without destinations or a projection of service: called; leave it out");
    }
    let internal = config.field("internal").map_or(Vec::new(), |node| node.list());
    MeshDomains {
        clusters: clusters.map_or_else(|| vec!["cluster.local".into()], |node| read_clusters(&node)),
        internal: internal.iter().filter_map(read_domain).collect(),
    }
}

fn read_clusters(node: &Node<'_>) -> Vec<Box<str>> {
    if node.value.as_array().is_some_and(Vec::is_empty) {
        node.mistake("is empty; leave it out, which stands for [cluster.local]");
    }
    let read = |entry: &Node<'_>| {
        let domain = read_domain(entry)?;
        if domain.starts_with("svc.") {
            entry.mistake(format!("{domain:?} begins with svc, which stands before the domain; leave it out"));
        }
        Some(domain)
    };
    node.list().iter().filter_map(read).collect()
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

/// What may not leave; `None` at an edge, where clients come in.
pub(super) fn withholding(draft: &Draft, tenant: &TenantRules, overrides: &OverrideRules) -> Option<Withholding> {
    match draft.role {
        Role::Edge => return None,
        Role::Mesh | Role::Waypoint => {}
    }
    let keys = OurKeys::new(draft.owned.all_keys());
    let baggage = BaggageRules { keys, foreign: Foreign::Keep, any_spelling: false };
    let gives_tenant = |place: &TenantPlace| match place {
        TenantPlace::Host(_) | TenantPlace::Claim(_) | TenantPlace::Issuer(_) => true,
        TenantPlace::Header(_) | TenantPlace::Baggage(_) | TenantPlace::Cookie(_) | TenantPlace::Query(_) => false,
    };
    let names_tenant = tenant.sources.iter().any(|source| gives_tenant(&source.place));
    let names_overrides = overrides.sources.iter().any(|source| matches!(source.place, OverridePlace::Claim(_)));
    Some(Withholding {
        baggage: Some(baggage).filter(|rules| !rules.keys.is_empty()),
        gives: names_tenant || names_overrides,
    })
}

//! The plugin configuration: parsed once, with all findings reported at once.

mod boundary;
mod destinations;
mod draft;
mod finding;
mod host;
mod json;
mod link;
mod meaning;
mod node;
mod overrides;
mod ownership;
mod pattern;
mod repair;
mod seal;
mod strip;
mod target;
mod tenant;
mod trust;
mod verified;

use serde_json::Value;

pub use finding::{Finding, Findings, Severity};
pub use node::nearest;

use crate::baggage::{BaggageRules, Foreign, MAX_BYTES, OurKeys};
use crate::caller::Caller;
use crate::decision::Policy;
use crate::names::Field;
use crate::read::carried::Asked;
use crate::read::overrides::{OverridePlace, OverrideRules};
use crate::read::source::Belief;
use crate::read::tenant::{TenantPlace, TenantRules};
use crate::repair::Repair;
use crate::request::{ClaimPath, Role};
use crate::rules::Rules;
use crate::write::targets::OverrideTargets;
use draft::Draft;
use node::{Node, Notes, Object};

/// The most bytes of a configuration, 64 KiB: it names rules, not sandboxes, and each worker holds a copy.
pub const MAX_CONFIG_BYTES: usize = 64 * 1024;

/// The fields of a configuration.
pub const CONFIG_FIELDS: &[&str] = &[
    "version",
    "role",
    "tenant",
    "overrides",
    "projections",
    "destinations",
    "caller",
    "verified",
    "strip",
    "foreignBaggage",
    "connect",
    "peers",
    "traceHeaders",
    "clusterDomains",
    "internal",
    "repair",
    "seal",
];

/// The parts of a filter.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) rules: Rules,
    /// The rules for callers without a certificate, if the configuration distinguishes them.
    pub(crate) unknown_peer: Option<Rules>,
    pub(crate) claims: Vec<ClaimPath>,
    pub(crate) repair: Option<Repair>,
}

/// Compiles a plugin configuration, with its warnings, or returns all findings if it is rejected.
pub(crate) fn compile(json: &[u8]) -> Result<(Compiled, Findings), Findings> {
    let notes = Notes::default();
    let compiled = match parse(json) {
        Ok(value) => read_configuration(&Node::root(&value, &notes)),
        Err(message) => {
            Node::root(&Value::Null, &notes).mistake(message);
            None
        }
    };
    match (compiled, Findings(notes.into_inner())) {
        (Some(compiled), findings) if !findings.refuse() => Ok((compiled, findings)),
        (_, findings) => Err(findings),
    }
}

fn parse(json: &[u8]) -> Result<Value, String> {
    if json.iter().all(u8::is_ascii_whitespace) {
        return Err("is empty; it needs at least version, role and one of tenant, overrides, strip".into());
    }
    if json.len() > MAX_CONFIG_BYTES {
        return Err(format!("has {} bytes; at most {MAX_CONFIG_BYTES} are allowed", json.len()));
    }
    json::parse(json)
}

fn read_configuration(root: &Node<'_>) -> Option<Compiled> {
    let config = root.object(CONFIG_FIELDS)?;
    read_version(&config);
    let Some(role) = read_role(&config) else {
        note_what_every_role_finds(root);
        return None;
    };
    let mut draft = Draft::new(role, Vec::new());
    let rules = read_rules(root, &config, &mut draft);
    let tells_peers_apart = tells_peers_apart(&config, draft.role);
    let repair = repair::read(&config, draft.role);
    let mut claims = draft.claims;
    let mut unknown_peer = None;
    if tells_peers_apart {
        let mut draft = Draft::new(Role::Edge, claims);
        unknown_peer = rules_of_an_edge(root, &mut draft);
        claims = draft.claims;
    }
    Some(Compiled { rules, unknown_peer, claims, repair })
}

/// Notes mistakes that are wrong in every role; others would follow from a guess of the role.
fn note_what_every_role_finds(root: &Node<'_>) {
    let [mesh, waypoint] = [Role::Mesh, Role::Waypoint].map(|role| found_by(role, root));
    let common = found_by(Role::Edge, root).into_iter().filter(|it| mesh.contains(it) && waypoint.contains(it));
    common.for_each(|finding| root.note_once(finding));
}

fn found_by(role: Role, root: &Node<'_>) -> Vec<Finding> {
    let notes = Notes::default();
    let root = Node::root(root.value, &notes);
    if let Some(config) = root.object(CONFIG_FIELDS) {
        read_rules(&root, &config, &mut Draft::new(role, Vec::new()));
        tells_peers_apart(&config, role);
        repair::read(&config, role);
    }
    notes.into_inner()
}

/// The same configuration as an edge reads it. Its findings are known already, or concern fields that only an edge
/// needs and a mesh configuration may leave out.
fn rules_of_an_edge(root: &Node<'_>, draft: &mut Draft) -> Option<Rules> {
    let notes = Notes::default();
    let root = Node::root(root.value, &notes);
    let config = root.object(CONFIG_FIELDS)?;
    Some(read_rules(&root, &config, draft))
}

fn read_rules(root: &Node<'_>, config: &Object<'_>, draft: &mut Draft) -> Rules {
    let [tenant, overrides, strip] = ["tenant", "overrides", "strip"].map(|name| config.field(name));
    if tenant.is_none() && overrides.is_none() && strip.is_none() {
        root.mistake("says nothing to do; add tenant, overrides or strip");
    }
    draft.has_destinations = config.field("destinations").is_some();
    let moves_context = tenant.is_some() || overrides.is_some();
    let (tenant, tenant_to) = tenant.and_then(|node| tenant::read(&node, draft)).unwrap_or_else(tenant::none);
    let (overrides, overrides_to) = overrides
        .and_then(|node| overrides::read(&node, draft))
        .unwrap_or_else(|| (OverrideRules::NONE, OverrideTargets::default()));
    let projections = overrides::read_projections(config, draft);
    let destinations = destinations::read(config, draft, believed(&tenant, &overrides));
    let verified = verified::read(config, draft);
    // Before strip, which leaves out what is owned.
    let seal = seal::read(config, draft);
    if let Some(node) = strip {
        strip::read(&node, draft, &believed(&tenant, &overrides));
    }
    boundary::read_trace_headers(config, draft);
    let drops_unsealed = seal.as_ref().is_some_and(|(_, seal)| seal.drops_unsealed());
    let baggage = read_baggage(config, draft, moves_context, drops_unsealed);
    let tunnel = read_connect(config, draft.role);
    let mesh = boundary::read_domains(config, draft.role, &projections, destinations.is_some());
    let withholding = boundary::withholding(draft, &tenant, &overrides);
    let names = std::mem::take(&mut draft.owned.names);
    let asked = std::mem::replace(&mut draft.owned.asked, Asked::new(draft.role));
    let mut rules = Rules {
        role: draft.role,
        names,
        asked,
        tunnel,
        reads_token: draft.reads_token && !drops_unsealed,
        verified,
        tenant,
        tenant_to,
        overrides,
        overrides_to,
        projections,
        destinations,
        caller: Caller::default(),
        baggage,
        mesh,
        withholding,
        seal,
    };
    rules.caller = overrides::read_caller(config, &rules);
    rules
}

/// The headers that are believed, always or conditionally.
fn believed(tenant: &TenantRules, overrides: &OverrideRules) -> Vec<Field> {
    let tenant = tenant.sources.iter().filter_map(|source| {
        let TenantPlace::Header(field) = source.place else { return None };
        Some((field, source.when))
    });
    let overrides = overrides.sources.iter().filter_map(|source| {
        let OverridePlace::Header(field, _) = source.place else { return None };
        Some((field, source.when))
    });
    tenant.chain(overrides).filter(|(_, when)| when.belief != Belief::Never).map(|(field, _)| field).collect()
}

fn read_version(config: &Object<'_>) {
    let Some(node) = config.required("version", "write version: 1") else { return };
    // Istio passes numbers on as doubles.
    if node.value.as_f64() != Some(1.0) {
        node.mistake(format!("expected 1, found {}; this filter knows version 1 alone", node.value));
    }
}

fn read_role(config: &Object<'_>) -> Option<Role> {
    let remedy = "write \"edge\" in a proxy that faces clients, \"mesh\" in one beside a workload, \"waypoint\" in a waypoint; it is never guessed";
    config.required("role", remedy)?.word(&[("edge", Role::Edge), ("mesh", Role::Mesh), ("waypoint", Role::Waypoint)])
}

/// The place of a proxy with a role, in words.
fn place(role: Role) -> &'static str {
    match role {
        Role::Edge => "at an edge",
        Role::Mesh => "in the mesh",
        Role::Waypoint => "at a waypoint",
    }
}

fn read_connect(config: &Object<'_>, role: Role) -> Policy {
    let Some(node) = config.field("connect") else { return Policy::Reject };
    if !role.is_edge() {
        node.mistake(format!("decides nothing {}, which leaves tunnels alone; leave it out", place(role)));
    }
    node.word(&[("refuse", Policy::Reject), ("pass", Policy::Tolerate)]).unwrap_or(Policy::Reject)
}

fn tells_peers_apart(config: &Object<'_>, role: Role) -> bool {
    let Some(node) = config.field("peers") else { return false };
    let why = match role {
        Role::Edge => Some("decides nothing at an edge, which trusts nobody; leave it out"),
        Role::Waypoint => Some(
            "tells nobody apart at a waypoint, where the certificate ends before the filter; leave it out, and let an AuthorizationPolicy for the waypoint say who may call",
        ),
        Role::Mesh => None,
    };
    if let Some(why) = why {
        node.mistake(why);
    }
    node.word(&[("any", false), ("mtls", true)]).unwrap_or(false) && why.is_none()
}

fn read_baggage(
    config: &Object<'_>,
    draft: &mut Draft,
    moves_context: bool,
    drops_unsealed: bool,
) -> Option<BaggageRules> {
    let words = [("drop", Foreign::Drop), ("keep", Foreign::Keep)];
    let word = config.field("foreignBaggage").and_then(|node| node.word(&words));
    let edge = draft.role.is_edge();
    let foreign = word.unwrap_or(if edge && moves_context { Foreign::Drop } else { Foreign::Keep });
    if foreign == Foreign::Keep && !draft.owned.has_keys() {
        return None;
    }
    if draft.owned.longest_baggage() > MAX_BYTES {
        config.mistake(format!(
            "writes baggage of more than {MAX_BYTES} bytes at worst; name fewer or shorter keys in to"
        ));
    }
    draft.owned.own_baggage();
    Some(BaggageRules { keys: OurKeys::new(draft.owned.removed_keys()), foreign, any_spelling: edge || drops_unsealed })
}

#[cfg(test)]
mod tests;

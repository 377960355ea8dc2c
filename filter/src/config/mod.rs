//! The plugin configuration: parsed once, with all its mistakes reported at once.

mod boundary;
mod draft;
mod error;
mod json;
mod meaning;
mod node;
mod overrides;
mod ownership;
mod repair;
mod target;
mod tenant;
mod verified;

use serde_json::Value;

pub use error::{ConfigError, ConfigErrors};

use crate::baggage::{BaggageRules, Foreign, MAX_BYTES};
use crate::decision::Policy;
use crate::read::overrides::OverrideRules;
use crate::repair::Repair;
use crate::request::{ClaimPath, Role};
use crate::rules::Rules;
use crate::write::targets::OverrideTargets;
use draft::Draft;
use node::{Mistakes, Node, Object};

/// The most bytes of a configuration, 64 KiB: it names rules, not sandboxes, and each worker holds a copy.
pub const MAX_CONFIG_BYTES: usize = 64 * 1024;

const FIELDS: &[&str] = &[
    "version",
    "role",
    "tenant",
    "overrides",
    "projections",
    "verified",
    "strip",
    "foreignBaggage",
    "connect",
    "peers",
    "traceHeaders",
    "clusterDomains",
    "internal",
    "repair",
];

/// The parts of a filter.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) rules: Rules,
    /// For callers that presented no certificate, if the configuration tells them apart.
    pub(crate) unknown_peer: Option<Rules>,
    pub(crate) claims: Vec<ClaimPath>,
    pub(crate) repair: Option<Repair>,
}

/// Compiles a plugin configuration, or lists everything that is wrong with it.
pub(crate) fn compile(json: &[u8]) -> Result<Compiled, ConfigErrors> {
    let mistakes = Mistakes::default();
    let compiled = match parse(json) {
        Ok(value) => read_configuration(&Node::root(&value, &mistakes)),
        Err(message) => {
            mistakes.borrow_mut().push(ConfigError { path: String::new(), message });
            None
        }
    };
    match (compiled, mistakes.into_inner()) {
        (Some(compiled), mistakes) if mistakes.is_empty() => Ok(compiled),
        (_, mistakes) => Err(ConfigErrors(mistakes)),
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
    let config = root.object(FIELDS)?;
    read_version(&config);
    let role = read_role(&config);
    let mut draft = Draft::new(role.unwrap_or(Role::Edge), Vec::new());
    let rules = read_rules(root, &config, &mut draft);
    let tells_peers_apart = tells_peers_apart(&config, draft.role);
    let repair = repair::read(&config, draft.role);
    role?;
    let mut claims = draft.claims;
    let mut unknown_peer = None;
    if tells_peers_apart {
        let mut draft = Draft::new(Role::Edge, claims);
        unknown_peer = rules_of_an_edge(root, &mut draft);
        claims = draft.claims;
    }
    Some(Compiled { rules, unknown_peer, claims, repair })
}

/// The same configuration as an edge reads it. Its mistakes are those that were found already, and
/// what only an edge has to say, which a mesh configuration may leave out.
fn rules_of_an_edge(root: &Node<'_>, draft: &mut Draft) -> Option<Rules> {
    let mistakes = Mistakes::default();
    let root = Node::root(root.value, &mistakes);
    let config = root.object(FIELDS)?;
    Some(read_rules(&root, &config, draft))
}

fn read_rules(root: &Node<'_>, config: &Object<'_>, draft: &mut Draft) -> Rules {
    let [tenant, overrides, strip] = ["tenant", "overrides", "strip"].map(|name| config.field(name));
    if tenant.is_none() && overrides.is_none() && strip.is_none() {
        root.mistake("says nothing to do; add tenant, overrides or strip");
    }
    let moves_context = tenant.is_some() || overrides.is_some();
    let (tenant, tenant_to) = tenant.and_then(|node| tenant::read(&node, draft)).unwrap_or_else(tenant::none);
    let (overrides, overrides_to) = overrides
        .and_then(|node| overrides::read(&node, draft))
        .unwrap_or_else(|| (OverrideRules::NONE, OverrideTargets::default()));
    let projections = overrides::read_projections(config, draft);
    let verified = verified::read(config, draft);
    if let Some(node) = strip {
        read_strip(&node, draft);
    }
    boundary::read_trace_headers(config, draft);
    let baggage = read_baggage(config, draft, moves_context);
    let tunnel = read_connect(config, draft.role);
    let mesh = boundary::read_domains(config);
    let withholding = boundary::withholding(draft, &tenant, &overrides);
    let names = std::mem::take(&mut draft.owned.names);
    Rules {
        role: draft.role,
        names,
        tunnel,
        reads_token: draft.reads_token,
        verified,
        tenant,
        tenant_to,
        overrides,
        overrides_to,
        projections,
        baggage,
        mesh,
        withholding,
    }
}

fn read_version(config: &Object<'_>) {
    let Some(node) = config.required("version", "write version: 1") else { return };
    // Istio hands numbers on as doubles.
    if node.value.as_f64() != Some(1.0) {
        node.mistake(format!("expected 1, found {}; this filter knows version 1 alone", node.value));
    }
}

fn read_role(config: &Object<'_>) -> Option<Role> {
    let remedy = "write \"edge\" in a proxy that faces clients, \"mesh\" in one between workloads; it is never guessed";
    config.required("role", remedy)?.word(&[("edge", Role::Edge), ("mesh", Role::Mesh)])
}

fn read_connect(config: &Object<'_>, role: Role) -> Policy {
    let Some(node) = config.field("connect") else { return Policy::Reject };
    if role == Role::Mesh {
        node.mistake("decides nothing in the mesh, which leaves tunnels alone; leave it out");
    }
    node.word(&[("refuse", Policy::Reject), ("pass", Policy::Tolerate)]).unwrap_or(Policy::Reject)
}

fn tells_peers_apart(config: &Object<'_>, role: Role) -> bool {
    let Some(node) = config.field("peers") else { return false };
    if role == Role::Edge {
        node.mistake("decides nothing at an edge, which trusts nobody; leave it out");
    }
    node.word(&[("any", false), ("mtls", true)]).unwrap_or(false)
}

fn read_strip(node: &Node<'_>, draft: &mut Draft) {
    if draft.role == Role::Mesh {
        node.mistake("strips nothing in the mesh; move it to the edge");
    }
    if node.value.as_array().is_some_and(Vec::is_empty) {
        node.mistake("is empty; leave it out, or name headers as in [x-debug-*]");
    }
    node.list().iter().for_each(|entry| draft.owned.strip(entry));
}

fn read_baggage(config: &Object<'_>, draft: &mut Draft, moves_context: bool) -> Option<BaggageRules> {
    let words = [("drop", Foreign::Drop), ("keep", Foreign::Keep)];
    let word = config.field("foreignBaggage").and_then(|node| node.word(&words));
    let edge = draft.role == Role::Edge;
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
    Some(BaggageRules { keys: draft.owned.removed_keys(), foreign, any_spelling: edge })
}

#[cfg(test)]
mod tests;

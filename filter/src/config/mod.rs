//! The plugin configuration: parsed once, with all its mistakes reported at once.

mod carriers;
mod error;
mod node;

use serde_json::Value;

pub use error::{ConfigError, ConfigErrors};

use crate::authority::HostPattern;
use crate::baggage::{BaggageRules, Foreign};
use crate::filter::{Filter, Role, TenantTargets};
use crate::names::{Field, HeaderName};
use crate::overrides::{Dialect, OverrideRules, is_name_byte};
use crate::tenant::{Policy, Source, TenantRules};
use carriers::{Carriers, Owner};
use node::{Mistakes, Node, Object};

/// A configuration names rules, not sandboxes; one that is larger is a mistake.
pub const MAX_CONFIG_BYTES: usize = 64 * 1024;

const FIELDS: &[&str] = &["version", "role", "tenant", "overrides", "strip", "foreignBaggage"];

/// Compiles a plugin configuration, or lists everything that is wrong with it.
pub(crate) fn compile(json: &[u8]) -> Result<Filter, ConfigErrors> {
    let mistakes = Mistakes::default();
    let value = parse(json).unwrap_or_else(|message| {
        mistakes.borrow_mut().push(ConfigError { path: String::new(), message });
        Value::Null
    });
    let filter = if mistakes.borrow().is_empty() { filter(&Node::root(&value, &mistakes)) } else { None };
    let mistakes = mistakes.into_inner();
    filter.filter(|_| mistakes.is_empty()).ok_or(ConfigErrors(mistakes))
}

fn parse(json: &[u8]) -> Result<Value, String> {
    if json.iter().all(u8::is_ascii_whitespace) {
        return Err("is empty; it needs at least version, role and one of tenant, overrides, strip".into());
    }
    if json.len() > MAX_CONFIG_BYTES {
        return Err(format!("has {} bytes; at most {MAX_CONFIG_BYTES} are allowed", json.len()));
    }
    let remedy = "in YAML write it under pluginConfig, or as the text of a google.protobuf.StringValue";
    serde_json::from_slice(json).map_err(|error| format!("is not JSON: {error}; {remedy}"))
}

fn filter(root: &Node<'_>) -> Option<Filter> {
    let config = root.object(FIELDS)?;
    version(&config);
    let role = role(&config);
    let mut carriers = Carriers::new(role.unwrap_or(Role::Edge));
    let tenant = config.field("tenant");
    let overrides = config.field("overrides");
    let strip = config.field("strip");
    if tenant.is_none() && overrides.is_none() && strip.is_none() {
        root.mistake("says nothing to do; add tenant, overrides or strip");
    }
    let moves_context = tenant.is_some() || overrides.is_some();

    let (tenant, tenant_to) = tenant.and_then(|node| read_tenant(&node, &mut carriers)).unwrap_or_default();
    let (overrides, overrides_to) = overrides.and_then(|node| read_overrides(&node, &mut carriers)).unwrap_or_default();
    strip.into_iter().for_each(|node| read_strip(&node, &mut carriers));
    let baggage = read_baggage(&config, &mut carriers, moves_context);
    Some(Filter { role: role?, names: carriers.names, tenant, tenant_to, overrides, overrides_to, baggage })
}

fn version(config: &Object<'_>) {
    let Some(node) = config.required("version", "write version: 1") else { return };
    // Istio hands numbers on as doubles.
    if node.value.as_f64() != Some(1.0) {
        node.mistake(format!("expected 1, found {}; this filter knows version 1 alone", node.value));
    }
}

fn role(config: &Object<'_>) -> Option<Role> {
    let remedy = "write \"edge\" in a proxy that faces clients, \"mesh\" in one between workloads; it is never guessed";
    config.required("role", remedy)?.word(&[("edge", Role::Edge), ("mesh", Role::Mesh)])
}

const POLICY_ON_INVALID: [(&str, Policy); 2] = [("ignore", Policy::Tolerate), ("reject", Policy::Reject)];
const POLICY_ON_CONFLICT: [(&str, Policy); 2] = [("first", Policy::Tolerate), ("reject", Policy::Reject)];

fn read_tenant(node: &Node<'_>, carriers: &mut Carriers) -> Option<(TenantRules, TenantTargets)> {
    let tenant = node.object(&["from", "to", "onConflict", "onInvalid"])?;
    let mut rules = TenantRules::default();
    let mut targets = TenantTargets::default();
    for entry in required_list(&tenant, "to", "name where the tenant is written, as in [{header: x-tenant}]") {
        read_tenant_target(&entry, carriers, &mut targets);
    }
    if carriers.role == Role::Mesh {
        rules.sources.extend(targets.headers.iter().map(|(_, field)| Source::Header(*field)));
        rules.sources.extend(targets.baggage.iter().cloned().map(Source::Baggage));
    }
    for entry in sources(&tenant, carriers.role) {
        let source = read_tenant_source(&entry, carriers);
        rules.sources.extend(source.filter(|source| !rules.sources.contains(source)));
    }
    let default = if carriers.role == Role::Edge { Policy::Reject } else { Policy::Tolerate };
    let word = |name, words: &[(&str, Policy)]| tenant.field(name).and_then(|node| node.word(words));
    rules.on_conflict = word("onConflict", &POLICY_ON_CONFLICT).unwrap_or(default);
    rules.on_invalid = word("onInvalid", &POLICY_ON_INVALID).unwrap_or(Policy::Tolerate);
    Some((rules, targets))
}

fn read_tenant_target(entry: &Node<'_>, carriers: &mut Carriers, targets: &mut TenantTargets) -> Option<()> {
    match entry.object(&["header", "baggage"])?.one_of(&["header", "baggage"])? {
        ("header", node) => targets.headers.push(carriers.target_header(&node, Owner::Tenant)?),
        (_, node) => targets.baggage.push(carriers.target_key(&node)?),
    }
    Some(())
}

/// A source, if it is believed here.
fn read_tenant_source(entry: &Node<'_>, carriers: &mut Carriers) -> Option<Source> {
    let source = entry.object(&["host", "header", "trust"])?;
    match source.one_of(&["host", "header"])? {
        ("host", node) => {
            if let Some(trust) = source.field("trust") {
                trust.mistake("a host needs no trust; leave it out");
            }
            let pattern = node.text()?;
            HostPattern::parse(pattern).map(Source::Host).map_err(|why| node.mistake(format!("{pattern:?} {why}"))).ok()
        }
        (_, node) => {
            let believed = believed(&source, carriers.role);
            carriers.source_header(&node, Owner::Tenant).filter(|_| believed).map(Source::Header)
        }
    }
}

/// Whether what a client can write is believed in this role: in the mesh always, at an edge from anyone.
fn believed(source: &Object<'_>, role: Role) -> bool {
    let anyone = source.field("trust").and_then(|node| node.word(&[("mesh", false), ("anyone", true)]));
    role == Role::Mesh || anyone.unwrap_or(false)
}

type OverridesTo = Vec<(HeaderName, Field, Dialect)>;

fn read_overrides(node: &Node<'_>, carriers: &mut Carriers) -> Option<(OverrideRules, OverridesTo)> {
    let overrides = node.object(&["from", "to"])?;
    let mut to = OverridesTo::new();
    for entry in required_list(&overrides, "to", "name where the overrides are written, as in [{header: x-override}]") {
        to.extend(read_override_target(&entry, carriers));
    }
    let mut rules = OverrideRules::default();
    if carriers.role == Role::Mesh {
        rules.sources.extend(to.iter().map(|(_, field, dialect)| (*field, dialect.clone())));
    }
    for entry in sources(&overrides, carriers.role) {
        let Some((field, dialect, believed)) = read_override_source(&entry, carriers) else { continue };
        if to.iter().any(|(_, written, other)| *written == field && *other != dialect) {
            entry.mistake("is written with other separators; a header keeps one dialect");
        } else if believed && !rules.sources.iter().any(|(known, _)| *known == field) {
            rules.sources.push((field, dialect));
        }
    }
    Some((rules, to))
}

fn read_override_target(entry: &Node<'_>, carriers: &mut Carriers) -> Option<(HeaderName, Field, Dialect)> {
    let target = entry.object(&["header", "list", "pair"])?;
    let dialect = dialect(entry, &target);
    let (name, field) =
        carriers.target_header(&target.required("header", "name the header to write")?, Owner::Overrides)?;
    Some((name, field, dialect?))
}

fn read_override_source(entry: &Node<'_>, carriers: &mut Carriers) -> Option<(Field, Dialect, bool)> {
    let source = entry.object(&["header", "list", "pair", "trust"])?;
    let dialect = dialect(entry, &source);
    let believed = believed(&source, carriers.role);
    let field = carriers.source_header(&source.required("header", "name the header to read")?, Owner::Overrides)?;
    Some((field, dialect?, believed))
}

fn dialect(entry: &Node<'_>, object: &Object<'_>) -> Option<Dialect> {
    let list = object.field("list").map_or(Some(","), |node| separator(&node));
    let pair = object.field("pair").map_or(Some(":"), |node| separator(&node));
    let (list, pair) = (list?, pair?);
    if pair.contains(list) {
        entry.mistake(format!(
            "pair {pair:?} holds the list separator {list:?}, so no entry could be told; choose another"
        ));
        return None;
    }
    Some(Dialect { list: list.into(), pair: pair.into() })
}

/// A separator is printable, and no byte of it may stand in a service or a version.
fn separator<'c>(node: &Node<'c>) -> Option<&'c str> {
    let text = node.text()?;
    let fits =
        (1..=8).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !is_name_byte(byte));
    if !fits {
        node.mistake(format!(
            "expected 1 to 8 printable bytes other than letters, digits, \"-\", \".\", \"_\", found {text:?}"
        ));
    }
    fits.then_some(text)
}

fn required_list<'c>(object: &Object<'c>, name: &'static str, remedy: &str) -> Vec<Node<'c>> {
    let Some(node) = object.required(name, remedy) else { return Vec::new() };
    if node.value.as_array().is_some_and(Vec::is_empty) {
        node.mistake(format!("is empty; {remedy}"));
    }
    node.list()
}

/// The entries of `from`; the mesh may do without, because it reads `to` as well.
fn sources<'c>(object: &Object<'c>, role: Role) -> Vec<Node<'c>> {
    match role {
        Role::Edge => required_list(object, "from", "at an edge nothing else is read, as in [{header: x-override}]"),
        Role::Mesh => object.field("from").map_or(Vec::new(), |node| node.list()),
    }
}

fn read_strip(node: &Node<'_>, carriers: &mut Carriers) {
    if carriers.role == Role::Mesh {
        node.mistake("strips nothing in the mesh; move it to the edge");
    }
    if node.value.as_array().is_some_and(Vec::is_empty) {
        node.mistake("is empty; leave it out, or name headers as in [x-debug-*]");
    }
    node.list().iter().for_each(|entry| carriers.strip(entry));
}

fn read_baggage(config: &Object<'_>, carriers: &mut Carriers, moves_context: bool) -> Option<BaggageRules> {
    let word =
        config.field("foreignBaggage").and_then(|node| node.word(&[("drop", Foreign::Drop), ("keep", Foreign::Keep)]));
    let edge = carriers.role == Role::Edge;
    let default = if edge && moves_context { Foreign::Drop } else { Foreign::Keep };
    let foreign = word.unwrap_or(default);
    if foreign == Foreign::Keep && carriers.keys().is_empty() {
        return None;
    }
    carriers.own_baggage();
    Some(BaggageRules { keys: carriers.keys().to_vec(), foreign, any_spelling: edge })
}

#[cfg(test)]
mod tests;

//! Whether the seals of an edge can be made, and count in the mesh.

use tenancy_filter::{PrivateKey, Seal, Signing, Verification};
use tenancy_filter_crypto::public_key;

use crate::document::{Kind, Node};

use super::super::{Code, Finding};
use super::{Deployed, Mesh};

/// All files together are one mesh: each of its instances that verifies has to know each key that signs.
pub(crate) fn is_not_believed(mesh: &Mesh<'_>) -> Vec<Finding> {
    let verifying = mesh.instances.iter().filter_map(|deployed| match seal(deployed)? {
        Seal::Verify(rules) => Some((deployed, rules)),
        Seal::Sign(_) => None,
    });
    let findings = verifying.flat_map(|(deployed, rules)| {
        let edges = signing(mesh).filter(|(edge, _)| edge.may_precede(deployed));
        edges.filter_map(|(edge, signing)| mismatch((deployed, rules), (edge, signing))).collect::<Vec<_>>()
    });
    findings.collect()
}

fn mismatch(
    (deployed, rules): (&Deployed<'_>, &Verification),
    (edge, signing): (&Deployed<'_>, &Signing),
) -> Option<Finding> {
    let name = &signing.key;
    let edge = format!("{} ({}:{})", edge.found.name, edge.file, edge.found.place("seal.sign").line);
    let (path, message) = match rules.keys().find(|(known, _)| **known == **name) {
        None => ("seal.verify".to_owned(), format!("lists no key {name:?}, with which {edge} signs")),
        Some((_, key)) => {
            let expected = known_public_key(signing)?;
            let message = format!("is not the public key of the private one with which {edge} signs as {name:?}");
            (expected != key).then(|| (format!("seal.verify.{name}"), message))?
        }
    };
    Some(deployed.in_configuration(Code::SealMismatch, &path, message))
}

/// The public key of an edge; `None` if its private one is in no file, or is none.
fn known_public_key(signing: &Signing) -> Option<Vec<u8>> {
    match &signing.private_key {
        PrivateKey::Der(key) => public_key(key),
        PrivateKey::Env(_) => None,
    }
}

/// An edge whose plugin is not given the variable that holds its key.
pub(crate) fn has_no_key(mesh: &Mesh<'_>) -> Vec<Finding> {
    let missing = signing(mesh).filter_map(|(deployed, signing)| match &signing.private_key {
        PrivateKey::Env(name) => {
            let is_given = variables(deployed)?.contains(&&**name);
            let message = format!("the plugin is given no variable {name:?}");
            let finding = || deployed.in_configuration(Code::SealKeyMissing, "seal.sign.privateKeyEnv", message);
            (!is_given).then(finding)
        }
        PrivateKey::Der(_) => None,
    });
    missing.collect()
}

fn seal<'d>(deployed: &'d Deployed<'_>) -> Option<&'d Seal> {
    deployed.instance.as_ref()?.filter.seal()
}

/// The edges that sign.
fn signing<'m, 's>(mesh: &'m Mesh<'s>) -> impl Iterator<Item = (&'m Deployed<'s>, &'m Signing)> {
    mesh.instances.iter().filter_map(|deployed| match seal(deployed)? {
        Seal::Sign(signing) => Some((deployed, signing)),
        Seal::Verify(_) => None,
    })
}

/// The names of the variables in the environment of a plugin's VM; `None` if nothing says what that is.
fn variables<'d>(deployed: &'d Deployed<'_>) -> Option<Vec<&'d str>> {
    let plugin = deployed.plugin()?;
    match deployed.found.kind {
        Kind::Bare => None,
        Kind::WasmPlugin | Kind::TrafficExtension => {
            let entries = plugin.at(&["vmConfig", "env"]).map(|list| list.list()).unwrap_or_default();
            Some(entries.iter().filter_map(|entry| entry.field("name")?.text()).collect())
        }
        Kind::EnvoyExtensionPolicy => Some(texts(plugin.at(&["env", "hostKeys"]).map(|node| &**node))),
        Kind::EnvoyFilter | Kind::Envoy => {
            let either = |node: &'d Node, names: [&str; 2]| names.into_iter().find_map(|name| node.field(name));
            let vm = either(plugin, ["vm_config", "vmConfig"]);
            let environment = vm.and_then(|vm| either(vm, ["environment_variables", "environmentVariables"]));
            let Some(environment) = environment else { return Some(Vec::new()) };
            let values = either(environment, ["key_values", "keyValues"]);
            let keys =
                values.map(|values| values.fields()).unwrap_or_default().iter().filter_map(|(key, _)| key.text());
            let host = texts(either(environment, ["host_env_keys", "hostEnvKeys"]).map(|node| &**node));
            Some(keys.chain(host).collect())
        }
    }
}

fn texts(list: Option<&Node>) -> Vec<&str> {
    list.map(Node::list).unwrap_or_default().iter().filter_map(|entry| entry.text()).collect()
}

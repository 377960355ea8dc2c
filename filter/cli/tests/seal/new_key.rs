//! `tenancy seal new-key`.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use tenancy_filter::Filter;

use super::{VARIABLE, run};

const EDGE: &str = "role: edge\ntenant: {from: [{host: '{tenant}.a.com'}], to: [{header: x-tenant}]}";
const MESH: &str = "role: mesh\ntenant: {to: [{header: x-tenant}]}";

/// The lines of a text that are no comments.
fn lines(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

#[test]
fn what_it_prints_signs_at_an_edge_and_verifies_in_the_mesh() {
    let folder = tempfile::tempdir().unwrap();
    let printed = run(folder.path(), None, &["seal", "new-key", "--key", "2026-01"]).well();
    let [private, edge, mesh] = lines(&printed)[..] else { panic!("{printed}") };
    let configuration = |start: &str, seal: &str| format!("version: 1\n{start}\n{seal}\n");
    fs::write(folder.path().join("gateway.yaml"), configuration(EDGE, edge)).unwrap();
    fs::write(folder.path().join("sidecar.yaml"), configuration(MESH, mesh)).unwrap();
    run(folder.path(), None, &["check", "gateway.yaml", "sidecar.yaml"]).well();
    let private = private.strip_prefix("TENANCY_SEAL_KEY=").unwrap();
    let seal = run(folder.path(), Some(private), &["seal", "sign", "--key", "2026-01", "--tenant", "dev1"]).well();
    run(folder.path(), None, &["seal", "show", "-c", "sidecar.yaml", &seal]).well();
    let another = run(folder.path(), None, &["seal", "new-key", "--key", "2026-01"]).well();
    assert_ne!(lines(&another)[0], lines(&printed)[0]);
}

#[test]
fn as_json_it_has_the_same_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let json = run(folder.path(), None, &["seal", "new-key", "--format", "json"]).well();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["key"], "k1");
    assert_eq!(json["edge"]["seal"]["sign"]["privateKeyEnv"], VARIABLE);
    assert_eq!(json["mesh"]["seal"]["verify"]["k1"], json["public_key"]);
    for (start, piece) in [(EDGE, "edge"), (MESH, "mesh")] {
        let config: Value =
            serde_norway::from_str(&format!("version: 1\n{start}\nseal: {}", json[piece]["seal"])).unwrap();
        let _taken = Filter::from_config(config.to_string().as_bytes()).unwrap();
    }
    assert!(json["private_key"].as_str().unwrap().len() > 100);
}

#[test]
fn a_file_is_new_and_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let printed = run(folder.path(), None, &["seal", "new-key", "--out", "seal.key"]).well();
    let path = folder.path().join("seal.key");
    let private = fs::read_to_string(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!printed.contains(private.trim()) && printed.contains("seal.key"), "{printed}");
    let arguments = ["seal", "sign", "--key", "k1", "--private-key-file", "seal.key", "--tenant", "dev1"];
    run(folder.path(), None, &arguments).well();
    run(folder.path(), None, &["seal", "new-key", "--out", "seal.key"]).fails(2, "--out seal.key: File exists");
    assert_eq!(fs::read_to_string(&path).unwrap(), private, "it was overwritten");
}

#[test]
fn without_a_file_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), None, &["seal", "new-key"]).well();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[test]
fn a_key_has_a_name_that_a_seal_can_hold() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["", "a b", "a.b", &"k".repeat(33)] {
        let expected = format!(
            "tenancy: --key: expected a key's name of 1 to 32 letters, digits, \"-\" and \"_\", found {name:?}"
        );
        run(folder.path(), None, &["seal", "new-key", "--key", name]).fails(2, &expected);
    }
}

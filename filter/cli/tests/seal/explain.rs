//! What `tenancy explain` and `tenancy test` make of seals.

use std::fs;

use integration::seals;

use super::{GATEWAY, Mesh};

const CHAIN: [&str; 5] = ["explain", "-c", "gateway.yaml", "-c", "sidecar.yaml"];
const HOST: [&str; 2] = ["-H", "host: feat-x.www.example.com"];

/// The lines about seals, without their columns.
fn of_seals(printed: &str) -> Vec<String> {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    printed.lines().map(words).filter(|line| line.starts_with("seal ")).collect()
}

#[test]
fn a_chain_shows_the_seal_made_and_then_valid() {
    let mesh = Mesh::new();
    let printed = mesh.run(&[&CHAIN[..], &HOST].concat()).well();
    let valid = "seal valid, of key k1: tenant feat-x and 0 overrides, whatever else the request says";
    assert_eq!(of_seals(&printed), ["seal made, of what was decided", valid], "{printed}");
    assert!(printed.contains("+ x-tenancy-seal: v1.k1."), "{printed}");
}

#[test]
fn without_the_private_key_it_says_which_variable_to_set() {
    let mesh = Mesh::new();
    let named = GATEWAY.replace("TENANCY_SEAL_KEY", "OUR_KEY");
    fs::write(mesh.folder.path().join("gateway.yaml"), named).unwrap();
    let printed = mesh.run(&[&CHAIN[..], &HOST].concat()).well();
    let unknown =
        "seal not made here: the private key stands in OUR_KEY of the proxy's environment; the command reads its own";
    assert_eq!(of_seals(&printed), [unknown, "seal none came with this context"], "{printed}");
}

#[test]
fn a_variable_that_holds_no_key_is_told() {
    let mesh = Mesh::new();
    let arguments = [&CHAIN[..], &HOST].concat();
    super::run(mesh.folder.path(), Some(&mesh.public), &arguments).fails(2, "TENANCY_SEAL_KEY: is no private key");
}

#[test]
fn seals_are_told_for_a_time() {
    let mesh = Mesh::new();
    let line = format!("x-tenancy-seal: {}", seals().unwrap().valid[0].seal);
    let arguments = |time| vec!["explain", "-c", "sidecar.yaml", "-H", "host: a", "-H", &line, "--time", time];
    for time in ["2099-01-01T00:00:00Z", "4102444830"] {
        let printed = mesh.run(&arguments(time)).well();
        assert!(of_seals(&printed)[0].starts_with("seal valid, of key k1"), "{printed}");
    }
    let printed = mesh.run(&arguments("4102444831")).well();
    assert_eq!(of_seals(&printed), ["seal does not count: its time is over"], "{printed}");
    mesh.run(&arguments("noon")).fails(2, "expected a time as in 2026-01-31T08:00:00Z");
}

#[test]
fn a_table_has_the_private_key_and_a_time_of_each_row() {
    let mesh = Mesh::new();
    let seal = &seals().unwrap().valid[0].seal;
    let table = "config: [gateway.yaml, sidecar.yaml]\nrows:\n  \
         - {name: now, request: {authority: feat-x.www.example.com}, expect: {has: ['x-tenant: feat-x']}}\n";
    let sidecar = format!(
        "config: sidecar.yaml\nrows:\n  \
         - {{name: in time, request: {{time: 4102444830, headers: ['x-tenancy-seal: {seal}']}}, expect: {{has: ['x-tenant: feat-x']}}}}\n  \
         - {{name: late, request: {{time: '2100-01-01T00:00:31Z', headers: ['x-tenancy-seal: {seal}']}}, expect: {{lacks: [x-tenant]}}}}\n"
    );
    for (file, text) in [("table.yaml", table), ("sidecar-table.yaml", &sidecar)] {
        fs::write(mesh.folder.path().join(file), text).unwrap();
    }
    let passed = mesh.run(&["test", "table.yaml", "sidecar-table.yaml"]).well();
    assert_eq!(passed, "3 passed, 0 failed\n");
    let without = mesh.run_without_key(&["test", "table.yaml"]);
    without.fails(1, "not made here: the private key stands in TENANCY_SEAL_KEY");
}

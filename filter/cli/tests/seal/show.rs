//! `tenancy seal show`.

use std::io::Write;
use std::process::{Command, Stdio};

use integration::seals;
use serde_json::Value;

use super::Mesh;

/// A time before the vectors expire.
const BEFORE: &str = "--time=2099-12-31T23:00:00Z";

fn show<'a>(more: &[&'a str], seal: &'a str) -> Vec<&'a str> {
    [&["seal", "show", BEFORE], more, &["--", seal]].concat()
}

#[test]
fn each_vector_that_counts_is_taken_apart() {
    let mesh = Mesh::new();
    for vector in &seals().unwrap().valid {
        let json = mesh.run(&show(&["-c", "sidecar.yaml", "--format", "json"], &vector.seal)).well();
        let json: Value = serde_json::from_str(&json).unwrap();
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        assert_eq!(
            (&json["verdict"], &text("key"), json["expiry"].as_u64()),
            (&"valid".into(), &vector.key, Some(vector.expiry))
        );
        assert_eq!((&text("tenant"), &text("overrides")), (&vector.tenant, &vector.overrides), "{}", vector.name);
    }
}

#[test]
fn each_vector_that_does_not_count_has_its_reason() {
    let mesh = Mesh::new();
    for vector in &seals().unwrap().refused {
        let ran = mesh.run(&show(&["-c", "sidecar.yaml", "--format", "json"], &vector.seal));
        if vector.seal.starts_with('v') {
            ran.fails(1, &format!("\"verdict\": {:?}", vector.why));
        } else {
            ran.fails(2, "no seal is in the input");
        }
    }
}

#[test]
fn it_is_told_in_words() {
    let mesh = Mesh::new();
    let seals = seals().unwrap();
    let seal = &seals.valid[0].seal;
    let expected = "\
key        k1
expires    2100-01-01T00:00:00Z, in 1h
tenant     feat-x
overrides  foo:v1
seal       valid
";
    let key = format!("k1={}", mesh.public);
    assert_eq!(mesh.run(&show(&["-c", "sidecar.yaml"], seal)).well(), expected);
    assert_eq!(mesh.run(&show(&["--public-key", &key], seal)).well(), expected);
    let alone = expected.replace("valid", "well-formed, but not verified: name its key with -c or --public-key");
    assert_eq!(mesh.run(&show(&[], seal)).well(), alone);
    let late = ["seal", "show", "--time", "4102444831", "--public-key", &key, seal];
    mesh.run(&late).fails(1, "expires    2100-01-01T00:00:00Z, 31s ago");
    mesh.run(&late).fails(1, "seal       does not count: its time is over");
    let tenant_alone = mesh.run(&show(&[], &seals.valid[1].seal)).well();
    assert!(tenant_alone.contains("overrides  none\n"), "{tenant_alone}");
    mesh.run(&show(&[], "v1.k1.x")).fails(1, "seal  ");
}

#[test]
fn without_a_key_it_has_to_be_well_formed() {
    let mesh = Mesh::new();
    for vector in seals().unwrap().refused.iter().filter(|vector| vector.seal.starts_with('v')) {
        let ran = mesh.run(&show(&["--format", "json"], &vector.seal));
        let is_well_formed = ran.code == 0;
        assert!(!is_well_formed || vector.why != "malformed", "{}", vector.name);
        ran.fails(i32::from(!is_well_formed), if is_well_formed { "not_verified" } else { "malformed" });
    }
}

#[test]
fn a_seal_is_found_in_a_line() {
    let mesh = Mesh::new();
    let seal = &seals().unwrap().valid[0].seal;
    for line in [
        format!("x-tenancy-seal: {seal}"),
        format!("X-Our-Seal:{seal}\r\n"),
        format!("baggage: tenant=feat-x,tenancy-seal={seal}, overrides=foo%3Av1"),
        format!("tenancy-seal = {seal};a=b"),
        format!("> host: shop.v2.example.com\n> accept: */*\n> x-tenancy-seal: {seal}\n"),
        format!("x-tenancy-seal: v1.k1.1.a.b, {seal}"),
    ] {
        let said = mesh.run(&show(&["-c", "sidecar.yaml"], &line)).well();
        assert!(said.ends_with("seal       valid\n"), "{line}: {said}");
    }
    for line in
        [format!("x-tenancy-seal: {seal}="), format!("x-tenancy-seal: {seal}:"), format!("tenancy-seal={seal}%3D")]
    {
        mesh.run(&show(&["-c", "sidecar.yaml"], &line)).fails(1, "seal       does not count");
    }
}

#[test]
fn it_reads_stdin() {
    let mesh = Mesh::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenancy"));
    command.args(["seal", "show", BEFORE, "-c", "sidecar.yaml", "-"]).current_dir(&mesh.folder);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let line = format!("baggage: tenancy-seal={}\n", seals().unwrap().valid[0].seal);
    child.stdin.take().unwrap().write_all(line.as_bytes()).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success() && String::from_utf8_lossy(&ended.stdout).ends_with("valid\n"));
}

#[test]
fn what_cannot_be_used_is_told() {
    let mesh = Mesh::new();
    let seal = seals().unwrap().valid[0].seal.clone();
    for (arguments, expected) in [
        (vec!["hello"], "tenancy: no seal is in the input"),
        (vec!["baggage: tenant=feat-x"], "tenancy: no seal is in the input"),
        (vec!["-c", "none.yaml", &seal], "none.yaml: No such file"),
        (vec!["-c", "gateway.yaml", &seal], "no configuration has seal.verify"),
        (vec!["--public-key", "k1=abc", &seal], "--public-key k1: expected a public key on P-256"),
        (vec!["--public-key", "k1", &seal], "expected a name and a key, as in k1="),
        (vec!["--time", "noon", &seal], "expected a time as in 2026-01-31T08:00:00Z"),
    ] {
        mesh.run_without_key(&[&["seal", "show"], &arguments[..]].concat()).fails(2, expected);
    }
}

/// Each lists other keys, as while they are replaced.
#[test]
fn of_several_sidecars_the_one_counts_that_knows_the_key() {
    let mesh = Mesh::new();
    let (seals, folder) = (seals().unwrap(), mesh.folder.path());
    let other = seals.sidecar().to_string().replace("\"k1\":", "\"k2\":");
    std::fs::write(folder.join("other.yaml"), other).unwrap();
    for files in [["other.yaml", "sidecar.yaml"], ["sidecar.yaml", "other.yaml"]] {
        mesh.run(&show(&["-c", files[0], "-c", files[1]], &seals.valid[0].seal)).well();
    }
    mesh.run(&show(&["-c", "other.yaml"], &seals.valid[0].seal)).fails(1, "seal.verify does not list its key");
}

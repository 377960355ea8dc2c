//! `tenancy seal sign`.

use std::fs;

use tenancy_filter::{SealText, split_context};

use super::Mesh;

const SIGN: [&str; 4] = ["seal", "sign", "--key", "k1"];

/// The arguments of `tenancy seal sign`, with the words of a text.
fn sign(words: &str) -> Vec<&str> {
    [&SIGN[..], &words.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>()].concat()
}

#[test]
fn a_seal_holds_what_is_asked_for() {
    let mesh = Mesh::new();
    for (asked, tenant, overrides) in [
        ("--tenant dev1", "dev1", ""),
        ("--override foo:v1 --override bar:v2;method=POST", "", "foo:v1,bar:v2;method=POST"),
        ("--tenant dev1 --override foo:v1,bar:v2", "dev1", "foo:v1,bar:v2"),
    ] {
        let line = mesh.run(&[&sign(asked)[..], &["--format", "text"]].concat()).well();
        let seal = SealText::parse(line.trim().as_bytes()).unwrap();
        let context = seal.context().unwrap();
        assert_eq!((seal.key, split_context(&context)), ("k1", (tenant.as_bytes(), overrides.as_bytes())), "{asked}");
        mesh.run_without_key(&["seal", "show", "-c", "sidecar.yaml", &line]).well();
    }
}

#[test]
fn it_is_printed_as_a_line_of_a_header_or_of_baggage() {
    let mesh = Mesh::new();
    for (format, name) in [("header", "x-tenancy-seal: v1."), ("baggage", "baggage: tenancy-seal=v1."), ("text", "v1.")]
    {
        let line = mesh.run(&sign(&format!("--tenant dev1 --format {format}"))).well();
        assert!(line.starts_with(name) && line.lines().count() == 1, "{line}");
        assert!(!line.contains(','), "other members are not its own: {line}");
    }
    assert!(mesh.run(&sign("--tenant dev1")).well().starts_with("x-tenancy-seal: "));
}

#[test]
fn a_seal_counts_for_its_time() {
    let mesh = Mesh::new();
    for (ttl, seconds) in
        [("", 60), ("--ttl 90", 90), ("--ttl 60s", 60), ("--ttl 8h", 28_800), ("--ttl 90days", 7_776_000)]
    {
        let before = now();
        let line = mesh.run(&sign(&format!("--tenant dev1 --format text {ttl}"))).well();
        let expiry = SealText::parse(line.trim().as_bytes()).unwrap().expiry;
        assert!((before + seconds..=now() + seconds + seconds / 4).contains(&expiry), "{ttl}: {expiry}");
    }
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn the_private_key_comes_from_a_variable_or_a_file() {
    let mesh = Mesh::new();
    mesh.run_without_key(&sign("--tenant dev1 --private-key-file seal.key")).well();
    mesh.run_without_key(&sign("--tenant dev1")).fails(2, "no private key: set TENANCY_SEAL_KEY in the environment");
    mesh.run(&sign("--tenant dev1 --private-key-env OTHER")).fails(2, "no private key: set OTHER in the environment");
    mesh.run(&sign("--tenant dev1 --private-key-file none.key")).fails(2, "none.key: No such file");
    fs::write(mesh.folder.path().join("public.key"), &mesh.public).unwrap();
    let path = &sign("--tenant dev1 --private-key-file public.key");
    mesh.run(path).fails(2, "public.key: is no private key on P-256 as base64");
    let wrong = super::run(mesh.folder.path(), Some("c2VjcmV0"), &sign("--tenant dev1"));
    wrong.fails(2, "TENANCY_SEAL_KEY: is no private key on P-256");
    assert!(!wrong.problem.contains("c2VjcmV0"), "{}", wrong.problem);
}

#[test]
fn no_argument_takes_a_private_key() {
    let mesh = Mesh::new();
    let asked = ["--tenant", "dev1", "--private-key", &mesh.private];
    mesh.run_without_key(&[&SIGN[..], &asked].concat()).fails(2, "unexpected argument '--private-key'");
}

#[test]
fn what_is_not_valid_is_told_by_its_option_with_the_remedy() {
    let mesh = Mesh::new();
    let many = (0..12).map(|number| format!("--override service-{number}:{}", "v".repeat(40))).collect::<Vec<_>>();
    for (asked, expected) in [
        ("", "nothing to seal; give --tenant, --override, or both"),
        ("--tenant ,", "nothing to seal: --tenant and --override name nothing"),
        ("--tenant=", "--tenant: is empty"),
        ("--tenant dev1 --override=", "--override: is empty"),
        ("--tenant dev_", "--tenant: invalid: dev_ is not a name of 1 to 63 of A-Za-z0-9._-"),
        ("--tenant a,b", "--tenant: names another tenant, b: a conflict; give one"),
        (
            "--override foo",
            "--override: dropped: foo is not a service and version, or its conditions are invalid; write SERVICE:VERSION",
        ),
        ("--override foo:v1;color=red", "--override: dropped: foo:v1;color=red"),
        ("--override foo:v1 --override foo:v2", "--override: a second version of one service: foo:v2; give one"),
        (&many.join(" "), "--override: not made: the context has 614 bytes, and a seal holds 512; give fewer"),
        ("--tenant dev1 --ttl 9s", "--ttl: expected a whole number from 10 to 7776000, found 9 (seconds)"),
        ("--tenant dev1 --ttl soon", "expected whole seconds, as in 60s or 8h"),
    ] {
        mesh.run(&sign(asked)).fails(2, expected);
    }
    mesh.run(&["seal", "sign", "--key", "k 1", "--tenant", "dev1"]).fails(2, "--key: expected a key's name");
}

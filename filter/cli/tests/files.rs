//! Where `tenancy explain` finds configurations, and what it says of files that it cannot use.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::process::Command;

use integration::root;

const EDGE: &str = "version: 1\nrole: edge\nstrip: [x-tenant]\n";

/// Explains a request with a tenant that a client claims: the exit code, and what the command prints to both.
fn explain(arguments: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let broken = "version: 1\nrole: edge\nstrip: [a b]\ntenants: 1\n";
    let in_vain = "version: 1\nrole: edge\ntenant: {from: [{header: x-a}], to: [{header: x-tenant}]}\n";
    let fields = concat!(
        "static_resources: {a: {typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm, ",
        "config: {name: edge, configuration: {version: 1, role: edge, strip: [x-tenant]}}}}}\n"
    );
    for (file, text) in [
        ("edge.yaml", EDGE),
        ("broken.yaml", broken),
        ("vain.yaml", in_vain),
        ("fields.yaml", fields),
        ("other.yaml", "kind: Service\n"),
        ("text.yaml", "a: [\n"),
    ] {
        fs::write(folder.path().join(file), text).unwrap();
    }
    let run = Command::new(env!("CARGO_BIN_EXE_tenancy"))
        .args(["explain", "-H", "host: www.example.com", "-H", "x-tenant: evil"])
        .args(arguments)
        .current_dir(&folder)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (run.status.code().unwrap(), text(run.stdout), text(run.stderr))
}

/// The names of the instances, in order: the lines that are not indented.
fn instances(arguments: &[&str]) -> Vec<String> {
    let (code, out, problem) = explain(arguments);
    assert_eq!(code, 0, "{problem}");
    out.lines().filter(|line| !line.is_empty() && !line.starts_with(' ')).map(str::to_owned).collect()
}

#[test]
fn manifests_and_bootstraps_hold_chains() {
    let shipped = |path: &str| root().join(path).display().to_string();
    let (gateway, envoy) = (shipped("wasm-plugin/manifests/gateway"), shipped("envoyfilter/bootstrap/gateway.yaml"));
    let filter = shipped("envoyfilter/gateway.yaml");
    assert_eq!(instances(&["-c", &gateway]), ["tenancy-strip", "tenancy"]);
    assert_eq!(instances(&["-c", &gateway, "--name", "tenancy"]), ["tenancy"]);
    assert_eq!(instances(&["-c", &gateway, "-c", &envoy]), ["tenancy-strip", "tenancy", "tenancy"]);
    assert_eq!(instances(&["-c", &filter, "--name", "tenancy-strip"]), ["istio-system/tenancy/tenancy-strip"]);
    assert_eq!(instances(&["-c", "edge.yaml", "-c", "edge.yaml"]), ["edge", "edge"]);
}

#[test]
fn the_option_has_the_names_that_routes_gives_it() {
    for option in ["-c", "--config", "--configuration"] {
        assert_eq!(instances(&[option, "edge.yaml"]), ["edge"]);
    }
}

#[test]
fn what_cannot_be_used_is_shown_in_its_line() {
    for (arguments, expected) in [
        (&["-c", "broken.yaml"][..], "--> broken.yaml:3:9"),
        (&["-c", "broken.yaml"], "--> broken.yaml:4:1"),
        (&["-c", "fields.yaml"], "error[not-text]: edge: is fields without a type"),
        (&["-c", "text.yaml"], "tenancy: text.yaml:2:1: is not YAML"),
        (&["-c", "other.yaml"], "tenancy: no configuration of the filter found"),
        (&["-c", "none.yaml"], "tenancy: none.yaml: No such file"),
        (&["-c", "edge.yaml", "--name", "gate"], "no configuration is called \"gate\"; there are: edge"),
        (&["-c", "edge.yaml", "--name", ""], "no configuration is called \"\"; there are: edge"),
    ] {
        let (code, out, problem) = explain(arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}");
        assert!(problem.contains(expected), "{expected:?} in {problem}");
    }
}

#[test]
fn what_has_no_effect_is_shown_and_explained_all_the_same() {
    let (code, out, warning) = explain(&["-c", "vain.yaml"]);
    assert!(code == 0 && out.contains("- x-tenant: evil"), "{out}");
    assert!(warning.starts_with("warning[in-vain]: vain: ") && warning.contains("--> vain.yaml:3:"), "{warning}");
    assert_eq!(explain(&["-c", "edge.yaml", "-c", "vain.yaml", "--name", "edge"]).2, "", "it was not chosen");
}

/// As behind `head`.
#[test]
fn whoever_reads_no_further_hears_nothing() {
    let filter = root().join("envoyfilter/gateway.yaml");
    for arguments in [&["explain", "-H", "host: a", "-c"][..], &["explain", "--format", "json", "-H", "host: a", "-c"]]
    {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenancy"));
        let mut child = command
            .args(arguments)
            .arg(&filter)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        assert_eq!((ended.status.code(), String::from_utf8(ended.stderr).unwrap().as_str()), (Some(0), ""));
    }
}

//! What the command prints, and how it ends.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

const GOOD: &str = "version: 1\nrole: edge\nstrip: [x-tenant]\n";
const BAD: &str = "version: 1\nrole: edge\nstrip: [x tenant]\n";
const IN_VAIN: &str = "version: 1\nrole: edge\noverrides: {from: [{header: x-override}], to: [{header: x-override}]}\n";
const PLACEHOLDER: &str =
    "version: 1\nrole: edge\ntenant:\n  from: [{host: '{tenant}.www.example.com'}]\n  to: [{header: x-tenant}]\n";

/// The exit code of the command, and what it prints to both.
fn run(folder: &Path, arguments: &[&str], stdin: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenancy"));
    let command = command.args(arguments).current_dir(folder);
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    let ended = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (ended.status.code().unwrap(), text(ended.stdout), text(ended.stderr))
}

/// A folder with these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn the_exit_code_tells_errors_from_warnings_and_from_what_cannot_be_used() {
    let files = [
        ("good.yaml", GOOD),
        ("bad.yaml", BAD),
        ("warned.yaml", IN_VAIN),
        ("left.yaml", PLACEHOLDER),
        ("image.yaml", "kind: Component\nimages: [{name: a, newName: oci://registry.example.com/a}]\n"),
        ("none.yaml", "a: 1\n"),
    ];
    let folder = folder(&files.map(|(name, text)| (name, text.as_bytes())));
    for (arguments, expected) in [
        (&["good.yaml"][..], 0),
        (&["good.yaml", "none.yaml"], 0),
        (&["bad.yaml"], 1),
        (&["good.yaml", "bad.yaml"], 1),
        (&["warned.yaml"], 0),
        (&["warned.yaml", "--deny-warnings"], 1),
        (&["left.yaml"], 1),
        (&["image.yaml"], 1),
        (&["good.yaml", "--deny-warnings"], 0),
        (&["none.yaml"], 2),
        (&["missing.yaml"], 2),
        (&["good.yaml", "missing.yaml"], 2),
        (&[], 2),
    ] {
        let (code, out, problem) = run(folder.path(), &[&["check"], arguments].concat(), "");
        assert_eq!(code, expected, "{arguments:?}: {out}{problem}");
        assert_eq!(problem.is_empty(), expected < 2, "{arguments:?}: {problem}");
    }
}

#[test]
fn a_finding_shows_its_line() {
    let folder = folder(&[("bad.yaml", BAD.as_bytes())]);
    let (_, out, _) = run(folder.path(), &["check", "bad.yaml"], "");
    let expected = r#"error[configuration]: bad: expected a header name, or a prefix followed by "*", found "x tenant"
 --> bad.yaml:3:9
  |
3 | strip: [x tenant]
  |         ^^^^^^^^ strip[0]

1 configuration checked: 1 error, 0 warnings
"#;
    assert_eq!(out, expected);
}

#[test]
fn stdin_is_a_file() {
    let folder = folder(&[]);
    let (code, out, _) = run(folder.path(), &["check", "-"], BAD);
    assert_eq!((code, out.lines().nth(1)), (1, Some(" --> stdin:3:9")));
}

/// Its resources may lie in other folders.
#[test]
fn a_kustomization_is_told_with_what_to_pipe() {
    let text = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../base]\n";
    let folder = folder(&[("in/kustomization.yaml", text.as_bytes())]);
    let (code, out, problem) = run(folder.path(), &["check", "in"], "");
    let remedy = "kubectl kustomize FOLDER | tenancy check -";
    assert_eq!(code, 2);
    assert!(out.starts_with("left out in/kustomization.yaml:1:1: Kustomization, whose images alone "), "{out}");
    assert!(out.contains(remedy) && problem.contains(remedy), "{out}{problem}");
}

#[test]
fn a_folder_is_read_to_its_depth() {
    let files: [(&str, &[u8]); 7] = [
        ("in/b.yaml", GOOD.as_bytes()),
        ("in/deep/er/c.json", br#"{"version": 1, "role": "edge", "strip": ["a b"]}"#),
        ("in/deep/a.yml", BAD.as_bytes()),
        ("in/.hidden/d.yaml", BAD.as_bytes()),
        ("in/other.md", BAD.as_bytes()),
        ("in/template.yaml", b"a: {{ if }}\n  b: [\n"),
        ("in/binary.yaml", b"\xff"),
    ];
    let folder = folder(&files);
    let (code, out, _) = run(folder.path(), &["check", "--format", "json", "in"], "");
    let report: Value = serde_json::from_str(&out).unwrap();
    let files = |list: &str| {
        let list = report[list].as_array().unwrap().iter();
        list.map(|entry| format!("{}:{}", entry["file"].as_str().unwrap(), entry["line"])).collect::<Vec<_>>()
    };
    assert_eq!(files("checked"), ["in/b.yaml:1", "in/deep/a.yml:1", "in/deep/er/c.json:1"]);
    assert_eq!(files("findings"), ["in/deep/a.yml:3", "in/deep/er/c.json:1"]);
    assert_eq!(files("left_out"), ["in/template.yaml:2", "in/binary.yaml:1"]);
    assert_eq!(code, 1);
}

#[test]
fn a_file_that_was_named_has_to_be_yaml() {
    let folder = folder(&[("broken.yaml", format!("{GOOD}---\na: [\n").as_bytes())]);
    let (code, out, problem) = run(folder.path(), &["check", "broken.yaml"], "");
    assert_eq!(code, 2);
    assert!(out.contains("left out broken.yaml:6:1: is not YAML: "), "{out}");
    assert!(problem.starts_with("tenancy: broken.yaml:6:1: is not YAML: "), "{problem}");
}

#[test]
fn a_report_in_json_keeps_its_form() {
    let folder = folder(&[("left.yaml", format!("{PLACEHOLDER}---\na: 1\n").as_bytes())]);
    let (_, out, _) = run(folder.path(), &["check", "--format", "json", "left.yaml"], "");
    let expected = json!({
        "errors": 1,
        "warnings": 0,
        "findings": [{
            "severity": "error",
            "code": "placeholder",
            "file": "left.yaml",
            "line": 4,
            "column": 17,
            "plugin": "left",
            "path": "tenant.from[0].host",
            "message": "www.example.com is a placeholder; write your own domain",
            "remedy": null,
        }],
        "checked": [{"name": "left", "kind": "configuration", "file": "left.yaml", "line": 1, "column": 1}],
        "left_out": [{
            "file": "left.yaml",
            "line": 7,
            "column": 1,
            "reason": "neither a plugin configuration, nor an Envoy configuration with one, nor a Kubernetes resource",
        }],
    });
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), expected);
}

#[test]
fn every_shell_completes_the_subcommands() {
    let folder = folder(&[]);
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (code, out, _) = run(folder.path(), &["completions", shell], "");
        assert_eq!(code, 0);
        for word in ["check", "explain", "test", "deny-warnings"] {
            assert!(out.contains(word), "{shell}: {word}");
        }
    }
}

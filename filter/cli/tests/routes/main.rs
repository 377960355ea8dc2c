//! `tenancy routes`: what it writes, for what it reads, and what it says of mistakes.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod cluster;
mod headers;
mod list;
mod page;
mod prune;
mod recorded;
mod resources;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// The exit code of the command, and what it prints to both.
fn run(folder: &Path, arguments: &[&str], stdin: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenancy"));
    let command = command.arg("routes").args(arguments).current_dir(folder);
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    // It may end before it has read all.
    drop(child.stdin.take().unwrap().write_all(stdin.as_bytes()));
    let ended = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (ended.status.code().unwrap(), text(ended.stdout), text(ended.stderr))
}

/// What it writes for a list, beside which other files may lie.
fn written_beside(list: &str, files: &[(&str, &str)], arguments: &[&str]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files.iter().chain([&("sandboxes.yaml", list)]) {
        fs::write(folder.path().join(name), text).unwrap();
    }
    run(folder.path(), &[arguments, &["sandboxes.yaml"]].concat(), "")
}

/// The resources of a list.
fn resources(list: &str, arguments: &[&str]) -> Vec<Value> {
    let (code, out, problem) = written_beside(list, &[], arguments);
    assert_eq!(code, 0, "{problem}");
    documents(&out)
}

fn documents(text: &str) -> Vec<Value> {
    let documents = text.split("---\n").filter(|document| !document.is_empty());
    documents.map(|document| serde_norway::from_str(document).unwrap()).collect()
}

/// The resource of a kind and name.
fn named<'r>(resources: &'r [Value], kind: &str, name: &str) -> &'r Value {
    let is_it = |resource: &&Value| resource["kind"] == kind && resource["metadata"]["name"] == name;
    let names: Vec<_> = resources.iter().map(|it| format!("{} {}", it["kind"], it["metadata"]["name"])).collect();
    resources.iter().find(is_it).unwrap_or_else(|| panic!("no {kind} {name} in {names:#?}"))
}

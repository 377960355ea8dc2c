//! `make tools`.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use integration::root;

/// A cargo that builds into a folder of its own choice, as under `CARGO_TARGET_DIR`, and says so.
const CARGO: &str = r#"#!/bin/sh
case $1 in
build) mkdir -p "$HOME/else where/release" && echo built >"$HOME/else where/release/tenancy" ;;
metadata) echo "{\"packages\":[],\"target_directory\":\"$HOME/else where\",\"version\":1}" ;;
esac
"#;

#[test]
fn the_command_comes_from_the_folder_that_cargo_used() {
    let folder = tempfile::tempdir().unwrap();
    let cargo = folder.path().join("cargo");
    fs::write(&cargo, CARGO).unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let mut make = Command::new("make");
    make.arg("-f").arg(root().join("Makefile")).args(["-C"]).arg(folder.path()).arg("tools");
    let made = make.env("PATH", path).env("HOME", folder.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    assert_eq!(fs::read_to_string(folder.path().join("target/tenancy")).unwrap(), "built\n");
}

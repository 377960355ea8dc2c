//! Ctrl-C ends all that `make run` started, also what it builds beside.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use integration::root;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

/// A compiler that has the target of the module.
const RUSTC: &str = "#!/bin/sh\n[ \"$1\" = --version ] && echo rustc || echo \"${0%/*}\"\n";
/// A cargo whose builds never end; each writes its process down.
const CARGO: &str = "#!/bin/sh\n[ \"$1\" = --version ] || { echo $$ >>\"${0%/*}/builds\"; exec sleep 1000; }\n";

fn program(folder: &Path, name: &str, script: &str) -> Result<()> {
    let path = folder.join(name);
    fs::write(&path, script)?;
    Ok(fs::set_permissions(path, PermissionsExt::from_mode(0o755))?)
}

/// `make run` as the leader of a group, as a terminal starts it.
fn make_run(tools: &Path) -> Result<Child> {
    let library = tools.join("lib/rustlib/wasm32-unknown-unknown/lib");
    fs::create_dir_all(&library)?;
    fs::write(library.join("libcore-0.rlib"), "")?;
    for (name, script) in [("rustc", RUSTC), ("cargo", CARGO), ("cc", "#!/bin/sh\n")] {
        program(tools, name, script)?;
    }
    let path = format!("{}:{}", tools.display(), std::env::var("PATH")?);
    let mut make = Command::new("make");
    make.arg("run").current_dir(root()).env("PATH", path).env("ENVOY_PATH", "/bin/true").env_remove("MAKEFLAGS");
    make.process_group(0).stdout(Stdio::null()).stderr(Stdio::null());
    make.spawn().context("make")
}

fn until(what: &str, mut so: impl FnMut() -> bool) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !so() {
        ensure!(Instant::now() < deadline, "not after {PATIENCE:?}: {what}");
        sleep(POLL);
    }
    Ok(())
}

/// The builds that were started, by their processes.
fn builds(tools: &Path) -> Vec<String> {
    let written = fs::read_to_string(tools.join("builds")).unwrap_or_default();
    written.lines().map(str::to_owned).collect()
}

fn signal(name: &str, process: &str) -> bool {
    let mut kill = Command::new("kill");
    kill.args([name, "--", process]).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

#[test]
fn ctrl_c_ends_what_make_run_builds() -> Result<()> {
    let tools = TempDir::new()?;
    let mut make = make_run(tools.path())?;
    until("the module and the playground are built", || builds(tools.path()).len() == 2)?;
    assert!(signal("-INT", &format!("-{}", make.id())));
    make.wait()?;
    let ended = until("both builds end", || builds(tools.path()).iter().all(|build| !signal("-0", build)));
    for build in builds(tools.path()) {
        let _ = signal("-KILL", &build);
    }
    ended
}

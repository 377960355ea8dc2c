//! On a machine without tools the scripts say which command gets them, and run none of these commands.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Output};

use anyhow::{Context, Result};
use integration::root;
use tempfile::TempDir;

/// What every Linux has, as far as the scripts use it.
const BASE: [&str; 11] =
    ["awk", "bash", "dirname", "env", "grep", "head", "make", "python3", "readlink", "sed", "tail"];
/// They write down what they are asked for, and know of nothing that is installed.
const INSTALLERS: [&str; 6] = ["apt-get", "apt-cache", "dpkg", "rustup", "sudo", "pip"];

/// A machine with some installers and no compiler.
struct Machine(TempDir);

impl Machine {
    fn with(installers: &[&str]) -> Result<Self> {
        let folder = TempDir::new()?;
        for tool in BASE {
            let found = Command::new("sh").args(["-c", &format!("command -v {tool}")]).output()?;
            symlink(String::from_utf8(found.stdout)?.trim(), folder.path().join(tool))?;
        }
        for installer in installers {
            assert!(INSTALLERS.contains(installer));
            let path = folder.path().join(installer);
            fs::write(&path, "#!/bin/sh\necho \"${0##*/} $*\" >>\"${0%/*}/asked\"\nexit 1\n")?;
            fs::set_permissions(path, PermissionsExt::from_mode(0o755))?;
        }
        Ok(Self(folder))
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<Output> {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(root()).env_clear().env("PATH", self.0.path()).env("HOME", self.0.path());
        command.output().context(program.to_owned())
    }

    /// What the installers were asked to add.
    fn installed(&self) -> Vec<String> {
        let asked = fs::read_to_string(self.0.path().join("asked")).unwrap_or_default();
        asked.lines().filter(|line| line.contains(" install") || line.contains(" add")).map(str::to_owned).collect()
    }
}

fn printed(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text)).concat()
}

#[test]
fn the_module_is_refused_with_the_command_that_brings_a_compiler() -> Result<()> {
    for (installers, remedy) in [
        (&["apt-get", "apt-cache", "dpkg", "sudo"][..], "as root: apt-get install rustc-web cargo-web rust-web-src"),
        (&["rustup"], "rustup target add wasm32-unknown-unknown"),
        (&[], "https://rustup.rs"),
    ] {
        let machine = Machine::with(installers)?;
        let output = machine.run("wasm-plugin/build.sh", &[])?;
        assert!(!output.status.success());
        assert!(printed(&output).contains(remedy), "{}", printed(&output));
        assert_eq!(machine.installed(), [""; 0]);
    }
    Ok(())
}

#[test]
fn the_doctor_has_a_command_or_a_page_for_each_tool() -> Result<()> {
    let machine = Machine::with(&["apt-get", "apt-cache", "dpkg"])?;
    let output = machine.run("integration/doctor.sh", &[])?;
    assert!(!output.status.success());
    let printed = printed(&output);
    let (missing, here): (Vec<_>, Vec<_>) = printed.lines().partition(|line| !line.starts_with("here "));
    assert!(missing.len() > 10, "{missing:#?} are missing, {here:#?} here");
    for line in &missing {
        assert!(line.starts_with("MISSING ") || line.starts_with("left out "), "{line}");
        assert!([" install ", "https://"].iter().any(|remedy| line.contains(remedy)), "{line}");
    }
    assert_eq!(machine.installed(), [""; 0]);
    Ok(())
}

/// Not after a minute of compiling, and without a word on what is only useful.
#[test]
fn a_goal_that_runs_everything_says_at_once_what_it_lacks() -> Result<()> {
    for goal in ["run", "test"] {
        let machine = Machine::with(&["apt-get", "apt-cache", "dpkg"])?;
        let output = machine.run("make", &[goal])?;
        assert!(!output.status.success());
        let told = printed(&output);
        for line in told.lines().filter(|line| !line.starts_with("make")) {
            assert!(line.starts_with("MISSING "), "{goal}: {line}");
        }
        assert!(told.contains("MISSING   Rust ") && told.contains("MISSING   wasm32 "), "{goal}: {told}");
    }
    Ok(())
}

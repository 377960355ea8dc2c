//! rust-toolchain.toml makes rustup fetch nothing: builds go on without a network, and with Debian's compiler beside it.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::process::Command;

use anyhow::{Context, Result};
use integration::root;
use tempfile::TempDir;

/// A rustup with one compiler, and what it would fetch others from.
struct Rustup {
    home: TempDir,
    server: TcpListener,
}

impl Rustup {
    /// The compiler of this test under another name; `None` if there is no rustup.
    fn with(name: &str) -> Result<Option<Self>> {
        if Command::new("rustup").arg("--version").output().is_err() {
            println!("left out: rust-toolchain.toml; needs rustup");
            return Ok(None);
        }
        let (sysroot, version) = (printed("rustc", "--print=sysroot")?, printed("rustc", "-vV")?);
        let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("a host")?;
        let home = TempDir::new()?;
        fs::create_dir(home.path().join("toolchains"))?;
        symlink(sysroot.trim(), home.path().join(format!("toolchains/{name}-{host}")))?;
        fs::write(
            home.path().join("settings.toml"),
            format!("version = \"12\"\ndefault_toolchain = \"{name}-{host}\"\nprofile = \"minimal\"\n[overrides]\n"),
        )?;
        let server = TcpListener::bind("127.0.0.1:0")?;
        server.set_nonblocking(true)?;
        Ok(Some(Self { home, server }))
    }

    /// What a command prints in the repository; it may not ask for anything.
    fn run(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(program);
        command.current_dir(root()).args(arguments).env("RUSTUP_HOME", self.home.path());
        command.env("RUSTUP_DIST_SERVER", format!("http://{}", self.server.local_addr()?));
        // It says nothing to whoever asks; rustup then ends without an answer.
        command.env("RUSTUP_MAX_RETRIES", "0").env("RUSTUP_DOWNLOAD_TIMEOUT", "1");
        for name in ["RUSTUP_TOOLCHAIN", "RUSTUP_AUTO_INSTALL", "MAKEFLAGS", "RUSTC", "CARGO"] {
            command.env_remove(name);
        }
        let output = command.output()?;
        assert!(self.server.accept().is_err(), "{program} {arguments:?} asked for a download");
        assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }
}

fn printed(program: &str, argument: &str) -> Result<String> {
    Ok(String::from_utf8(Command::new(program).current_dir(root()).arg(argument).output()?.stdout)?)
}

#[test]
fn with_stable_nothing_is_fetched() -> Result<()> {
    let Some(rustup) = Rustup::with("stable")? else { return Ok(()) };
    assert!(rustup.run("rustc", &["--version"])?.starts_with("rustc "));
    assert!(rustup.run("cargo", &["--version"])?.starts_with("cargo "));
    Ok(())
}

/// `make` takes the compiler that is there, as it did before there was a file.
#[test]
fn another_compiler_alone_serves_too() -> Result<()> {
    let Some(rustup) = Rustup::with("1.95.0")? else { return Ok(()) };
    // A goal that asks, behind those of the Makefile.
    let goal = rustup.home.path().join("compiler.mk");
    fs::write(&goal, "compiler:\n\t@rustc --version\n")?;
    let arguments = ["-s", "-f", "Makefile", "-f", &goal.display().to_string(), "compiler"];
    assert!(rustup.run("make", &arguments)?.starts_with("rustc "));
    Ok(())
}

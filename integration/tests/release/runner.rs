//! A machine of GitHub's and a registry, as far as the steps of a workflow see them. What only GitHub and Sigstore can
//! do is written down in place of being done.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use integration::root;
use serde_json::Value;
use tempfile::TempDir;

use crate::workflows::Step;

/// Cargo.toml's.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A registry that forgets.
pub(crate) struct Registry {
    crane: PathBuf,
    server: Child,
    pub(crate) address: String,
}

impl Registry {
    fn start(folder: &Path) -> Result<Self> {
        let crane = folder.join("crane");
        let mut build = Command::new("go");
        build.current_dir(root().join("release")).args(["build", "-o"]).arg(&crane);
        build.arg("github.com/google/go-containerregistry/cmd/crane");
        succeed(&mut build).context("crane needs Go 1.24 (https://go.dev/dl)")?;
        let mut serve = Command::new(&crane);
        serve.args(["registry", "serve", "--address", "127.0.0.1:0"]).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut server = serve.spawn()?;
        let mut lines = BufReader::new(server.stderr.take().context("its log")?).lines();
        let line = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("serving on port")));
        let line = line.context("crane registry serve ended")??;
        // Whoever stops reading would stop it.
        std::thread::spawn(move || lines.count());
        let port = line.rsplit(' ').next().context("a port")?;
        Ok(Self { crane, server, address: format!("127.0.0.1:{port}") })
    }

    /// The module in the image of that name.
    pub(crate) fn pull(&self, image: &str, folder: &Path) -> Result<Vec<u8>> {
        let layers = folder.join("pulled.tar");
        succeed(Command::new(&self.crane).args(["export", image]).arg(&layers))?;
        succeed(Command::new("tar").arg("-xOf").arg(&layers).arg("plugin.wasm"))
    }

    /// Gives the image's tag to another one, with one label more.
    pub(crate) fn replace(&self, image: &str) -> Result<()> {
        let (name, _) = image.split_once('@').context("a digest")?;
        let tag = format!("{name}:{VERSION}");
        succeed(Command::new(&self.crane).args(["mutate", image, "--label", "is=another", "--tag", &tag])).map(drop)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

/// What a command printed, if it succeeds.
pub(crate) fn succeed(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stdout));
    Ok(output.stdout)
}

/// A machine of GitHub's, as far as the steps of the workflow see it.
pub(crate) struct Runner {
    pub(crate) home: TempDir,
    pub(crate) registry: Registry,
    pub(crate) outputs: BTreeMap<String, String>,
}

impl Runner {
    pub(crate) fn new() -> Result<Self> {
        let home = TempDir::new()?;
        for tool in ["cosign", "gh"] {
            let path = home.path().join(tool);
            fs::write(&path, format!("#!/bin/sh\nprintf '%s\\n' {tool} \"$@\" >>\"$WRITTEN\"\n"))?;
            succeed(Command::new("chmod").arg("+x").arg(&path))?;
        }
        let registry = Registry::start(home.path())?;
        Ok(Self { home, registry, outputs: BTreeMap::new() })
    }

    /// A clone of the commit in a folder of that name.
    pub(crate) fn clone(&self, folder: &str) -> Result<PathBuf> {
        let folder = self.home.path().join(folder);
        succeed(Command::new("git").args(["clone", "--quiet"]).arg(root()).arg(&folder))?;
        succeed(Command::new("git").current_dir(&folder).args(["tag", "--force", &format!("v{VERSION}")]))?;
        Ok(folder)
    }

    /// What GitHub puts in place of an expression.
    fn expand(&self, text: &str) -> Result<String> {
        let mut parts = text.split("${{ ");
        let mut expanded = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once(" }}").with_context(|| text.to_owned())?;
            expanded += match name {
                // With a capital, as many an owner has.
                "github.repository_owner" => "Owner",
                "github.token" => "token",
                name => self.outputs.get(name).with_context(|| format!("no {name}"))?,
            };
            expanded += rest;
        }
        Ok(expanded.replace("ghcr.io", &self.registry.address))
    }

    pub(crate) fn run(&mut self, step: &Step, everywhere: &Value, folder: &Path) -> Result<()> {
        let mut shell = Command::new("bash");
        shell.args(["-e", "-c", &step.run]).current_dir(folder).stdin(Stdio::null());
        let everywhere: BTreeMap<String, String> = serde_json::from_value(everywhere.clone())?;
        for (name, value) in everywhere.iter().chain(&step.env) {
            shell.env(name, self.expand(value)?);
        }
        let output = self.home.path().join("output");
        fs::write(&output, "")?;
        let path = std::env::join_paths(
            [self.home.path().to_owned()]
                .into_iter()
                .chain(std::env::split_paths(&std::env::var_os("PATH").context("PATH")?)),
        )?;
        shell.env("PATH", path).env("GITHUB_OUTPUT", &output).env("WRITTEN", self.home.path().join("written"));
        shell.env("GITHUB_ACTOR", "me").env("GITHUB_REF_NAME", format!("v{VERSION}"));
        shell.env("DOCKER_CONFIG", self.home.path().join("docker"));
        succeed(&mut shell)?;
        if let Some(id) = &step.id {
            let lines = fs::read_to_string(output)?;
            let named = lines.lines().filter_map(|line| line.split_once('='));
            self.outputs.extend(named.map(|(name, value)| (format!("steps.{id}.outputs.{name}"), value.to_owned())));
        }
        Ok(())
    }
}

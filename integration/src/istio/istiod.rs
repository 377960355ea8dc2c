//! istiod as a child process, configured by files and without Kubernetes.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

use anyhow::{Context, Result, bail, ensure};
use playground::{guard, root};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::scenario::{Scenario, line};
use super::site::Site;

const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

/// What stock Envoy lacks is left out of its pushes, and what needs certificates or Kubernetes is off.
const ENVIRONMENT: [(&str, &str); 5] = [
    ("ENABLE_CA_SERVER", "false"),
    ("PILOT_CERT_PROVIDER", "none"),
    ("CLUSTER_ID", "Kubernetes"),
    ("PILOT_ENABLE_METADATA_EXCHANGE", "false"),
    ("PILOT_ENABLE_ALPN_FILTER", "false"),
];

/// The `pilot-discovery` that `PILOT_DISCOVERY` names.
#[derive(Clone, Debug)]
pub struct Istiod {
    binary: PathBuf,
    /// Its release, as in 1.29.6.
    pub release: String,
}

/// A running istiod; dropping it stops it.
#[derive(Debug)]
pub(super) struct Running {
    process: Child,
    guard: Child,
    home: TempDir,
    pub(super) address: SocketAddr,
}

impl Istiod {
    /// The one that `PILOT_DISCOVERY` names, if it names one.
    pub fn from_env() -> Result<Option<Self>> {
        let Some(path) = env::var_os("PILOT_DISCOVERY").filter(|path| !path.is_empty()) else { return Ok(None) };
        let binary = root().join(path);
        let output = Command::new(&binary).args(["version", "--short"]).stderr(Stdio::null()).output();
        let output = output.with_context(|| format!("PILOT_DISCOVERY {}", binary.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let release = text.split_whitespace().last().context("pilot-discovery version --short says nothing")?;
        Ok(Some(Self { release: release.into(), binary }))
    }

    /// Whether it is of a line that reads files itself, and so notices when one changes; what stands in for a later one
    /// may not.
    pub fn watches_files(&self) -> bool {
        line(&self.release).is_some_and(|line| line < 30)
    }

    /// Starts it with these documents; the services follow once it listens, because it may lose those that it reads
    /// before.
    pub(super) async fn start(&self, site: &Site, scenario: &Scenario) -> Result<Running> {
        let (manifests, services) = (&scenario.manifests, &scenario.service_entries());
        let home = TempDir::with_prefix("istiod-")?;
        let configuration = home.path().join("configuration");
        fs::create_dir(&configuration)?;
        fs::write(configuration.join("manifests.yaml"), documents(manifests, site))?;
        let mut command = self.command(&home, site)?;
        command.env("PILOT_ENABLE_AMBIENT", scenario.waypoint().is_some().to_string());
        let mut process = command.spawn().with_context(|| self.binary.display().to_string())?;
        let guard = guard(process.id()).inspect_err(|_| drop(process.kill()))?;
        let mut running = Running { process, guard, home, address: site.address(2, 15010) };
        running.listens().await?;
        running.publish(services, site)?;
        Ok(running)
    }

    fn command(&self, home: &TempDir, site: &Site) -> Result<Command> {
        let log = File::create(home.path().join("log"))?;
        let at = |port| site.address(2, port);
        let mut command = Command::new(&self.binary);
        command.envs(ENVIRONMENT).current_dir(home).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        command.args(["discovery", "--registries=", "--secureGRPCAddr=", "--httpsAddr="]);
        command.arg(format!("--configDir={}", home.path().join("configuration").display()));
        command.arg(format!("--meshConfig={}", root().join("integration/istio/mesh.yaml").display()));
        command.arg(format!("--grpcAddr={}", at(15010)));
        command.arg(format!("--httpAddr={}", at(8080)));
        command.arg(format!("--monitoringAddr={}", at(15014)));
        command.arg(format!("--ctrlz_address={}", at(9876).ip())).arg("--ctrlz_port=9876");
        Ok(command)
    }
}

impl Running {
    /// Tells it of these services, and of no others any more.
    pub(super) fn publish(&self, services: &[Value], site: &Site) -> Result<()> {
        // A rename, so that no half of it is read.
        let half = self.home.path().join("services.yaml");
        fs::write(&half, documents(services, site))?;
        Ok(fs::rename(half, self.home.path().join("configuration/services.yaml"))?)
    }

    async fn listens(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(self.address).await.is_err() {
            if let Some(status) = self.process.try_wait()? {
                bail!("istiod ended ({status}):\n{}", self.log()?);
            }
            ensure!(Instant::now() < deadline, "istiod does not listen after {PATIENCE:?}:\n{}", self.log()?);
            sleep(POLL).await;
        }
        Ok(())
    }

    /// What it logged so far.
    pub(super) fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(self.home.path().join("log"))?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for child in [&mut self.guard, &mut self.process] {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
        if thread::panicking() {
            eprintln!("{}", self.log().unwrap_or_default());
        }
    }
}

/// YAML takes JSON, a document each.
fn documents(documents: &[Value], site: &Site) -> String {
    let text: Vec<_> = documents.iter().map(Value::to_string).collect();
    site.translate(&text.join("\n---\n"))
}

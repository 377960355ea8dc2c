//! Envoy as a child process.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, io};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::sleep;

use crate::bootstrap::{Bootstrap, root};
use crate::client::{Protocol, Request};

/// Compiling a module on a busy machine takes seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// A stat is no older than this.
const FRESH: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(20);

/// A running Envoy; dropping it stops it.
#[derive(Debug)]
pub struct Envoy {
    process: Process,
    admin: SocketAddr,
    listener: SocketAddr,
}

/// How Envoy is started.
struct Launch<'a> {
    /// A program that runs it, with its options; empty if there is none.
    tool: &'a [&'a str],
    /// Variables beside those of this process.
    environment: &'a BTreeMap<String, String>,
    workers: usize,
    patience: Duration,
}

impl Default for Launch<'_> {
    fn default() -> Self {
        const NO_VARIABLES: &BTreeMap<String, String> = &BTreeMap::new();
        Self { tool: &[], environment: NO_VARIABLES, workers: 1, patience: PATIENCE }
    }
}

/// What `envoy --mode validate` says.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Whether Envoy would start.
    pub accepted: bool,
    /// What it logged.
    pub log: String,
}

impl Envoy {
    /// Starts one with one worker, and waits until it is ready; fails with its log if it ends before.
    pub async fn start(bootstrap: &Bootstrap) -> Result<Self> {
        Self::start_with_workers(bootstrap, 1).await
    }

    /// The same with these variables in its environment.
    pub async fn start_in(environment: &BTreeMap<String, String>, bootstrap: &Bootstrap) -> Result<Self> {
        Self::launch(bootstrap, Launch { environment, ..Launch::default() }).await
    }

    /// The same with several workers, each with a VM of its own.
    pub async fn start_with_workers(bootstrap: &Bootstrap, workers: usize) -> Result<Self> {
        Self::launch(bootstrap, Launch { workers, ..Launch::default() }).await
    }

    /// Starts one under a tool that runs programs, such as `valgrind`, which may take so long.
    pub async fn start_under(tool: &[&str], patience: Duration, bootstrap: &Bootstrap) -> Result<Self> {
        Self::launch(bootstrap, Launch { tool, patience, ..Launch::default() }).await
    }

    async fn launch(bootstrap: &Bootstrap, launch: Launch<'_>) -> Result<Self> {
        let mut process = Process::spawn(bootstrap, &launch)?;
        let (patience, deadline) = (launch.patience, Instant::now() + launch.patience);
        loop {
            if let Ok((admin, listener)) = process.addresses().await {
                return Ok(Self { process, admin, listener });
            }
            if let Some(status) = process.envoy.try_wait()? {
                bail!("Envoy ended ({status}):\n{}", process.log()?);
            }
            ensure!(Instant::now() < deadline, "Envoy is not ready after {patience:?}:\n{}", process.log()?);
            sleep(POLL).await;
        }
    }

    /// Asks Envoy whether it would start, which configures our plugin.
    pub fn validate(bootstrap: &Bootstrap) -> Result<Verdict> {
        let home = Home::new(bootstrap)?;
        let status = home.envoy(&Launch::default(), &["--mode", "validate"])?.status()?;
        Ok(Verdict { accepted: status.success(), log: home.log()? })
    }

    /// Where it listens.
    pub fn listener(&self) -> SocketAddr {
        self.listener
    }

    /// Where its listener of this name listens.
    pub async fn address_of(&self, listener: &str) -> Result<SocketAddr> {
        address_of(&self.admin("/listeners?format=json").await?, |name| name == listener)
    }

    /// Where its admin interface listens.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin
    }

    /// What its admin interface answers.
    pub async fn admin(&self, path: &str) -> Result<String> {
        admin(self.admin, path).await
    }

    /// Its counters and gauges whose names match a regular expression.
    pub async fn stats(&self, filter: &str) -> Result<BTreeMap<String, u64>> {
        let text = self.admin(&format!("/stats?filter={filter}")).await?;
        let stat =
            |line: &str| line.split_once(": ").and_then(|(name, value)| Some((name.into(), value.parse().ok()?)));
        Ok(text.lines().filter_map(stat).collect())
    }

    /// Its line of releases, as `1.40`.
    pub async fn line(&self) -> Result<String> {
        let info: Value = serde_json::from_str(&self.admin("/server_info").await?)?;
        let version = info["version"].as_str().context("a version")?;
        let release = version.split('/').nth(1).with_context(|| version.to_owned())?;
        Ok(release.split('.').take(2).collect::<Vec<_>>().join("."))
    }

    /// Its process, for looking at it from outside.
    pub fn pid(&self) -> u32 {
        self.process.envoy.id()
    }

    /// Waits until the stats whose names match a regular expression are these, leaving out those that are zero.
    pub async fn stats_become(&self, filter: &str, expected: &BTreeMap<String, u64>) -> Result<()> {
        let deadline = Instant::now() + FRESH;
        loop {
            let mut stats = self.stats(filter).await?;
            stats.retain(|_, count| *count > 0);
            if stats == *expected {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "after {FRESH:?} {filter} is {stats:#?}, not {expected:#?}");
            sleep(POLL).await;
        }
    }

    /// What it logged so far.
    pub fn log(&self) -> Result<String> {
        self.process.log()
    }
}

/// The command for Envoy: `ENVOY_PATH`, or the func-e of `FUNC_E`, which runs that.
pub(crate) fn envoy_command() -> Result<Command> {
    let path = env::var_os("ENVOY_PATH")
        .context("no ENVOY_PATH: run `make test` or `make run`, or set ENVOY_PATH to an Envoy binary")?;
    let path = root().join(path);
    let Some(func_e) = env::var_os("FUNC_E") else { return Ok(Command::new(path)) };
    let mut command = Command::new(root().join(func_e));
    command.arg("run").env("ENVOY_PATH", path);
    Ok(command)
}

async fn admin(address: SocketAddr, path: &str) -> Result<String> {
    let reply = Request::to("admin").path(path).send(address, Protocol::Http1).await?;
    ensure!(reply.status == 200, "{path}: {} {}", reply.status, reply.text());
    Ok(reply.text())
}

/// The address of the first listener with a fitting name, as the admin interface lists them.
fn address_of(listeners: &str, fits: impl Fn(&str) -> bool) -> Result<SocketAddr> {
    let listeners: Value = serde_json::from_str(listeners)?;
    let mut statuses = listeners["listener_statuses"].as_array().into_iter().flatten();
    let status = statuses.find(|status| status["name"].as_str().is_some_and(&fits)).context("no listener yet")?;
    let socket = &status["local_address"]["socket_address"];
    let port = socket["port_value"].as_u64().context("no port yet")?;
    Ok((socket["address"].as_str().context("no address")?.parse::<IpAddr>()?, u16::try_from(port)?).into())
}

/// The folder of an Envoy: its bootstrap, its log and the address of its admin interface.
#[derive(Debug)]
struct Home(TempDir);

impl Home {
    fn new(bootstrap: &Bootstrap) -> Result<Self> {
        let home = Self(TempDir::with_prefix("envoy-")?);
        fs::write(home.file("bootstrap.json"), bootstrap.json().to_string())?;
        Ok(home)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn envoy(&self, launch: &Launch<'_>, arguments: &[&str]) -> Result<Command> {
        let log = File::create(self.file("log"))?;
        let mut command = envoy_command()?;
        if let [tool, options @ ..] = launch.tool {
            let mut under = Command::new(tool);
            under.args(options).arg(command.get_program()).args(command.get_args());
            command = under;
        }
        command.args(["--concurrency", &launch.workers.to_string(), "--disable-hot-restart", "--log-level", "warning"]);
        command.args(arguments);
        command.arg("-c").arg(self.file("bootstrap.json")).arg("--admin-address-path").arg(self.file("admin"));
        command.envs(launch.environment).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(command)
    }

    fn log(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(&fs::read(self.file("log"))?).into_owned())
    }
}

/// An Envoy and the guard that outlives us.
#[derive(Debug)]
struct Process {
    envoy: Child,
    guard: Child,
    home: Home,
}

impl Process {
    fn spawn(bootstrap: &Bootstrap, launch: &Launch<'_>) -> Result<Self> {
        let home = Home::new(bootstrap)?;
        let mut command = home.envoy(launch, &[])?;
        let mut envoy = command.spawn().with_context(|| format!("ENVOY_PATH {:?}", command.get_program()))?;
        let guard = guard(envoy.id()).inspect_err(|_| drop(envoy.kill()))?;
        Ok(Self { envoy, guard, home })
    }

    /// The addresses of the admin interface and of the listener, once Envoy is ready.
    async fn addresses(&self) -> Result<(SocketAddr, SocketAddr)> {
        let address = fs::read_to_string(self.home.file("admin"))?.parse()?;
        admin(address, "/ready").await?;
        let listener = address_of(&admin(address, "/listeners?format=json").await?, |_| true)?;
        Ok((address, listener))
    }

    fn log(&self) -> Result<String> {
        self.home.log()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        for child in [&mut self.guard, &mut self.envoy] {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Kills a child if we are killed and drop nothing: the pipe that it reads ends with us.
pub fn guard(pid: u32) -> io::Result<Child> {
    let script = "trap '' INT TERM; read -r _; kill -9 \"$0\"";
    Command::new("sh").args(["-c", script, &pid.to_string()]).stdin(Stdio::piped()).spawn()
}

//! The playground starts, shows real answers, and leaves nothing behind.

use std::io::{BufRead, BufReader, Lines};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::LazyLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// Holds the usual ports, so that tests and whatever else runs here do not meet on them.
static USUAL: LazyLock<Vec<TcpListener>> = LazyLock::new(|| {
    let usual = [9901, 9902, 10000, 10001, 10010, 10011, 10012, 10013, 10080];
    usual.into_iter().filter_map(|port| TcpListener::bind(("127.0.0.1", port)).ok()).collect()
});

/// A playground in the background; killed if a test fails.
struct Playground {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
    printed: Vec<String>,
    home: TempDir,
}

impl Playground {
    /// Starts one on free ports and reads on until it is ready.
    fn start() -> Result<Self> {
        LazyLock::force(&USUAL);
        let home = TempDir::new()?;
        let mut child = playground().env("TMPDIR", home.path()).stdout(Stdio::piped()).spawn()?;
        let output = BufReader::new(child.stdout.take().context("a pipe")?).lines();
        let mut playground = Self { child, output, printed: Vec::new(), home };
        while playground.printed.last().is_none_or(|line| !line.starts_with("Ctrl-C")) {
            let line = playground.output.next().with_context(|| format!("{:?}", playground.printed))??;
            playground.printed.push(line);
        }
        Ok(playground)
    }

    /// Sends it a signal and waits until nothing listens any more.
    fn stop(&self, signal: &str) -> Result<()> {
        let addresses = self.addresses();
        assert_eq!((addresses.len(), addresses.iter().all(answers)), (9, true), "{addresses:?}");
        Command::new("kill").args([signal, &self.child.id().to_string()]).status()?;
        let deadline = Instant::now() + Duration::from_secs(10);
        while addresses.iter().any(answers) {
            assert!(Instant::now() < deadline, "{addresses:?}");
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Where everything listens, as printed.
    fn addresses(&self) -> Vec<SocketAddr> {
        let introduced = self.printed.iter().take_while(|line| !line.starts_with("A host"));
        let page = self.printed.iter().filter(|line| line.starts_with("The page"));
        let urls = introduced.chain(page).flat_map(|line| line.split("http://").skip(1));
        urls.filter_map(|url| url.split([' ', ')', '/']).next()?.parse().ok()).collect()
    }
}

impl Drop for Playground {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn playground() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_playground"));
    command.env_remove("PORT");
    command
}

fn answers(address: &SocketAddr) -> bool {
    TcpStream::connect(address).is_ok()
}

#[test]
fn it_shows_real_answers() -> Result<()> {
    let playground = Playground::start()?;
    let first = playground.printed.iter().position(|line| line.contains("$ curl")).context("a command")?;
    let expected = [
        "  shop feat-x",
        "  host: feat-x.www.carouselltenancy.com",
        "  user-agent: playground",
        "  accept: */*",
        "  x-forwarded-proto: http",
        "  c-tenancy: feat-x",
        "  baggage: tenant=feat-x",
        "",
    ];
    assert_eq!(playground.printed[first + 1..][..expected.len()], expected);
    Ok(())
}

#[test]
fn it_goes_elsewhere_where_the_usual_ports_are_taken() -> Result<()> {
    let playground = Playground::start()?;
    assert!(playground.printed.iter().any(|line| line == "port 10000 is taken; using a free one"));
    let gateway = playground.addresses()[0];
    assert!(gateway.port() != 10000 && answers(&gateway), "{gateway}");
    assert!(playground.printed.iter().any(|line| line.ends_with(&format!(" http://{gateway}/"))));
    Ok(())
}

#[test]
fn it_leaves_nothing_behind() -> Result<()> {
    for signal in ["-INT", "-TERM"] {
        let mut playground = Playground::start()?;
        playground.stop(signal)?;
        assert!(playground.child.wait()?.success());
        assert_eq!(playground.output.next().transpose()?.as_deref(), Some(""));
        assert_eq!(playground.output.next().transpose()?.as_deref(), Some("stopped"));
        assert_eq!(playground.home.path().read_dir()?.count(), 0);
    }
    Ok(())
}

/// Not even when it cannot clean up: a test run that is killed must not litter a machine with Envoys.
#[test]
fn its_envoys_end_with_it() -> Result<()> {
    Playground::start()?.stop("-KILL")
}

#[test]
fn a_port_that_was_asked_for_and_is_taken_is_an_error() -> Result<()> {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let port = taken.local_addr()?.port().to_string();
    assert_eq!(complaint(&port)?, format!("port {port} is taken; choose another: make run PORT=…\n"));
    assert_eq!(complaint("many")?, "PORT is \"many\"; expected a number, as in: make run PORT=10100\n");
    Ok(())
}

fn complaint(port: &str) -> Result<String> {
    let Output { status, stderr, .. } = playground().env("PORT", port).output()?;
    assert_eq!(status.code(), Some(1));
    Ok(String::from_utf8(stderr)?)
}

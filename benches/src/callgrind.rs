//! An Envoy whose instructions are counted.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use integration::{Bootstrap, Envoy};
use tempfile::TempDir;

/// It starts fifty times as slowly as without valgrind.
const PATIENCE: Duration = Duration::from_secs(900);

/// Until a dump is on disk.
const WRITTEN: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// An Envoy under callgrind.
pub(crate) struct Counted {
    pub(crate) envoy: Envoy,
    folder: TempDir,
}

impl Counted {
    pub(crate) async fn start(bootstrap: &Bootstrap) -> Result<Self> {
        ensure_valgrind()?;
        let folder = TempDir::with_prefix("callgrind-")?;
        let out = format!("--callgrind-out-file={}", folder.path().join("out").display());
        // V8 writes its code while it runs.
        let tool = ["valgrind", "--tool=callgrind", "--smc-check=all-non-file", &out];
        Ok(Self { envoy: Envoy::start_under(&tool, PATIENCE, bootstrap).await?, folder })
    }

    /// The instructions of all threads while this runs.
    pub(crate) fn instructions(&self, run: impl FnOnce() -> Result<()>) -> Result<u64> {
        self.control("--zero")?;
        run()?;
        self.control("--dump")?;
        self.take()
    }

    fn control(&self, order: &str) -> Result<()> {
        let mut command = Command::new("callgrind_control");
        let status = command
            .arg(order)
            .arg(self.envoy.pid().to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        ensure!(status.success(), "callgrind_control {order}: {status}");
        Ok(())
    }

    /// The total of the one dump that is there, once it is written; the file of the end is there too, and empty.
    fn take(&self) -> Result<u64> {
        let deadline = Instant::now() + WRITTEN;
        loop {
            let files = fs::read_dir(self.folder.path())?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
            let dumps: Vec<_> = files.iter().filter(|path| path.extension().is_some()).collect();
            if let [dump] = dumps[..]
                && let Ok(total) = total(dump)
            {
                fs::remove_file(dump)?;
                return Ok(total);
            }
            ensure!(Instant::now() < deadline, "{} dumps and no total after {WRITTEN:?}", dumps.len());
            thread::sleep(POLL);
        }
    }
}

/// The instructions that a dump counts.
fn total(dump: &std::path::Path) -> Result<u64> {
    let text = String::from_utf8_lossy(&fs::read(dump)?).into_owned();
    // The last line, without which it is half a dump.
    ensure!(text.contains("\ntotals: "), "{}: a dump without its end", dump.display());
    let line = text.lines().find_map(|line| line.strip_prefix("summary: "));
    Ok(line.context("a dump without a total")?.trim().parse()?)
}

/// The instructions of a program that runs and ends.
pub(crate) fn instructions_of(program: &std::path::Path, arguments: &[&str]) -> Result<u64> {
    ensure_valgrind()?;
    let folder = TempDir::with_prefix("callgrind-")?;
    let out = folder.path().join("out");
    let mut command = Command::new("valgrind");
    command.arg("--tool=callgrind").arg(format!("--callgrind-out-file={}", out.display())).arg(program);
    let output = command.args(arguments).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    total(&out)
}

/// Whether there is one.
pub(crate) fn has_valgrind() -> bool {
    Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

fn ensure_valgrind() -> Result<()> {
    ensure!(has_valgrind(), "no valgrind, which counts the instructions; on Debian, as root: apt-get install valgrind");
    Ok(())
}

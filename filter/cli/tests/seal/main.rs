//! `tenancy seal`, and what `explain` and `test` make of seals.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may panic")]

mod explain;
mod new_key;
mod show;
mod sign;

use std::fs;
use std::path::Path;
use std::process::Command;

use integration::seals;

/// The variable of the private key, unless another is named.
const VARIABLE: &str = "TENANCY_SEAL_KEY";

/// The exit code of the command, and what it prints to both.
struct Ran {
    code: i32,
    out: String,
    problem: String,
}

impl Ran {
    /// What it printed, if all was well.
    #[track_caller]
    fn well(self) -> String {
        assert_eq!(self.code, 0, "{}", self.problem);
        self.out
    }

    /// Whether it ends so, says this, and nothing else to whom pipes it.
    #[track_caller]
    fn fails(&self, code: i32, expected: &str) {
        assert_eq!(self.code, code, "{expected}: {}{}", self.out, self.problem);
        let said = if code == 2 { &self.problem } else { &self.out };
        assert!(said.contains(expected), "{expected:?} in {said}");
        assert!(code != 2 || self.out.is_empty(), "{}", self.out);
    }
}

/// Runs the command in a folder, with the private key in the environment or without.
fn run(folder: &Path, private_key: Option<&str>, arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenancy"));
    command.args(arguments).current_dir(folder).env_remove(VARIABLE).stdin(std::process::Stdio::null());
    let ran = command.envs(private_key.map(|key| (VARIABLE, key))).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: ran.status.code().unwrap(), out: text(ran.stdout), problem: text(ran.stderr) }
}

/// A folder with a gateway that signs, a sidecar that verifies, and the private key of `k1`.
struct Mesh {
    folder: tempfile::TempDir,
    private: String,
    public: String,
}

const GATEWAY: &str = "version: 1
role: edge
tenant: {from: [{host: '{tenant}.www.example.com'}], to: [{header: x-tenant}]}
seal: {sign: {key: k1, privateKeyEnv: TENANCY_SEAL_KEY}}
";

impl Mesh {
    fn new() -> Self {
        let seals = seals().unwrap();
        let (folder, keys) = (tempfile::tempdir().unwrap(), &seals.keys["k1"]);
        let write = |file: &str, text: &str| fs::write(folder.path().join(file), text).unwrap();
        write("gateway.yaml", GATEWAY);
        write("sidecar.yaml", &seals.sidecar().to_string());
        write("seal.key", &keys.private);
        Self { private: keys.private.clone(), public: keys.public.clone(), folder }
    }

    /// Runs the command where the environment has the private key.
    fn run(&self, arguments: &[&str]) -> Ran {
        run(self.folder.path(), Some(&self.private), arguments)
    }

    fn run_without_key(&self, arguments: &[&str]) -> Ran {
        run(self.folder.path(), None, arguments)
    }
}

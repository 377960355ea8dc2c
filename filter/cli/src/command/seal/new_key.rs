//! `tenancy seal new-key`.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use base64ct::{Base64, Encoding};
use clap::Args;
use serde_json::{Value, json};
use tenancy_filter_crypto::generate;

use super::made::{self, VARIABLE};
use crate::command::Problem;
use crate::command::words::Format;

/// Prints a new pair of keys, and where each belongs.
///
/// The private key goes to the environment of the gateway's proxy and nowhere else; the public one to every sidecar. Both
/// are on P-256.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What the key is called, in each seal and in the configurations: 1 to 32 letters, digits, `-` and `_`
    #[arg(long, value_name = "NAME", default_value = "k1")]
    key: String,
    /// Writes the private key to this new file, which its owner alone may read, and does not print it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  tenancy seal new-key --key 2026-01
  tenancy seal new-key --out seal.key
  tenancy seal new-key --format json | jq -r .private_key |
    kubectl create secret generic tenancy-seal --from-file=key=/dev/stdin";

impl Arguments {
    pub(crate) fn run(&self) -> Result<ExitCode, Problem> {
        let (private, public) = pair()?;
        let edge = json!({"sign": {"key": self.key, "privateKeyEnv": VARIABLE}});
        let mesh = json!({"verify": {self.key.as_str(): public}});
        // What is printed, the filter takes.
        made::edge(&edge)?;
        made::sidecar(&mesh)?;
        if let Some(path) = &self.out {
            write_new(path, &private).map_err(|why| not_written(path, &why))?;
        }
        let shown = self.out.is_none().then_some(private.as_str());
        match self.format {
            Format::Text => self.tell(shown, &public)?,
            Format::Json => {
                let json = json!({
                    "key": self.key, "private_key": shown, "public_key": public,
                    "edge": {"seal": edge}, "mesh": {"seal": mesh},
                });
                writeln!(io::stdout(), "{json:#}")?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn tell(&self, private: Option<&str>, public: &str) -> io::Result<()> {
        let Self { key, out, .. } = self;
        let mut stdout = io::stdout();
        match (private, out) {
            (Some(private), _) => {
                writeln!(stdout, "# The private key, for the environment of the gateway's proxy alone:")?;
                writeln!(stdout, "{VARIABLE}={private}\n")?;
            }
            (None, path) => {
                let path = path.as_deref().unwrap_or(Path::new("")).display();
                writeln!(
                    stdout,
                    "# The private key is in {path}. Give it to the gateway's proxy alone, as {VARIABLE}.\n"
                )?;
            }
        }
        writeln!(
            stdout,
            "# At the edge:\nseal: {{sign: {{key: {}, privateKeyEnv: {VARIABLE}}}}}\n",
            Value::from(&**key)
        )?;
        writeln!(stdout, "# In the mesh:\nseal: {{verify: {{{}: {public:?}}}}}", Value::from(&**key))
    }
}

/// A new private key, and its public one, as base64.
fn pair() -> Result<(String, String), Problem> {
    loop {
        let mut random = [0; 32];
        let failed = |why| Problem::new(format!("the system gives no random bytes: {why}"));
        getrandom::fill(&mut random).map_err(failed)?;
        if let Some((private, public)) = generate(random) {
            return Ok((Base64::encode_string(&private), Base64::encode_string(&public)));
        }
    }
}

fn write_new(path: &Path, private: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    writeln!(options.open(path)?, "{private}")
}

fn not_written(path: &Path, why: &io::Error) -> Problem {
    let remedy = if why.kind() == io::ErrorKind::AlreadyExists { "; name a file that is not there yet" } else { "" };
    Problem::new(format!("--out {}: {why}{remedy}", path.display()))
}

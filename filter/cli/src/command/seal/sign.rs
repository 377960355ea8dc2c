//! `tenancy seal sign`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;
use tenancy::{Explanation, Instance, Line, Outcome, Request, Told, explain};
use tenancy_filter::SealText;

use super::made::{self, OVERRIDES, TENANT, VARIABLE};
use crate::command::moment::{Moment, seconds};
use crate::command::{Problem, private_key};

/// Prints a seal of a tenant and overrides, for jobs and tests that call inside the mesh.
///
/// It is what an edge would make with the same key. The private key comes from the environment or from a file, because
/// arguments stand in the list of processes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The name of the key, as in `seal.verify` of the mesh
    #[arg(long, value_name = "NAME")]
    key: String,
    /// The variable of the environment that holds the private key
    #[arg(long, value_name = "NAME", default_value = VARIABLE)]
    private_key_env: String,
    /// The file that holds the private key; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "private_key_env")]
    private_key_file: Option<PathBuf>,
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// An override, as in foo:v1 or foo:v1;method=POST; several times for several
    #[arg(long = "override", value_name = "SERVICE:VERSION")]
    overrides: Vec<String>,
    /// For how long it counts at least: 60s, 8h; at most a quarter longer
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = seconds)]
    ttl: u64,
    /// A header line, a line of baggage, or the seal alone
    #[arg(long, value_enum, default_value = "header")]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  curl -H \"$(tenancy seal sign --key k1 --tenant dev1 --override cart:v2)\" http://shop.prod:8080/
  tenancy seal sign --key k1 --private-key-file seal.key --tenant nightly --ttl 8h --format baggage";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Header,
    Baggage,
    Text,
}

impl Arguments {
    pub(crate) fn run(&self) -> Result<ExitCode, Problem> {
        let seal = json!({"sign": {"key": self.key, "privateKeyEnv": self.private_key_env}, "ttl": self.ttl});
        let private_key = Some(self.private_key()?);
        let edge = Instance { private_key, ..made::edge(&seal)? };
        let explanation = explain(&[edge], &self.request()?);
        let (name, value) = sealed(&explanation)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let line = match self.format {
            Format::Header => format!("{}: {}", text(&name), text(&value)),
            Format::Baggage => format!("baggage: {}", member(&explanation, &text(&value))),
            Format::Text => text(&value),
        };
        writeln!(io::stdout(), "{line}")?;
        Ok(ExitCode::SUCCESS)
    }

    fn private_key(&self) -> Result<String, Problem> {
        if let Some(path) = &self.private_key_file {
            return private_key::in_file(path);
        }
        let name = &self.private_key_env;
        let missing = || {
            Problem::new(format!(
                "no private key: set {name} in the environment, or name a file with --private-key-file; \
                 tenancy seal new-key prints one"
            ))
        };
        private_key::in_variable(name)?.ok_or_else(missing)
    }

    /// A request that says what to seal.
    fn request(&self) -> Result<Request, Problem> {
        let given = self.tenant.iter().map(|value| ("--tenant", TENANT, value));
        let given = given.chain(self.overrides.iter().map(|value| ("--override", OVERRIDES, value)));
        let given: Vec<_> = given.collect();
        if given.is_empty() {
            return Err(Problem::new("nothing to seal; give --tenant, --override, or both"));
        }
        let mut request = Request { time: Moment::now().0, ..Request::new("GET", "seal", "/") };
        for (option, name, value) in given {
            if value.trim().is_empty() {
                return Err(Problem::new(format!("{option}: is empty; leave it out, or give it a value")));
            }
            request.push(name, value.as_bytes());
        }
        Ok(request)
    }
}

/// The line of the seal.
fn sealed(explanation: &Explanation) -> Result<Line, Problem> {
    let told = explanation.hops.iter().flat_map(|hop| &hop.told);
    if let Some(problem) = told.filter_map(problem).next() {
        return Err(problem);
    }
    let lines = match explanation.outcome() {
        Outcome::Passed(request) => request.headers,
        Outcome::Answered { body, .. } => return Err(Problem::new(body.trim_end())),
    };
    let is_seal = |(_, value): &Line| SealText::parse(value).is_some();
    let nothing = || Problem::new("nothing to seal: --tenant and --override name nothing");
    lines.into_iter().find(is_seal).ok_or_else(nothing)
}

/// What the filter has against what it was given.
fn problem(told: &Told) -> Option<Problem> {
    let (option, remedy) = match told.name {
        "tenant_invalid" => ("--tenant", ""),
        "tenant_conflict" => ("--tenant", "; give one"),
        "override_invalid" => {
            ("--override", "; write SERVICE:VERSION, as in foo:v1, and conditions as in foo:v1;method=POST")
        }
        "override_duplicate" => ("--override", "; give one"),
        "override_limit" | "seal_too_large" => ("--override", "; give fewer"),
        "seal_failed" => ("the private key", ""),
        _ => return None,
    };
    Some(Problem::new(format!("{option}: {}{remedy}", told.text)))
}

/// The list-member of the seal, beside others.
fn member(explanation: &Explanation, seal: &str) -> String {
    let Outcome::Passed(request) = explanation.outcome() else { return String::new() };
    let baggage = request.values("baggage").join(",");
    let has_seal = |member: &&str| member.split_once('=').is_some_and(|(_, value)| value == seal);
    baggage.split(',').find(has_seal).unwrap_or_default().to_owned()
}

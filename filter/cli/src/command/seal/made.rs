//! Instances that the command makes itself, so that the filter says what is valid.

use serde_json::{Value, json};
use tenancy::Instance;
use tenancy_filter::{Filter, Finding, Findings, Parsed, Severity};

use crate::command::Problem;

/// The variable of the private key, unless another is named.
pub(super) const VARIABLE: &str = "TENANCY_SEAL_KEY";

/// The headers by which a request says what to seal.
pub(super) const TENANT: &str = "x-tenant";
pub(super) const OVERRIDES: &str = "x-override";

/// An edge that believes whoever asks it.
pub(super) fn edge(seal: &Value) -> Result<Instance, Problem> {
    instance(json!({
        "version": 1,
        "role": "edge",
        "tenant": {
            "from": [{"header": TENANT, "trust": "anyone"}],
            "to": [{"header": TENANT}, {"baggage": "tenant"}],
        },
        "overrides": {
            "from": [{"header": OVERRIDES, "trust": "anyone"}],
            "to": [{"header": OVERRIDES}],
        },
        "seal": seal,
    }))
}

/// A sidecar with these public keys.
pub(super) fn sidecar(seal: &Value) -> Result<Instance, Problem> {
    instance(json!({
        "version": 1,
        "role": "mesh",
        "tenant": {"to": [{"header": TENANT}]},
        "seal": seal,
    }))
}

fn instance(configuration: Value) -> Result<Instance, Problem> {
    let Parsed { filter, warnings: _ } = Filter::from_config(configuration.to_string().as_bytes()).map_err(refused)?;
    Ok(Instance::new("seal", filter))
}

/// What the filter refuses, by the argument that said it.
fn refused(findings: Findings) -> Problem {
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    let lines = errors.map(|Finding { path, message, .. }| match path.as_str() {
        "seal.sign.key" => format!("--key: {message}"),
        "seal.ttl" => format!("--ttl: {message} (seconds)"),
        path => match path.strip_prefix("seal.verify") {
            Some(key) => format!("--public-key{}: {message}", key.replacen('.', " ", 1)),
            None => format!("{path}: {message}"),
        },
    });
    Problem::new(lines.collect::<Vec<_>>().join("\n"))
}

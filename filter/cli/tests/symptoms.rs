//! For each symptom of the guide to faults, a request whose explanation names the cause.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Symptoms {
    sections: BTreeMap<String, Vec<Symptom>>,
}

/// How a bullet begins, and what explains it.
#[derive(Deserialize)]
struct Symptom {
    begins: String,
    #[serde(flatten)]
    cause: Cause,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Cause {
    Explained { config: Value, token: Option<Value>, ask: Vec<String>, says: Vec<String> },
    Elsewhere { elsewhere: String },
}

/// The bullets of each section of the guide, or its first paragraph.
fn guide() -> Vec<(String, String)> {
    let guide = include_str!("../../../docs/troubleshooting.md");
    let mut found = Vec::new();
    for section in guide.split("\n## ").skip(1) {
        let (title, text) = section.split_once('\n').unwrap_or((section, ""));
        let bullets: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("- ")).collect();
        let first = text.lines().find(|line| !line.is_empty());
        let entries = if bullets.is_empty() { first.into_iter().collect() } else { bullets };
        found.extend(entries.into_iter().map(|entry| (title.to_owned(), entry.to_owned())));
    }
    found
}

/// Sections that are about the plugin's life, and no request.
const NO_REQUEST: [&str; 5] =
    ["Ask the filter", "Symptoms", "The plugin is not there", "Closed", "Watching one request"];

#[test]
fn every_symptom_is_here() -> Result<()> {
    let Symptoms { sections } = serde_norway::from_str(include_str!("symptoms.yaml"))?;
    let mut listed = 0;
    for (section, entry) in guide().into_iter().filter(|(section, _)| !NO_REQUEST.contains(&section.as_str())) {
        let symptoms = sections.get(&section).with_context(|| format!("no section {section:?}"))?;
        ensure!(symptoms.iter().any(|symptom| entry.starts_with(&symptom.begins)), "{section}: nothing for {entry:?}");
        listed += 1;
    }
    assert_eq!(sections.values().map(Vec::len).sum::<usize>(), listed, "each row is a symptom of the guide");
    Ok(())
}

#[test]
fn the_explanation_names_the_cause() -> Result<()> {
    let Symptoms { sections } = serde_norway::from_str(include_str!("symptoms.yaml"))?;
    for Symptom { begins, cause } in sections.values().flatten() {
        match cause {
            Cause::Elsewhere { elsewhere } => ensure!(!elsewhere.is_empty(), "{begins}: why?"),
            Cause::Explained { config, token, ask, says } => {
                let printed = explained(config, token.as_ref(), ask)?;
                for said in says {
                    ensure!(in_words(&printed).contains(&in_words(said)), "{begins}: {said:?} is not in\n{printed}");
                }
            }
        }
    }
    Ok(())
}

/// Without the columns.
fn in_words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn explained(config: &Value, token: Option<&Value>, ask: &[String]) -> Result<String> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("config.json"), config.to_string())?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_tenancy"));
    command.args(["explain", "-c", "config.json"]).args(ask).current_dir(&folder);
    if let Some(token) = token {
        std::fs::write(folder.path().join("token.json"), token.to_string())?;
        command.args(["--token", "token.json"]);
    }
    let run = command.output()?;
    ensure!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    Ok(String::from_utf8(run.stdout)?)
}

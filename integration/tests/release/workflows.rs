//! What GitHub's workflows may do, and that their commands are those of this repository. `make check` runs actionlint.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use integration::root;
use serde_json::Value;

const FOLDER: &str = ".github/workflows";

/// A command of a job.
pub(crate) struct Step {
    pub(crate) job: String,
    pub(crate) run: String,
    pub(crate) id: Option<String>,
    pub(crate) env: BTreeMap<String, String>,
}

pub(crate) fn workflow(file: &str) -> Result<Value> {
    let text = fs::read_to_string(root().join(FOLDER).join(file))?;
    serde_norway::from_str(&text).with_context(|| file.to_owned())
}

fn workflows() -> Result<Vec<(String, Value)>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(root().join(FOLDER))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let workflow = workflow(&name)?;
        all.push((name, workflow));
    }
    assert!(all.len() >= 3, "{} workflows", all.len());
    Ok(all)
}

fn jobs(workflow: &Value) -> Result<Vec<(&String, &Value)>> {
    Ok(workflow["jobs"].as_object().context("jobs")?.iter().collect())
}

fn steps_of(job: &Value) -> Result<&Vec<Value>> {
    job["steps"].as_array().context("steps")
}

/// A workflow's commands, in order.
pub(crate) fn commands(workflow: &Value) -> Result<Vec<Step>> {
    let mut all = Vec::new();
    for (name, job) in jobs(workflow)? {
        for step in steps_of(job)? {
            let Some(run) = step["run"].as_str() else { continue };
            let env = step.get("env").cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
            let (env, id) = (serde_json::from_value(env)?, step["id"].as_str().map(str::to_owned));
            all.push(Step { job: name.clone(), run: run.to_owned(), id, env });
        }
    }
    Ok(all)
}

#[test]
fn every_job_gets_only_what_it_names() -> Result<()> {
    let may_write = |file: &str, job: &str| (file, job) == ("release.yml", "publish");
    for (file, workflow) in workflows()? {
        assert_eq!(workflow["permissions"], serde_json::json!({}), "{file}: at the top");
        for (name, job) in jobs(&workflow)? {
            assert!(job["timeout-minutes"].is_number(), "{file}: {name} has no timeout");
            let permissions = job.get("permissions").and_then(Value::as_object);
            let granted = permissions
                .into_iter()
                .flatten()
                .filter(|(what, how)| (what.as_str(), *how) != ("contents", &"read".into()));
            let granted: Vec<_> = granted.collect();
            assert!(may_write(&file, name) || granted.is_empty(), "{file}: {name} has {granted:?}");
        }
    }
    Ok(())
}

#[test]
fn actions_are_pinned_and_take_no_credentials_along() -> Result<()> {
    for (file, workflow) in workflows()? {
        let text = fs::read_to_string(root().join(FOLDER).join(&file))?;
        for line in text.lines().filter(|line| line.contains("uses: ")) {
            let (_, pin) = line.split_once('@').with_context(|| format!("{file}: {line}"))?;
            let (commit, version) = pin.split_once(" # v").with_context(|| format!("{file}: no version in {line}"))?;
            let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_commit && version.split('.').count() == 3, "{file}: {line}");
        }
        for (name, job) in jobs(&workflow)? {
            for step in steps_of(job)? {
                let is_checkout = step["uses"].as_str().is_some_and(|action| action.starts_with("actions/checkout@"));
                assert!(!is_checkout || step["with"]["persist-credentials"] == false, "{file}: {name}");
            }
        }
    }
    Ok(())
}

/// What a step interpolates is code of its shell; a branch is called whatever its author likes.
#[test]
fn no_command_interpolates() -> Result<()> {
    for (file, workflow) in workflows()? {
        for step in commands(&workflow)? {
            assert!(!step.run.contains("${{"), "{file}: {}", step.run);
        }
    }
    Ok(())
}

#[test]
fn jobs_install_and_call_make() -> Result<()> {
    let makefile = fs::read_to_string(root().join("Makefile"))?;
    let installer = fs::read_to_string(root().join(".ci/install"))?;
    for file in ["ci.yml", "fuzz.yml"] {
        for step in commands(&workflow(file)?)?.into_iter().filter(|step| step.job != "gate") {
            let words: Vec<_> = step.run.split_whitespace().collect();
            match words[..] {
                [".ci/install", ref tools @ ..] => {
                    assert!(tools.iter().all(|tool| installer.contains(tool)), "{}", step.run)
                }
                ["make", goal, ..] => assert!(makefile.contains(&format!("\n{goal}:")), "{file}: no {goal}"),
                _ => panic!("{file}: {} calls {}", step.job, step.run),
            }
        }
    }
    Ok(())
}

#[test]
fn the_gate_opens_if_every_job_succeeded() -> Result<()> {
    let ci = workflow("ci.yml")?;
    let mut others: Vec<_> = jobs(&ci)?.into_iter().map(|(name, _)| name).filter(|name| *name != "gate").collect();
    others.sort_unstable();
    let mut needed: Vec<String> = serde_json::from_value(ci["jobs"]["gate"]["needs"].clone())?;
    needed.sort();
    assert!(others.into_iter().eq(&needed), "the gate needs {needed:?}");
    // Without, a job that failed would leave it out, and a check that was left out counts as passed.
    assert_eq!(ci["jobs"]["gate"]["if"], "always()");
    let gate = commands(&ci)?.into_iter().find(|step| step.job == "gate").context("a gate")?;
    assert_eq!(gate.env["RESULTS"], "${{ join(needs.*.result, ' ') }}");
    for (results, opens) in
        [("success success", true), ("success failure", false), ("cancelled success", false), ("skipped", false)]
    {
        let status = Command::new("bash").args(["-e", "-c", &gate.run]).env("RESULTS", results).status()?;
        assert_eq!(status.success(), opens, "{results}");
    }
    Ok(())
}

#[test]
fn dependabot_finds_every_folder_that_it_reads() -> Result<()> {
    let text = fs::read_to_string(root().join(".github/dependabot.yml"))?;
    let settings: Value = serde_norway::from_str(&text)?;
    for update in settings["updates"].as_array().context("updates")? {
        let file = match update["package-ecosystem"].as_str().context("an ecosystem")? {
            "cargo" => "Cargo.toml",
            "gomod" => "go.mod",
            "npm" => "package.json",
            "maven" => "pom.xml",
            "pip" => "requirements.txt",
            "github-actions" => FOLDER,
            other => panic!("nothing of {other} is here"),
        };
        let folders = update["directories"].as_array().cloned().unwrap_or_else(|| vec![update["directory"].clone()]);
        for folder in folders {
            let folder = folder.as_str().context("a folder")?.trim_start_matches('/');
            assert!(root().join(folder).join(file).exists(), "no {file} in /{folder}");
        }
    }
    Ok(())
}

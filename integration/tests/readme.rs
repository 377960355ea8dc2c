//! The README's commands, answers, configurations and error messages are real.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use integration::{Bootstrap, Chain, root};
use serde_json::{Value, json};
use tenancy_filter::Filter;

/// The fenced blocks of one kind.
fn blocks(kind: &str) -> Result<Vec<String>> {
    let readme = std::fs::read_to_string(root().join("README.md"))?;
    let fenced = readme.split("```").skip(1).step_by(2);
    let blocks: Vec<_> =
        fenced.filter_map(|block| block.strip_prefix(kind)?.strip_prefix('\n')).map(str::to_owned).collect();
    ensure!(!blocks.is_empty(), "no {kind:?} block in the README");
    Ok(blocks)
}

#[tokio::test]
async fn commands_answer_as_printed() -> Result<()> {
    let chain = Chain::start(Bootstrap::gateway()?, Bootstrap::sidecar()?).await?;
    let addresses = [
        ("127.0.0.1:10000", chain.gateway.listener().to_string()),
        ("127.0.0.1:10001", chain.sidecar.listener().to_string()),
    ];
    for block in blocks("console")? {
        let (command, answer) = block.split_once('\n').context("a command and its answer")?;
        let command = command.strip_prefix("$ ").context("a prompt")?;
        let command = addresses.iter().fold(command.to_owned(), |text, (usual, real)| text.replace(usual, real));
        assert_eq!(run(command.clone()).await?, answer, "{command}");
    }
    Ok(())
}

async fn run(command: String) -> Result<String> {
    let output = tokio::task::spawn_blocking(move || Command::new("sh").args(["-c", &command]).output()).await??;
    ensure!(output.status.success(), "{} (is curl installed?)", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

#[test]
fn configurations_are_accepted() -> Result<()> {
    for block in blocks("yaml")? {
        let configuration: Value = serde_norway::from_str(&block)?;
        Filter::from_config(configuration.to_string().as_bytes()).context(block)?;
    }
    Ok(())
}

#[test]
fn error_messages_are_as_printed() -> Result<()> {
    let mistaken =
        json!({"version": 1, "tenant": {"from": [{"host": "www.example.com"}], "to": [{"header": "x-tenant"}]}});
    let errors = Filter::from_config(mistaken.to_string().as_bytes()).expect_err("two mistakes");
    let lines: Vec<_> = errors.iter().map(|error| format!("tenancy-filter: {error}\n")).collect();
    assert_eq!(lines.concat(), blocks("")?[0]);
    Ok(())
}

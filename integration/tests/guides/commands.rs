//! The commands with answers in `wasm-plugin/manifests/README.md`, on Envoys with the plugins of those manifests.

use std::fs;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use integration::{Bootstrap, Chain, root};
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::sleep;

use crate::pages::Page;

/// Counts are handed over once a second.
const FRESH: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(100);

fn documents(file: &str) -> Result<Vec<Value>> {
    let yaml = fs::read_to_string(root().join("wasm-plugin/manifests").join(file))?;
    Ok(serde_norway::Deserializer::from_str(&yaml).map(Value::deserialize).collect::<Result<_, _>>()?)
}

/// The plugin configurations of a manifest, in the order of its documents.
fn plugins(file: &str) -> Result<Vec<Value>> {
    Ok(documents(file)?.into_iter().map(|mut document| document["spec"]["pluginConfig"].take()).collect())
}

/// What the gateway does to headers before it chooses a route.
fn early_strip() -> Result<Value> {
    let manager = &documents("early-strip/envoyfilter.yaml")?[0]["spec"]["configPatches"][0]["patch"]["value"];
    Ok(manager["typed_config"]["early_header_mutation_extensions"].clone())
}

/// A proxy with these plugins, in this order.
fn with(bootstrap: Bootstrap, plugins: Vec<Value>) -> Bootstrap {
    let filter = |plugin| bootstrap.clone().configuration(plugin).http_filters()[0].clone();
    let filters: Vec<_> = plugins.into_iter().map(filter).collect();
    filters.into_iter().rev().fold(bootstrap.clone().without_filter(), Bootstrap::behind)
}

#[tokio::test]
async fn what_is_to_be_seen_after_an_installation_is_seen() -> Result<()> {
    let gateway = with(Bootstrap::gateway()?, plugins("gateway/plugins.yaml")?).removing_early(early_strip()?);
    let sidecar = with(Bootstrap::sidecar()?, plugins("sidecars/plugin.yaml")?);
    let chain = Chain::start(gateway, sidecar).await?;
    let page = Page::read("wasm-plugin/manifests/README.md")?;
    let commands: Vec<_> = page.blocks("console").collect();
    assert_eq!(commands.len(), 4);
    for block in commands {
        let (command, answer) = block.split_once('\n').context("a command and its answer")?;
        let command = command.strip_prefix("$ ").context("a prompt")?;
        let mut printed = run(command, &chain).await?;
        let deadline = Instant::now() + FRESH;
        while command.contains("stats?") && printed != answer && Instant::now() < deadline {
            sleep(POLL).await;
            printed = run(command, &chain).await?;
        }
        assert_eq!(printed, answer, "{command}");
    }
    Ok(())
}

/// What a command prints here, where no kubectl leads into a pod.
pub(crate) async fn run(command: &str, chain: &Chain) -> Result<String> {
    let home = TempDir::new()?;
    // A service is called by its name.
    fs::write(home.path().join(".curlrc"), format!("connect-to = \"echo:80:{}\"\n", chain.sidecar.listener()))?;
    let inside = command.split_once(" -- ").map_or(command, |(_, inside)| inside);
    let local =
        inside.replace("pilot-agent request GET '", &format!("curl -sS 'http://{}/", chain.gateway.admin_address()));
    let mut shell = Command::new("sh");
    shell.args(["-c", &local]).env("GATEWAY", chain.gateway.listener().to_string()).env("CURL_HOME", home.path());
    let Output { stdout, stderr, .. } = tokio::task::spawn_blocking(move || shell.output()).await??;
    assert_eq!(String::from_utf8_lossy(&stderr), "", "{command}");
    Ok(String::from_utf8(stdout)?)
}

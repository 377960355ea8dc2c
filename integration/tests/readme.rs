//! The commands, answers, configurations, messages and tables of the READMEs are real.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use integration::markdown::{blocks, blocks_of, table};
use integration::{Bootstrap, CARTS, Chain, Echo, Envoy, root};
use serde_json::{Value, json};
use tenancy_filter::{Answer, Counter, Filter, Header, Mutation, Peer, Refusal};
use tenancy_filter_envoy::Facts;

#[tokio::test]
async fn commands_answer_as_printed() -> Result<()> {
    let mut sidecar = Bootstrap::sidecar()?;
    let mut carts = Vec::new();
    for (cluster, name) in CARTS {
        let cart = Echo::start(name).await?;
        sidecar = sidecar.cluster(cluster, cart.address());
        carts.push(cart);
    }
    let chain = Chain::start(Bootstrap::gateway()?, sidecar).await?;
    let alone = Envoy::start(&Bootstrap::alone()?).await?;
    let addresses = [
        ("127.0.0.1:10000", chain.gateway.listener().to_string()),
        ("127.0.0.1:10001", chain.sidecar.listener().to_string()),
        ("127.0.0.1:10002", alone.listener().to_string()),
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
    let guided = blocks_of("docs/repair.md", "yaml")?.into_iter().filter(|block| block.starts_with("version:"));
    for block in blocks("yaml")?.into_iter().chain(guided) {
        let configuration: Value = serde_norway::from_str(&block)?;
        let parsed = Filter::from_config(configuration.to_string().as_bytes()).with_context(|| block.clone())?;
        assert_eq!(parsed.warnings.to_string(), "", "{block}");
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

#[test]
fn every_counter_is_listed_in_order() -> Result<()> {
    let listed = table("counter")?.into_iter().flat_map(|row| row.into_iter().take(1));
    let counters = Counter::ALL.map(|counter| format!("wasmcustom.{}", counter.name()));
    assert_eq!(listed.collect::<Vec<_>>(), counters);
    Ok(())
}

/// What a refusal's cause says; a new refusal does not compile without one.
fn cause(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::TenantConflict => "tenant.onConflict: reject",
        Refusal::TenantInvalid => "tenant.onInvalid: reject",
        Refusal::OverrideDuplicate => "overrides.onDuplicate: reject",
        Refusal::OverrideInvalid => "overrides.onInvalid: reject",
        Refusal::Tunnel => "connect: refuse",
        Refusal::Link => "link",
    }
}

#[test]
fn every_refusal_is_listed_with_its_body() -> Result<()> {
    use Refusal::{Link, OverrideDuplicate, OverrideInvalid, TenantConflict, TenantInvalid, Tunnel};
    let mut rows = table("status")?;
    let by_the_plugin = rows.pop().context("a row")?;
    let refusals = [TenantConflict, TenantInvalid, OverrideDuplicate, OverrideInvalid, Link, Tunnel];
    assert_eq!(rows.len(), refusals.len());
    for (row, refusal) in rows.iter().zip(refusals) {
        assert_eq!(row[..2], [Answer::from(refusal).status().to_string(), refusal.to_string().trim_end().to_owned()]);
        assert!(row[2].contains(cause(refusal)), "{row:?}");
    }
    let plugin = fs::read_to_string(root().join("wasm-plugin/src/stream.rs"))?;
    assert!(plugin.contains(&format!("respond({}, ", by_the_plugin[0])), "{by_the_plugin:?}");
    assert!(plugin.contains(&format!("\"{}\\n\"", by_the_plugin[1])), "{by_the_plugin:?}");
    Ok(())
}

#[test]
fn every_format_is_read_and_written() -> Result<()> {
    for row in table("format")? {
        let [_, kind, line, entries] = &row[..] else { anyhow::bail!("four cells: {row:?}") };
        let entries: Value = serde_norway::from_str(&format!("[{entries}]"))?;
        let usual = json!([{"header": "x-usual"}]);
        let read = json!({"version": 1, "role": "mesh", kind: {"from": entries, "to": usual}});
        let written = json!({"version": 1, "role": "mesh", kind: {"from": usual, "to": entries}});
        let (name, value) = line.split_once(": ").context("a header line")?;
        let usual = set(&read, &name.to_lowercase(), value, "x-usual")?;
        assert_eq!(set(&written, "x-usual", &usual, &name.to_lowercase())?, value, "{line}");
    }
    Ok(())
}

/// What a configuration writes into one header when it reads another.
fn set(configuration: &Value, name: &str, value: &str, written: &str) -> Result<String> {
    let filter = Filter::from_config(configuration.to_string().as_bytes())?.filter;
    let headers = [Header { name: name.as_bytes(), value: value.as_bytes() }];
    let scan = filter.scan(&headers, Peer::Known);
    let facts = Facts::gather(&(), scan.wants(), &filter)?;
    let gathered = facts.gathered();
    let decision = scan.decide(&gathered, (), &())?;
    let value = decision.mutations.iter().find_map(|mutation| match mutation {
        Mutation::Set { name, value } if *name == written.as_bytes() => Some(value),
        _ => None,
    });
    Ok(String::from_utf8(value.with_context(|| format!("{name} sets no {written}"))?.to_vec())?)
}

/// A crate that is added or removed must state its cost.
#[test]
fn the_dependencies_of_the_module_are_those_of_its_crates() -> Result<()> {
    // `proxy-wasm` brings it.
    let mut expected = BTreeSet::from(["hashbrown".to_owned()]);
    for manifest in ["filter", "filter/envoy", "wasm-plugin"] {
        let text = fs::read_to_string(root().join(manifest).join("Cargo.toml"))?;
        let dependencies = text.split("[dependencies]").nth(1).context("dependencies")?;
        let names =
            dependencies.lines().take_while(|line| !line.starts_with('[')).filter_map(|line| line.split_once(" = "));
        expected.extend(names.map(|(name, _)| name.to_owned()).filter(|name| !name.starts_with("tenancy-filter")));
    }
    let cells = table("crate")?.into_iter().filter_map(|row| row.into_iter().next());
    let listed =
        cells.flat_map(|cell| cell.split(", ").map(|name| name.trim_matches('`').to_owned()).collect::<Vec<_>>());
    assert_eq!(listed.collect::<BTreeSet<_>>(), expected);
    Ok(())
}

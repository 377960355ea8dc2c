//! What is there to be copied is right.

use anyhow::{Context, Result, bail};
use integration::root;
use serde::Deserialize;
use serde_json::Value;
use tenancy_filter::{Counter, Filter};

use crate::pages::Page;

#[test]
fn every_yaml_block_is_one_that_something_checks() -> Result<()> {
    let mut configurations = 0;
    for page in Page::all()? {
        for block in page.blocks("yaml") {
            for document in serde_norway::Deserializer::from_str(block) {
                let document = Value::deserialize(document)?;
                if let Some(configuration) = configuration(&document).with_context(|| block.to_owned())? {
                    let parsed = Filter::from_config(configuration.to_string().as_bytes());
                    assert_eq!(parsed.with_context(|| block.to_owned())?.warnings.to_string(), "", "{block}");
                    configurations += 1;
                }
            }
        }
    }
    assert!(configurations >= 5, "only {configurations} configurations");
    Ok(())
}

/// The plugin configuration in a document, if it has one.
fn configuration(document: &Value) -> Result<Option<&Value>> {
    Ok(match document["kind"].as_str() {
        Some("WasmPlugin") => Some(document.pointer("/spec/pluginConfig").context("no pluginConfig")?),
        Some("TrafficExtension") => Some(document.pointer("/spec/wasm/pluginConfig").context("no pluginConfig")?),
        // integration/istio/crds renders the one, and holds the other against its CRD.
        Some("Kustomization" | "Telemetry" | "EnvoyExtensionPolicy") => None,
        Some(kind) => bail!("nothing checks a {kind} in Markdown"),
        None if document.get("role").is_some() => Some(document),
        // cases.rs runs its rows.
        None if document.get("cases").is_some() => Some(document.get("configuration").context("no configuration")?),
        // filter/cli/tests/reference.rs runs it.
        None if document.get("rows").is_some() => None,
        // filter/cli/tests/routes/page.rs writes its routes, and runs the steps of the workflow.
        None if document.get("sandboxes").is_some() || document.get("jobs").is_some() => None,
        // observed.rs runs the log format.
        None if document.get("meshConfig").is_some() => None,
        // tracing.rs and without_wasm.rs put it into a connection manager.
        None if document.get("early_header_mutation_extensions").is_some() => None,
        // manifests/seal.rs gives it to a gateway.
        None if document.get("environment_variables").is_some() => None,
        None => bail!("nothing checks this"),
    })
}

#[test]
fn commands_name_what_is_there() -> Result<()> {
    let makefile = std::fs::read_to_string(root().join("Makefile"))?;
    let mut wrong = Vec::new();
    for page in Page::all()? {
        for line in page.blocks("sh").chain(page.blocks("console")).flat_map(str::lines) {
            let words: Vec<_> = line.split([' ', '=', '"']).collect();
            let made = words.windows(2).filter(|pair| pair[0] == "make").map(|pair| pair[1]);
            wrong.extend(made.filter(|target| !makefile.contains(&format!("\n{target}:"))).map(str::to_owned));
            let paths = words.iter().filter(|word| is_ours(word));
            wrong.extend(paths.filter(|path| !root().join(path).exists()).map(|path| (*path).to_owned()));
        }
    }
    wrong.retain(|word| !word.starts_with('-') && !word.is_empty());
    assert!(wrong.is_empty(), "{wrong:?}");
    Ok(())
}

fn is_ours(word: &str) -> bool {
    ["docs/", "wasm-plugin/", "envoyfilter/", "filter/", "integration/"].iter().any(|folder| word.starts_with(folder))
}

#[test]
fn counters_are_called_as_the_filter_calls_them() -> Result<()> {
    let known = Counter::ALL.map(|counter| format!("wasmcustom.{}", counter.name()));
    for page in Page::all()? {
        for name in page.code().filter(|code| code.starts_with("wasmcustom.tenancy.")) {
            assert!(known.iter().any(|known| known == name), "{}: {name}", page.path.display());
        }
    }
    Ok(())
}

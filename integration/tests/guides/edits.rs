//! The table of what to edit in `wasm-plugin/manifests` is complete, and names nothing else.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use integration::root;

use crate::pages::Page;

const MANIFESTS: &str = "wasm-plugin/manifests";

/// What stands in some folders for what only the reader knows.
struct Row {
    words: Vec<String>,
    folders: Vec<String>,
}

fn rows() -> Result<Vec<Row>> {
    let page = Page::read(&format!("{MANIFESTS}/README.md"))?;
    let table = page.prose.iter().skip_while(|line| !line.starts_with("| value | in |")).skip(2);
    let rows = table.take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let mut cells = row.trim_matches('|').split(" | ").map(code);
        let (words, folders) = (cells.next().context("words")?, cells.next().context("folders")?);
        Ok(Row { words, folders })
    })
    .collect()
}

/// What a cell quotes as code.
fn code(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The lines of the YAML files of a folder, without comments.
fn lines(folder: &Path) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "yaml") {
            let text = fs::read_to_string(&path)?;
            let code = text.lines().filter(|line| !line.trim_start().starts_with('#'));
            lines.extend(code.map(str::to_owned));
        }
    }
    Ok(lines)
}

/// All folders in which a manifest lies, by their names in the table.
fn folders() -> Result<Vec<String>> {
    let manifests = root().join(MANIFESTS);
    let (mut found, mut open) = (Vec::new(), vec![manifests.clone()]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                found.push(path.strip_prefix(&manifests)?.display().to_string());
                open.push(path);
            }
        }
    }
    Ok(found)
}

/// What a line holds that each mesh has otherwise: reserved names (RFC 2606 §3), and what chooses proxies and services.
fn edited(line: &str) -> Option<&str> {
    // The component sets it.
    let is_of_component = line.contains(" # set in ../") || line.starts_with("  - name: oci://");
    let reserved = line.contains("example.com").then_some(line).filter(|_| !is_of_component);
    let tag = line.trim_start().starts_with("newTag: ").then_some(line);
    let namespace = line.starts_with("namespace: ").then_some(line);
    let labels = ["matchLabels: {", "    labels: {istio"].iter().any(|field| line.contains(field)).then_some(line);
    let named = ["kind: Gateway, name: ", "kind: Service, name: "].iter().any(|target| line.contains(target));
    let service = line.contains("service: ").then_some(line).filter(|line| !line.contains("service: called"));
    let shop = line.contains("x-shop-version").then_some(line);
    let key = line.contains("BASE64-OF-").then_some(line);
    reserved.or(key).or(tag).or(namespace).or(labels).or(named.then_some(line)).or(service).or(shop)
}

#[test]
fn what_is_named_is_there() -> Result<()> {
    let rows = rows()?;
    assert!(rows.len() >= 15, "{} rows", rows.len());
    for Row { words, folders } in rows {
        assert!(!words.is_empty() && !folders.is_empty(), "{words:?} in {folders:?}");
        for folder in folders {
            let lines = lines(&root().join(MANIFESTS).join(&folder))?;
            for word in &words {
                assert!(lines.iter().any(|line| line.contains(word.as_str())), "{folder} has no {word}");
            }
        }
    }
    Ok(())
}

#[test]
fn what_is_there_is_named() -> Result<()> {
    let (rows, mut missing, mut named) = (rows()?, Vec::new(), 0);
    for folder in folders()? {
        for line in lines(&root().join(MANIFESTS).join(&folder))? {
            let Some(edited) = edited(&line) else { continue };
            let names = |row: &Row| row.folders.contains(&folder) && row.words.iter().any(|word| edited.contains(word));
            named += 1;
            if !rows.iter().any(names) {
                missing.push(format!("{folder}: {}", edited.trim()));
            }
        }
    }
    assert!(missing.is_empty(), "the table lacks {missing:#?}");
    assert!(named >= 50, "only {named} lines");
    Ok(())
}

/// EnvoyFilters have a page of their own, which leads to the table.
#[test]
fn what_envoy_filters_hold_is_named() -> Result<()> {
    let page = Page::read("envoyfilter/README.md")?;
    let of_gateway = rows()?.into_iter().filter(|row| row.folders.iter().any(|folder| folder == "gateway"));
    let domains = of_gateway.flat_map(|row| row.words).chain(page.code().map(str::to_owned));
    let domains: Vec<_> = domains.filter(|word| word.contains("example.com")).collect();
    let zeros = "0".repeat(64);
    let lines = lines(&root().join("envoyfilter"))?;
    let open: Vec<_> = lines.iter().filter(|line| line.contains("example.com") || line.contains(&zeros)).collect();
    assert_eq!(open.len(), 7, "{open:#?}");
    for line in open {
        let is_named = match line.contains(&zeros) {
            true => page.code().any(|word| word == "sha256"),
            false => domains.iter().any(|domain| line.contains(domain)),
        };
        assert!(is_named, "neither page names {line}");
    }
    Ok(())
}

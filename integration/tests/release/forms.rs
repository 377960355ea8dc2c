//! What GitHub shows to whoever opens an issue, a pull request or a report.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};
use integration::root;
use serde_json::Value;

fn form(file: &str) -> Result<Value> {
    let text = fs::read_to_string(root().join(".github/ISSUE_TEMPLATE").join(file))?;
    serde_norway::from_str(&text).with_context(|| file.to_owned())
}

/// GitHub ignores a form that breaks these rules of its form schema.
#[test]
fn forms_are_ones_that_github_shows() -> Result<()> {
    for file in ["bug.yml", "feature.yml"] {
        let form = form(file)?;
        assert!(form["name"].is_string() && form["description"].is_string(), "{file}");
        let mut ids = BTreeSet::new();
        for field in form["body"].as_array().context("a body")? {
            let kind = field["type"].as_str().context("a type")?;
            if kind == "markdown" {
                assert!(field["attributes"]["value"].is_string(), "{file}");
                continue;
            }
            assert!(["textarea", "input"].contains(&kind), "{file}: {kind}");
            assert!(field["attributes"]["label"].is_string(), "{file}: {field}");
            assert!(ids.insert(field["id"].as_str().context("an id")?.to_owned()), "{file}: {field}");
        }
    }
    Ok(())
}

#[test]
fn a_fault_is_reported_with_what_explain_says_of_it() -> Result<()> {
    for (file, is_required) in [("bug.yml", true), ("feature.yml", false)] {
        let form = form(file)?;
        let fields = form["body"].as_array().context("a body")?;
        let explained = fields.iter().find(|field| field["id"] == "explained").context("a field")?;
        let asked = explained["attributes"].to_string();
        assert!(asked.contains("`tenancy explain`"), "{file}: {asked}");
        assert_eq!(explained["validations"]["required"] == true, is_required, "{file}");
    }
    Ok(())
}

/// A line of CODEOWNERS for a path that is gone asks nobody.
#[test]
fn every_owner_owns_something() -> Result<()> {
    let owners = fs::read_to_string(root().join(".github/CODEOWNERS"))?;
    let mut owned = 0;
    for line in owners.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (path, owner) = line.split_once(' ').context("an owner")?;
        assert!(owner.trim().starts_with('@'), "{line}");
        assert!(path == "*" || root().join(path.trim_start_matches('/')).is_dir(), "{line}");
        owned += 1;
    }
    assert!(owned >= 2, "{owned} lines");
    Ok(())
}

//! `docs/places.md`: each cell of its table is held by a test, is refused by the filter, or leads to a reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, bail, ensure};
use integration::root;
use serde_json::{Value, json};
use tenancy_filter::Filter;

use crate::links::beside;
use crate::pages::{Definition, Page};
use crate::seal::configurations;

const PAGE: &str = "docs/places.md";
/// Where the errors of configurations are tested.
const ERRORS: &str = "filter/src/config/tests/";
/// Each of its files is run through Envoy.
const CASES: &str = "integration/cases/";

/// The features by their columns, each with the field that asks for it, if one does.
const FEATURES: [(&str, Option<&str>); 8] = [
    ("strip", Some("strip")),
    ("resolve", Some("tenant")),
    ("project", Some("projections")),
    ("destinations", Some("destinations")),
    ("egress", None),
    ("repair", Some("repair")),
    ("peers", Some("peers")),
    ("seal", Some("seal")),
];

/// A cell of the table: what it says, and what it leads to.
struct Cell<'page> {
    /// None where no proxy runs the filter, or several do.
    role: Option<&'page str>,
    field: Option<&'static str>,
    word: &'page str,
    reference: &'page str,
}

impl<'page> Cell<'page> {
    /// `[word][reference]`.
    fn read(role: &'page str, field: Option<&'static str>, text: &'page str) -> Result<Self> {
        let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        let (word, reference) = inner.and_then(|text| text.split_once("][")).with_context(|| text.to_owned())?;
        let role = (!role.is_empty()).then(|| role.trim_matches('`'));
        Ok(Self { role, field, word, reference })
    }

    fn is_held(&self, definition: &Definition<'_>) -> Result<()> {
        match self.word {
            "works" | "in part" => self.is_tested(definition),
            "refused" => self.is_tested_error(definition),
            "no" | "not tried" => {
                ensure!(definition.target.contains('#') && definition.title.is_none(), "a reason is a passage");
                Ok(())
            }
            word => bail!("no word of the table: {word}"),
        }
    }

    /// By a function of a test of Envoy, or by cases of such a proxy.
    fn is_tested(&self, definition: &Definition<'_>) -> Result<()> {
        let file = beside(PAGE.as_ref(), definition.target).display().to_string();
        if file.starts_with(CASES) {
            let cases: Value = serde_norway::from_str(&fs::read_to_string(root().join(&file))?)?;
            let configuration = &cases["configuration"];
            ensure!(configuration["role"].as_str() == self.role, "cases of another role");
            ensure!(self.field.is_none_or(|field| configuration.get(field).is_some()), "cases of another feature");
            return Ok(());
        }
        ensure!(file.starts_with("integration/tests/"), "no test of Envoy");
        function(&file, definition).map(drop)
    }

    fn is_tested_error(&self, definition: &Definition<'_>) -> Result<()> {
        let file = beside(PAGE.as_ref(), definition.target).display().to_string();
        ensure!(file.starts_with(ERRORS), "no test of errors");
        let field = self.field.context("no field to refuse")?;
        ensure!(function(&file, definition)?.contains(&format!("\"{field}: ")), "no error of this feature in the test");
        Ok(())
    }
}

/// The text of the test that a definition names.
fn function(file: &str, definition: &Definition<'_>) -> Result<String> {
    let name = definition.title.context("the test has no name")?;
    let text = fs::read_to_string(root().join(file))?;
    let starts = ["#[test]\nfn ", "#[tokio::test]\nasync fn "].map(|start| format!("{start}{name}("));
    let rest = starts.iter().find_map(|start| Some(text.split_once(start)?.1)).context("there is no such test")?;
    Ok(rest.split("\n}\n").next().unwrap_or(rest).to_owned())
}

/// The rows: places, and their cells.
fn rows(page: &Page) -> Result<Vec<(&str, Vec<Cell<'_>>)>> {
    let head = format!("| place | role | {} |", FEATURES.map(|(name, _)| name).join(" | "));
    let table = page.prose.iter().skip_while(|line| **line != head).skip(2);
    table.take_while(|line| line.starts_with('|')).map(|line| row(line).with_context(|| line.clone())).collect()
}

fn row(line: &str) -> Result<(&str, Vec<Cell<'_>>)> {
    let texts: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [place, role, texts @ ..] = &texts[..] else { bail!("no place and role") };
    ensure!(texts.len() == FEATURES.len(), "a cell for each feature");
    let cells = texts.iter().zip(FEATURES).map(|(text, (_, field))| Cell::read(role, field, text));
    Ok((place, cells.collect::<Result<_>>()?))
}

#[test]
fn every_cell_is_held_by_a_test_or_leads_to_a_reason() -> Result<()> {
    let page = Page::read(PAGE)?;
    let definitions: BTreeMap<_, _> = page.definitions().map(|definition| (definition.name, definition)).collect();
    let (mut wrong, mut used) = (Vec::new(), BTreeSet::new());
    for (place, cells) in rows(&page)? {
        for (cell, (feature, _)) in cells.iter().zip(FEATURES) {
            used.insert(cell.reference);
            let definition = definitions.get(cell.reference).context("it is not defined");
            if let Err(error) = definition.and_then(|definition| cell.is_held(definition)) {
                wrong.push(format!("{place}, {feature}: {}: {error}", cell.reference));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(used, definitions.into_keys().collect(), "definitions");
    Ok(())
}

#[test]
fn the_filter_refuses_what_the_page_says_and_nothing_else() -> Result<()> {
    let page = Page::read(PAGE)?;
    let mut roles = BTreeSet::new();
    for (place, cells) in rows(&page)? {
        for cell in cells {
            let (Some(role), Some(field)) = (cell.role, cell.field) else { continue };
            roles.insert(role);
            assert_eq!(refuses(role, field)?, cell.word == "refused", "{place}, {field} with role: {role}");
        }
    }
    assert_eq!(roles, BTreeSet::from(["edge", "mesh", "waypoint"]));
    Ok(())
}

/// Whether the filter refuses a field where a proxy has this role, and for no other reason.
fn refuses(role: &str, field: &str) -> Result<bool> {
    let mut configuration = json!({
        "version": 1,
        "role": role,
        "tenant": {"from": [{"host": "{tenant}.www.example.com"}], "to": [{"header": "x-tenant"}]},
        "overrides": {"from": [{"header": "x-override", "trust": "anyone"}], "to": [{"header": "x-override"}]},
    });
    configuration[field] = match field {
        "strip" => json!(["x-debug"]),
        "projections" => json!([{"header": "x-version", "service": "called"}]),
        "destinations" => json!({"header": "x-clusters", "clusters": ["shop-{tenant}"]}),
        "repair" => json!({"by": ["traceparent"]}),
        "peers" => json!("mtls"),
        "seal" if role == "edge" => json!({"sign": {"key": "k1", "privateKeyEnv": "KEY"}}),
        "seal" => configurations()?[1]["seal"].clone(),
        // It is there already.
        field => configuration[field].take(),
    };
    let Err(error) = Filter::from_config(configuration.to_string().as_bytes()) else { return Ok(false) };
    ensure!(error.to_string().starts_with(&format!("{field}: ")), "{error}");
    Ok(true)
}

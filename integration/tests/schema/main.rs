//! The schema for editors and the filter know the same configurations.

mod contract;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use integration::cases::CaseFile;
use integration::{markdown, root};
use serde::Deserialize;
use serde_json::{Value, json};

use contract::{Beyond, Found, Schema, Table, agreed, mistakes, mutants, others, path, pointers, replaced, warnings};

#[test]
fn accept_the_same() -> Result<()> {
    let schema = Schema::read()?;
    let mut configurations = Table::read()?.accepted;
    for block in markdown::blocks("yaml")? {
        configurations.push(serde_norway::from_str(&block).context(block)?);
    }
    let deployed = deployed(&root().join("envoyfilter"))?;
    assert!(deployed.len() > 1, "no bootstraps");
    configurations.extend(deployed);
    for configuration in &configurations {
        assert_eq!(warnings(configuration)?, [], "{configuration}");
    }
    configurations.extend(CaseFile::all()?.into_iter().map(|file| file.configuration));
    for configuration in configurations {
        assert_eq!(mistakes(&configuration), [], "{configuration}");
        assert_eq!(schema.mistakes(&configuration), [""; 0], "{configuration}");
    }
    Ok(())
}

/// The plugin configurations of all YAML files below a folder.
fn deployed(folder: &Path) -> Result<Vec<Value>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(deployed(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            let text = fs::read_to_string(&path)?;
            for document in serde_norway::Deserializer::from_str(&text) {
                let document = Value::deserialize(document)?;
                let places = pointers(&document, String::new()).into_iter();
                let texts = places.filter(|at| at.ends_with("/configuration/value"));
                for text in texts.filter_map(|at| document.pointer(&at)?.as_str()) {
                    found.push(serde_json::from_str(text).with_context(|| path.display().to_string())?);
                }
            }
        }
    }
    Ok(found)
}

/// R43: to a schema they are as good as any.
#[test]
fn the_filter_alone_warns() -> Result<()> {
    let schema = Schema::read()?;
    for Found { path, configuration } in Table::read()?.warned {
        let warnings = warnings(&configuration)?;
        assert!(matches!(&warnings[..], [only] if only.path == path), "{path}: {configuration}\n{warnings:#?}");
        assert_eq!(schema.mistakes(&configuration), [""; 0], "{configuration}");
    }
    Ok(())
}

#[test]
fn refuse_the_same() -> Result<()> {
    let schema = Schema::read()?;
    for Found { path, configuration } in Table::read()?.refused {
        let mistakes = mistakes(&configuration);
        assert!(matches!(&mistakes[..], [only] if only.path == path), "{path}: {configuration}\n{mistakes:#?}");
        assert!(!schema.validator.is_valid(&configuration), "{path}: {configuration}");
    }
    Ok(())
}

#[test]
fn differ_where_a_schema_cannot_say_it() -> Result<()> {
    let schema = Schema::read()?;
    for Beyond { says, why, path, configuration } in Table::read()?.beyond {
        let mistakes = mistakes(&configuration);
        let found = matches!(&mistakes[..], [only] if only.path == path && only.message.contains(&says));
        assert!(found, "{path}: {configuration}\n{mistakes:#?}");
        assert_eq!(schema.mistakes(&configuration), [""; 0], "no longer beyond a schema: {why}: {configuration}");
    }
    Ok(())
}

/// Each accepted configuration with one thing taken away, or with something else in its place.
#[test]
fn agree_on_every_small_change() -> Result<()> {
    let (schema, table) = (Schema::read()?, Table::read()?);
    let others = others(&schema);
    let mut accepted = 0;
    for configuration in &table.accepted {
        for pointer in pointers(configuration, String::new()) {
            for mutant in mutants(configuration, &pointer, &others) {
                accepted += usize::from(agreed(&schema, &table, &mutant));
            }
        }
    }
    assert!(accepted > 1000, "{accepted} accepted: too few to tell anything");
    Ok(())
}

#[test]
fn know_the_same_fields() -> Result<()> {
    let schema = Schema::read()?;
    for configuration in Table::read()?.accepted {
        for pointer in pointers(&configuration, String::new()) {
            let Some(Value::Object(map)) = configuration.pointer(&pointer) else { continue };
            // Its names are the configuration's own.
            let has_any_name = schema.at(&pointer).is_some_and(|node| node.get("propertyNames").is_some());
            if has_any_name {
                continue;
            }
            let mut more = map.clone();
            more.insert("unknown".into(), json!(1));
            let mutant = replaced(&configuration, &pointer, more.into());
            let fields = schema.at(&pointer).and_then(|node| node["properties"].as_object()).context(pointer)?;
            let ours = mistakes(&mutant).pop().context("the filter knows a field \"unknown\"")?.message;
            let ours: BTreeSet<_> = ours.rsplit(": ").next().unwrap_or_default().split(", ").collect();
            assert_eq!(ours, fields.keys().map(String::as_str).collect());
            assert!(!schema.validator.is_valid(&mutant), "{mutant}");
        }
    }
    Ok(())
}

#[test]
fn know_the_same_words() -> Result<()> {
    let schema = Schema::read()?;
    for configuration in Table::read()?.accepted {
        for pointer in pointers(&configuration, String::new()) {
            let Some(words) = schema.at(&pointer).and_then(|node| node.get("enum")?.as_array()) else { continue };
            let mistakes = mistakes(&replaced(&configuration, &pointer, json!("word")));
            let ours = mistakes.iter().find(|mistake| mistake.message.ends_with("found \"word\"")).context(pointer)?;
            let ours: BTreeSet<_> = ours.message.split('"').skip(1).step_by(2).filter(|word| *word != "word").collect();
            assert_eq!(ours, words.iter().filter_map(Value::as_str).collect());
        }
    }
    Ok(())
}

#[test]
fn the_table_uses_every_field_and_every_word() -> Result<()> {
    let (mut unused, table) = (Schema::read()?.all_fields(), Table::read()?);
    let warned = table.warned.into_iter().map(|found| found.configuration);
    for configuration in table.accepted.into_iter().chain(warned) {
        for pointer in pointers(&configuration, String::new()).into_iter().skip(1) {
            let path = path(&pointer);
            if let Some(Value::String(text)) = configuration.pointer(&pointer) {
                unused.remove(&format!("{path}={text}"));
            }
            unused.remove(&path);
        }
    }
    assert_eq!(unused, BTreeSet::new());
    Ok(())
}

#[test]
fn the_reference_explains_every_field() -> Result<()> {
    let fields = Schema::read()?.all_fields().into_iter().filter(|field| !field.contains('=')).collect();
    let explained: BTreeSet<_> =
        markdown::table("field")?.into_iter().flat_map(|row| row.into_iter().take(1)).collect();
    assert_eq!(explained, fields);
    Ok(())
}

/// Strictly, in the usual spelling: the table excuses other spellings of a name that is taken.
#[test]
fn know_the_same_names() -> Result<()> {
    let schema = Schema::read()?;
    let usual = "accept accept-encoding access-control-request-method authorization b3 baggage cache-control connection
        content-length content-type cookie correlation-context date expect forwarded grpc-timeout host if-match
        jaeger-baggage keep-alive origin pragma proxy-authorization proxy-connection range referer te traceparent
        tracestate trailer transfer-encoding upgrade user-agent via x-b3-traceid x-datadog-parent-id
        x-envoy-original-path x-forwarded-for x-forwarded-proto x-original-host x-real-ip x-request-id x-tenant
        x-forwarded content contents accepted range if iffy b3x grpc sec origins";
    for name in usual.split_whitespace() {
        for configuration in [
            json!({"version": 1, "role": "mesh", "tenant": {"to": [{"header": name}]}}),
            json!({"version": 1, "role": "edge", "strip": [name]}),
        ] {
            let (ours, theirs) = (mistakes(&configuration), schema.mistakes(&configuration));
            assert_eq!(ours.is_empty(), theirs.is_empty(), "{configuration}\n{ours:#?}\n{theirs:#?}");
        }
    }
    Ok(())
}

/// R26: neither the filter nor the schema takes a header that the reference says has a meaning of its own.
#[test]
fn refuse_the_names_that_mean_something() -> Result<()> {
    let schema = Schema::read()?;
    let rows = markdown::table("header with a meaning")?;
    let cells = rows.iter().filter_map(|row| row.first());
    let names: Vec<_> = cells.flat_map(|cell| cell.split("`, `")).map(|name| name.replace('*', "a")).collect();
    assert!(names.len() > 40, "{names:?}");
    for name in names {
        let header = json!({"header": name});
        for configuration in [
            json!({"version": 1, "role": "mesh", "tenant": {"from": [header], "to": [{"header": "x-tenant"}]}}),
            json!({"version": 1, "role": "mesh", "overrides": {"to": [header]}}),
            json!({"version": 1, "role": "mesh", "overrides": {"to": [{"header": "x-override"}]},
                "projections": [{"header": name, "service": "a"}]}),
        ] {
            let found = mistakes(&configuration);
            let means = matches!(&found[..], [only] if only.message.contains("has a meaning of its own: "));
            assert!(means && !schema.validator.is_valid(&configuration), "{configuration}\n{found:#?}");
        }
    }
    Ok(())
}

/// The limits that are too long to write down.
#[test]
fn agree_on_limits() -> Result<()> {
    let (schema, table) = (Schema::read()?, Table::read()?);
    for count in [64, 65] {
        let entries = |entry: &dyn Fn(usize) -> Value| (0..count).map(entry).collect::<Value>();
        let headers = entries(&|number| json!({"header": format!("x-{number}")}));
        let texts = entries(&|number| json!(format!("x-{number}")));
        let versions = entries(&|number| json!({"header": format!("x-{number}"), "service": "a"}));
        let to = json!([{"header": "x-0"}]);
        for configuration in [
            json!({"version": 1, "role": "edge", "strip": texts}),
            json!({"version": 1, "role": "edge", "strip": ["x"], "internal": texts}),
            json!({"version": 1, "role": "edge", "strip": ["x"], "clusterDomains": texts}),
            json!({"version": 1, "role": "edge", "tenant": {"from": headers, "to": to}}),
            json!({"version": 1, "role": "mesh", "tenant": {"to": headers}}),
            json!({"version": 1, "role": "edge", "overrides": {"from": headers, "to": to}}),
            json!({"version": 1, "role": "mesh", "overrides": {"to": headers}}),
            json!({"version": 1, "role": "mesh", "overrides": {"to": [{"header": "y"}]}, "projections": versions}),
            json!({"version": 1, "role": "edge", "strip": ["x"], "verified": {"issuers": texts}}),
            json!({"version": 1, "role": "edge", "strip": ["x"],
                "verified": {"issuers": ["i"], "claim": "c", "anyOf": texts}}),
        ] {
            assert_eq!(agreed(&schema, &table, &configuration), count == 64, "{configuration}");
        }
    }
    for (bytes, fits) in [(1024, true), (1025, false)] {
        let tenant = json!({"to": [{"header": "x"}], "pattern": "a".repeat(bytes)});
        let configuration = json!({"version": 1, "role": "mesh", "tenant": tenant});
        assert_eq!(agreed(&schema, &table, &configuration), fits, "{bytes} bytes");
    }
    Ok(())
}

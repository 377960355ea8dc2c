//! The two sides of the contract, and how to tell whether they agree.

use std::collections::BTreeSet;
use std::{fs, iter};

use anyhow::Result;
use integration::root;
use jsonschema::Validator;
use serde::Deserialize;
use serde_json::{Value, json};
use tenancy_filter::{Filter, Finding, Severity};

/// `integration/configurations.yaml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    pub(crate) accepted: Vec<Value>,
    pub(crate) warned: Vec<Found>,
    pub(crate) refused: Vec<Found>,
    pub(crate) beyond: Vec<Beyond>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Found {
    pub(crate) path: String,
    pub(crate) configuration: Value,
}

/// What the filter refuses and a schema does not.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Beyond {
    pub(crate) says: String,
    pub(crate) why: String,
    pub(crate) path: String,
    pub(crate) configuration: Value,
}

pub(crate) struct Schema {
    pub(crate) json: Value,
    pub(crate) validator: Validator,
}

impl Table {
    pub(crate) fn read() -> Result<Self> {
        Ok(serde_norway::from_str(&fs::read_to_string(root().join("integration/configurations.yaml"))?)?)
    }
}

impl Schema {
    pub(crate) fn read() -> Result<Self> {
        let json = serde_json::from_str(&fs::read_to_string(root().join("wasm-plugin/tenancy-filter.schema.json"))?)?;
        let validator = jsonschema::draft202012::new(&json)?;
        Ok(Self { json, validator })
    }

    /// What is wrong with a configuration, for a failed test to show.
    pub(crate) fn mistakes(&self, configuration: &Value) -> Vec<String> {
        let errors = self.validator.iter_errors(configuration);
        errors.map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    /// What is said of the value at a JSON pointer into a configuration.
    pub(crate) fn at(&self, pointer: &str) -> Option<&Value> {
        pointer.split('/').skip(1).try_fold(&self.json, |node, step| self.child(node, step))
    }

    fn child<'s>(&'s self, node: &'s Value, step: &str) -> Option<&'s Value> {
        let child = match step.parse::<usize>() {
            Ok(_) => node.get("items")?,
            Err(_) => node.get("properties")?.get(step)?,
        };
        match child.get("$ref").and_then(Value::as_str).and_then(|link| link.strip_prefix('#')) {
            // What stands beside a link describes it, and is of no concern here.
            Some(link) => self.json.pointer(link),
            None => Some(child),
        }
    }

    /// Every field as `tenant.to[].header`, and every word as `role=edge`.
    fn fields(&self, node: &Value, path: &str, found: &mut BTreeSet<String>) {
        let words = node.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        found.extend(words.map(|word| format!("{path}={word}")));
        let dot = if path.is_empty() { "" } else { "." };
        for name in node.get("properties").and_then(Value::as_object).into_iter().flat_map(|fields| fields.keys()) {
            let path = format!("{path}{dot}{name}");
            found.insert(path.clone());
            self.fields(self.child(node, name).expect("a field"), &path, found);
        }
        if let Some(items) = self.child(node, "0") {
            self.fields(items, &format!("{path}[]"), found);
        }
    }

    pub(crate) fn all_fields(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        self.fields(&self.json, "", &mut found);
        found
    }
}

/// What the filter finds wrong.
pub(crate) fn mistakes(configuration: &Value) -> Vec<Finding> {
    let found = Filter::from_config(configuration.to_string().as_bytes()).err().unwrap_or_default();
    found.iter().filter(|finding| finding.severity == Severity::Error).cloned().collect()
}

/// What the filter takes, but warns of.
pub(crate) fn warnings(configuration: &Value) -> Result<Vec<Finding>> {
    let parsed = Filter::from_config(configuration.to_string().as_bytes())?;
    Ok(parsed.warnings.iter().cloned().collect())
}

/// The JSON pointers of a value and of everything in it.
pub(crate) fn pointers(value: &Value, pointer: String) -> Vec<String> {
    let children: Vec<_> = match value {
        Value::Object(map) => map.iter().map(|(name, child)| (name.clone(), child)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(index, child)| (index.to_string(), child)).collect(),
        _ => Vec::new(),
    };
    let below = children.into_iter().flat_map(|(step, child)| pointers(child, format!("{pointer}/{step}")));
    let below: Vec<_> = below.collect();
    iter::once(pointer).chain(below).collect()
}

pub(crate) fn replaced(configuration: &Value, pointer: &str, value: Value) -> Value {
    let mut mutant = configuration.clone();
    *mutant.pointer_mut(pointer).expect("a value") = value;
    mutant
}

/// `tenant.to[].header` for `/tenant/to/0/header`.
pub(crate) fn path(pointer: &str) -> String {
    let steps = pointer.split('/').skip(1).map(|step| match step.parse::<usize>() {
        Ok(_) => "[]".to_owned(),
        Err(_) => format!(".{step}"),
    });
    steps.collect::<String>().trim_start_matches('.').to_owned()
}

/// Values of every type, every word, and names that mean something.
pub(crate) fn others(schema: &Schema) -> Vec<Value> {
    let words = schema.all_fields().into_iter().filter_map(|field| Some(json!(field.split_once('=')?.1)));
    let names = "host te Connection content-length baggage jaeger-baggage authorization cookie traceparent accept x-a*
        x*a * {tenant}.a {tenant}.a.b.c.*.d a.{tenant} .{tenant}.a x{tenant}y.a {tenant}.a. :: -> ; -:- called a.b a..b";
    let other = [json!(null), json!(true), json!(0), json!(2), json!(-1), json!(0.5), json!(""), json!([]), json!({})];
    let lists = [json!([""]), json!(["a", 0]), json!([-1]), json!([{}]), json!([[]])];
    let texts = names.split_whitespace().map(Value::from).chain([json!("é"), json!("a b"), json!("a".repeat(254))]);
    other.into_iter().chain(lists).chain(words).chain(texts).collect()
}

pub(crate) fn mutants(configuration: &Value, pointer: &str, others: &[Value]) -> Vec<Value> {
    let mut mutants: Vec<_> = others.iter().map(|other| replaced(configuration, pointer, other.clone())).collect();
    match configuration.pointer(pointer) {
        Some(Value::Object(map)) => mutants.extend(map.keys().map(|name| {
            let mut fewer = map.clone();
            fewer.remove(name);
            replaced(configuration, pointer, fewer.into())
        })),
        Some(Value::Array(list)) => mutants.extend((0..list.len()).map(|index| {
            let fewer = list.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, entry)| entry.clone());
            replaced(configuration, pointer, fewer.collect())
        })),
        Some(Value::String(text)) => mutants.extend(('\0'..='\u{80}').map(|character| {
            let (before, after) = text.split_at(text.len() / 2);
            replaced(configuration, pointer, format!("{before}{character}{after}").into())
        })),
        _ => {}
    }
    mutants
}

/// Whether both accept it; panics where they disagree for no listed reason.
pub(crate) fn agreed(schema: &Schema, table: &Table, configuration: &Value) -> bool {
    let (ours, theirs) = (mistakes(configuration), schema.mistakes(configuration));
    let is_beyond = |mistake: &Finding| table.beyond.iter().any(|beyond| mistake.message.contains(&beyond.says));
    let excused = theirs.is_empty() && ours.iter().all(is_beyond);
    assert!(excused || ours.is_empty() == theirs.is_empty(), "{configuration}\n{ours:#?}\n{theirs:#?}");
    ours.is_empty() && theirs.is_empty()
}

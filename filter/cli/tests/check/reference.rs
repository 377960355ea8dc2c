//! The README says what the command does.

use std::fs;
use std::process::Command;

use tenancy::Code;
use tenancy_filter::Severity;

use super::root;

/// The part of the README about `check`.
fn section() -> String {
    let page = fs::read_to_string(root().join("filter/cli/README.md")).unwrap();
    let (_, section) = page.split_once("\n## tenancy check\n").unwrap();
    section.split("\n## ").next().unwrap().to_owned()
}

/// The fenced blocks of a kind.
fn blocks(section: &str, kind: &str) -> Vec<String> {
    let fence = format!("```{kind}\n");
    section.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_table_of_codes_is_that_of_the_command() {
    let row = |code: Code| {
        let severity = match code.severity() {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let remedy = code.remedy().unwrap_or("in the message");
        format!("| `{}` | {} | {} | {remedy} |", code.word(), severity, code.meaning())
    };
    let expected: Vec<_> = Code::ALL.into_iter().map(row).collect();
    let section = section();
    let (_, table) = section.split_once("| code | severity | meaning | remedy |\n| --- | --- | --- | --- |\n").unwrap();
    let rows: Vec<_> = table.lines().take_while(|line| line.starts_with('|')).collect();
    assert_eq!(rows.join("\n"), expected.join("\n"));
}

#[test]
fn the_example_prints_what_it_says() {
    let section = section();
    let console = blocks(&section, "console").remove(0);
    let (command, answer) = console.split_once('\n').unwrap();
    let arguments: Vec<_> = command.strip_prefix("$ tenancy ").unwrap().split(' ').collect();
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in arguments.iter().skip(1).zip(blocks(&section, "yaml")) {
        fs::write(folder.path().join(file), text).unwrap();
    }
    let run = Command::new(env!("CARGO_BIN_EXE_tenancy")).args(&arguments).current_dir(&folder).output().unwrap();
    assert_eq!(String::from_utf8(run.stdout).unwrap(), answer);
}

#[test]
fn the_fields_of_a_report_are_those_of_the_table() {
    let text = "version: 1\nrole: edge\nstrip: [a b]\n---\na: 1\n".to_owned();
    let report = tenancy::check(&[tenancy::Source { file: "a.yaml".into(), text }]).to_json();
    let mut fields: Vec<_> = report.as_object().unwrap().keys().map(|name| format!("`{name}`")).collect();
    for list in ["findings", "checked", "left_out"] {
        let entry = report[list][0].as_object().unwrap();
        fields.extend(entry.keys().map(|name| format!("`{list}[].{name}`")));
    }
    let section = section();
    let (_, table) = section.split_once("| field | meaning |\n| --- | --- |\n").unwrap();
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    let documented: Vec<_> =
        rows.flat_map(|row| row.split('|').nth(1).unwrap().split(", ").map(|name| name.trim().to_owned())).collect();
    fields.sort();
    let mut sorted = documented.clone();
    sorted.sort();
    assert_eq!(sorted, fields);
}

//! The README says what the command does.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use integration::root;
use tenancy::Code;
use tenancy_filter::Severity;

/// The part of the README about a subcommand.
fn section(subcommand: &str) -> String {
    let page = fs::read_to_string(root().join("filter/cli/README.md")).unwrap();
    let (_, section) = page.split_once(&format!("\n## tenancy {subcommand}\n")).unwrap();
    section.split("\n## ").next().unwrap().to_owned()
}

/// The fenced blocks of a kind.
fn blocks(section: &str, kind: &str) -> Vec<String> {
    let fence = format!("```{kind}\n");
    section.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// The rows of the table under these titles, a list of cells each.
fn rows(section: &str, titles: &str) -> Vec<Vec<String>> {
    let (_, table) = section.split_once(&format!("{titles}\n")).unwrap();
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// The words in backticks.
fn words(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
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
    let section = section("check");
    let rows: Vec<_> = rows(&section, "| code | severity | meaning | remedy |")
        .iter()
        .map(|cells| format!("| {} |", cells.join(" | ")))
        .collect();
    assert_eq!(rows.join("\n"), expected.join("\n"));
}

/// Runs each command of a section in a folder with its files, which are named in this order, and compares the answers.
fn run_examples(subcommand: &str, files: &[&str]) {
    let section = section(subcommand);
    let folder = tempfile::tempdir().unwrap();
    let texts = blocks(&section, "yaml");
    assert_eq!(texts.len(), files.len());
    for (file, text) in files.iter().zip(texts) {
        fs::write(folder.path().join(file), text).unwrap();
    }
    for console in blocks(&section, "console") {
        let (command, answer) = console.split_once('\n').unwrap();
        let command =
            command.strip_prefix("$ ").unwrap().replace("tenancy ", concat!(env!("CARGO_BIN_EXE_tenancy"), " "));
        let run = Command::new("sh").args(["-c", &command]).current_dir(&folder).output().unwrap();
        assert_eq!(String::from_utf8(run.stdout).unwrap(), answer, "{command}");
    }
}

#[test]
fn the_examples_print_what_they_say() {
    run_examples("check", &["gateway.yaml", "sidecars.yaml"]);
    run_examples("explain", &["gateway.yaml"]);
    run_examples("test", &["gateway.yaml", "tenancy.yaml", "wrong.yaml"]);
    run_examples("seal", &["sidecar.yaml"]);
}

#[test]
fn the_steps_to_a_seal_run() {
    let folder = tempfile::tempdir().unwrap();
    for steps in blocks(&section("seal"), "sh") {
        let steps = steps.replace("tenancy seal", concat!(env!("CARGO_BIN_EXE_tenancy"), " seal"));
        let run = Command::new("sh").args(["-ec", &steps]).current_dir(&folder).output().unwrap();
        assert!(run.status.success(), "{steps}: {}", String::from_utf8_lossy(&run.stderr));
        assert!(String::from_utf8_lossy(&run.stdout).contains("x-tenancy-seal: v1.k1."), "{steps}");
    }
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
    let section = section("check");
    let documented: Vec<_> = rows(&section, "| field | meaning |")
        .iter()
        .flat_map(|row| row[0].split(", ").map(str::to_owned).collect::<Vec<_>>())
        .collect();
    fields.sort();
    let mut sorted = documented.clone();
    sorted.sort();
    assert_eq!(sorted, fields);
}

#[test]
fn the_fields_of_an_explanation_are_those_of_the_table() {
    let filter =
        tenancy_filter::Filter::from_config(br#"{"version": 1, "role": "edge", "strip": ["x-a"]}"#).unwrap().filter;
    let instances = [tenancy::Instance::new("gateway", filter)];
    let json = tenancy::explain(&instances, &tenancy::Request::new("GET", "www.example.com", "/")).to_json();
    let mut fields: BTreeSet<_> = json.as_object().unwrap().keys().cloned().collect();
    for list in ["events", "hops"] {
        let of_entry = json[list][0].as_object().unwrap().keys();
        fields.extend(of_entry.filter(|name| json.get(name).is_none()).map(|name| format!("{list}[].{name}")));
    }
    let documented =
        rows(&section("explain"), "| field | meaning |").iter().flat_map(|row| words(&row[0])).collect::<BTreeSet<_>>();
    assert_eq!(documented, fields);
}

#[test]
fn the_steps_of_a_pipeline_pass() {
    let page = fs::read_to_string(root().join("README.md")).unwrap();
    let steps: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("tenancy ")).collect();
    assert_eq!(steps.len(), 2, "{steps:?}");
    for step in steps {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenancy"));
        let run = command.args(step.split(' ')).current_dir(root()).output().unwrap();
        assert!(run.status.success(), "{step}: {}", String::from_utf8_lossy(&run.stdout));
    }
}

//! Mistakes in what we ship, a row each.

use std::fs;

use serde::Deserialize;
use tenancy::{Code, Finding, Place, Source, check};

use super::{root, shipped};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    files: Vec<String>,
    replace: String,
    by: String,
    /// Further replacements in the same file.
    and: Option<(String, String)>,
    also: Option<(String, String)>,
    /// Each finding: the plugin, the code, the path, and the line with marks around the place; then the file, if it is another.
    expect: Vec<Vec<String>>,
}

#[test]
fn every_mistake_is_found_where_it_is() {
    let table = fs::read_to_string(root().join("filter/cli/tests/check/mutations.yaml")).unwrap();
    let rows: Vec<Row> = serde_norway::from_str(&table).unwrap();
    assert!(rows.len() >= 40, "{}", rows.len());
    let failures: Vec<_> = rows.iter().filter_map(failure).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// What is found instead of what is expected.
fn failure(Row { files, replace, by, and, also, expect }: &Row) -> Option<String> {
    let mut sources: Vec<_> = files.iter().map(|file| shipped(file)).collect();
    for (replace, by) in
        [(replace, by)].into_iter().chain([and, also].into_iter().flatten().map(|pair| (&pair.0, &pair.1)))
    {
        let text = &mut sources[0].text;
        assert!(text.contains(replace.as_str()), "{files:?}: {replace:?}");
        *text = text.replacen(replace.as_str(), by, 1);
    }
    let report = check(&sources);
    let findings = report.findings.iter().filter(|finding| finding.code != Code::Placeholder);
    let mut found: Vec<_> = findings.map(|finding| shown(finding, &sources)).collect();
    let marked = |place: &Place| marked(&sources[0].text, place);
    found.extend(report.broken.iter().map(|(_, broken)| vec![broken.reason.clone(), marked(&broken.place)]));
    (found != *expect).then(|| format!("{files:?}: {replace:?}, {by:?}\n  expected {expect:?}\n  found {found:?}"))
}

/// A finding as the table has it.
fn shown(Finding { code, file, place, plugin, path, .. }: &Finding, sources: &[Source]) -> Vec<String> {
    let source = sources.iter().find(|source| source.file == *file).unwrap();
    let mut shown = vec![plugin.clone(), code.word().to_owned(), path.clone(), marked(&source.text, place)];
    shown.extend((*file != sources[0].file).then(|| file.clone()));
    shown
}

/// The line of a place, with a mark at its column and one behind its bytes.
fn marked(text: &str, place: &Place) -> String {
    let line = text.lines().nth(place.line - 1).unwrap();
    let before: String = line.chars().take(place.column - 1).collect();
    let at = text.get(place.bytes.clone()).unwrap();
    let behind = line.strip_prefix(&format!("{before}{at}")).expect("line, column and bytes are one place");
    format!("{before}»{at}«{behind}").trim().to_owned()
}

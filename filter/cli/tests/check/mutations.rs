//! Mistakes in what we ship, a row each.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;
use tenancy::{Code, Finding, Source, check};

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
    /// What is found where, and what stands there.
    expect: BTreeMap<String, String>,
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
    let mut found: BTreeMap<_, _> = findings.map(|finding| shown(finding, &sources)).collect();
    let broken = report.broken.iter().map(|(_, broken)| (broken.place.clone(), broken.reason.clone()));
    found.extend(broken.map(|(place, reason)| (format!("{}:{}", place.line, place.column), reason)));
    (found != *expect).then(|| format!("{files:?}: {replace:?}, {by:?}\n  expected {expect:?}\n  found {found:?}"))
}

/// A finding as the table has it.
fn shown(Finding { code, file, place, path, .. }: &Finding, sources: &[Source]) -> (String, String) {
    let source = sources.iter().find(|source| source.file == *file).unwrap();
    let other = if *file == sources[0].file { String::new() } else { format!("{file}:") };
    let line = source.text.lines().nth(place.line - 1).unwrap();
    let rest: String = line.chars().skip(place.column - 1).collect();
    let at = source.text.get(place.bytes.clone()).unwrap();
    assert!(rest.starts_with(at) || at.starts_with(&rest), "{rest:?} is not {at:?}");
    let place = format!("{other}{}:{} {} {path}", place.line, place.column, code.word());
    (place.trim_end().to_owned(), at.to_owned())
}

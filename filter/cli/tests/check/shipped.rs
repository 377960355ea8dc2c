//! What we ship has no mistake, and all placeholders in it are found.

use std::fs;

use tenancy::{Code, Source, check};

use super::{root, shipped};

/// The files in these folders that hold configurations.
fn files() -> Vec<Source> {
    let mut files = Vec::new();
    let mut folders = vec![root().join("wasm-plugin/manifests"), root().join("envoyfilter")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "yaml") {
                let file = path.strip_prefix(root()).unwrap().display().to_string();
                files.push(Source { text: fs::read_to_string(&path).unwrap(), file });
            }
        }
    }
    files
}

/// The lines of a file on which something stands that only the reader knows.
fn placeholders(text: &str) -> Vec<usize> {
    let reserved = ["example.com", "example.org", "example.net", &"0".repeat(64)].map(str::to_owned);
    let code = |line: &str| line.split('#').next().unwrap_or_default().to_owned();
    let holds = |line: &str| reserved.iter().any(|reserved| code(line).contains(reserved));
    text.lines().enumerate().filter(|(_, line)| holds(line)).map(|(index, _)| index + 1).collect()
}

#[test]
fn each_file_has_its_placeholders_and_no_mistake() {
    let (mut configurations, mut found) = (0, 0);
    for source in files() {
        let report = check(std::slice::from_ref(&source));
        assert!(report.broken.is_empty(), "{}: {:?}", source.file, report.broken);
        if report.checked.is_empty() {
            continue;
        }
        let lines: Vec<_> = report.findings.iter().map(|finding| (finding.code, finding.place.line)).collect();
        let expected: Vec<_> = placeholders(&source.text).into_iter().map(|line| (Code::Placeholder, line)).collect();
        assert_eq!(lines, expected, "{}", source.file);
        configurations += report.checked.len();
        found += lines.len();
    }
    assert_eq!((configurations, found), (20, 23));
}

#[test]
fn all_files_together_have_no_mistake() {
    let report = check(&files());
    let findings = report.findings.iter().filter(|finding| finding.code != Code::Placeholder);
    assert_eq!(findings.collect::<Vec<_>>(), Vec::<&tenancy::Finding>::new());
}

/// Those of the scenario on Envoy Gateway behind which the filter does not run.
#[test]
fn a_teams_policies_that_switch_the_filter_off_are_found() {
    let team = "integration/envoy-gateway/manifests/team.yaml";
    let text = fs::read_to_string(root().join(team)).unwrap();
    let report = check(&[shipped("envoy-gateway/policies.yaml"), Source { file: team.into(), text: text.clone() }]);
    let findings = report.findings.iter().filter(|finding| finding.code != Code::Placeholder);
    let line = |finding: &tenancy::Finding| text.lines().nth(finding.place.line - 1).unwrap().trim().to_owned();
    let found: Vec<_> = findings.map(|finding| (finding.code.word(), line(finding))).collect();
    let alone = "targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: alone}]";
    let expected = [("switched-off", alone), ("switched-off", "- name: own")];
    assert_eq!(found, expected.map(|(code, line)| (code, line.to_owned())));
}

/// Whatever is cut off or out, nothing panics, and each place is one of the file.
#[test]
fn any_part_of_a_file_can_be_checked() {
    for Source { file, text } in files() {
        let cuts = (0..text.len()).step_by(97).filter(|at| text.is_char_boundary(*at));
        for at in cuts {
            let (head, tail) = text.split_at(at);
            let without = format!("{head}{}", tail.split_once('\n').map_or("", |(_, rest)| rest));
            for text in [head.to_owned(), tail.to_owned(), without] {
                let report = check(&[Source { file: file.clone(), text: text.clone() }]);
                for place in report.findings.iter().map(|finding| &finding.place) {
                    assert!(text.get(place.bytes.clone()).is_some(), "{file}, cut at {at}: {place:?}");
                }
            }
        }
    }
}

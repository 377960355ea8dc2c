//! What we ship has no mistake, and all placeholders in it are found.

use std::fs;

use tenancy::{Code, Source, check};

use super::{root, shipped};

/// What is there to be applied, or to be copied.
fn files() -> Vec<Source> {
    let mut files = Vec::new();
    let mut folders = vec![root().join("wasm-plugin/manifests"), root().join("envoyfilter")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|ending| ["yaml", "yml", "json"].iter().any(|known| ending == *known))
            {
                let file = path.strip_prefix(root()).unwrap().display().to_string();
                files.push(Source { text: fs::read_to_string(&path).unwrap(), file });
            }
        }
    }
    files
}

/// Of an image, what kustomize looks for: that of the manifests, which stays.
const SOUGHT: &str = "  - name: oci://registry.example.com/tenancy-filter";

/// The lines of a file on which something stands that only the reader knows, by what looks so in any file: names that RFC
/// 2606 reserves (§2, §3), a sum of zeros, `<words>`, and words that ask to be replaced.
fn placeholders(text: &str) -> Vec<usize> {
    let code = |line: &str| line.split(" #").next().filter(|line| !line.trim().starts_with('#')).map(str::to_owned);
    let holds = |line: &str| line != SOUGHT && code(line).is_some_and(|code| looks_open(&code));
    text.lines().enumerate().filter(|(_, line)| holds(line)).map(|(index, _)| index + 1).collect()
}

fn looks_open(code: &str) -> bool {
    let code = code.to_ascii_lowercase();
    let reserved = ["example.com", "example.org", "example.net", ".example", ".invalid", ".test"];
    let asking = ["owner", "registry/", "digest", "todo", "fixme", "changeme", "replace-me", "your-", "my-"];
    let in_brackets = code.split('<').skip(1).filter_map(|rest| rest.split_once('>'));
    let is_word = |word: &str| {
        word.starts_with(char::is_alphabetic) && word.chars().all(|part| part.is_alphanumeric() || "-_ ".contains(part))
    };
    let is_name = |end: &str| !end.starts_with(|next: char| next.is_alphanumeric() || next == '_');
    reserved.iter().any(|name| code.split(name).skip(1).any(is_name))
        || asking.iter().any(|word| code.contains(word))
        || code.contains(&"0".repeat(40))
        || in_brackets.into_iter().any(|(word, _)| is_word(word))
}

#[test]
fn each_file_has_its_placeholders_and_no_mistake() {
    let (mut configurations, mut found) = (0, 0);
    for source in files() {
        let report = check(std::slice::from_ref(&source));
        assert!(report.broken.is_empty(), "{}: {:?}", source.file, report.broken);
        let mut lines: Vec<_> = report.findings.iter().map(|finding| (finding.code, finding.place.line)).collect();
        found += lines.len();
        lines.dedup();
        let expected: Vec<_> = placeholders(&source.text).into_iter().map(|line| (Code::Placeholder, line)).collect();
        assert_eq!(lines, expected, "{}", source.file);
        configurations += report.checked.len();
    }
    assert_eq!((configurations, found), (20, 31));
}

/// Else the test above could not fail.
#[test]
fn what_looks_open_is_seen() {
    for open in [
        "url: oci://a.example.net/b",
        "host: a.example",
        "sum: 'sha256:<digest>'",
        "url: oci://ghcr.io/OWNER/b",
        "host: <your host>",
    ] {
        assert_eq!(placeholders(&format!("a: b\n{open}\n")), [2], "{open}");
    }
    let closed = "# www.example.com\na: b # <word>\nb: 1 < 2 > 1\nc: example.community\nsha: 00ff\n";
    assert_eq!(placeholders(closed), Vec::<usize>::new());
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

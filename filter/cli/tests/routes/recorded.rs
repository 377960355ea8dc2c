//! What istiod was given, and the API server's rules are held against, is what the command writes today.

use std::fs;
use std::path::PathBuf;

use integration::root;

use super::run;

fn folder() -> PathBuf {
    root().join("integration/istio/routes")
}

fn routes(arguments: &[&str], list: &str) -> String {
    let arguments = [&["-c", "manifests/plugins.yaml"], arguments, &["-"]].concat();
    let (code, out, said) = run(&folder(), &arguments, list);
    assert_eq!(code, 0, "{said}");
    out
}

fn list(file: &str) -> String {
    fs::read_to_string(folder().join(file)).unwrap()
}

#[test]
fn each_file_is_what_the_command_writes_for_its_list() {
    for (file, kind, from) in [
        ("manifests/routes.yaml", "virtual-services", "sandboxes.yaml"),
        ("manifests/subsets.yaml", "virtual-services", "subsets.yaml"),
        ("http-routes.yaml", "http-routes", "sandboxes.yaml"),
        ("match-tree.yaml", "match-tree", "sandboxes.yaml"),
    ] {
        let how = format!("tenancy routes --kind {kind} -c manifests/plugins.yaml {from} > {file}");
        assert!(routes(&["--kind", kind], &list(from)) == list(file), "stale: {how}; make record");
    }
}

/// The services and the sandboxes of a list the other way round.
fn reversed(list: &str) -> String {
    let mut lines: Vec<_> = list.lines().collect();
    let of = |start: &str| lines.iter().position(|line| line.starts_with(start)).unwrap();
    let (services, sandboxes) = (of("services:"), of("sandboxes:"));
    lines[services + 1..sandboxes].reverse();
    lines[sandboxes + 1..].reverse();
    lines.join("\n")
}

#[test]
fn the_order_of_a_list_does_not_matter() {
    for (file, kind) in [
        ("sandboxes.yaml", "http-routes"),
        ("sandboxes.yaml", "virtual-services"),
        ("sandboxes.yaml", "match-tree"),
        ("subsets.yaml", "virtual-services"),
    ] {
        let list = list(file);
        let [one, other] = [&list, &reversed(&list)].map(|list| routes(&["--kind", kind], list));
        assert!(one == other, "{file}, {kind}");
    }
}

/// Forty services and a hundred sandboxes.
#[test]
fn each_sandbox_has_a_route_and_so_has_everybody_else() {
    let all = super::documents(&routes(&[], &list("sandboxes.yaml")));
    let between =
        |it: &&serde_json::Value| it["kind"] == "HTTPRoute" && it["spec"]["parentRefs"][0]["kind"] == "Service";
    let (sandboxes, stable): (Vec<_>, Vec<_>) =
        all.iter().filter(between).partition(|it| it["metadata"]["labels"]["tenancy-filter/sandbox"].is_string());
    assert_eq!((sandboxes.len(), stable.len()), (100, 40));
    let has_header = |it: &&serde_json::Value| it["spec"]["rules"][0]["matches"][0].get("headers").is_some();
    assert_eq!(
        (sandboxes.iter().filter(|it| has_header(it)).count(), stable.iter().filter(|it| has_header(it)).count()),
        (100, 0)
    );
}

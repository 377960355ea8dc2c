//! The guide's examples run.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use integration::root;
use serde_json::Value;
use tenancy::routes::Draft;

/// The fenced blocks of the page, in order, with their kinds.
fn blocks() -> Vec<(String, String)> {
    let page = fs::read_to_string(root().join("docs/routes.md")).unwrap();
    let fences: Vec<_> = page.split("```").skip(1).step_by(2).map(str::to_owned).collect();
    fences
        .into_iter()
        .map(|fence| fence.split_once('\n').map(|(kind, text)| (kind.into(), text.into())).unwrap())
        .collect()
}

fn of_kind(kind: &str) -> Vec<String> {
    blocks().into_iter().filter(|(it, _)| it == kind).map(|(_, text)| text).collect()
}

/// A shell in a folder with the page's list, where `tenancy` and a `kubectl` that tells what it was asked are commands.
fn shell(folder: &Path, script: &str) -> (bool, String) {
    let programs = folder.join("bin");
    fs::create_dir_all(&programs).unwrap();
    let kubectl = "#!/bin/sh\necho \"kubectl $*\" >>\"$HOME/asked\"\n\
                   case $1 in get) cat \"$HOME/$2.json\";; *) cat >>\"$HOME/applied\";; esac\n";
    fs::write(programs.join("kubectl"), kubectl).unwrap();
    fs::set_permissions(programs.join("kubectl"), fs::Permissions::from_mode(0o755)).unwrap();
    let tenancy = programs.join("tenancy");
    if !tenancy.exists() {
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_tenancy"), tenancy).unwrap();
    }
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    let command = command.args(["-eo", "pipefail", "-c", script]).current_dir(folder);
    let run = command.env("PATH", path).env("HOME", folder).output().unwrap();
    (run.status.success(), format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr)))
}

/// A folder with the page's list, and a cluster in which a sandbox is deployed, and another one's routes are left over.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let list = of_kind("yaml").into_iter().find(|text| text.contains("\nsandboxes:")).unwrap();
    fs::write(folder.path().join("sandboxes.yaml"), list).unwrap();
    std::os::unix::fs::symlink(root().join("wasm-plugin"), folder.path().join("wasm-plugin")).unwrap();
    let service = |name: &str, label: &str| {
        format!(
            r#"{{"kind": "Service", "metadata": {{"name": "{name}", "namespace": "shop", "labels": {{{label}}}}}, "spec": {{"ports": [{{"port": 8080}}]}}}}"#
        )
    };
    let label = r#""example.com/sandbox": "pr-7""#;
    let services = format!(r#"{{"items": [{}, {}]}}"#, service("cart", ""), service("cart-pr-7", label));
    fs::write(folder.path().join("services,deployments.json"), services).unwrap();
    let managed = r#"{"app.kubernetes.io/managed-by": "tenancy-filter", "app.kubernetes.io/part-of": "tenancy"}"#;
    let route = format!(
        r#"{{"items": [{{"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {{"name": "tenancy.cart.gone", "namespace": "shop", "labels": {managed}}}}}]}}"#
    );
    fs::write(folder.path().join("httproutes,referencegrants.json"), route).unwrap();
    folder
}

#[test]
fn the_answers_are_those_of_the_page() {
    let consoles = of_kind("console");
    assert!(!consoles.is_empty());
    for console in consoles {
        let (command, answer) = console.split_once('\n').unwrap();
        let (_, printed) = shell(folder().path(), command.strip_prefix("$ ").unwrap());
        assert_eq!(printed, answer, "{command}");
    }
}

#[test]
fn the_commands_run() {
    let scripts = of_kind("sh");
    assert!(scripts.len() >= 3, "{scripts:?}");
    let folder = folder();
    for script in scripts {
        let (is_done, printed) = shell(folder.path(), &script);
        assert!(is_done, "{script}: {printed}");
    }
    let asked = fs::read_to_string(folder.path().join("asked")).unwrap();
    let deletion = "kubectl delete --namespace shop HTTPRoute.gateway.networking.k8s.io/tenancy.cart.gone\n";
    assert!(asked.contains(deletion), "{asked}");
    let applied = fs::read_to_string(folder.path().join("applied")).unwrap();
    assert!(applied.contains("name: tenancy.cart.pr-7\n"), "found by its label: {applied}");
}

#[test]
fn the_steps_of_the_workflow_run() {
    let workflow = of_kind("yaml").into_iter().find(|text| text.contains("\njobs:")).unwrap();
    let workflow: Value = serde_norway::from_str(&workflow).unwrap();
    let steps = workflow["jobs"]["routes"]["steps"].as_array().unwrap();
    let scripts: Vec<_> = steps.iter().filter_map(|step| step["run"].as_str()).collect();
    let folder = folder();
    for script in scripts.iter().filter(|script| !script.starts_with("cargo install")) {
        let (is_done, printed) = shell(folder.path(), script);
        assert!(is_done, "{script}: {printed}");
    }
    let asked = fs::read_to_string(folder.path().join("asked")).unwrap();
    let applied = asked.lines().position(|line| line.starts_with("kubectl apply"));
    let deleted = asked.lines().position(|line| line.starts_with("kubectl delete"));
    assert!(applied.is_some() && applied < deleted, "{asked}");
}

/// The fields of the page's table, and those that the command knows, each by what it says of an unknown one.
#[test]
fn the_table_has_the_fields_of_a_list() {
    let page = fs::read_to_string(root().join("docs/routes.md")).unwrap();
    let (_, table) = page.split_once("| field | meaning | default |\n").unwrap();
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.split('|').nth(1)).flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let documented: BTreeSet<_> = cells.map(str::to_owned).collect();
    let list = "zz: 1\ngateway: {zz: 1}\nservices: [{zz: 1}]\nsandboxes: [{zz: 1}, {deploys: [{zz: 1}]}]\n";
    let mistakes = Draft::read(list).unwrap_err();
    let known = mistakes.iter().filter_map(|it| Some((&it.at.path, it.message.split_once("known here: ")?.1)));
    let known = known.flat_map(|(path, fields)| {
        let object = path.strip_suffix("zz").unwrap().replace("[0]", "[]").replace("[1]", "[]");
        fields.split(", ").map(move |field| format!("{object}{field}")).collect::<Vec<_>>()
    });
    assert_eq!(documented, known.collect());
}

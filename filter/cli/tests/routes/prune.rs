//! What is left over.

use std::fs;

use serde_json::{Value, json};

use super::run;

const LIST: &str = "backend: \"{service}-{tenant}\"\nservices: [{name: shop, namespace: shop, port: 80}]\n\
                    sandboxes: [{name: x, tenant: x, deploys: [shop]}, {name: y, tenant: y, deploys: [shop]}]\n";

/// What the command lists, where the cluster has this, and the list is this.
fn left_over(list: &str, cluster: &Value, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("list.yaml"), list).unwrap();
    let (code, out, said) =
        run(folder.path(), &[&["list.yaml", "--prune", "-"], arguments].concat(), &cluster.to_string());
    assert_eq!(code, 0, "{said}");
    out
}

/// The cluster after the routes of the list were applied.
fn applied() -> Value {
    let folder = tempfile::tempdir().unwrap();
    let (_, out, _) = run(folder.path(), &["--format", "json", "-"], LIST);
    serde_json::from_str(&out).unwrap()
}

fn without_y() -> String {
    LIST.replace(", {name: y, tenant: y, deploys: [shop]}", "")
}

#[test]
fn nothing_is_left_over_of_what_is_wanted() {
    assert_eq!(left_over(LIST, &applied(), &[]), "");
}

#[test]
fn a_sandbox_that_is_gone_leaves_its_routes() {
    let expected = "--namespace shop HTTPRoute.gateway.networking.k8s.io/tenancy.shop.y\n";
    assert_eq!(left_over(&without_y(), &applied(), &[]), expected);
    let list: Value = serde_json::from_str(&left_over(&without_y(), &applied(), &["--format", "json"])).unwrap();
    assert_eq!(
        list["items"],
        json!([{
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {"name": "tenancy.shop.y", "namespace": "shop"},
        }])
    );
}

/// The API server may show another version of it.
#[test]
fn a_version_of_the_api_makes_no_difference() {
    let mut cluster = applied();
    cluster["items"][0]["apiVersion"] = json!("gateway.networking.k8s.io/v1beta1");
    assert_eq!(left_over(LIST, &cluster, &[]), "");
}

#[test]
fn whoever_goes_over_to_another_kind_leaves_the_first() {
    assert_eq!(left_over(LIST, &applied(), &["--kind", "virtual-services"]).lines().count(), 3);
}

#[test]
fn what_others_wrote_and_other_sets_are_left_alone() {
    for (label, value) in [
        ("app.kubernetes.io/managed-by", json!("helm")),
        ("app.kubernetes.io/part-of", json!("others")),
        ("app.kubernetes.io/managed-by", Value::Null),
    ] {
        let mut cluster = applied();
        for item in cluster["items"].as_array_mut().unwrap() {
            item["metadata"]["labels"][label] = value.clone();
        }
        assert_eq!(left_over(&without_y(), &cluster, &[]), "", "{label}: {value}");
    }
}

#[test]
fn a_copy_with_our_labels_is_left_alone() {
    for name in ["cart", "tenancy-of-my-own", "tenancy"] {
        let mut cluster = applied();
        cluster["items"][2]["metadata"]["name"] = json!(name);
        assert_eq!(left_over(&without_y(), &cluster, &[]), "", "{name}");
    }
}

#[test]
fn what_is_no_list_is_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("list.yaml"), LIST).unwrap();
    for (cluster, said) in
        [("a: 1", "stdin: is not JSON"), ("{}", "stdin: has no `items`; it must be the output of `kubectl get")]
    {
        let (code, out, problem) = run(folder.path(), &["list.yaml", "--prune", "-"], cluster);
        assert!(code == 2 && out.is_empty() && problem.contains(said), "{problem}");
    }
}

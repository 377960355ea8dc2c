//! Sandboxes that are found among what is deployed.

use std::fs;

use serde_json::{Value, json};

use super::{documents, run};

fn service(name: &str, labels: Value, ports: Value) -> Value {
    let (name, namespace) = name.split_once('.').unwrap();
    json!({
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"ports": ports, "selector": {"app": name}},
    })
}

fn deployment(name: &str, pods: Value) -> Value {
    json!({
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"template": {"metadata": {"labels": pods}}},
    })
}

/// Services of these names, each with one port.
fn services(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| service(name, json!({}), json!([{"port": 8080}]))).collect()
}

/// What the command makes of a cluster, and of a list if there is one: its exit code, for each route its name and where it
/// leads, and what it says.
fn found(items: &[Value], list: Option<&str>, arguments: &[&str]) -> (i32, Vec<String>, String) {
    let folder = tempfile::tempdir().unwrap();
    let list = list.map(|list| fs::write(folder.path().join("list.yaml"), list).map(|()| "list.yaml").unwrap());
    let arguments: Vec<_> = ["--deployed", "-"].iter().chain(arguments).copied().chain(list).collect();
    let cluster = json!({"kind": "List", "items": items}).to_string();
    let (code, out, said) = run(folder.path(), &arguments, &cluster);
    let routes = documents(&out).into_iter().filter(|it| it["kind"] == "HTTPRoute");
    let led = routes.map(|route| {
        let to = &route["spec"]["rules"][0]["backendRefs"][0];
        let namespace = to["namespace"].as_str().map_or(String::new(), |namespace| format!(".{namespace}"));
        let name = route["metadata"]["name"].as_str().unwrap().strip_prefix("tenancy.").unwrap().to_owned();
        format!("{name} -> {}{namespace}", to["name"].as_str().unwrap())
    });
    (code, led.collect(), said)
}

const BESIDE: [&str; 2] = ["--backend", "{service}-{tenant}"];

#[test]
fn a_name_says_whose_version_a_service_is() {
    let all = services(&["shop.shop", "shop-feat-x.shop", "cart.shop", "shop-feat-x.other", "dns.kube-system"]);
    let (code, routes, said) = found(&all, None, &BESIDE);
    assert_eq!((code, said.as_str()), (0, "1 service, 1 sandbox\n"));
    assert_eq!(routes, ["shop -> shop", "shop.feat-x -> shop-feat-x"], "services without a sandbox need no route");
}

#[test]
fn a_namespace_may_be_a_sandbox() {
    let all = services(&["shop.prod", "cart.prod", "shop.feat-x", "cart.feat-x", "cart.feat-y", "db.feat-y"]);
    let list = "backend: '{service}.{tenant}'\nservices: [{name: shop, namespace: prod, port: 1}, {name: cart, namespace: prod, port: 1}]\n";
    let (code, routes, said) = found(&all, Some(list), &[]);
    assert_eq!((code, said.as_str()), (0, "2 services, 2 sandboxes\n"));
    let expected = ["cart -> cart", "cart.feat-x -> cart.feat-x", "cart.feat-y -> cart.feat-y", "shop -> shop"];
    assert_eq!(routes[..4], expected);
    // Without the list each of them could be the usual version of the others.
    let (code, _, said) = found(&all, None, &["--backend", "{service}.{tenant}"]);
    assert!(code == 2 && said.contains("which looks like a sandbox itself; list the stable services"), "{said}");
}

#[test]
fn who_may_be_two_sandboxes_is_asked_about() {
    let all = services(&["pay.shop", "pay-api.shop", "pay-api-x.shop"]);
    let (code, _, said) = found(&all, None, &BESIDE);
    let expected =
        "Service shop/pay-api-x may be x of pay-api.shop, or x of pay-api.shop, which looks like a sandbox itself";
    assert!(code == 2 && said.contains(expected), "{said}");
    let list = "backend: '{service}-{tenant}'\nservices: [{name: pay, namespace: shop, port: 1}, {name: pay-api, namespace: shop, port: 1}]\n";
    let (code, routes, said) = found(&all, Some(list), &[]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(routes, ["pay -> pay", "pay-api -> pay-api", "pay-api.x -> pay-api-x"]);
}

#[test]
fn a_label_says_which_services_are_sandboxes() {
    let mut all = services(&["shop.shop", "shop-db.shop", "shop-feat-x.shop", "lost-feat-x.shop", "shop-odd.shop"]);
    for (index, label) in [(2, "feat-x"), (3, "feat-x"), (4, "feat-x")] {
        all[index]["metadata"]["labels"] = json!({"example.com/sandbox": label});
    }
    let (code, routes, said) = found(&all, None, &[&BESIDE[..], &["--label", "example.com/sandbox"]].concat());
    assert_eq!(code, 0, "{said}");
    assert_eq!(routes, ["shop -> shop", "shop.feat-x -> shop-feat-x"], "the database is none");
    for name in ["lost-feat-x", "shop-odd"] {
        let left_out = format!("left out Service shop/{name}: has the label of a sandbox, but no stable Service");
        assert!(said.contains(&left_out), "{said}");
    }
}

#[test]
fn the_usual_version_is_no_sandbox() {
    let all = services(&["shop.shop", "shop-stable.shop", "shop-x.shop"]);
    let (code, routes, said) = found(&all, None, &[&BESIDE[..], &["--stable", "{service}-stable"]].concat());
    assert_eq!(code, 0, "{said}");
    assert_eq!(routes, ["shop -> shop-stable", "shop.x -> shop-x"]);
}

#[test]
fn no_sandbox_is_called_as_everybody_else() {
    let all = services(&["shop.shop", "shop-stable.shop"]);
    let (code, routes, said) = found(&all, None, &BESIDE);
    let expected = "Service shop/shop-stable is the sandbox \"stable\", but \"stable\" is reserved for all other requests; rename it";
    assert!(code == 2 && routes.is_empty() && said.contains(expected), "{said}");
    let mut all = services(&["shop.shop"]);
    all.push(deployment("shop", json!({"app": "shop", "version": "Stable"})));
    let (code, _, said) = found(&all, None, &["--backend", "version={version}", "--stable", "version=v1"]);
    assert!(code == 2 && said.contains("Deployment shop/shop is the sandbox \"Stable\""), "{said}");
}

#[test]
fn deployments_are_versions_by_the_labels_of_their_pods() {
    let mut all = services(&["shop.shop", "cart.shop"]);
    all.extend([
        deployment("shop-v1", json!({"app": "shop", "version": "v1"})),
        deployment("shop-v2", json!({"app": "shop", "version": "v2", "other": "a"})),
        deployment("cart", json!({"app": "cart"})),
        deployment("job", json!({"version": "v9"})),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let cluster = json!({"items": all}).to_string();
    let arguments =
        ["--kind", "virtual-services", "--deployed", "-", "--backend", "version={version}", "--stable", "version=v1"];
    let (code, out, said) = run(folder.path(), &arguments, &cluster);
    assert_eq!((code, said.as_str()), (0, "1 service, 1 sandbox\n"));
    let subsets = &documents(&out)[0]["spec"]["subsets"];
    assert_eq!(
        *subsets,
        json!([
            {"name": "stable", "labels": {"version": "v1"}},
            {"name": "v2", "labels": {"version": "v2"}},
        ])
    );
}

#[test]
fn a_sandbox_that_is_listed_stays_as_it_is_listed() {
    let list = "backend: '{service}-{tenant}'\nservices: [{name: shop, namespace: shop, port: 1}]\n\
                sandboxes: [{name: x, tenant: x, deploys: [{service: shop, backend: mine.elsewhere}]}]\n";
    let all = services(&["shop.shop", "shop-x.shop", "shop-y.shop"]);
    let (code, routes, said) = found(&all, Some(list), &[]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(routes, ["shop -> shop", "shop.x -> mine.elsewhere", "shop.y -> shop-y"]);
}

#[test]
fn the_port_of_http_is_taken_where_there_are_others() {
    let ports = json!([{"port": 9090, "name": "metrics"}, {"port": 80, "name": "http-web"}]);
    let all = [service("shop.shop", json!({}), ports), service("shop-x.shop", json!({}), json!([{"port": 80}]))];
    assert_eq!(found(&all, None, &BESIDE).0, 0);
    let ports = json!([{"port": 9090, "name": "metrics"}, {"port": 80, "name": "web"}]);
    let all = [service("shop.shop", json!({}), ports), all[1].clone()];
    let (code, _, said) = found(&all, None, &BESIDE);
    assert!(code == 2 && said.contains("Service shop/shop has several ports, and not just one of HTTP"), "{said}");
}

#[test]
fn what_cannot_be_used_is_told() {
    let (none, all) = ([], services(&["a.b"]));
    for (items, arguments, said) in [
        (&none[..], &BESIDE[..], "holds no Service; pipe `kubectl get services,deployments -A -o json`"),
        (&all, &["--backend", "{service}-x"], "names its sandbox once, but `backend` does not"),
        (&all, &["--backend", "{service}-{tenant}.{version}"], "names its sandbox once, but `backend` does not"),
        (&all, &["--backend", "{servce}-x"], "{servce} is not a placeholder; did you mean {service}?"),
        (&all, &[], "nothing says where the sandboxes are; write a FILE with a `backend`, or --backend"),
    ] {
        let (code, routes, problem) = found(items, None, arguments);
        assert!(code == 2 && routes.is_empty() && problem.contains(said), "{said:?} in {problem}");
    }
    let clash = services(&["a.b", "a-x.b"]);
    let list = "services: [{name: a, namespace: b, port: 1}]\n";
    assert!(found(&clash, Some(list), &[]).2.contains("write where sandboxes are, with one of {tenant} and {version}"));
}

#[test]
fn that_nothing_was_found_is_said() {
    let all = services(&["shop.shop", "shop-x.shop"]);
    let (code, routes, said) = found(&all, None, &[&BESIDE[..], &["--label", "example.com/sandbx"]].concat());
    assert!(code == 2 && routes.is_empty(), "{said}");
    assert!(
        said.contains("no Service with the label example.com/sandbx is a sandbox; `kubectl get services"),
        "{said}"
    );
    assert!(said.contains("tenancy: no sandbox found; see that --backend and --label are those"), "{said}");
    let list = "backend: '{service}-{tenant}'\nservices: [{name: shop, namespace: shop, port: 1}]\n";
    let (code, routes, said) = found(&all, Some(list), &["--label", "example.com/sandbx"]);
    assert_eq!((code, routes.len()), (0, 1), "{said}");
    assert!(said.contains("no Service with the label"), "{said}");
}

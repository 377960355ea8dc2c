//! What each kind of resources says.

use serde_json::{Value, json};

use super::{named, resources, written_beside};

const LIST: &str = r#"
name: try
gateway: {name: gateway, namespace: edge, port: 80, labels: {istio: ingressgateway}}
backend: "{service}.{tenant}"
services:
  - {name: shop, namespace: shop, port: 8080, hosts: ["*.example.com", example.com]}
  - {name: cart, namespace: shop, port: 8081}
sandboxes:
  - {name: both, tenant: feat-x, version: v2, deploys: [shop]}
  - {name: feat-y, tenant: feat-y, deploys: [shop, cart]}
"#;

/// An edge that projects the version of the shop.
const EDGE: &str = "version: 1\nrole: edge\ntenant: {to: [{header: x-tenant}], from: [{host: '{tenant}.example.com'}]}\n\
                    overrides: {from: [{header: x-override, trust: anyone}], to: [{header: x-override}]}\nprojections: [{header: x-shop-version, service: shop}]\n";
const MESH: &str = "version: 1\nrole: mesh\ntenant: {to: [{header: x-tenant}]}\n\
                    overrides: {to: [{header: x-override}]}\nprojections: [{header: x-version, service: called}]\n";

fn with_configurations(list: &str, kind: &str) -> Vec<Value> {
    let files = [("edge.yaml", EDGE), ("mesh.yaml", MESH)];
    let (code, out, problem) = written_beside(list, &files, &["--kind", kind, "-c", "edge.yaml", "-c", "mesh.yaml"]);
    assert_eq!(code, 0, "{problem}");
    super::documents(&out)
}

#[test]
fn a_route_of_the_gateway_api_leads_to_each_sandbox_and_one_to_everybody_else() {
    let all = with_configurations(LIST, "http-routes");
    let names: Vec<_> = all.iter().map(|it| it["metadata"]["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "try.cart",
            "try.cart.feat-y",
            "try.shop",
            "try.shop.both",
            "try.shop.feat-y",
            "try.wildcard.gateway.both.example.com",
            "try.wildcard.gateway.feat-y.example.com",
            "try.wildcard.gateway.stable.example.com",
            "try.from.shop.both",
            "try.from.shop.feat-y",
        ]
    );
    let route = named(&all, "HTTPRoute", "try.shop.both");
    assert_eq!(
        route["metadata"],
        json!({
            "name": "try.shop.both",
            "namespace": "shop",
            "labels": {
                "app.kubernetes.io/managed-by": "tenancy-filter",
                "app.kubernetes.io/part-of": "try",
                "tenancy-filter/sandbox": "both",
                "tenancy-filter/service": "shop",
            },
        })
    );
    let header = |name: &str, value: &str| json!({"type": "Exact", "name": name, "value": value});
    let all_paths = json!({"type": "PathPrefix", "value": "/"});
    assert_eq!(
        route["spec"],
        json!({
            "parentRefs": [{"group": "", "kind": "Service", "name": "shop", "port": 8080}],
            "rules": [{
                "matches": [
                    {"path": all_paths, "headers": [header("x-version", "v2")]},
                    {"path": all_paths, "headers": [header("x-tenant", "feat-x")]},
                ],
                "backendRefs": [{
                    "group": "", "kind": "Service", "name": "shop", "namespace": "feat-x", "port": 8080, "weight": 1,
                }],
            }],
        })
    );
    let own = json!([{"group": "", "kind": "Service", "name": "shop", "port": 8080, "weight": 1}]);
    let stable = json!([{"matches": [{"path": all_paths}], "backendRefs": own}]);
    assert_eq!(named(&all, "HTTPRoute", "try.shop")["spec"]["rules"], stable);
    let entry = named(&all, "HTTPRoute", "try.wildcard.gateway.both.example.com");
    assert_eq!(entry["spec"]["hostnames"], json!(["*.example.com", "example.com"]));
    let matches = &entry["spec"]["rules"][0]["matches"];
    assert_eq!(matches[0]["headers"], json!([header("x-shop-version", "v2")]), "the gateway's own header");
    assert_eq!(matches[1]["path"], json!({"type": "PathPrefix", "value": "/"}));
    assert_eq!(
        named(&all, "ReferenceGrant", "try.from.shop.feat-y")["spec"],
        json!({
            "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "shop"}],
            "to": [{"group": "", "kind": "Service", "name": "cart"}, {"group": "", "kind": "Service", "name": "shop"}],
        })
    );
}

/// Seventeen services below paths of one host: one more than a route may have rules.
#[test]
fn what_is_more_than_a_route_may_hold_goes_into_several() {
    let services: Vec<_> = (10..27)
        .map(|n| format!("  - {{name: s{n}, namespace: shop, port: 80, hosts: [example.com], path: /s{n}}}\n"))
        .collect();
    let all: Vec<_> = (10..27).map(|n| format!("s{n}")).collect();
    let list = format!(
        "gateway: {{name: gateway, namespace: edge}}\nmesh: false\nbackend: \"{{service}}.{{tenant}}\"\nservices:\n{}\
         sandboxes: [{{name: a, tenant: a, deploys: [{}]}}]\n",
        services.concat(),
        all.join(", ")
    );
    let routes = resources(&list, &[]);
    let rules = |name: &str| named(&routes, "HTTPRoute", name)["spec"]["rules"].as_array().unwrap().len();
    assert_eq!(["host", "host2"].map(|start| rules(&format!("tenancy.{start}.gateway.a.example.com"))), [16, 1]);
    assert_eq!(["host", "host2"].map(|start| rules(&format!("tenancy.{start}.gateway.stable.example.com"))), [16, 1]);
    let granted = |name: &str| named(&routes, "ReferenceGrant", name)["spec"]["to"].as_array().unwrap().len();
    assert_eq!(["tenancy.from.shop.a", "tenancy.from.shop.a.2"].map(granted), [16, 1]);
    assert_eq!(routes.len(), 6);
}

#[test]
fn istio_tries_versions_before_tenants_and_everybody_else_last() {
    let all = with_configurations(LIST, "virtual-services");
    let routes = named(&all, "VirtualService", "try.shop")["spec"]["http"].as_array().unwrap();
    let names: Vec<_> = routes.iter().map(|route| route["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["both", "both", "feat-y", "stable"]);
    assert_eq!(routes[0]["match"], json!([{"headers": {"x-version": {"exact": "v2"}}}]));
    assert_eq!(
        routes[3],
        json!({"name": "stable", "route": [{"destination": {"host": "shop.shop.svc.cluster.local"}}]})
    );
    let entry = &named(&all, "VirtualService", "try.wildcard.gateway.example.com")["spec"];
    assert_eq!(
        (&entry["gateways"], &entry["hosts"]),
        (&json!(["edge/gateway"]), &json!(["*.example.com", "example.com"]))
    );
}

#[test]
fn a_path_takes_what_is_below_it_and_nothing_that_begins_like_it() {
    let list = LIST.replace("port: 8081", "port: 8081, hosts: ['*.example.com', example.com], path: /cart");
    let all = with_configurations(&list, "virtual-services");
    let routes = named(&all, "VirtualService", "try.wildcard.gateway.example.com")["spec"]["http"].as_array().unwrap();
    let below = json!([{"uri": {"exact": "/cart"}}, {"uri": {"prefix": "/cart/"}}]);
    let at = |route: &Value| route["match"] == below;
    assert_eq!(routes.iter().position(at), Some(1), "behind the cart's sandbox, before the shop");
    assert_eq!(routes.len(), 6);
}

#[test]
fn versions_by_labels_are_subsets() {
    let list = LIST
        .replace("{service}.{tenant}", "version={tenant},track=try")
        .replace("port: 8080", "port: 8080, stable: version=stable")
        .replace("port: 8081", "port: 8081, stable: cart-stable");
    let all = with_configurations(&list, "virtual-services");
    assert_eq!(
        named(&all, "DestinationRule", "try.shop")["spec"],
        json!({
            "host": "shop.shop.svc.cluster.local",
            "subsets": [
                {"name": "stable", "labels": {"version": "stable"}},
                {"name": "both", "labels": {"track": "try", "version": "feat-x"}},
                {"name": "feat-y", "labels": {"track": "try", "version": "feat-y"}},
            ],
        })
    );
    let subsets = named(&all, "DestinationRule", "try.cart")["spec"]["subsets"].as_array().unwrap();
    assert_eq!(subsets.len(), 1, "the usual version is a Service of its own");
    let routes = &named(&all, "VirtualService", "try.shop")["spec"]["http"];
    let to = |index: usize| &routes[index]["route"][0]["destination"]["subset"];
    assert_eq!((to(0), to(3)), (&json!("both"), &json!("stable")));
    let files = [("edge.yaml", EDGE), ("mesh.yaml", MESH)];
    let (code, _, problem) = written_beside(&list, &files, &["-c", "edge.yaml", "-c", "mesh.yaml"]);
    assert!(code == 2 && problem.contains("which an HTTPRoute cannot choose; give the version a Service"), "{problem}");
}

#[test]
fn a_match_tree_looks_up_one_header_behind_the_other() {
    let all = with_configurations(LIST, "match-tree");
    let spec = &named(&all, "EnvoyFilter", "try.wildcard.gateway.example.com")["spec"];
    assert_eq!(spec["workloadSelector"], json!({"labels": {"istio": "ingressgateway"}}));
    let patches = spec["configPatches"].as_array().unwrap();
    let hosts: Vec<_> =
        patches.iter().map(|it| it["match"]["routeConfiguration"]["vhost"]["name"].as_str().unwrap()).collect();
    assert_eq!(hosts, ["*.example.com:80", "*.example.com:80", "example.com:80", "example.com:80"]);
    let versions = &patches[1]["patch"]["value"]["matcher"];
    let tenants = &versions["on_no_match"]["matcher"];
    let cluster = |action: &Value| action["action"]["typed_config"]["route"]["cluster"].clone();
    let map = |tree: &Value| tree["matcher_tree"]["exact_match_map"]["map"].clone();
    assert_eq!(versions["matcher_tree"]["input"]["typed_config"]["header_name"], "x-shop-version");
    assert_eq!(cluster(&map(versions)["v2"]), "outbound|8080||shop.feat-x.svc.cluster.local");
    assert_eq!(map(tenants).as_object().unwrap().keys().collect::<Vec<_>>(), ["feat-x", "feat-y"]);
    assert_eq!(cluster(&tenants["on_no_match"]), "outbound|8080||shop.shop.svc.cluster.local");
    let routes = &named(&all, "VirtualService", "try.wildcard.gateway.example.com")["spec"]["http"];
    assert_eq!(routes.as_array().unwrap().len(), 1, "everybody else's, which makes Istio create the virtual hosts");
}

#[test]
fn a_match_tree_without_sandboxes_still_has_everybody_elses_route() {
    let (list, _) = LIST.split_once("sandboxes:").unwrap();
    let all = resources(list, &["--kind", "match-tree"]);
    let filter = named(&all, "EnvoyFilter", "try.wildcard.gateway.example.com");
    let matcher = &filter["spec"]["configPatches"][1]["patch"]["value"]["matcher"];
    assert_eq!(matcher["on_no_match"]["action"]["name"], "stable");
}

#[test]
fn as_json_it_is_a_list() {
    let (code, out, _) =
        written_beside(LIST, &[("c.yaml", EDGE)], &["--format", "json", "--kind", "match-tree", "-c", "c.yaml"]);
    let list: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &list["kind"], list["items"].as_array().unwrap().len()), (0, &json!("List"), 2));
}

#[test]
fn names_that_kubernetes_would_refuse_are_told() {
    let label = "a".repeat(63);
    let list = LIST
        .replace("example.com", &format!("{label}.{label}.{label}.com"))
        .replace("name: feat-y", &format!("name: {label}"))
        .replace(", version: v2", "");
    let (code, _, problem) = written_beside(&list, &[], &[]);
    assert!(code == 2 && problem.contains("is longer than 253 bytes; shorten `name`"), "{problem}");
}

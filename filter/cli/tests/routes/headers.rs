//! The headers of routes are those that the filter writes.

use std::fs;

use integration::root;
use serde_json::{Value, json};
use tenancy::routes::{Draft, Headers};

use super::{named, resources, written_beside};

const LIST: &str = "backend: \"{service}-sandbox\"\nservices: [{name: shop, namespace: shop, port: 80}]\n\
                    sandboxes: [{name: a, tenant: feat-x, deploys: [shop]}, {name: b, version: v2, deploys: [shop]}]\n";

fn headers(resources: &[Value]) -> [String; 2] {
    ["tenancy.shop.a", "tenancy.shop.b"].map(|name| {
        let rule = &named(resources, "HTTPRoute", name)["spec"]["rules"][0];
        rule["matches"][0]["headers"][0]["name"].as_str().unwrap().to_owned()
    })
}

#[test]
fn without_a_configuration_they_are_those_of_our_manifests() {
    let shipped = root().join("wasm-plugin/manifests/sidecars").display().to_string();
    assert_eq!(headers(&resources(LIST, &[])), ["x-tenant", "x-version"]);
    assert_eq!(headers(&resources(LIST, &[])), headers(&resources(LIST, &["-c", &shipped])));
}

#[test]
fn with_one_they_are_its_own() {
    let plugin = "version: 1\nrole: mesh\ntenant: {to: [{baggage: t}, {header: C-Tenancy}]}\n\
                  overrides: {to: [{header: x-o}]}\nprojections: [{header: X-Called, service: called}]\n";
    let named_one = plugin.replace("projections: [", "projections: [{header: x-the-shop, service: Shop}, ");
    let of = |plugin: &str| {
        let (code, out, problem) = written_beside(LIST, &[("c.yaml", plugin)], &["-c", "c.yaml"]);
        assert_eq!(code, 0, "{problem}");
        headers(&super::documents(&out))
    };
    assert_eq!(of(plugin), ["c-tenancy", "x-called"]);
    assert_eq!(of(&named_one), ["c-tenancy", "x-the-shop"]);
}

#[test]
fn what_no_header_carries_is_told_with_the_projection_to_add() {
    let plugin = "version: 1\nrole: mesh\noverrides: {to: [{header: x-o}]}\n";
    let (code, _, problem) = written_beside(LIST, &[("c.yaml", plugin)], &["-c", "c.yaml"]);
    assert_eq!(code, 2);
    for said in [
        "no header carries the tenant between services; add `tenant: {to: [{header: x-tenant}]}` to its configuration",
        "no header carries the version of shop between services; add `projections: [{header: x-shop-version, service: shop}]`",
    ] {
        assert!(problem.contains(said), "{said:?} in {problem}");
    }
    // At a gateway no host is a service's name, so the version of the called one is none.
    let list = LIST.replace("port: 80", "port: 80, hosts: [a.b]") + "gateway: {name: g, namespace: g}\n";
    let (code, _, problem) = written_beside(&list, &[], &[]);
    assert!(code == 2 && problem.contains("no header carries the version of shop at the gateway"), "{problem}");
}

#[test]
fn a_tenant_has_to_fit_the_pattern_of_the_configuration() {
    let plugin = "version: 1\nrole: mesh\ntenant: {to: [{header: x-tenant}], pattern: 'feat-[a-z]+'}\n\
                  overrides: {to: [{header: x-o}]}\nprojections: [{header: x-version, service: called}]\n";
    let run = |list: &str| written_beside(list, &[("c.yaml", plugin)], &["-c", "c.yaml"]);
    assert_eq!(run(LIST).0, 0);
    let (code, _, problem) = run(&LIST.replace("feat-x", "dev-x"));
    assert!(code == 2 && problem.contains("\"dev-x\" is not a tenant for the filter"), "{problem}");
}

#[test]
fn hosts_are_those_of_the_configurations_cluster_domain() {
    let plugin = json!({"version": 1, "role": "mesh", "tenant": {"to": [{"header": "x-tenant"}]}, "clusterDomains": ["k8s.lab"]});
    let headers = Headers::of(&[&plugin.to_string()]).unwrap();
    let list = LIST.replace(", {name: b, version: v2, deploys: [shop]}", "");
    let plan = Draft::read(&list).unwrap().plan(&headers).unwrap();
    let routes = tenancy::routes::RouteKind::VirtualServices.resources(&plan).unwrap();
    assert_eq!(routes[0]["spec"]["hosts"], json!(["shop.shop.svc.k8s.lab"]));
}

/// A kind that the command could not choose would be one too many.
#[test]
fn the_command_knows_all_kinds() {
    let page = fs::read_to_string(root().join("docs/routes.md")).unwrap();
    for kind in ["http-routes", "virtual-services", "match-tree"] {
        assert!(page.contains(&format!("`{kind}`")), "{kind}");
    }
    assert_eq!(tenancy::routes::RouteKind::ALL.len(), 3);
}

#[test]
fn several_names_for_one_thing_are_refused() {
    let edge = |header: &str| {
        format!(
            "version: 1\nrole: edge\ntenant: {{from: [{{host: '{{tenant}}.a.b'}}], to: [{{baggage: t}}, {{header: {header}}}]}}\n"
        )
    };
    let of = |other: &str| {
        let files = [("one.yaml", &*edge("x-one")), ("other.yaml", other)];
        written_beside(
            &LIST.replace(", {name: b, version: v2, deploys: [shop]}", ""),
            &files,
            &["-c", "one.yaml", "-c", "other.yaml"],
        )
    };
    let (code, out, problem) = of(&edge("x-other"));
    assert_eq!((code, out.as_str()), (2, ""));
    for said in [
        "\"x-one\" (one.yaml:3:70, tenant.to[1].header) and \"x-other\" (other.yaml:3:70, tenant.to[1].header)",
        "give -c only the folder that is installed",
    ] {
        assert!(problem.contains(said), "{said} in {problem}");
    }
    assert_eq!(of(&edge("X-One")).0, 0);
    assert_eq!(of(&edge("x-other").replace("edge", "mesh")).0, 0, "a gateway and the mesh may differ");
}

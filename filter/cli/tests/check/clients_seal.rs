//! A client's seal passes no edge: one that was stolen would count in the mesh until it ends.

use super::rules::{EDGE, MESH, STRIP, found, plugin};

const KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEM+SxU+ixp4aiaTZE0ZeCJCCS3pc/DJXrZtwuuxu1VszghQ3dQ0PpOdXr8mzUWdHnoxSOV9XkgCCBR+b4IgajGA==";

/// What is found of headers that pass.
fn passing(texts: &[&str]) -> Vec<String> {
    found(texts).into_iter().filter(|found| found.contains("strip")).collect()
}

fn with(configuration: &str, seal: &str) -> String {
    configuration.replacen('{', &format!("{{seal: {seal}, "), 1)
}

#[test]
fn an_edge_without_seals_strips_those_that_the_mesh_believes() {
    let strip = |names: &str| STRIP.replace("x-tenant", &format!("x-tenant, {names}"));
    let verify = format!("{{verify: {{k1: {KEY}}}}}");
    let mesh = with(MESH, &verify);
    assert_eq!(passing(&[EDGE, &mesh]), ["b.yaml:1:8 not-stripped seal.header"]);
    assert!(passing(&[&strip("x-tenancy-seal"), &mesh]).is_empty());
    let named = with(MESH, &verify.replacen('{', "{header: X-Seal, ", 1));
    assert_eq!(passing(&[&strip("x-tenancy-seal"), &named]), ["b.yaml:1:17 not-stripped seal.header"]);
    assert!(passing(&[&strip("x_seal"), &named]).is_empty());
}

#[test]
fn its_member_where_the_mesh_writes_baggage() {
    let mesh = with(&MESH.replace("{header: x-tenant}", "{baggage: t}"), &format!("{{verify: {{k1: {KEY}}}}}"));
    let strip = STRIP.replace("x-tenant", "x-tenancy-seal");
    let dropping = strip.replacen('{', "{foreignBaggage: drop, ", 1);
    assert!(passing(&[&strip, &mesh]).contains(&"b.yaml:1:8 not-stripped seal.baggage".to_owned()));
    assert!(passing(&[&dropping, &mesh]).is_empty());
}

#[test]
fn the_first_of_two_instances_strips_what_the_second_makes() {
    let signing = with(EDGE, "{sign: {key: k1, privateKeyEnv: K}}");
    let resolving = plugin("AUTHZ", "app: gateway", &signing);
    let found = passing(&[&resolving, &plugin("AUTHN", "app: gateway", STRIP)]);
    assert_eq!(found, ["a.yaml:6:24 strip-incomplete seal.header"]);
    let strip = STRIP.replace("x-tenant", "x-tenant, x-tenancy-seal");
    assert!(passing(&[&resolving, &plugin("AUTHN", "app: gateway", &strip)]).is_empty());
}

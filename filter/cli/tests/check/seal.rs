//! Seals of an edge that cannot be made, or that the mesh does not believe.

use integration::{Seals, seals};
use tenancy::Kind;

use super::rules::{EDGE, MESH, envoy_filter, filter, found, plugin, policy};

/// An edge that signs with `k1`, and how it has its private key.
fn edge(private_key: &str) -> String {
    let seal = format!("seal: {{sign: {{key: k1, {private_key}}}}}");
    EDGE.replace("role: edge", &format!("role: edge, {seal}"))
}

const FROM_ENVIRONMENT: &str = "privateKeyEnv: KEY";

/// An instance of the mesh with these public keys.
fn mesh(keys: &[(&str, &str)]) -> String {
    let keys: Vec<_> = keys.iter().map(|(name, key)| format!("{name}: \"{key}\"")).collect();
    MESH.replace("role: mesh", &format!("role: mesh, seal: {{verify: {{{}}}}}", keys.join(", ")))
}

/// The findings about seals.
fn about_seals(texts: &[&str]) -> Vec<String> {
    found(texts).into_iter().filter(|line| line.contains("seal-")).collect()
}

#[test]
fn the_mesh_has_to_list_each_key_that_signs() {
    let Seals { keys, .. } = seals().unwrap();
    let (k1, k0) = (&keys["k1"], &keys["k0"]);
    let by_name = edge(FROM_ENVIRONMENT);
    assert!(about_seals(&[&by_name, &mesh(&[("k1", &k1.public)])]).is_empty());
    assert!(about_seals(&[&by_name, &mesh(&[("k0", &k0.public), ("k1", &k1.public)])]).is_empty());
    assert_eq!(about_seals(&[&by_name, &mesh(&[("k0", &k0.public)])]), ["b.yaml:1:41 seal-mismatch seal.verify"]);
    assert!(about_seals(&[&by_name, MESH]).is_empty(), "it verifies none");
    assert!(about_seals(&[EDGE, &mesh(&[("k0", &k0.public)])]).is_empty(), "nobody signs here");
}

#[test]
fn a_private_key_in_the_configuration_has_to_be_that_of_the_public_one() {
    let Seals { keys, .. } = seals().unwrap();
    let (k1, k0) = (&keys["k1"], &keys["k0"]);
    let inline = edge(&format!("privateKey: {}", k1.private));
    assert!(about_seals(&[&inline, &mesh(&[("k1", &k1.public)])]).is_empty());
    let other = mesh(&[("k1", &k0.public)]);
    assert_eq!(about_seals(&[&inline, &other]), ["b.yaml:1:46 seal-mismatch seal.verify.k1"]);
    assert!(about_seals(&[&edge(FROM_ENVIRONMENT), &other]).is_empty(), "the private key is not known");
}

#[test]
fn several_edges_may_have_a_key_each() {
    let Seals { keys, .. } = seals().unwrap();
    let (k1, k0) = (&keys["k1"].public, &keys["k0"].public);
    let edges = [edge(FROM_ENVIRONMENT), edge(FROM_ENVIRONMENT).replace("key: k1", "key: k0")];
    let sidecar = |keys: &[(&str, &str)]| about_seals(&[&edges[0], &edges[1], &mesh(keys)]);
    assert!(sidecar(&[("k1", k1), ("k0", k0)]).is_empty());
    assert_eq!(sidecar(&[("k1", k1)]), ["c.yaml:1:41 seal-mismatch seal.verify"]);
}

#[test]
fn sidecars_in_kubernetes_and_an_envoy_alone_are_not_compared() {
    let k0 = &seals().unwrap().keys["k0"].public;
    assert!(about_seals(&[&edge(FROM_ENVIRONMENT), &plugin("AUTHN", "app: shop", &mesh(&[("k0", k0)]))]).is_empty());
}

/// What is found where a plugin of each kind has this environment, which the kinds say in their own ways.
fn by_environment(kind: Kind, environment: &str) -> Vec<String> {
    let edge = edge(FROM_ENVIRONMENT);
    let in_filter =
        |text: String| text.replace("config: {configuration", &format!("config: {{{environment}configuration"));
    let text = match kind {
        Kind::WasmPlugin => plugin("AUTHN", "app: gateway", &edge).replace("spec:", &format!("spec:\n  {environment}")),
        Kind::TrafficExtension => {
            format!("kind: TrafficExtension\nspec: {{phase: AUTHN, wasm: {{{environment}pluginConfig: {edge}}}}}\n")
        }
        Kind::EnvoyExtensionPolicy => policy(&format!("{{{environment}config: {edge}}}")),
        Kind::EnvoyFilter => in_filter(envoy_filter("INSERT_FIRST", "GATEWAY", &edge)),
        Kind::Envoy => in_filter(format!("http_filters:\n- {}\n", filter(&edge))),
        Kind::Bare => edge,
    };
    let found = about_seals(&[&text]);
    found.iter().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
}

#[test]
fn an_edge_is_given_the_variable_of_its_key() {
    let missing = ["seal-key-missing seal.sign.privateKeyEnv"];
    for (kind, environments) in [
        (Kind::WasmPlugin, &["vmConfig: {env: [{name: A, value: a}, {name: KEY, valueFrom: HOST}]}\n  "][..]),
        (Kind::TrafficExtension, &["vmConfig: {env: [{name: KEY, valueFrom: HOST}]}, "]),
        (Kind::EnvoyExtensionPolicy, &["env: {hostKeys: [A, KEY]}, "]),
        (
            Kind::EnvoyFilter,
            &[
                "vm_config: {environment_variables: {host_env_keys: [KEY]}}, ",
                "vmConfig: {environmentVariables: {hostEnvKeys: [KEY]}}, ",
            ],
        ),
        (
            Kind::Envoy,
            &[
                "vm_config: {environment_variables: {host_env_keys: [KEY]}}, ",
                "vm_config: {environment_variables: {key_values: {A: a, KEY: k}}}, ",
            ],
        ),
    ] {
        assert_eq!(by_environment(kind, ""), missing, "{kind}");
        for environment in environments {
            assert!(by_environment(kind, environment).is_empty(), "{kind}: {environment}");
            assert_eq!(by_environment(kind, &environment.replace("KEY", "OTHER")), missing, "{kind}: {environment}");
        }
    }
}

#[test]
fn nothing_says_what_environment_a_configuration_alone_gets() {
    assert!(about_seals(&[&edge(FROM_ENVIRONMENT)]).is_empty());
    let inline = edge(&format!("privateKey: {}", seals().unwrap().keys["k1"].private));
    assert!(about_seals(&[&plugin("AUTHN", "app: gateway", &inline)]).is_empty());
}

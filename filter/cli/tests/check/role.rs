//! The rules on roles: where each may attach, and what is told without one.

use super::rules::{EDGE, MESH, STRIP, attached, found, plugin};

const GATEWAY: &str = "kind: Gateway\nmetadata: {name: g, namespace: s}\nspec: {gatewayClassName: istio}\n";

/// R41.
#[test]
fn a_waypoint_takes_targets_and_its_own_role() {
    let waypoint = MESH.replace("mesh", "waypoint");
    let strips = plugin("AUTHN", "app: gateway", STRIP);
    let targeting = |target: &str, configuration: &str| {
        let targets = format!("targetRefs: [{target}]");
        plugin("AUTHZ", "app: w", configuration).replace("selector: {matchLabels: {app: w}}", &targets)
    };
    let never = ["a.yaml:5:13 never-attaches spec.selector"];
    assert_eq!(found(&[&plugin("AUTHZ", "app: w", &waypoint), &strips]), never);
    let nowhere = plugin("AUTHZ", "app: w", &waypoint).replace("  selector: {matchLabels: {app: w}}\n", "");
    assert_eq!(found(&[&nowhere, &strips]), ["a.yaml:4:3 never-attaches spec", "a.yaml:4:3 believes-clients spec"]);

    let gateway = "kind: Gateway\nmetadata: {name: g}\nspec: {gatewayClassName: acme-waypoint}\n";
    for target in
        ["{kind: Service, name: shop}", "{kind: GatewayClass, name: acme-waypoint}", "{kind: Gateway, name: g}"]
    {
        assert!(found(&[&targeting(target, &waypoint), &strips, gateway]).is_empty(), "{target}");
        let misplaced = found(&[&targeting(target, MESH), &strips, gateway]);
        assert_eq!(misplaced, ["a.yaml:5:16 misplaced spec.targetRefs[0]"], "{target}");
        let one = targeting(target, MESH).replace(&format!("targetRefs: [{target}]"), &format!("targetRef: {target}"));
        assert_eq!(found(&[&one, &strips, gateway]), ["a.yaml:5:14 misplaced spec.targetRef"], "{target}");
    }
    let other = "{kind: Gateway, name: other}";
    assert!(found(&[&targeting(other, MESH), &strips, gateway]).is_empty());
    let elsewhere = gateway.replace("name: g", "name: g, namespace: t");
    assert!(found(&[&targeting("{kind: Gateway, name: g}", MESH), &strips, &elsewhere]).is_empty());
}

#[test]
fn whoever_attaches_to_a_gateway_must_not_believe_clients() {
    let strips = plugin("AUTHN", "app: gateway", STRIP);
    let by_target = plugin("AUTHZ", "app: w", MESH)
        .replace("selector: {matchLabels: {app: w}}", "targetRefs: [{kind: Gateway, name: g}]");
    let told = ["a.yaml:5:16 believes-clients spec.targetRefs[0]"];
    for class in ["istio", "envoy"] {
        let gateway = GATEWAY.replace("istio", class);
        assert_eq!(found(&[&by_target, &strips, &gateway]), told, "{class}");
        assert_eq!(found(&[&by_target.replace("mesh", "waypoint"), &strips, &gateway]), told, "{class}");
    }
    let believes_none = by_target.replace("role: mesh", "role: mesh, peers: mtls");
    assert!(!found(&[&believes_none, &strips, GATEWAY]).join("").contains("believes-clients"));
    let edge = by_target.replace(MESH, STRIP).replace("AUTHZ", "AUTHN");
    assert!(found(&[&edge, GATEWAY]).is_empty());
    for other in [("namespace: s", "namespace: t"), ("name: g", "name: h")] {
        assert!(found(&[&by_target, &strips, &GATEWAY.replace(other.0, other.1)]).is_empty(), "{other:?}");
    }
    let waypoint = GATEWAY.replace("istio", "acme-waypoint");
    assert_eq!(found(&[&by_target, &strips, &waypoint]), ["a.yaml:5:16 misplaced spec.targetRefs[0]"]);
    let unknown = GATEWAY.replace(", namespace: s", "");
    assert_eq!(found(&[&by_target, &strips, &unknown]), told, "kubectl may put it there");
    let policy = attached("kind: Gateway, name: g", "s", &format!("wasm: [{{config: {MESH}}}]"));
    assert_eq!(found(&[&policy, GATEWAY]), ["a.yaml:4:16 believes-clients spec.targetRefs[0]"]);
}

#[test]
fn labels_choose_the_pods_of_a_gateway() {
    let strips = plugin("AUTHN", "app: gateway", STRIP);
    let labelled = GATEWAY.replace("istio}", "istio, infrastructure: {labels: {a: b}}}");
    let by_name = "gateway.networking.k8s.io/gateway-name: g";
    for (selector, is_told) in [(by_name, true), ("a: b", true), ("a: c", false), ("app: w", false)] {
        let report = found(&[&plugin("AUTHZ", selector, MESH), &strips, &labelled]);
        let told = ["a.yaml:5:13 believes-clients spec.selector"];
        assert_eq!(report, if is_told { &told[..] } else { &[] }, "{selector}");
    }
}

/// R41. Istio attaches a plugin without selector to all of its namespace.
#[test]
fn a_sidecars_plugin_stays_out_of_the_gateways_namespace() {
    let told = ["a.yaml:4:3 believes-clients spec"];
    let strips = plugin("AUTHN", "app: gateway", STRIP);
    let of_all = plugin("AUTHZ", "app: w", MESH).replace("  selector: {matchLabels: {app: w}}\n", "");
    let strips_elsewhere = strips.replace("namespace: s", "namespace: t");
    assert_eq!(found(&[&of_all, &strips]), told);
    assert!(found(&[&of_all, &strips_elsewhere]).is_empty());
    assert!(found(&[&of_all.replace(", namespace: s", ""), &strips]).is_empty(), "kubectl may put it elsewhere");
    assert!(found(&[&of_all.replace("role: mesh", "role: mesh, peers: mtls"), &strips]).is_empty());
    for selected in ["selector: {matchLabels: {app: w}}", "targetRefs: [{kind: Service, name: w}]"] {
        let selected = of_all.replace("pluginConfig", &format!("{selected}\n  pluginConfig"));
        assert!(!found(&[&selected, &strips]).join("").contains("believes-clients"), "{selected}");
    }
    let of_root = of_all.replace("namespace: s", "namespace: istio-system");
    assert_eq!(found(&[&of_root, &strips]), told);
    let none = of_all.replace("pluginConfig", "selector: {matchLabels: {}}\n  pluginConfig");
    assert_eq!(found(&[&none, &strips]), told);

    assert_eq!(found(&[&of_all, &strips_elsewhere, GATEWAY]), told);
    for other in [("namespace: s", "namespace: t"), ("istio", "istio-waypoint"), ("istio", "envoy")] {
        let gateway = GATEWAY.replace(other.0, other.1);
        assert!(found(&[&of_all, &strips_elsewhere, &gateway]).is_empty(), "{other:?}");
    }
    assert_eq!(found(&[&of_root, &strips_elsewhere, GATEWAY]), told);
    let extension = "kind: TrafficExtension\nmetadata: {name: n, namespace: s}\nspec:\n  wasm: {pluginConfig: ";
    assert_eq!(found(&[&format!("{extension}{MESH}}}\n"), &strips]), told);
}

#[test]
fn a_role_that_is_none_is_told_alone() {
    for role in ["", "role: mash, ", "role: Edge, "] {
        let open = plugin("AUTHZ", "app: w", &EDGE.replace("role: edge, ", role))
            .replace("spec:", "spec:\n  failStrategy: FAIL_OPEN\n  match: [{mode: SERVER}]");
        let report = found(&[&open]);
        assert!(report.len() == 1 && report[0].ends_with(" configuration role"), "{report:?}");
        let sourceless = MESH.replace("role: mesh, ", role);
        assert_eq!(found(&[&plugin("AUTHZ", "app: w", &sourceless)]).len(), 1, "{role}");
        let targeted = plugin("AUTHZ", "app: w", &sourceless)
            .replace("selector: {matchLabels: {app: w}}", "targetRefs: [{kind: Gateway, name: g}]");
        assert_eq!(found(&[&targeted, GATEWAY]).len(), 1, "{role}");
    }
}

//! What counts as a placeholder that was left in, and what is another's example.

use tenancy::{Code, Source, check};

/// Where placeholders are found: the line, the plugin, and the path.
fn found(text: &str) -> Vec<String> {
    let report = check(&[Source { file: "a.yaml".into(), text: text.to_owned() }]);
    let findings = report.findings.iter().filter(|finding| finding.code == Code::Placeholder);
    findings.map(|it| format!("{} {} {}", it.place.line, it.plugin, it.path)).collect()
}

fn plugin(url: &str) -> String {
    format!(
        "kind: WasmPlugin\nmetadata: {{name: n}}\nspec:\n  url: {url}\n  pluginConfig: {{version: 1, role: edge, strip: [a]}}\n"
    )
}

#[test]
fn what_the_pages_say_of_the_image_is_no_image() {
    let zeros = "0".repeat(64);
    let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    for (url, is_left) in [
        ("oci://REGISTRY/tenancy-filter:0.1.0".into(), true),
        (format!("oci://REGISTRY/tenancy-filter@sha256:{digest}"), true),
        ("oci://ghcr.io/acme/tenancy-filter@sha256:DIGEST".into(), true),
        (format!("oci://ghcr.io/acme/tenancy-filter@sha256:{zeros}"), true),
        (format!("oci://ghcr.io/acme/tenancy-filter@sha256:{digest}"), false),
        ("oci://localhost:5000/tenancy-filter:0.1.0".into(), false),
    ] {
        let expected = if is_left { vec!["4 n spec.url"] } else { vec![] };
        assert_eq!(found(&plugin(&url)), expected, "{url}");
    }
}

/// What `wasm-plugin/manifests/seal` has for a key, which is none to the filter either.
#[test]
fn a_public_key_is_left_in() {
    let mesh = "{version: 1, role: mesh, tenant: {to: [{header: a}]}, seal: {verify: {k1: BASE64-OF-THE-PUBLIC-KEY}}}";
    let text = plugin("oci://a").replace("{version: 1, role: edge, strip: [a]}", mesh);
    let report = check(&[Source { file: "a.yaml".into(), text: text.clone() }]);
    let codes: Vec<_> = report.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [Code::Configuration, Code::Placeholder]);
    assert_eq!(found(&text), ["5 n seal.verify.k1"]);
}

#[test]
fn a_kustomization_names_the_image_and_what_it_stands_for() {
    let of = |kind: &str, image: &str| {
        format!("kind: {kind}\nmetadata: {{name: www.example.com}}\nimages:\n- {image}\nnamespace: www.example.com\n")
    };
    let sought = "name: oci://registry.example.com/a";
    for kind in ["Kustomization", "Component"] {
        let left = of(kind, &format!("{{{sought}, newName: oci://registry.example.com/a}}"));
        assert_eq!(found(&left), ["4 www.example.com images[0].newName"], "{kind}");
        let left = of(kind, &format!("{{{sought}, newName: oci://b, digest: 'sha256:DIGEST'}}"));
        assert_eq!(found(&left), ["4 www.example.com images[0].digest"], "{kind}");
        assert!(found(&of(kind, &format!("{{{sought}, newName: oci://b/a}}"))).is_empty(), "{kind}");
    }
}

#[test]
fn others_may_give_examples() {
    let note = "metadata: {annotations: {last: 'oci://registry.example.com/a'}}";
    let noted = plugin("oci://a").replace("metadata: {name: n}", note);
    let told = plugin("oci://a").replace("spec:", "spec:\n  # at www.example.com\n  about: as at www.example.com");
    let json = plugin("oci://a").replace("spec:", "spec:\n  was: '{\"host\":\"www.example.com\"}'");
    let kind = "kind: CustomResourceDefinition\nspec: {example: www.example.com}\n";
    let map = "kind: ConfigMap\ndata: {host: www.example.com}\n";
    for text in [&noted, &told, &json, kind, map, "host: www.example.com\n"] {
        assert!(found(text).is_empty(), "{text}");
    }
    let route = "kind: HTTPRoute\nmetadata: {name: r, namespace: s}\nspec:\n  hostnames: ['*.www.example.com']\n";
    assert_eq!(found(route), ["4 s/r spec.hostnames[0]"]);
}

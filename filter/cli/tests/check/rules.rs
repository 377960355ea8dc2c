//! The rules on kinds that we do not ship, and on files together.

use tenancy::{Source, check};

pub(super) const EDGE: &str =
    "{version: 1, role: edge, tenant: {from: [{host: '{tenant}.a.com'}], to: [{header: x-tenant}]}}";
pub(super) const STRIP: &str = "{version: 1, role: edge, strip: [x-tenant]}";
pub(super) const MESH: &str = "{version: 1, role: mesh, tenant: {to: [{header: x-tenant}]}}";

/// What is found, a line each: file, place, code and path.
pub(super) fn found(texts: &[&str]) -> Vec<String> {
    let file = |index: usize| ["a.yaml", "b.yaml", "c.yaml"][index].to_owned();
    let source = |(index, text): (usize, &&str)| Source { file: file(index), text: (*text).to_owned() };
    let report = check(&texts.iter().enumerate().map(source).collect::<Vec<_>>());
    assert!(report.broken.is_empty(), "{:?}: {texts:?}", report.broken);
    let shown = |finding: &tenancy::Finding| {
        let (file, place, code) = (&finding.file, &finding.place, finding.code.word());
        format!("{file}:{}:{} {code} {}", place.line, place.column, finding.path)
    };
    report.findings.iter().map(shown).collect()
}

pub(super) fn plugin(phase: &str, selector: &str, configuration: &str) -> String {
    let spec = format!("phase: {phase}\n  selector: {{matchLabels: {{{selector}}}}}\n  pluginConfig: {configuration}");
    format!("kind: WasmPlugin\nmetadata: {{name: n, namespace: s}}\nspec:\n  {spec}\n")
}

pub(super) fn policy(plugin: &str) -> String {
    format!("kind: EnvoyExtensionPolicy\nmetadata: {{name: n}}\nspec:\n  wasm:\n  - {plugin}\n")
}

/// A filter of Envoy with a configuration.
pub(super) fn filter(configuration: &str) -> String {
    let kind = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
    let text = format!("{{'@type': a/google.protobuf.StringValue, value: \"{}\"}}", json(configuration));
    format!("{{name: ours, typed_config: {{'@type': {kind}, config: {{configuration: {text}}}}}}}")
}

/// A configuration as JSON in a double-quoted scalar.
pub(super) fn json(configuration: &str) -> String {
    let value: serde_json::Value = serde_norway::from_str(configuration).unwrap();
    value.to_string().replace('"', "\\\"")
}

pub(super) fn envoy_filter(operation: &str, context: &str, configuration: &str) -> String {
    let value = filter(configuration);
    let patch = format!("match: {{context: {context}}}\n    patch: {{operation: {operation}, value: {value}}}");
    let spec = format!(
        "workloadSelector: {{labels: {{app: gateway}}}}\n  configPatches:\n  - applyTo: HTTP_FILTER\n    {patch}"
    );
    format!("kind: EnvoyFilter\nmetadata: {{name: n, namespace: s}}\nspec:\n  {spec}\n")
}

#[test]
fn a_policy_of_envoy_gateway_must_not_fail_open() {
    let open = policy(&format!("{{failOpen: true, config: {EDGE}}}"));
    assert_eq!(found(&[&open]), ["a.yaml:5:16 fail-open spec.wasm[0].failOpen"]);
    assert!(found(&[&policy(&format!("{{failOpen: false, config: {EDGE}}}"))]).is_empty());
}

#[test]
fn a_mesh_that_strips_unknown_peers_must_not_fail_open() {
    for (peers, expected) in [("mtls", vec!["a.yaml:5:16 fail-open spec.wasm[0].failOpen"]), ("any", vec![])] {
        let mesh = MESH.replace("role: mesh", &format!("role: mesh, peers: {peers}"));
        assert_eq!(found(&[&policy(&format!("{{failOpen: true, config: {mesh}}}"))]), expected);
    }
}

#[test]
fn one_chain_is_one_selector_of_one_namespace() {
    let resolving = plugin("AUTHZ", "app: gateway", EDGE);
    let missing = ["a.yaml:4:10 strip-missing spec.phase"];
    assert_eq!(found(&[&resolving]), missing);
    assert!(found(&[&resolving, &plugin("AUTHN", "app: gateway", STRIP)]).is_empty());
    assert_eq!(found(&[&resolving, &plugin("AUTHN", "app: other", STRIP)]), missing);
    let elsewhere = plugin("AUTHN", "app: gateway", STRIP).replace("namespace: s", "namespace: t");
    assert_eq!(found(&[&resolving, &elsewhere]), missing);
    let target = |text: &str| text.replace("selector: {matchLabels: {app: gateway}}", "targetRefs: [{name: g}]");
    assert_eq!(found(&[&target(&resolving), &plugin("AUTHN", "app: gateway", STRIP)]), missing);
    assert!(found(&[&target(&resolving), &target(&plugin("AUTHN", "app: gateway", STRIP))]).is_empty());
}

#[test]
fn an_envoy_filter_may_strip_for_a_plugin() {
    let resolving = plugin("AUTHZ", "app: gateway", EDGE);
    assert!(found(&[&resolving, &envoy_filter("INSERT_FIRST", "GATEWAY", STRIP)]).is_empty());
    let sidecar = envoy_filter("INSERT_FIRST", "SIDECAR_INBOUND", STRIP);
    assert_eq!(found(&[&resolving, &sidecar]), ["a.yaml:4:10 strip-missing spec.phase"]);
}

#[test]
fn an_edge_that_is_first_strips_for_itself() {
    assert!(found(&[&plugin("AUTHN", "app: gateway", EDGE)]).is_empty());
    assert!(found(&[&envoy_filter("INSERT_FIRST", "GATEWAY", EDGE)]).is_empty());
    assert!(found(&[EDGE]).is_empty());
}

#[test]
fn several_edges_have_to_strip_each() {
    let mesh = plugin("AUTHZ", "app: shop", MESH);
    let strips = plugin("AUTHN", "app: gateway", STRIP);
    assert!(found(&[&mesh, &strips]).is_empty());
    let other = plugin("AUTHN", "app: other", &STRIP.replace("x-tenant", "x-other"));
    let report = found(&[&mesh, &strips, &other]);
    assert_eq!(report, ["a.yaml:6:65 not-stripped tenant.to[0].header"]);
}

#[test]
fn configurations_alone_are_one_edge_and_one_mesh() {
    let strip = STRIP.replace("x-tenant", "x-other");
    assert!(found(&[EDGE, &strip, MESH]).is_empty());
    assert_eq!(found(&[&strip, MESH]), ["b.yaml:1:49 not-stripped tenant.to[0].header"]);
}

#[test]
fn a_prefix_and_a_believed_source_are_stripped_too() {
    let mesh = MESH.replace("x-tenant", "X-Tenant");
    assert!(found(&[&STRIP.replace("x-tenant", "x-ten*"), &mesh]).is_empty());
    assert!(found(&[&EDGE.replace("{host: '{tenant}.a.com'}", "{header: x_tenant, trust: anyone}"), &mesh]).is_empty());
}

#[test]
fn a_chain_of_filters_is_read_from_its_list() {
    let other = |kind: &str| format!("{{name: a, typed_config: {{'@type': a/envoy.extensions.filters.http.{kind}}}}}");
    let list = |filters: &[String]| format!("http_filters:\n- {}\n", filters.join("\n- "));
    let (strip, edge) = (filter(STRIP), filter(EDGE));
    let [rbac, buffer] = [other("rbac.v3.RBAC"), other("buffer.v3.Buffer")];
    assert!(found(&[&list(&[strip.clone(), rbac.clone(), edge.clone()])]).is_empty());
    assert!(found(&[&list(&[buffer, edge.clone()])]).is_empty());
    let path = "http_filters[1].typed_config.config";
    assert_eq!(
        found(&[&list(&[rbac.clone(), edge])])[0].split(' ').skip(1).collect::<Vec<_>>(),
        ["strip-missing", path]
    );
    assert_eq!(found(&[&list(&[rbac, strip])])[0].split(' ').skip(1).collect::<Vec<_>>(), ["strip-late", path]);
}

#[test]
fn a_field_is_shown_in_text_that_is_quoted_or_folded() {
    let wrong = filter(&STRIP.replace("x-tenant", "x tenant"));
    assert_eq!(
        found(&[&format!("- {wrong}")])[0].split(' ').skip(1).collect::<Vec<_>>(),
        ["configuration", "strip[0]"]
    );
}

#[test]
fn no_plugin_of_others_comes_before_what_strips() {
    let strip =
        |priority: &str| plugin("AUTHN", "app: gateway", STRIP).replace("spec:", &format!("spec:\n  {priority}"));
    let other = |text: &str, priority: u32| {
        let other = plugin(text, "app: gateway", "{rules: []}");
        other.replace("spec:", &format!("spec:\n  priority: {priority}")).replace("name: n", "name: other")
    };
    assert_eq!(found(&[&strip("priority: 7"), &other("AUTHN", 8)]), ["a.yaml:4:13 strip-late spec.priority"]);
    assert_eq!(found(&[&strip("url: a"), &other("AUTHN", 8)]), ["a.yaml:4:3 strip-late spec"]);
    assert!(found(&[&strip("priority: 7"), &other("AUTHN", 7)]).is_empty());
    assert!(found(&[&strip("priority: 7"), &other("AUTHZ", 8)]).is_empty());
    assert!(found(&[&strip("priority: 7"), &other("AUTHN", 8).replace("app: gateway", "app: other")]).is_empty());
}

#[test]
fn a_provider_may_stand_in_another_document() {
    let provider = "- {'@type': a/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication, \
                    providers: {p: {payload_in_metadata: payload}}}";
    let resolving = EDGE
        .replace("{host: '{tenant}.a.com'}", "{claim: t}")
        .replace("role: edge", "role: edge, verified: {issuers: [i]}");
    assert_eq!(found(&[&resolving, provider]), ["b.yaml:1:92 issuer-missing [0].providers.p"]);
    assert!(found(&[EDGE, provider]).is_empty());
    assert!(found(&[&resolving, &provider.replace(": payload}", ": other}")]).is_empty());
    assert!(found(&[&resolving, &provider.replace("{payload_", "{issuer: i, payload_")]).is_empty());
}

/// A policy of Envoy Gateway for one thing, with what else its spec says.
pub(super) fn attached(to: &str, namespace: &str, more: &str) -> String {
    let metadata = format!("metadata: {{name: n, namespace: {namespace}}}");
    format!("kind: EnvoyExtensionPolicy\n{metadata}\nspec:\n  targetRefs: [{{{to}}}]\n  {more}\n")
}

/// What a Gateway needs, and then a policy of a team.
fn on_gateway(team: &str) -> Vec<String> {
    let gateway = attached("kind: Gateway, name: g", "edge", &format!("wasm: [{{config: {EDGE}}}]"));
    let early = "headers: {earlyRequestHeaders: {remove: [x-tenant]}}";
    let early = attached("kind: Gateway, name: g", "edge", early).replace("EnvoyExtension", "ClientTraffic");
    found(&[&gateway, &early, team])
}

#[test]
fn a_policy_of_a_team_switches_the_gateways_off() {
    let off = ["c.yaml:4:16 switched-off spec.targetRefs[0]"];
    for kind in ["HTTPRoute", "GRPCRoute", "ListenerSet"] {
        assert_eq!(on_gateway(&attached(&format!("kind: {kind}, name: r"), "team", "lua: []")), off, "{kind}");
    }
    assert_eq!(on_gateway(&attached("kind: Gateway, name: g, sectionName: l", "edge", "lua: []")), off);
    for other in ["kind: Gateway, name: g", "kind: Gateway, name: h", "kind: Gateway, name: h, sectionName: l"] {
        assert!(on_gateway(&attached(other, "edge", "lua: []")).is_empty(), "{other}");
    }
    assert!(on_gateway(&attached("kind: Gateway, name: g, sectionName: l", "team", "lua: []")).is_empty());
    let by_label = attached("kind: HTTPRoute", "team", "lua: []").replace("targetRefs", "targetSelectors");
    assert_eq!(on_gateway(&by_label), ["c.yaml:4:21 switched-off spec.targetSelectors[0]"]);
    assert_eq!(on_gateway(&attached("kind: HTTPRoute, name: r", "team", "mergeType: null\n  lua: []")), off);
    let single = "kind: EnvoyExtensionPolicy\nspec: {targetRef: {kind: HTTPRoute, name: r}}";
    assert_eq!(on_gateway(single), ["c.yaml:2:19 switched-off spec.targetRef"]);
}

#[test]
fn a_merged_policy_has_no_plugins_of_its_own() {
    let merged =
        |more: &str| attached("kind: HTTPRoute, name: r", "team", &format!("mergeType: StrategicMerge\n  {more}"));
    assert!(on_gateway(&merged("lua: []")).is_empty());
    assert!(on_gateway(&merged("wasm: []")).is_empty());
    let replaced = ["c.yaml:6:9 switched-off spec.wasm"];
    assert_eq!(on_gateway(&merged("wasm: [{config: {rules: []}}]")), replaced);
    assert_eq!(on_gateway(&merged(&format!("wasm: [{{config: {}}}]", STRIP.replace("x-tenant", "x-a")))), replaced);
}

#[test]
fn a_policy_with_the_filter_may_replace_the_gateways() {
    let own = format!("wasm: [{{config: {EDGE}}}]");
    assert!(on_gateway(&attached("kind: HTTPRoute, name: r", "team", &own)).is_empty());
}

#[test]
fn without_a_filter_on_the_gateway_no_policy_switches_it_off() {
    assert!(found(&[&attached("kind: HTTPRoute, name: r", "team", "lua: []")]).is_empty());
    let mesh = attached("kind: Gateway, name: g", "edge", &format!("wasm: [{{config: {MESH}}}]"));
    assert!(found(&[&mesh, &attached("kind: HTTPRoute, name: r", "team", "lua: []")]).is_empty());
}

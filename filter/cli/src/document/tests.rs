use serde_json::{Map, Value};

use super::*;

const CONFIGURATION: &str = r#"{"version": 1, "role": "edge", "tenant": {"from": [{"host": "{tenant}.a\u002ecom"}], "to": [{"header": "x-é"}]}}"#;

/// A filter whose configuration is the text that is written so.
fn filter(written: &str) -> String {
    format!(
        r#"
- typed_config:
    "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
    config:
      name: tenancy
      configuration:
        "@type": type.googleapis.com/google.protobuf.StringValue
        value: {written}
"#
    )
}

/// The one configuration of a text.
fn one(text: &str) -> Found {
    let Documents { mut found, left_out, broken, all: _ } = find(text, "stem");
    assert_eq!((found.len(), left_out, broken), (1, vec![], None), "{text}");
    found.remove(0)
}

/// What stands at a place.
fn at<'t>(text: &'t str, place: &Place) -> (usize, usize, &'t str) {
    (place.line, place.column, text.get(place.bytes.clone()).unwrap())
}

/// The same without what quotes it.
fn shown<'t>(text: &'t str, place: &Place) -> &'t str {
    at(text, place).2.trim_matches(['"', '\\'])
}

/// The paths of all scalars, each with its value.
fn leaves(path: &str, value: &Value, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, field)| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            leaves(&path, field, found);
        }),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, entry)| leaves(&format!("{path}[{index}]"), entry, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            found.push((path.to_owned(), value.clone()));
        }
    }
}

/// JSON on several lines, with what needs an escape in one style or another.
fn styles() -> Vec<(&'static str, String)> {
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<Value>(CONFIGURATION).unwrap()).unwrap();
    let indented = |indent: &str| pretty.lines().map(|line| format!("{indent}{line}\n")).collect::<String>();
    let escaped = CONFIGURATION.replace('\\', "\\\\").replace('"', "\\\"");
    vec![
        ("literal", format!("|\n{}", indented("          "))),
        ("literal, stripped, indented by hand", format!("|2- # as it is\n{}", indented("          "))),
        ("literal with an anchor", format!("&text |-\n{}", indented("          "))),
        ("folded", format!(">-\n{}", indented("          "))),
        ("folded with a tag", format!("!!str >\n\n{}", indented("           "))),
        ("single-quoted", format!("'{CONFIGURATION}' # it's")),
        ("single-quoted on several lines", format!("'{}'", pretty.replace('\n', "\n          "))),
        ("double-quoted", format!("!!str \"{escaped}\" # a \"comment\"")),
        ("double-quoted on several lines", format!("\"{}\"", escaped.replace(": ", ":\\\n          \\ \\x20"))),
    ]
}

#[test]
fn a_field_is_found_in_text_of_every_style() {
    for (style, written) in styles() {
        let text = filter(&written);
        let found = one(&text);
        let json: Value = serde_json::from_str(&found.json).unwrap();
        assert_eq!(json, serde_json::from_str::<Value>(CONFIGURATION).unwrap(), "{style}");
        let shown = |path| shown(&text, &found.place(path));
        assert_eq!((shown("role"), shown("tenant.to[0].header")), ("edge", "x-é"), "{style}: {text}");
        assert_eq!((shown("version"), shown("tenant.from")), ("1", "["), "{style}: {text}");
        assert!(shown("tenant.from[0].host").starts_with("{tenant}.a"), "{style}: {text}");
        let key = found.key_place("tenant.to[0].header");
        assert_eq!(self::shown(&text, &key), "header", "{style}: {text}");
        let line = text.lines().nth(key.line - 1).unwrap();
        assert_eq!(line.chars().nth(key.column - 1), at(&text, &key).2.chars().next(), "{style}: {text}");
    }
}

#[test]
fn every_field_of_every_manifest_is_where_its_text_is() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut configurations = 0;
    for file in [
        "wasm-plugin/manifests/gateway/plugins.yaml",
        "wasm-plugin/manifests/traffic-extension/sidecars/extension.yaml",
        "envoyfilter/gateway.yaml",
        "envoyfilter/sidecar.yaml",
        "envoyfilter/bootstrap/gateway.yaml",
    ] {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        for found in find(&text, "stem").found {
            configurations += 1;
            let mut values = Vec::new();
            leaves("", &serde_json::from_str(&found.json).unwrap(), &mut values);
            for (path, value) in values {
                let place = found.place(&path);
                let expected = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let (line, column, shown) = at(&text, &place);
                assert_eq!(shown.trim_matches('"'), expected, "{file}:{line}:{column}: {path}");
                let line = text.lines().nth(line - 1).unwrap();
                assert!(line.chars().skip(column - 1).collect::<String>().starts_with(shown), "{file}: {path}");
            }
        }
    }
    assert_eq!(configurations, 8);
}

#[test]
fn what_is_missing_is_where_it_would_be() {
    let text = "version: 1\nrole: edge\ntenant:\n  to: [{header: a}, {}]\n  \"a.b[0]\": 1\n";
    let found = one(text);
    for (path, expected) in [
        ("", (1, 1, "version")),
        ("verified.issuers", (1, 1, "version")),
        ("tenant.from", (4, 3, "to")),
        ("tenant.to[1].header", (4, 21, "{")),
        ("tenant.to[2]", (4, 7, "[")),
        ("tenant.a.b[0]", (5, 13, "1")),
    ] {
        assert_eq!(at(text, &found.place(path)), expected, "{path}");
    }
    assert_eq!(at(text, &found.key_place("tenant.a.b[0]")), (5, 3, "\"a.b[0]\""));
    let plugin = "kind: WasmPlugin\nspec:\n  url: oci://r/tenancy-filter:1\n";
    let found = one(plugin);
    assert_eq!((found.json.as_str(), at(plugin, &found.place("role"))), ("", (3, 3, "url")));
}

#[test]
fn what_is_no_json_is_where_it_ends_to_be_json() {
    for (json, expected) in [
        ("{\"version\": 1,\n            \"role\" \"edge\"}", (10, 20, "\"")),
        ("{\"version\": 1,\n            \"version\": 1}", (10, 13, "\"version\"")),
        ("{\"version\": 1,", (9, 24, ",")),
        ("version: 1", (9, 11, "version")),
    ] {
        let text = filter(&format!("|\n          {json}\n"));
        let text = text.replace("name: tenancy", "name: tenancy-filter");
        let place = one(&text).place("");
        let (line, column, shown) = at(&text, &place);
        assert!(expected.2.starts_with(shown), "{shown}: {text}");
        assert_eq!((line, column), (expected.0, expected.1), "{shown}: {text}");
    }
}

#[test]
fn a_document_that_says_nothing_of_us_is_left_out_with_the_reason() {
    let text =
        "kind: Gateway\n---\nkind: WasmPlugin\nspec: {url: a, pluginConfig: {rules: []}}\n---\n# nothing\n---\na: 1\n";
    let documents = find(text, "stem");
    let reasons: Vec<_> = documents.left_out.iter().map(|left| (left.place.line, left.reason.as_str())).collect();
    assert_eq!(
        reasons,
        [
            (1, "Gateway, a kind that holds no plugin configuration"),
            (3, "WasmPlugin without a configuration of the filter"),
            (8, "neither a plugin configuration, nor an Envoy configuration with one, nor a Kubernetes resource"),
        ]
    );
    assert!(documents.found.is_empty());
}

#[test]
fn what_is_no_yaml_is_told_with_its_place_behind_what_is() {
    let configuration = "version: 1\nrole: edge\nstrip: [a]\n";
    for (mistake, line, column) in [("a: [", 6, 1), ("a: 1\na: 2", 6, 1), ("a: *b", 5, 4)] {
        let documents = find(&format!("{configuration}---\n{mistake}\n"), "stem");
        assert_eq!(documents.found.len(), 1);
        let broken = documents.broken.expect(mistake);
        assert_eq!((broken.place.line, broken.place.column), (line, column), "{mistake}: {broken:?}");
    }
}

#[test]
fn aliases_cannot_make_a_document_grow_without_end() {
    let mut text = "a0: &a0 [1]\n".to_owned();
    (1..40).for_each(|n| text += &format!("a{n}: &a{n} [*a{0}, *a{0}]\n", n - 1));
    assert!(find(&text, "stem").broken.expect("a bomb").message.contains("a million values"));
    assert!(find(&"[".repeat(100_000), "stem").broken.is_some());
}

#[test]
fn our_fields_are_those_of_the_filter() {
    let errors = tenancy_filter::Filter::from_config(br#"{"nothing": 0}"#).unwrap_err().to_string();
    let known = errors.lines().find_map(|line| line.strip_prefix("nothing: unknown field; known here: ")).unwrap();
    assert_eq!(known.split(", ").collect::<Vec<_>>(), tenancy_filter::CONFIG_FIELDS);
}

#[test]
fn the_plugins_of_every_kind_are_found() {
    let configuration = "{version: 1, role: edge, strip: [a]}";
    let text = CONFIGURATION.replace('\'', "''");
    let typed = format!(
        "{{'@type': a/envoy.extensions.filters.http.wasm.v3.Wasm, config: {{name: own, configuration: {{value: '{text}'}}}}}}"
    );
    let wrapped = format!(
        "{{'@type': a/udpa.type.v1.TypedStruct, type_url: a/envoy.extensions.filters.http.wasm.v3.Wasm, value: {{config: {{name: own, configuration: {{value: '{text}'}}}}}}}}"
    );
    let resource =
        |kind: &str, spec: &str| format!("kind: {kind}\nmetadata: {{name: a, namespace: b}}\nspec: {spec}\n");
    for (text, kind, name) in [
        (configuration.to_owned(), Kind::Bare, "stem"),
        (resource("WasmPlugin", &format!("{{pluginConfig: {configuration}}}")), Kind::WasmPlugin, "b/a"),
        (
            resource("TrafficExtension", &format!("{{wasm: {{pluginConfig: {configuration}}}}}")),
            Kind::TrafficExtension,
            "b/a",
        ),
        (
            resource("EnvoyExtensionPolicy", &format!("{{wasm: [{{name: c, config: {configuration}}}]}}")),
            Kind::EnvoyExtensionPolicy,
            "b/a/c",
        ),
        (resource("EnvoyFilter", &typed), Kind::EnvoyFilter, "b/a/own"),
        (resource("EnvoyFilter", &format!("[{wrapped}]")), Kind::EnvoyFilter, "b/a/own"),
        (format!("static_resources: {typed}"), Kind::Envoy, "own"),
        (
            format!("[{{kind: WasmPlugin, metadata: {{name: d}}, spec: {{pluginConfig: {configuration}}}}}]"),
            Kind::WasmPlugin,
            "d",
        ),
        (
            format!(
                "kind: List\nitems: [{{kind: WasmPlugin, metadata: {{name: d}}, spec: {{pluginConfig: {configuration}}}}}]"
            ),
            Kind::WasmPlugin,
            "d",
        ),
    ] {
        let found = one(&text);
        assert_eq!((found.kind, found.name.as_str()), (kind, name), "{text}");
        let fields: Map<String, Value> = serde_json::from_str(&found.json).unwrap();
        assert_eq!(fields["role"], "edge", "{text}");
    }
}

#[test]
fn json_with_surrogate_pairs_keeps_its_places() {
    let json = r#"{"version": 1, "role": "\ud83d\uDE00", "strip": ["a"]}"#;
    for text in [json.to_owned(), filter(&format!("|\n          {json}\n"))] {
        let found = one(&text);
        assert_eq!(shown(&text, &found.place("strip[0]")), "a", "{text}");
    }
    assert_eq!(one(&filter(&format!("'{json}'"))).json, json, "what is in a text stays");
}

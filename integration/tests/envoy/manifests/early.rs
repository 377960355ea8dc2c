//! The manifests remove the same headers twice: exact names before Envoy chooses a route, and all spellings in the filter.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{EARLY, all, documents};

/// The headers that an edge removes whole and believes of no client. A route matches no prefix of names.
pub(crate) fn never_believed(configuration: &Value) -> BTreeSet<String> {
    let list = |path: &str| configuration.pointer(path).and_then(Value::as_array).cloned().unwrap_or_default();
    let all = |paths: &[&str]| paths.iter().flat_map(|path| list(path)).collect::<Vec<_>>();
    let is_believed = |source: &Value| source["trust"] == "anyone" || source["trust"] == "verified";
    let (believed, mut removed): (Vec<_>, Vec<_>) =
        all(&["/tenant/from", "/overrides/from"]).into_iter().partition(is_believed);
    removed.extend(all(&["/tenant/to", "/overrides/to", "/projections"]));
    let names = |entries: &[Value]| -> BTreeSet<String> {
        entries.iter().filter_map(|entry| Some(entry["header"].as_str()?.to_lowercase())).collect()
    };
    let mut names = &names(&removed) - &names(&believed);
    names
        .extend(list("/strip").iter().filter_map(Value::as_str).filter(|name| !name.ends_with('*')).map(str::to_owned));
    let alone = ["tenant", "overrides"].iter().all(|name| configuration.get(name).is_none());
    let drops = configuration["foreignBaggage"].as_str().map_or(!alone, |foreign| foreign == "drop");
    let reads = believed.iter().any(|source| source.get("baggage").is_some());
    names.extend((drops && !reads).then(|| "baggage".to_owned()));
    names
}

/// What a connection manager, somewhere in these documents, removes before it chooses a route; a ClientTrafficPolicy says
/// so in words of its own.
pub(crate) fn removed_early(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(fields) => match (fields.get(EARLY), fields.get("earlyRequestHeaders")) {
            (Some(extensions), _) => {
                let mutations = extensions[0]["typed_config"]["mutations"].as_array().into_iter().flatten();
                mutations.filter_map(|mutation| mutation["remove"].as_str().map(str::to_owned)).collect()
            }
            (None, Some(headers)) => {
                let names = headers["remove"].as_array().into_iter().flatten();
                names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
            }
            (None, None) => fields.values().flat_map(removed_early).collect(),
        },
        Value::Array(entries) => entries.iter().flat_map(removed_early).collect(),
        _ => BTreeSet::new(),
    }
}

#[test]
fn what_is_removed_early_is_what_the_first_instance_believes_of_nobody() -> Result<()> {
    // The one instance of Envoy Gateway is the first, too.
    let policies = "wasm-plugin/manifests/envoy-gateway/policies.yaml";
    let apart = "wasm-plugin/manifests/early-strip/envoyfilter.yaml";
    for (file, early) in [
        ("envoyfilter/gateway.yaml", "envoyfilter/gateway.yaml"),
        ("envoyfilter/bootstrap/gateway.yaml", "envoyfilter/bootstrap/gateway.yaml"),
        ("envoyfilter/bootstrap/alone.yaml", "envoyfilter/bootstrap/alone.yaml"),
        ("wasm-plugin/manifests/gateway/plugins.yaml", apart),
        (policies, policies),
    ] {
        let first = all(file)?.into_iter().next().context("an instance")?;
        assert_eq!(removed_early(&documents(early)?.into()), never_believed(&first), "{file}");
    }
    // On the gateway of the plugins, in the words of the EnvoyFilter.
    let [apart, whole] = [apart, "envoyfilter/gateway.yaml"].map(documents);
    let [apart, whole] = [&apart?[0]["spec"], &whole?[0]["spec"]];
    let plugin = &documents("wasm-plugin/manifests/gateway/plugins.yaml")?[0]["spec"];
    assert_eq!(apart["workloadSelector"]["labels"], plugin["selector"]["matchLabels"]);
    assert_eq!(apart["configPatches"][0], whole["configPatches"][0]);
    Ok(())
}

/// Who may send it is believed, so it is not removed early.
#[test]
fn what_an_edge_believes_is_not_removed_early() {
    let configuration = json!({
        "tenant": {"from": [{"header": "x-want", "trust": "anyone"}, {"header": "x-old"}], "to": [{"header": "X-Want"}]},
        "overrides": {"from": [{"baggage": "o", "trust": "verified"}], "to": [{"header": "x-o"}]},
        "strip": ["x-a", "x-b-*"],
    });
    assert_eq!(Vec::from_iter(never_believed(&configuration)), ["x-a", "x-o", "x-old"]);
}

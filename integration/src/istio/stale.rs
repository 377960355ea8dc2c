//! Whether a recording is of the current manifests, and contains their settings.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};
use serde_json::Value;

use super::recording::Recording;
use super::resources::Resources;
use super::scenario::Scenario;

/// A header match: the name, the kind of match, and the value.
type Rule = (String, &'static str, String);

impl Recording {
    /// Fails if it was made from other documents, or lacks a plugin's configuration or one of their rules.
    pub(super) fn check(&self, scenario: &Scenario) -> Result<()> {
        self.check_documents(&scenario.documents())
    }

    /// The same of documents.
    pub(crate) fn check_documents(&self, documents: &[Value]) -> Result<()> {
        if let Some(changed) = documents.iter().find(|document| !self.manifests.contains(document)) {
            bail!("it was made without today's {}", title(changed));
        }
        ensure!(self.manifests.len() == documents.len(), "it was made with documents that are gone");
        let (plugins, rules) = (self.plugins(), self.rules());
        for document in documents {
            let spec = &document["spec"];
            let mut configurations = texts(spec);
            configurations.extend(spec.get("pluginConfig").or(spec["wasm"].get("pluginConfig")).cloned());
            // Envoy Gateway's policies hold a list.
            let listed = spec["wasm"].as_array().into_iter().flatten();
            configurations.extend(listed.filter_map(|plugin| plugin.get("config").cloned()));
            let lost = configurations.iter().any(|configuration| !plugins.contains(configuration));
            ensure!(!lost, "no proxy has the configuration of {}", title(document));
            for rule in rules_of(document) {
                ensure!(rules.contains(&rule), "no route has {rule:?} of {}", title(document));
            }
        }
        Ok(())
    }

    /// The configurations of all plugins, which have a resource of their own, and of filters in listeners.
    fn plugins(&self) -> Vec<Value> {
        let of = |resources: &Resources| {
            let all = resources.extensions.values().chain(resources.listeners.values());
            all.flat_map(texts).collect::<Vec<_>>()
        };
        self.proxies.values().flat_map(of).collect()
    }

    fn rules(&self) -> BTreeSet<Rule> {
        let mut rules = BTreeSet::new();
        for Resources { routes, .. } in self.proxies.values() {
            routes.values().for_each(|route| collect(route, &mut rules));
        }
        rules
    }
}

/// The configurations anywhere in this as text, as Envoy passes them to a module.
fn texts(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list.iter().flat_map(texts).collect(),
        Value::Object(object) => {
            let own = object.get("configuration").and_then(|it| serde_json::from_str(it["value"].as_str()?).ok());
            own.into_iter().chain(object.values().flat_map(texts)).collect()
        }
        _ => Vec::new(),
    }
}

/// The header matches of a VirtualService.
fn rules_of(document: &Value) -> Vec<Rule> {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let matches = list(&document["spec"], "http").into_iter().flat_map(|route| list(&route, "match"));
    let headers = matches.filter_map(|it| it["headers"].as_object().cloned()).flatten();
    headers.filter_map(|(name, how)| rule(&name, |kind| how[kind].as_str())).collect()
}

/// The header matches anywhere in a route.
fn collect(value: &Value, rules: &mut BTreeSet<Rule>) {
    if let (Some(name), Some(how)) = (value["name"].as_str(), value.get("string_match")) {
        let text = |kind| if kind == "regex" { how["safe_regex"]["regex"].as_str() } else { how[kind].as_str() };
        rules.extend(rule(name, text));
    }
    match value {
        Value::Array(list) => list.iter().for_each(|item| collect(item, rules)),
        Value::Object(object) => object.values().for_each(|item| collect(item, rules)),
        _ => {}
    }
}

fn rule<'v>(name: &str, text: impl Fn(&'static str) -> Option<&'v str>) -> Option<Rule> {
    ["exact", "prefix", "regex"]
        .into_iter()
        .find_map(|kind| Some((name.to_ascii_lowercase(), kind, text(kind)?.into())))
}

fn title(document: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let (kind, metadata) = (&document["kind"], &document["metadata"]);
    format!("{} {}/{}", text(kind), text(&metadata["namespace"]), text(&metadata["name"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::istio::Shipped;

    fn recorded() -> (Scenario, Recording) {
        recorded_of(Scenario::read("carousell"))
    }

    fn recorded_of(scenario: Result<Scenario>) -> (Scenario, Recording) {
        let scenario = scenario.expect("a scenario");
        let release = Recording::releases().expect("recordings").pop().expect("a release");
        let recording = Recording::read(&release, &scenario).expect("a recording of today's manifests");
        (scenario, recording)
    }

    fn complaint(scenario: &Scenario, recording: &Recording) -> String {
        recording.check(scenario).expect_err("stale").to_string()
    }

    #[test]
    fn manifests_that_changed_are_told() {
        let (mut scenario, recording) = recorded();
        let is_plugin = |document: &&mut Value| document["kind"] == "WasmPlugin";
        let plugin = scenario.manifests.iter_mut().find(is_plugin).expect("a plugin");
        plugin["spec"]["pluginConfig"]["strip"] = "x-other".into();
        let expected = "it was made without today's WasmPlugin istio-ingress-gw/tenancy-strip";
        assert_eq!(complaint(&scenario, &recording), expected);
    }

    #[test]
    fn a_manifest_that_is_gone_is_told() {
        let (mut scenario, recording) = recorded();
        scenario.manifests.pop();
        assert_eq!(complaint(&scenario, &recording), "it was made with documents that are gone");
    }

    #[test]
    fn a_plugin_configuration_that_was_not_pushed_is_told() {
        let (scenario, mut recording) = recorded();
        recording.proxies.get_mut("gateway").expect("a gateway").extensions.clear();
        let expected = "no proxy has the configuration of WasmPlugin istio-ingress-gw/tenancy-strip";
        assert_eq!(complaint(&scenario, &recording), expected);
    }

    #[test]
    fn a_filter_configuration_that_was_not_pushed_is_told() {
        let (scenario, mut recording) = recorded_of(Scenario::shipped(Shipped::EnvoyFilter));
        for proxy in ["gateway", "tokenless"] {
            recording.proxies.get_mut(proxy).expect("a gateway").listeners.clear();
        }
        let expected = "no proxy has the configuration of EnvoyFilter istio-system/tenancy";
        assert_eq!(complaint(&scenario, &recording), expected);
    }

    #[test]
    fn a_rule_that_was_not_pushed_is_told() {
        let (scenario, mut recording) = recorded();
        for resources in recording.proxies.values_mut() {
            let text = serde_json::to_string(&resources.routes).expect("JSON").replace("feat-y", "feat-q");
            resources.routes = serde_json::from_str(&text).expect("JSON");
        }
        let expected = r#"no route has ("c-tenancy", "exact", "feat-y") of VirtualService svc-b/svc-b"#;
        assert_eq!(complaint(&scenario, &recording), expected);
    }
}

//! Finds plugin configurations of the filter in documents of every kind.

use std::rc::Rc;

use super::configuration::Configuration;
use super::kind::Kind;
use super::node::{self, Node, NotYaml};
use super::place::Place;

/// What a text holds.
#[derive(Debug)]
pub struct Documents {
    /// The plugin configurations of the filter, in order.
    pub found: Vec<Found>,
    /// The documents without one, in order.
    pub left_out: Vec<LeftOut>,
    /// Why the text is YAML no further, if it is not YAML to its end.
    pub broken: Option<NotYaml>,
}

/// A plugin configuration of the filter, where it was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// What Istio or Envoy calls the plugin: `namespace/name` or `name` of its resource, with the name of the filter
    /// behind it in an `EnvoyFilter`; of an Envoy configuration the plugin's own name; otherwise the file's.
    pub name: String,
    /// What holds it.
    pub kind: Kind,
    /// The plugin configuration as the module gets it; empty if there is none.
    pub json: String,
    /// The object that holds the configuration, and how to load the module.
    #[expect(dead_code, reason = "for what checks several configurations together")]
    pub(crate) plugin: Rc<Node>,
    /// The whole document.
    #[expect(dead_code, reason = "for what checks several configurations together")]
    pub(crate) document: Rc<Node>,
    configuration: Configuration,
    file: Rc<str>,
}

/// A document without a plugin configuration of the filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Where it begins.
    pub place: Place,
    /// What it is, and why it was left out.
    pub reason: String,
}

/// The fields of a configuration.
pub(super) const FIELDS: [&str; 14] = [
    "version",
    "role",
    "tenant",
    "overrides",
    "projections",
    "verified",
    "strip",
    "foreignBaggage",
    "connect",
    "peers",
    "traceHeaders",
    "clusterDomains",
    "internal",
    "repair",
];

/// The end of the type of Envoy's Wasm filter, in every version of its API.
const WASM: &str = ".filters.http.wasm.v3.Wasm";

/// Finds the plugin configurations of the filter in a text: YAML or JSON, one document or several. `stem` names a
/// configuration that stands alone.
///
/// ```
/// let plugin = r#"
/// apiVersion: extensions.istio.io/v1alpha1
/// kind: WasmPlugin
/// metadata: {name: tenancy, namespace: istio-system}
/// spec:
///   url: oci://registry.example.com/tenancy-filter:0.1.0
///   pluginConfig: {version: 1, role: edge, strip: [x-tenant]}
/// "#;
/// let found = &tenancy::find(plugin, "plugin").found[0];
/// assert_eq!(found.name, "istio-system/tenancy");
/// assert_eq!(found.json, r#"{"version":1,"role":"edge","strip":["x-tenant"]}"#);
/// let place = found.place("strip[0]");
/// assert_eq!((place.line, place.column), (7, 50));
/// ```
pub fn find(text: &str, stem: &str) -> Documents {
    let (documents, broken) = node::parse(text);
    let mut search = Search { file: text.into(), stem, found: Vec::new(), left_out: Vec::new() };
    documents.iter().filter(|document| !document.is_null()).for_each(|document| search.document(document));
    let Search { found, left_out, .. } = search;
    Documents { found, left_out, broken }
}

impl Found {
    /// Where the value of a path such as `tenant.from[0].host` stands in the file. If there is none, the object or list
    /// in which it is missing. If the configuration is no JSON, where it is not.
    pub fn place(&self, path: &str) -> Place {
        Place::of(&self.file, self.configuration.value(path))
    }

    /// The same of the key that names it; an entry of a list has none, so its value.
    pub fn key_place(&self, path: &str) -> Place {
        Place::of(&self.file, self.configuration.key(path))
    }

    /// The place of something else in the same file.
    #[expect(dead_code, reason = "for what checks several configurations together")]
    pub(crate) fn place_of(&self, node: &Node) -> Place {
        Place::of(&self.file, node.bytes.clone())
    }

    /// The configuration's fields; `None` if they cannot be read.
    #[expect(dead_code, reason = "for what checks several configurations together")]
    pub(crate) fn fields(&self) -> Option<&Node> {
        self.configuration.tree().map(|node| &**node)
    }
}

struct Search<'s> {
    file: Rc<str>,
    stem: &'s str,
    found: Vec<Found>,
    left_out: Vec<LeftOut>,
}

impl Search<'_> {
    fn document(&mut self, document: &Rc<Node>) {
        let word = document.field("kind").and_then(|kind| kind.text());
        if let (Some(_), Some(items)) = (word.filter(|word| word.ends_with("List")), document.field("items")) {
            items.list().iter().for_each(|item| self.document(item));
            return;
        }
        let before = self.found.len();
        let kind = word.and_then(|word| Kind::RESOURCES.into_iter().find(|kind| kind.word() == word));
        let reason = match (kind, word) {
            (Some(kind), _) => {
                self.resource(kind, document);
                format!("a {kind} without a configuration of the filter")
            }
            (None, Some(word)) => format!("a {word} holds no plugin configuration"),
            (None, None) => {
                self.without_kind(document);
                "neither a plugin configuration, nor an Envoy configuration with one, nor a Kubernetes resource".into()
            }
        };
        if self.found.len() == before {
            self.left_out.push(LeftOut { place: Place::of(&self.file, document.bytes.clone()), reason });
        }
    }

    fn resource(&mut self, kind: Kind, document: &Rc<Node>) {
        let text = |path: &[&str]| document.at(path).and_then(|node| node.text());
        let name = text(&["metadata", "name"]).unwrap_or(self.stem);
        let name = text(&["metadata", "namespace"]).map_or_else(|| name.into(), |space| format!("{space}/{name}"));
        let spec = document.field("spec");
        let wasm = spec.and_then(|spec| spec.field("wasm"));
        match kind {
            Kind::WasmPlugin => self.plugins(kind, document, &name, spec, "pluginConfig"),
            Kind::TrafficExtension => self.plugins(kind, document, &name, wasm, "pluginConfig"),
            Kind::EnvoyExtensionPolicy => {
                let wasm = wasm.map(|wasm| wasm.list()).unwrap_or_default();
                for plugin in wasm {
                    let own = plugin.field("name").and_then(|name| name.text());
                    let name = own.map_or_else(|| name.clone(), |own| format!("{name}/{own}"));
                    self.plugins(kind, document, &name, Some(plugin), "config");
                }
            }
            Kind::EnvoyFilter => self.filters(kind, document, document, &|own| format!("{name}/{own}")),
            Kind::Bare | Kind::Envoy => {}
        }
    }

    /// Takes what a plugin has in a field.
    fn plugins(&mut self, kind: Kind, document: &Rc<Node>, name: &str, plugin: Option<&Rc<Node>>, field: &str) {
        let Some(plugin) = plugin else { return };
        let configuration = plugin.field(field);
        if configuration.is_some_and(|node| is_ours(node)) || loads_ours(plugin) {
            let configuration = match configuration {
                Some(node) => Configuration::at(&self.file, node),
                None => Configuration::Missing(plugin.bytes.clone()),
            };
            self.push(kind, name.to_owned(), plugin, document, configuration);
        }
    }

    fn without_kind(&mut self, document: &Rc<Node>) {
        if is_ours(document) {
            let configuration = Configuration::Fields(document.clone());
            self.push(Kind::Bare, self.stem.to_owned(), document, document, configuration);
        } else {
            self.filters(Kind::Envoy, document, document, &str::to_owned);
        }
    }

    /// Takes the Wasm filters at any depth, where an Envoy configuration has them.
    fn filters(&mut self, kind: Kind, document: &Rc<Node>, node: &Rc<Node>, name: &impl Fn(&str) -> String) {
        if let Some(plugin) = plugin_of_filter(node) {
            let own = plugin.field("name").and_then(|name| name.text()).unwrap_or(self.stem);
            self.filter(kind, document, plugin, name(own));
            return;
        }
        let values = node.fields().iter().map(|(_, value)| value);
        values.chain(node.list()).for_each(|value| self.filters(kind, document, value, name));
    }

    fn filter(&mut self, kind: Kind, document: &Rc<Node>, plugin: &Rc<Node>, name: String) {
        let any = plugin.field("configuration");
        let value = any.map(|any| any.field("value").unwrap_or(any));
        let configuration = value.map(|value| Configuration::at(&self.file, value));
        let tree = configuration.as_ref().and_then(Configuration::tree);
        if tree.is_some_and(|tree| is_ours(tree)) || loads_ours(plugin) {
            let configuration = configuration.unwrap_or_else(|| Configuration::Missing(plugin.bytes.clone()));
            self.push(kind, name, plugin, document, configuration);
        }
    }

    fn push(&mut self, kind: Kind, name: String, plugin: &Rc<Node>, document: &Rc<Node>, configuration: Configuration) {
        let (plugin, document, file) = (plugin.clone(), document.clone(), self.file.clone());
        self.found.push(Found { name, kind, json: configuration.json(), plugin, document, configuration, file });
    }
}

/// The plugin of a Wasm filter (`envoy.extensions.wasm.v3.PluginConfig`), also if it stands in a `TypedStruct`.
fn plugin_of_filter(node: &Node) -> Option<&Rc<Node>> {
    let is_wasm = |field| node.field(field).and_then(|kind| kind.text()).is_some_and(|kind| kind.ends_with(WASM));
    if is_wasm("type_url") || is_wasm("typeUrl") {
        return node.at(&["value", "config"]);
    }
    node.field("config").filter(|_| is_wasm("@type"))
}

/// Whether most of its fields are those of a configuration.
fn is_ours(node: &Node) -> bool {
    let is_known = |key: &Rc<Node>| key.text().is_some_and(|key| FIELDS.contains(&key));
    let known = node.fields().iter().filter(|(key, _)| is_known(key)).count();
    known > node.fields().len().saturating_sub(known)
}

/// Whether a plugin says that it loads a module of the filter's name.
fn loads_ours(plugin: &Node) -> bool {
    let is_module = |text: &str| text.contains("tenancy-filter") || text.contains("tenancy_filter");
    let values = plugin.fields().iter().map(|(_, value)| value);
    plugin.text().is_some_and(is_module) || values.chain(plugin.list()).any(|value| loads_ours(value))
}

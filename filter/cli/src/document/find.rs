//! Finds plugin configurations of the filter in documents of every kind.

use std::rc::Rc;

use tenancy_filter::CONFIG_FIELDS;

use super::configuration::Configuration;
use super::kind::Kind;
use super::node::Node;
use super::place::Place;
use super::read::{self, NotYaml};

/// The contents of a text.
#[derive(Debug)]
pub struct Documents {
    /// The plugin configurations of the filter, in order.
    pub found: Vec<Found>,
    /// The documents without one, in order.
    pub left_out: Vec<LeftOut>,
    /// Why the text is YAML no further, if it is not YAML to its end.
    pub broken: Option<NotYaml>,
    /// All documents, and the items of lists.
    pub(crate) all: Vec<Rc<Node>>,
}

/// A plugin configuration of the filter, where it was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// What Istio or Envoy calls the plugin: `namespace/name` or `name` of its resource, with the name of the filter
    /// behind it in an `EnvoyFilter`; of an Envoy configuration the plugin's own name; otherwise the file's.
    pub name: String,
    /// What holds it.
    pub kind: Kind,
    /// The plugin configuration as the module receives it; empty if there is none.
    pub json: String,
    /// The nodes around it, from the whole document to the plugin, which also says how to load the module.
    pub(crate) trail: Vec<Rc<Node>>,
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
    let (documents, broken) = read::parse(text);
    let mut search = Search { file: text.into(), stem, found: Vec::new(), left_out: Vec::new(), all: Vec::new() };
    documents.iter().filter(|document| !document.is_null()).for_each(|document| search.document(document));
    let Search { found, left_out, all, .. } = search;
    Documents { found, left_out, broken, all }
}

impl Found {
    /// The place in the file of a value with a path such as `tenant.from[0].host`. If it is missing, the object or list
    /// that lacks it. If the configuration is not JSON, the place of the mistake.
    pub fn place(&self, path: &str) -> Place {
        Place::of(&self.file, self.configuration.value(path))
    }

    /// The same for its key; an entry of a list has no key, so its value.
    pub fn key_place(&self, path: &str) -> Place {
        Place::of(&self.file, self.configuration.key(path))
    }

    /// The place of something else in the same file.
    pub(crate) fn place_of(&self, node: &Node) -> Place {
        Place::of(&self.file, node.bytes.clone())
    }

    /// The configuration's fields; `None` if they cannot be read.
    pub(crate) fn fields(&self) -> Option<&Node> {
        self.configuration.tree().map(|node| &**node)
    }
}

/// The kinds that kustomize reads.
pub(crate) const KUSTOMIZATIONS: [&str; 2] = ["Kustomization", "Component"];

const KUSTOMIZATION: &str = "whose images alone are read; check its output: kubectl kustomize FOLDER | tenancy check -";

struct Search<'s> {
    file: Rc<str>,
    stem: &'s str,
    found: Vec<Found>,
    left_out: Vec<LeftOut>,
    all: Vec<Rc<Node>>,
}

impl Search<'_> {
    fn document(&mut self, document: &Rc<Node>) {
        let word = document.field("kind").and_then(|kind| kind.text());
        let items = word.filter(|word| word.ends_with("List")).and_then(|_| document.field("items"));
        let of_list = items.map(|items| items.list());
        let is_resource = |entry: &Rc<Node>| entry.field("kind").is_some();
        let resources = Some(document.list()).filter(|list| list.iter().any(is_resource));
        if let Some(documents) = of_list.or(resources) {
            documents.iter().for_each(|document| self.document(document));
            return;
        }
        self.all.push(document.clone());
        let before = self.found.len();
        let kind = word.and_then(|word| Kind::RESOURCES.into_iter().find(|kind| kind.word() == word));
        let reason = match (kind, word) {
            (Some(kind), _) => {
                self.resource(kind, document);
                format!("{kind} without a configuration of the filter")
            }
            (None, Some(word)) if KUSTOMIZATIONS.contains(&word) => format!("{word}, {KUSTOMIZATION}"),
            (None, Some(word)) => format!("{word}, a kind that holds no plugin configuration"),
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
        let name = resource_name(document, self.stem);
        let Some(spec) = document.field("spec") else { return };
        let wasm = spec.field("wasm");
        let trail = |plugin: &Rc<Node>| vec![document.clone(), spec.clone(), plugin.clone()];
        match (kind, wasm) {
            (Kind::WasmPlugin, _) => {
                self.plugin(kind, vec![document.clone(), spec.clone()], name, spec.field("pluginConfig"));
            }
            (Kind::TrafficExtension, Some(wasm)) => self.plugin(kind, trail(wasm), name, wasm.field("pluginConfig")),
            (Kind::EnvoyExtensionPolicy, Some(wasm)) => {
                for plugin in wasm.list() {
                    let own = plugin.field("name").and_then(|name| name.text());
                    let name = own.map_or_else(|| name.clone(), |own| format!("{name}/{own}"));
                    self.plugin(kind, trail(plugin), name, plugin.field("config"));
                }
            }
            (Kind::EnvoyFilter, _) => self.filters(kind, vec![document.clone()], &|own| format!("{name}/{own}")),
            (Kind::TrafficExtension | Kind::EnvoyExtensionPolicy | Kind::Bare | Kind::Envoy, _) => {}
        }
    }

    /// Takes the plugin at the end of a trail, with what it has for a configuration.
    fn plugin(&mut self, kind: Kind, trail: Vec<Rc<Node>>, name: String, configuration: Option<&Rc<Node>>) {
        let Some(plugin) = trail.last() else { return };
        let configuration = configuration.map(|node| Configuration::at(&self.file, node));
        let tree = configuration.as_ref().and_then(Configuration::tree);
        if tree.is_some_and(|tree| is_ours(tree)) || loads_ours(plugin) {
            let configuration = configuration.unwrap_or_else(|| Configuration::Missing(plugin.bytes.clone()));
            let json = configuration.json();
            self.found.push(Found { name, kind, json, trail, configuration, file: self.file.clone() });
        }
    }

    fn without_kind(&mut self, document: &Rc<Node>) {
        let trail = vec![document.clone()];
        if is_ours(document) {
            self.plugin(Kind::Bare, trail, self.stem.to_owned(), Some(document));
        } else {
            self.filters(Kind::Envoy, trail, &str::to_owned);
        }
    }

    /// Finds the Wasm filters of an Envoy configuration at any depth.
    fn filters(&mut self, kind: Kind, trail: Vec<Rc<Node>>, name: &impl Fn(&str) -> String) {
        let Some(node) = trail.last() else { return };
        let further = |next: &Rc<Node>| [&trail[..], std::slice::from_ref(next)].concat();
        if let Some(plugin) = plugin_of_filter(node) {
            let own = plugin.field("name").and_then(|name| name.text()).unwrap_or(self.stem);
            let any = plugin.field("configuration");
            self.plugin(kind, further(plugin), name(own), any.map(|any| any.field("value").unwrap_or(any)));
            return;
        }
        node.values().for_each(|value| self.filters(kind, further(value), name));
    }
}

/// `namespace/name` of a resource as far as it says them; without a name `stem`.
pub(crate) fn resource_name(resource: &Node, stem: &str) -> String {
    let text = |path: &[&str]| resource.at(path).and_then(|node| node.text());
    let name = text(&["metadata", "name"]).unwrap_or(stem);
    text(&["metadata", "namespace"]).map_or_else(|| name.into(), |space| format!("{space}/{name}"))
}

/// The plugin of a Wasm filter (`envoy.extensions.wasm.v3.PluginConfig`), also in a `TypedStruct`.
fn plugin_of_filter(node: &Node) -> Option<&Rc<Node>> {
    let is_wasm = |field| node.field(field).and_then(|kind| kind.text()).is_some_and(|kind| kind.ends_with(WASM));
    if is_wasm("type_url") || is_wasm("typeUrl") {
        return node.at(&["value", "config"]);
    }
    node.field("config").filter(|_| is_wasm("@type"))
}

/// Whether most of its fields are those of a configuration.
fn is_ours(node: &Node) -> bool {
    let is_known = |key: &Rc<Node>| key.text().is_some_and(|key| CONFIG_FIELDS.contains(&key));
    let known = node.fields().iter().filter(|(key, _)| is_known(key)).count();
    known > node.fields().len().saturating_sub(known)
}

/// Whether a plugin says that it loads a module of the filter's name.
fn loads_ours(plugin: &Node) -> bool {
    let is_module = |text: &str| text.contains("tenancy-filter") || text.contains("tenancy_filter");
    plugin.text().is_some_and(is_module) || plugin.values().any(|value| loads_ours(value))
}

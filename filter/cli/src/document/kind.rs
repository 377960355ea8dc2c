//! The kinds of documents that hold plugin configurations.

use std::fmt;

/// The container of a plugin configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Nothing: the document is the configuration.
    Bare,
    /// Istio's `WasmPlugin` (extensions.istio.io), in `spec.pluginConfig`.
    WasmPlugin,
    /// Istio's `TrafficExtension` (extensions.istio.io), in `spec.wasm.pluginConfig`.
    TrafficExtension,
    /// Istio's `EnvoyFilter` (networking.istio.io), in a filter that it adds.
    EnvoyFilter,
    /// Envoy Gateway's `EnvoyExtensionPolicy` (gateway.envoyproxy.io), in `spec.wasm[].config`.
    EnvoyExtensionPolicy,
    /// An Envoy configuration: a bootstrap, or a part or a dump of one.
    Envoy,
}

impl Kind {
    /// Those that Kubernetes names so in `kind`.
    pub(super) const RESOURCES: [Self; 4] =
        [Self::WasmPlugin, Self::TrafficExtension, Self::EnvoyFilter, Self::EnvoyExtensionPolicy];

    /// Whether it is a resource of Kubernetes.
    pub(crate) fn is_resource(self) -> bool {
        Self::RESOURCES.contains(&self)
    }

    /// A word for it; of a resource that in its `kind`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Bare => "configuration",
            Self::WasmPlugin => "WasmPlugin",
            Self::TrafficExtension => "TrafficExtension",
            Self::EnvoyFilter => "EnvoyFilter",
            Self::EnvoyExtensionPolicy => "EnvoyExtensionPolicy",
            Self::Envoy => "Envoy configuration",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

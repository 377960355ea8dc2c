//! The codes of findings, one for each rule.

use tenancy_filter::Severity;

/// The rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The filter refuses the configuration.
    Configuration,
    /// The filter accepts the configuration, but a part of it has no effect, or hardly the intended one.
    InVain,
    /// Envoy would not pass text to the module.
    NotText,
    /// A crash lets clients' headers pass.
    FailOpen,
    /// A stripping instance runs too late.
    StripLate,
    /// A resolving instance runs too late, and nothing strips before it.
    StripMissing,
    /// The first stripping instance leaves headers that a later one resolves.
    StripIncomplete,
    /// A header that the mesh believes passes the edge.
    NotStripped,
    /// A token is read before it is verified.
    TokenEarly,
    /// A token's keys may name any issuer.
    IssuerMissing,
    /// Another policy of Envoy Gateway replaces it.
    SwitchedOff,
    /// A Gateway lets clients' headers choose a route.
    NotRemovedEarly,
    /// No provider stores the payload that the filter reads.
    PayloadUnknown,
    /// The plugin does not see clients' requests to a gateway.
    MatchServer,
    /// The plugin has `role: waypoint` and attaches to no waypoint.
    NeverAttaches,
    /// The plugin has `role: mesh` and attaches to a waypoint.
    Misplaced,
    /// The plugin believes its callers and attaches to a Gateway that faces clients.
    BelievesClients,
    /// The mesh believes no seal of an edge.
    SealMismatch,
    /// An edge that signs is not given its key.
    SealKeyMissing,
    /// A placeholder of the manifests was left in.
    Placeholder,
}

/// The documentation of a code.
struct Entry {
    word: &'static str,
    severity: Severity,
    meaning: &'static str,
    /// `None` if each message has its own.
    remedy: Option<&'static str>,
}

impl Code {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::Configuration,
        Self::InVain,
        Self::NotText,
        Self::FailOpen,
        Self::StripLate,
        Self::StripMissing,
        Self::StripIncomplete,
        Self::NotStripped,
        Self::TokenEarly,
        Self::IssuerMissing,
        Self::SwitchedOff,
        Self::NotRemovedEarly,
        Self::PayloadUnknown,
        Self::MatchServer,
        Self::NeverAttaches,
        Self::Misplaced,
        Self::BelievesClients,
        Self::SealMismatch,
        Self::SealKeyMissing,
        Self::Placeholder,
    ];

    /// Its stable name.
    pub fn word(self) -> &'static str {
        self.entry().word
    }

    /// Its severity.
    pub fn severity(self) -> Severity {
        self.entry().severity
    }

    /// Its meaning, in Markdown.
    pub fn meaning(self) -> &'static str {
        self.entry().meaning
    }

    /// The remedy, in Markdown; `None` if each message has its own.
    pub fn remedy(self) -> Option<&'static str> {
        self.entry().remedy
    }

    fn entry(self) -> Entry {
        match self {
            Self::Configuration => Entry {
                word: "configuration",
                severity: Severity::Error,
                meaning: "the filter refuses the configuration",
                remedy: None,
            },
            Self::InVain => Entry {
                word: "in-vain",
                severity: Severity::Warning,
                meaning: "the filter accepts the configuration, but a part of it has no effect, or hardly the intended one",
                remedy: None,
            },
            Self::NotText => Entry {
                word: "not-text",
                severity: Severity::Error,
                meaning: "Envoy does not pass the configuration to the module as text",
                remedy: Some("write JSON as the `value` of a `type.googleapis.com/google.protobuf.StringValue`"),
            },
            Self::FailOpen => Entry {
                word: "fail-open",
                severity: Severity::Error,
                meaning: "after a crash an edge lets forged headers pass",
                remedy: Some(
                    "write `FAIL_RELOAD`, or `FAIL_CLOSE` if that is unknown; in an EnvoyExtensionPolicy leave `failOpen` out",
                ),
            },
            Self::StripLate => Entry {
                word: "strip-late",
                severity: Severity::Error,
                meaning: "an instance that only strips runs after filters that authorise",
                remedy: Some(
                    "move it before all other filters: `phase: AUTHN` with the highest `priority`, `operation: INSERT_FIRST`, or first in `http_filters`",
                ),
            },
            Self::StripMissing => Entry {
                word: "strip-missing",
                severity: Severity::Error,
                meaning: "an edge resolves after filters that authorise, and no instance strips before them",
                remedy: Some(
                    "add an instance with `strip` before all other filters, as in `wasm-plugin/manifests/gateway`",
                ),
            },
            Self::StripIncomplete => Entry {
                word: "strip-incomplete",
                severity: Severity::Error,
                meaning: "the instance that strips first leaves headers that a later one writes or removes, so the filters in between see forged values",
                remedy: Some("name the header in its `strip`; for baggage add `foreignBaggage: drop`"),
            },
            Self::NotStripped => Entry {
                word: "not-stripped",
                severity: Severity::Error,
                meaning: "the mesh reads or writes a header or baggage key that the edge passes on from clients",
                remedy: Some(
                    "name the header in the `strip` of the edge; for baggage let the edge have `foreignBaggage: drop`",
                ),
            },
            Self::TokenEarly => Entry {
                word: "token-early",
                severity: Severity::Warning,
                meaning: "a source needs a verified token, but the instance runs before the filter that verifies it",
                remedy: Some(
                    "move it after `jwt_authn`: `phase: AUTHZ`, as in `envoyfilter/gateway.yaml`, or later in `http_filters`",
                ),
            },
            Self::IssuerMissing => Entry {
                word: "issuer-missing",
                severity: Severity::Error,
                meaning: "a provider of `jwt_authn` stores the payload that the filter reads, but checks no issuer: its keys may sign any `iss`",
                remedy: Some("give the provider its `issuer`"),
            },
            Self::SwitchedOff => Entry {
                word: "switched-off",
                severity: Severity::Error,
                meaning: "in Envoy Gateway the most specific policy wins: a policy on a route or a listener switches off the Gateway's filter",
                remedy: Some(
                    "write `mergeType: StrategicMerge` (1.9 and later) and no `wasm`; `wasm-plugin/manifests/envoy-gateway/guard.yaml` enforces this",
                ),
            },
            Self::NotRemovedEarly => Entry {
                word: "not-removed-early",
                severity: Severity::Warning,
                meaning: "in Envoy Gateway a client's header can choose a route, and so decide whether the filter runs",
                remedy: Some("name it in `headers.earlyRequestHeaders.remove` of a ClientTrafficPolicy of the Gateway"),
            },
            Self::PayloadUnknown => Entry {
                word: "payload-unknown",
                severity: Severity::Warning,
                meaning: "Envoy Gateway stores a token's payload under its provider's name, and no provider has the name that the filter reads",
                remedy: Some("write the provider's name as `verified.payload`"),
            },
            Self::MatchServer => Entry {
                word: "match-server",
                severity: Severity::Warning,
                meaning: "the plugin of an edge matches only `SERVER`, but a gateway's listeners count as `CLIENT`",
                remedy: Some("write `match: [{mode: CLIENT_AND_SERVER}]`"),
            },
            Self::NeverAttaches => Entry {
                word: "never-attaches",
                severity: Severity::Warning,
                meaning: "the plugin has `role: waypoint` and no `targetRefs`, without which it never attaches to a waypoint",
                remedy: Some(
                    "name a Gateway, a Service or the GatewayClass `istio-waypoint` in `targetRefs`, as in `wasm-plugin/manifests/waypoint`",
                ),
            },
            Self::Misplaced => Entry {
                word: "misplaced",
                severity: Severity::Warning,
                meaning: "the plugin has `role: mesh` and attaches to a waypoint, whose listeners are all inbound, so context leaves the mesh",
                remedy: Some("write `role: waypoint`"),
            },
            Self::BelievesClients => Entry {
                word: "believes-clients",
                severity: Severity::Error,
                meaning: "the plugin has `role: mesh` or `role: waypoint` and attaches to a gateway that is not a waypoint, so it believes clients",
                remedy: Some(
                    "write `role: edge`; at a gateway that accepts only calls of the mesh, by mutual TLS, `role: mesh` with `peers: mtls`; a plugin of sidecars belongs in their namespace, or needs a `selector`",
                ),
            },
            Self::SealMismatch => Entry {
                word: "seal-mismatch",
                severity: Severity::Error,
                meaning: "the mesh believes no seal of an edge: it lists no key of that name, or another public key under it",
                remedy: Some(
                    "write the public key in `seal.verify` under the name in `seal.sign.key`; `tenancy seal new-key` prints both",
                ),
            },
            Self::SealKeyMissing => Entry {
                word: "seal-key-missing",
                severity: Severity::Error,
                meaning: "an edge signs with a key from its environment, and its plugin is given no such variable",
                remedy: Some(
                    "name it in `vmConfig.env`, `valueFrom: HOST`; in an Envoy configuration in `vm_config.environment_variables.host_env_keys`, in an EnvoyExtensionPolicy in `env.hostKeys`",
                ),
            },
            Self::Placeholder => Entry {
                word: "placeholder",
                severity: Severity::Error,
                meaning: "a placeholder of the manifests was left in",
                remedy: None,
            },
        }
    }
}

/// A word for a severity.
pub(super) fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

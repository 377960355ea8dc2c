//! The chains whose instructions are counted inside Envoy, and what has to leave each.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};
use tenancy_filter::Filter;
use workload::{Get, WHOLE_JOB, borrowed, decide};

use crate::bench::Changes;
use crate::chain::{Chain, header_mutation, lua, verified, wasm};
use crate::inside::{FLOOR, INTERPRETED_LUA, LUA, NONE, NOOP, OURS};
use crate::modules::Modules;

/// Without its JIT it costs less: what is compiled is left at each call of Envoy's.
pub(crate) const CHEAPEST_LUA: [&str; 3] = ["interpreted.lua", "tenancy.lua", "whole-job.lua"];

/// What some chains are measured over.
const VERIFIED: &str = "a verified token, no filter";
const INBOUND: &str = "a sidecar's inbound request, no filter";
const OUTBOUND: &str = "a sidecar's outbound request, no filter";
const LEAVING: &str = "a sidecar's request that leaves the mesh, no filter";

/// A chain with what has to leave it; no changes at all for a request that it is not for.
pub(crate) struct Entry {
    pub(crate) chain: Chain,
    /// The chain that it is measured over.
    pub(crate) base: &'static str,
    pub(crate) answer: Answer,
    /// The ordinary one and the tenant's.
    pub(crate) requests: fn() -> [Get; 2],
}

/// The ordinary request and the tenant's.
fn usual() -> [Get; 2] {
    [Get::ordinary(), Get::tenant()]
}

/// What becomes of a request.
pub(crate) enum Answer {
    Untouched,
    /// These headers, whatever the request.
    Changes(&'static [(&'static str, &'static str)]),
    /// These headers of an ordinary request and of a tenant's.
    Either(&'static [(&'static str, &'static str)], &'static [(&'static str, &'static str)]),
    /// The tenant's request leaves without these headers.
    Withheld(&'static [(&'static str, &'static str)]),
    /// What the native filter does with this configuration.
    As(&'static str),
    /// The same, but only for the tenant's request.
    TenantAs(&'static str),
}

impl Answer {
    /// `None` if the chain is not for this request.
    pub(crate) fn changes(&self, get: &Get) -> Result<Option<Changes>> {
        Ok(match self {
            Self::Untouched => Some(Vec::new()),
            Self::Changes(changes) => Some(owned(changes)),
            Self::Either(ordinary, tenant) => Some(owned(if get.name == "tenant" { tenant } else { ordinary })),
            Self::Withheld(gone) if get.name == "tenant" => {
                Some(gone.iter().map(|(name, _)| ((*name).into(), None)).collect())
            }
            Self::Withheld(_) => Some(Vec::new()),
            Self::TenantAs(_) if get.name != "tenant" => None,
            Self::As(configuration) | Self::TenantAs(configuration) => {
                Some(decide(&Filter::from_config(configuration.as_bytes())?.filter, &borrowed(&get.headers())))
            }
        })
    }
}

fn owned(changes: &[(&str, &str)]) -> Changes {
    changes.iter().map(|(name, value)| ((*name).into(), Some((*value).into()))).collect()
}

/// Our features one by one, each with its configuration.
const HOST: &str = r#"{"version": 1, "role": "edge", "foreignBaggage": "keep",
    "tenant": {"from": [{"host": "{tenant}.www.carouselltenancy.com"}], "to": [{"header": "c-tenancy"}]}}"#;
const CLAIM: &str = r#"{"version": 1, "role": "edge", "foreignBaggage": "keep",
    "tenant": {"from": [{"claim": "tenant"}], "to": [{"header": "c-tenancy"}]},
    "verified": {"issuers": ["https://idp.example.com"]}}"#;
const OVERRIDES: &str = r#"{"version": 1, "role": "edge", "foreignBaggage": "keep",
    "overrides": {"from": [{"header": "x-override", "trust": "anyone"}], "to": [{"header": "x-override"}]}}"#;
const PROJECTION: &str = r#"{"version": 1, "role": "edge", "foreignBaggage": "keep",
    "overrides": {"from": [{"header": "x-override", "trust": "anyone"}], "to": [{"header": "x-override"}]},
    "projections": [{"header": "x-foo-version", "service": "foo"}]}"#;
const BAGGAGE: &str = r#"{"version": 1, "role": "edge", "foreignBaggage": "keep",
    "tenant": {"from": [{"host": "{tenant}.www.carouselltenancy.com"}], "to": [{"baggage": "tenant"}]}}"#;
const STRIP: &str = r#"{"version": 1, "role": "edge", "foreignBaggage": "keep", "strip": ["c-tenancy"]}"#;
const ALL: &str = r#"{"version": 1, "role": "edge", "foreignBaggage": "keep",
    "tenant": {
        "from": [{"host": "{tenant}.www.carouselltenancy.com"}, {"claim": "tenant"}],
        "to": [{"header": "c-tenancy"}, {"baggage": "tenant"}]
    },
    "overrides": {
        "from": [{"header": "x-override", "trust": "anyone"}], "to": [{"header": "x-override"}, {"baggage": "overrides"}]
    },
    "projections": [{"header": "x-foo-version", "service": "foo"}],
    "strip": ["x-debug-*"],
    "verified": {"issuers": ["https://idp.example.com"]}}"#;

/// The entries of each Envoy, a base first: valgrind has no address space for all VMs at once, each of which reserves
/// 10 GiB.
pub(crate) fn all(modules: &Modules) -> Result<[Vec<Entry>; 3]> {
    Ok([raw_and_lua(modules)?, ours(modules), sidecar(&modules.ours)])
}

impl Entry {
    /// Whether others are measured over it.
    pub(crate) fn is_base(&self) -> bool {
        self.chain.name == self.base
    }

    fn none() -> Self {
        Self { chain: Chain::new(NONE, vec![]), base: NONE, answer: Answer::Untouched, requests: usual }
    }

    fn plain(name: &str, filter: Value, answer: Answer) -> Self {
        Self { chain: Chain::new(name, vec![filter]), base: NONE, answer, requests: usual }
    }
}

/// What else there is.
fn raw_and_lua(modules: &Modules) -> Result<Vec<Entry>> {
    let raw = |name: &str| Ok::<_, anyhow::Error>(wasm(&modules.assembled(name)?, ""));
    let native = header_mutation("c-tenancy", "feat-x");
    let one = Answer::Changes(&[("c-tenancy", "feat-x")]);
    Ok(vec![
        Entry::none(),
        Entry::plain("header_mutation (native), one header written", native, one),
        Entry::plain("raw module, one callback, no host call", raw("callback")?, Answer::Untouched),
        Entry::plain(FLOOR, raw("floor")?, Answer::Untouched),
        Entry::plain("the floor and a tenant's three writes", raw("floor-and-writes")?, Answer::TenantAs(WHOLE_JOB)),
        Entry::plain("Lua, the host alone", lua(&["host.lua"])?, Answer::As(HOST)),
        Entry::plain("Lua, exact names alone", lua(&["tenancy.lua", "exact-names.lua"])?, Answer::As(WHOLE_JOB)),
        Entry::plain(LUA, lua(&CHEAPEST_LUA[1..])?, Answer::As(WHOLE_JOB)),
        Entry::plain(INTERPRETED_LUA, lua(&CHEAPEST_LUA)?, Answer::As(WHOLE_JOB)),
    ])
}

/// What the SDK costs by itself, and our module.
fn ours(modules: &Modules) -> Vec<Entry> {
    let ours = |name, configuration| Entry::plain(name, wasm(&modules.ours, configuration), Answer::As(configuration));
    let mut entries = vec![
        Entry::none(),
        Entry::plain(NOOP, wasm(&modules.noop, ""), Answer::Untouched),
        ours(OURS, WHOLE_JOB),
        ours("ours, strip alone", STRIP),
        ours("ours, host", HOST),
        ours("ours, overrides", OVERRIDES),
        ours("ours, overrides and a projection", PROJECTION),
        ours("ours, host into baggage", BAGGAGE),
    ];
    entries.extend(behind_a_token(&modules.ours));
    entries
}

/// The payload is in the metadata, as `jwt_authn` stores it.
fn behind_a_token(module: &Path) -> Vec<Entry> {
    let token = verified(&json!({"iss": "https://idp.example.com", "tenant": "feat-x"}));
    let entry = |name, filters: &[Value], answer| Entry {
        chain: Chain::new(name, [std::slice::from_ref(&token), filters].concat()),
        base: VERIFIED,
        answer,
        requests: usual,
    };
    let tenant = &[("c-tenancy", "feat-x")];
    let by_claim = &[("c-tenancy", "feat-x"), ("baggage", "tenant=feat-x")];
    let by_host = &[
        ("c-tenancy", "feat-x"),
        ("x-override", "foo:v1,bar:v2"),
        ("x-foo-version", "v1"),
        ("baggage", "tenant=feat-x,overrides=foo%3Av1%2Cbar%3Av2,userId=alice,region=eu"),
    ];
    vec![
        entry(VERIFIED, &[], Answer::Untouched),
        entry("ours, claim", &[wasm(module, CLAIM)], Answer::Changes(tenant)),
        entry("ours, everything", &[wasm(module, ALL)], Answer::Either(by_claim, by_host)),
    ]
}

/// A sidecar, and what it does for applications that drop what they get.
const MESH: &str = r#"{"version": 1, "role": "mesh",
    "tenant": {"to": [{"header": "c-tenancy"}, {"baggage": "tenant"}]},
    "overrides": {"to": [{"header": "x-override"}]}}"#;
const REPAIR: &str = r#"{"version": 1, "role": "mesh",
    "tenant": {"to": [{"header": "c-tenancy"}, {"baggage": "tenant"}]},
    "overrides": {"to": [{"header": "x-override"}]},
    "repair": {"by": ["traceparent"], "lingerSeconds": 300}}"#;

/// What a gateway wrote.
const CONTEXT: &[(&str, &str)] =
    &[("c-tenancy", "feat-x"), ("x-override", "foo:v1,bar:v2"), ("baggage", "tenant=feat-x")];
const ORDINARY_TRACE: u8 = 1;
const TENANT_TRACE: u8 = 2;

fn within_mesh() -> [Get; 2] {
    let tenant = Get::traced("tenant", TENANT_TRACE);
    let line = |get: Get, (name, value): &(&str, &str)| get.line(name, *value);
    [Get::traced("ordinary", ORDINARY_TRACE), CONTEXT.iter().fold(tenant, line)]
}

/// The call of an application that forwards only a trace id.
fn dropped() -> [Get; 2] {
    [Get::traced("ordinary", ORDINARY_TRACE), Get::traced("tenant", TENANT_TRACE)]
}

/// What leaves the mesh, of a trace, with nothing of ours and with a tenant's context.
fn leaving_mesh() -> [Get; 2] {
    within_mesh().map(|get| Get { authority: "api.example.com".into(), ..get })
}

/// First what comes in, which is then remembered.
fn sidecar(module: &Path) -> Vec<Entry> {
    let entry = |name: &str, base, filters, direction, answer, requests| {
        let chain = Chain { direction, ..Chain::new(name, filters) };
        Entry { chain, base, answer, requests }
    };
    let inbound = |name, filters| entry(name, INBOUND, filters, "INBOUND", Answer::Untouched, within_mesh);
    let outbound = |name, filters, answer| entry(name, OUTBOUND, filters, "OUTBOUND", answer, dropped);
    let leaving = |name, filters, answer| entry(name, LEAVING, filters, "OUTBOUND", answer, leaving_mesh);
    let mesh = |configuration| vec![wasm(module, configuration)];
    vec![
        inbound(INBOUND, vec![]),
        inbound("ours, inbound", mesh(MESH)),
        inbound("ours, inbound, with repair", mesh(REPAIR)),
        outbound(OUTBOUND, vec![], Answer::Untouched),
        outbound("ours, outbound", mesh(MESH), Answer::Untouched),
        outbound("ours, outbound, with repair", mesh(REPAIR), Answer::Either(&[], CONTEXT)),
        leaving(LEAVING, vec![], Answer::Untouched),
        leaving("ours, leaving the mesh", mesh(MESH), Answer::Withheld(CONTEXT)),
    ]
}

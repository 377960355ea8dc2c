//! Instructions inside Envoy: what else could do the job, and each of our features by itself.

use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenancy_filter::Filter;
use workload::{Get, WHOLE_JOB, borrowed, decide};

use crate::bench::{Bench, Changes, Task};
use crate::chain::{Chain, header_mutation, lua, verified, wasm};
use crate::modules::Modules;

/// A chain, and the instructions of each request: those over its base, or, of a base, all that there are.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Row {
    pub(crate) chain: String,
    pub(crate) ordinary: Option<i64>,
    pub(crate) tenant: Option<i64>,
}

impl Row {
    /// Whether it is one of our features by itself, or what that is measured over.
    pub(crate) fn is_detail(&self) -> bool {
        let bases = [VERIFIED, SIDECAR_INBOUND, SIDECAR_OUTBOUND];
        self.chain != OURS && (self.chain.starts_with("ours, ") || bases.contains(&self.chain.as_str()))
    }
}

/// The chains without filters.
pub(crate) const NONE: &str = "no filter";
pub(crate) const VERIFIED: &str = "a verified token, no filter";
pub(crate) const SIDECAR_INBOUND: &str = "a sidecar's inbound request, no filter";
pub(crate) const SIDECAR_OUTBOUND: &str = "a sidecar's outbound request, no filter";
/// The chains that goals compare.
pub(crate) const FLOOR: &str = "raw module, header map read once (the floor)";
pub(crate) const LUA: &str = "Lua, the whole job";
pub(crate) const INTERPRETED_LUA: &str = "Lua, the whole job, JIT off";
pub(crate) const OURS: &str = "ours, the whole job";

/// Without its JIT it costs less: what is compiled is left at each call of Envoy's.
pub(crate) const CHEAPEST_LUA: [&str; 3] = ["interpreted.lua", "tenancy.lua", "whole-job.lua"];

/// A chain with what has to leave it; no changes at all for a request that it is not for.
struct Entry {
    chain: Chain,
    base: &'static str,
    answer: Answer,
    requests: fn() -> [Get; 2],
}

/// The ordinary request and the tenant's.
fn usual() -> [Get; 2] {
    [Get::ordinary(), Get::tenant()]
}

enum Answer {
    Untouched,
    /// These headers, whatever the request.
    Changes(&'static [(&'static str, &'static str)]),
    /// These headers of an ordinary request and of a tenant's.
    Either(&'static [(&'static str, &'static str)], &'static [(&'static str, &'static str)]),
    /// What the native filter does with this configuration.
    As(&'static str),
    /// That, but for the tenant's request alone.
    TenantAs(&'static str),
}

impl Answer {
    fn changes(&self, get: &Get) -> Result<Option<Changes>> {
        Ok(match self {
            Self::Untouched => Some(Vec::new()),
            Self::Changes(changes) => Some(owned(changes)),
            Self::Either(ordinary, tenant) => Some(owned(if get.name == "tenant" { tenant } else { ordinary })),
            Self::TenantAs(_) if get.name != "tenant" => None,
            Self::As(configuration) | Self::TenantAs(configuration) => {
                Some(decide(&Filter::from_config(configuration.as_bytes())?, &borrowed(&get.headers())))
            }
        })
    }
}

fn owned(changes: &[(&str, &str)]) -> Changes {
    changes.iter().map(|(name, value)| ((*name).into(), Some((*value).into()))).collect()
}

/// Our features one by one, and what the configuration of each holds.
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

/// Rounds over all chains; the median counts.
const ROUNDS: usize = 3;

/// Measures every chain with both requests.
pub(crate) async fn measure(modules: &Modules) -> Result<Vec<Row>> {
    let mut rows: Vec<Row> = Vec::new();
    // valgrind has no address space for all VMs at once, each of which reserves 10 GiB.
    for entries in [raw_and_lua(modules)?, ours(modules), sidecar(&modules.ours)] {
        let bench = Bench::start(&entries.iter().map(|entry| entry.chain.clone()).collect::<Vec<_>>()).await?;
        let all = counts(&bench, &entries).await?;
        for (entry, row) in entries.iter().zip(&all) {
            let is_base = entry.chain.name == entry.base;
            let row = if is_base { row.clone() } else { over(row, &all, entry.base)? };
            println!("  {row:?}");
            if !rows.iter().any(|known| known.chain == row.chain) {
                rows.push(row);
            }
        }
    }
    Ok(rows)
}

/// All instructions of both requests for each entry.
async fn counts(bench: &Bench, entries: &[Entry]) -> Result<Vec<Row>> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let mut round = Vec::new();
        for entry in entries {
            let [ordinary, tenant] = (entry.requests)();
            round.push((instructions(bench, entry, &ordinary).await?, instructions(bench, entry, &tenant).await?));
        }
        rounds.push(round);
    }
    let row = |(place, entry): (usize, &Entry)| {
        let ordinary = median(rounds.iter().map(|round| round[place].0));
        Row { chain: entry.chain.name.clone(), ordinary, tenant: median(rounds.iter().map(|round| round[place].1)) }
    };
    Ok(entries.iter().enumerate().map(row).collect())
}

/// Nothing where there is nothing.
fn median(values: impl Iterator<Item = Option<i64>>) -> Option<i64> {
    let mut values: Vec<_> = values.flatten().collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

async fn instructions(bench: &Bench, entry: &Entry, get: &Get) -> Result<Option<i64>> {
    let Some(changes) = entry.answer.changes(get)? else { return Ok(None) };
    let count = bench.run(&entry.chain.name, &Task::new(get, changes)).await?;
    Ok(Some(i64::try_from(count)?))
}

fn over(row: &Row, rows: &[Row], base: &str) -> Result<Row> {
    let base = rows.iter().find(|row| row.chain == base).context("a base in the same Envoy")?;
    let minus = |all: Option<i64>, base: Option<i64>| Some(all? - base?);
    let (ordinary, tenant) = (minus(row.ordinary, base.ordinary), minus(row.tenant, base.tenant));
    Ok(Row { chain: row.chain.clone(), ordinary, tenant })
}

impl Entry {
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
        Entry::plain("SDK no-op", wasm(&modules.noop, ""), Answer::Untouched),
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

/// The payload stands in the metadata, as `jwt_authn` puts it there.
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

/// What an application calls that forwards a trace id alone.
fn dropped() -> [Get; 2] {
    [Get::traced("ordinary", ORDINARY_TRACE), Get::traced("tenant", TENANT_TRACE)]
}

/// First what comes in, which is then remembered.
fn sidecar(module: &Path) -> Vec<Entry> {
    let entry = |name: &str, base, filters, direction, answer, requests| {
        let chain = Chain { direction, ..Chain::new(name, filters) };
        Entry { chain, base, answer, requests }
    };
    let [inbound, outbound] = [SIDECAR_INBOUND, SIDECAR_OUTBOUND];
    let mesh = |configuration| vec![wasm(module, configuration)];
    vec![
        entry(inbound, inbound, vec![], "INBOUND", Answer::Untouched, within_mesh),
        entry("ours, inbound", inbound, mesh(MESH), "INBOUND", Answer::Untouched, within_mesh),
        entry("ours, inbound, with repair", inbound, mesh(REPAIR), "INBOUND", Answer::Untouched, within_mesh),
        entry(outbound, outbound, vec![], "OUTBOUND", Answer::Untouched, dropped),
        entry("ours, outbound", outbound, mesh(MESH), "OUTBOUND", Answer::Untouched, dropped),
        entry("ours, outbound, with repair", outbound, mesh(REPAIR), "OUTBOUND", Answer::Either(&[], CONTEXT), dropped),
    ]
}

//! Instructions inside Envoy of a tenant's request with a seal: known to the worker, and seen for the first time.

use anyhow::Result;
use integration::Keys;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use workload::Get;

use crate::bench::{Bench, Changes, REQUESTS, Task, WARM_UP};
use crate::chain::{Chain, wasm};
use crate::modules::Modules;

/// A request, with its instructions.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Row {
    pub(crate) request: String,
    pub(crate) instructions: u64,
    /// Those of the same request without a filter.
    pub(crate) without: u64,
}

pub(crate) const PLAIN: &str = "sidecar, a context without seals";
pub(crate) const KNOWN: &str = "sidecar, a seal that the worker knows";
const FIRST: &str = "sidecar, a seal at first sight, verified";
const PLAIN_EDGE: &str = "gateway, a context without seals";
const KEPT: &str = "gateway, a seal that the worker has made";
const MADE: &str = "gateway, a seal that is signed";
const NONE: &str = "no filter";

const VERSION: &str = "foo:v1,bar:v2";

/// Long after every measurement.
const EXPIRY: u64 = 4_102_444_800;

fn seal(keys: &Keys, tenant: &str) -> Result<String> {
    keys.seal("k1", EXPIRY, &format!("{tenant}\n{VERSION}"))
}

fn configuration(role: &str, seal: Option<Value>) -> String {
    let mut configuration = json!({
        "version": 1,
        "role": role,
        "tenant": {"to": [{"header": "c-tenancy"}, {"baggage": "tenant"}]},
        "overrides": {"to": [{"header": "x-override"}]},
    });
    if role == "edge" {
        configuration["tenant"]["from"] = json!([{"host": "{tenant}.www.carouselltenancy.com"}]);
        configuration["overrides"]["from"] = json!([{"header": "x-override", "trust": "anyone"}]);
    }
    if let Some(seal) = seal {
        configuration["seal"] = seal;
    }
    configuration.to_string()
}

/// A call of a tenant inside the mesh, with this seal in both its places.
fn call(tenant: &str, seal: Option<&str>) -> Get {
    let mut get = Get::ordinary().named("call").line("c-tenancy", tenant).line("x-override", VERSION);
    get.authority = "shop".into();
    match seal {
        None => get.line("baggage", format!("tenant={tenant}")),
        Some(seal) => get.line("x-tenancy-seal", seal).line("baggage", format!("tenant={tenant},tenancy-seal={seal}")),
    }
}

/// A client's request to a gateway.
fn visit(tenant: &str) -> Get {
    let mut get = Get::ordinary().named("visit").line("x-override", VERSION);
    get.authority = format!("{tenant}.www.carouselltenancy.com");
    get
}

/// Measures each.
pub(crate) async fn measure(modules: &Modules) -> Result<Vec<Row>> {
    let keys = Keys::number(9)?;
    let verify = json!({"verify": {"k1": keys.public()}, "verificationsPerSecond": 5000});
    let signing = json!({"sign": {"key": "k1", "privateKey": keys.private()}, "ttl": 7_776_000});
    let chain = |name: &str, direction, configuration: &str| Chain {
        direction,
        ..Chain::new(name, vec![wasm(&modules.ours, configuration)])
    };
    let chains = [
        Chain::new(NONE, vec![]),
        chain(PLAIN, "INBOUND", &configuration("mesh", None)),
        chain(KNOWN, "INBOUND", &configuration("mesh", Some(verify))),
        chain(PLAIN_EDGE, "UNSPECIFIED", &configuration("edge", None)),
        chain(KEPT, "UNSPECIFIED", &configuration("edge", Some(signing))),
    ];
    let bench = Bench::start(&chains).await?;
    let known_seal = seal(&keys, "feat-x")?;
    let calls = |count| (0..count).map(|number| format!("t{number}"));
    let sealed = calls(WARM_UP + REQUESTS).map(|tenant| Ok(call(&tenant, Some(&seal(&keys, &tenant)?))));
    let sealed = sealed.collect::<Result<Vec<_>>>()?;
    let visits: Vec<_> = calls(WARM_UP + REQUESTS).map(|tenant| visit(&tenant)).collect();
    let decided = ["c-tenancy", "baggage"].into_iter().zip(["feat-x", "tenant=feat-x"]);
    let decided: Changes = decided.map(|(name, value)| (name.to_owned(), Some(value.to_owned()))).collect();
    let rows = [
        known(&bench, PLAIN, &call("feat-x", None), Changes::new()).await?,
        known(&bench, KNOWN, &call("feat-x", Some(&known_seal)), Changes::new()).await?,
        first(&bench, (FIRST, KNOWN), &sealed).await?,
        known(&bench, PLAIN_EDGE, &visit("feat-x"), decided).await?,
        first(&bench, (MADE, KEPT), &visits).await?,
        first(&bench, (KEPT, KEPT), &vec![visit("feat-x"); WARM_UP + REQUESTS]).await?,
    ];
    rows.iter().for_each(|row| println!("  {row:?}"));
    Ok(rows.to_vec())
}

/// One request again and again, whose answer is checked.
async fn known(bench: &Bench, chain: &str, get: &Get, changes: Changes) -> Result<Row> {
    let instructions = bench.run(chain, &Task::new(get, changes)).await?;
    let without = bench.run(NONE, &Task::new(get, Changes::new())).await?;
    Ok(Row { request: chain.into(), instructions, without })
}

/// Many requests, each another one.
async fn first(bench: &Bench, (name, chain): (&str, &str), gets: &[Get]) -> Result<Row> {
    let instructions = bench.run_each(chain, gets).await?;
    let without = bench.run_each(NONE, gets).await?;
    Ok(Row { request: name.into(), instructions, without })
}

/// What a request with a known seal is to the same without seals; `None` if it was not measured.
pub(crate) fn ratio(rows: &[Row]) -> Option<f64> {
    let of = |name: &str| rows.iter().find(|row| row.request == name).map(|row| row.instructions as f64);
    Some(of(KNOWN)? / of(PLAIN)?)
}

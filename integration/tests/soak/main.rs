//! A million requests on one worker, and a thousand configurations: neither traps, and neither leaves anything behind.
//!
//! `make soak` runs it; `SOAK_REQUESTS` and `SOAK_UPDATES` ask for less.

mod load;
mod memory;
mod requests;

use std::time::Instant;

use anyhow::Result;
use integration::token::{Issuer, jwt_authn};
use integration::{Bootstrap, Discovery, Envoy, Request};
use serde_json::{Value, json};

use memory::Memory;
use requests::{IDP, Mix};

/// In how many parts the work is done; the first warms up, and memory is looked at after each.
const PARTS: u64 = 10;

/// How much the memory of the process may grow after warm-up; its allocator keeps and returns pages as it likes.
const GROWTH_PER_CENT: u64 = 4;

/// Envoy itself answers, with what the filter made of the request.
fn answering(configuration: &Value) -> Result<Bootstrap> {
    let mut bootstrap = Bootstrap::gateway()?.configuration(configuration.clone());
    let shown = |name: &str, header: &str| json!({"header": {"key": name, "value": format!("%REQ({header})%")}, "keep_empty_value": true});
    *bootstrap.routes() = json!([{
        "match": {"prefix": "/"},
        "direct_response": {"status": 200},
        "response_headers_to_add": [shown("got-tenant", "x-tenant"), shown("got-overrides", "x-override")],
    }]);
    Ok(bootstrap)
}

fn asked(variable: &str, usual: u64) -> Result<u64> {
    Ok(std::env::var(variable).map_or(Ok(usual), |number| number.parse())?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: make soak"]
async fn requests_leave_nothing_behind() -> Result<()> {
    let issuer = Issuer::new(IDP);
    let mix = Mix::new(&issuer);
    let envoy = Envoy::start(&answering(&requests::configuration())?.behind(jwt_authn(&[&issuer]))).await?;
    let part = asked("SOAK_REQUESTS", 1_000_000)?.div_ceil(PARTS);
    let mut samples = Vec::new();
    for number in 0..PARTS {
        let start = Instant::now();
        load::send(envoy.listener(), &mix, number * part, part).await?;
        let memory = Memory::of(envoy.pid())?;
        println!("{:>9} requests, {:>4.1?}: {memory}", (number + 1) * part, start.elapsed());
        samples.push(memory);
    }
    memory::assert_flat(&samples, GROWTH_PER_CENT);
    envoy.stats_become("wasmcustom.tenancy.requests", &counted("requests", PARTS * part)).await?;
    println!("{}", envoy.admin("/stats?filter=wasmcustom").await?);
    assert!(!envoy.log()?.contains("[wasm]"), "{}", envoy.log()?);
    Ok(())
}

fn counted(name: &str, count: u64) -> std::collections::BTreeMap<String, u64> {
    [(format!("wasmcustom.tenancy.{name}"), count)].into()
}

/// A configuration whose tenants no other number has.
fn numbered(number: u64) -> Value {
    json!({
        "version": 1,
        "role": "edge",
        "tenant": {
            "from": [{"host": format!("{{tenant}}.n{number}.example.com")}, {"header": format!("x-want-{number}")}],
            "to": [{"header": "x-tenant"}, {"baggage": format!("tenant-{number}")}],
            "pattern": format!("t(?:[0-9]+|{number})"),
        },
        "strip": [format!("x-debug-{number}-*")],
    })
}

#[tokio::test]
#[ignore = "takes minutes: make soak"]
async fn configurations_leave_nothing_behind() -> Result<()> {
    let (mut discovery, bootstrap) = Discovery::of(answering(&numbered(0))?)?;
    let envoy = Envoy::start(&bootstrap).await?;
    let part = asked("SOAK_UPDATES", 1_000)?.div_ceil(PARTS);
    let mut samples = Vec::new();
    for number in 1..=PARTS * part {
        discovery.configure(&numbered(number))?;
        serves(&envoy, number).await?;
        if number % part == 0 {
            let memory = Memory::of(envoy.pid())?;
            println!("{number:>5} updates: {memory}");
            samples.push(memory);
        }
    }
    memory::assert_flat(&samples, GROWTH_PER_CENT);
    assert!(!envoy.log()?.contains("[wasm]"), "{}", envoy.log()?);
    Ok(())
}

/// Waits until Envoy has taken an update, and asks it what no earlier configuration answers.
async fn serves(envoy: &Envoy, number: u64) -> Result<()> {
    let update = "extension_config_discovery.http_filter.tenancy.update_success".to_owned();
    envoy.stats_become("tenancy.update_success", &[(update, number + 1)].into()).await?;
    let request = Request::to(&format!("t{number}.n{number}.example.com"));
    let reply = request.send(envoy.listener(), integration::Protocol::Http1).await?;
    assert_eq!(reply.headers.values("got-tenant"), [format!("t{number}")]);
    Ok(())
}

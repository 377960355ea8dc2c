//! A million requests on one worker, and a thousand configurations: neither traps, and neither leaves anything behind
//! (R5).
//!
//! `make soak` runs it; `SOAK_REQUESTS` and `SOAK_UPDATES` ask for less.

mod load;
mod memory;
mod requests;
mod seals;
#[allow(dead_code, reason = "each test uses a part")]
#[path = "../envoy/repair/sidecar.rs"]
mod sidecar;
mod slow;

use std::time::Instant;

use anyhow::Result;
use integration::token::{Issuer, jwt_authn};
use integration::{Bootstrap, Discovery, Envoy, Protocol, Request};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use memory::{GROWTH_PER_CENT, Memory};
use requests::{Expected, IDP, Mix};

const REQUESTS: &str = "wasmcustom.tenancy.requests";

/// In how many parts the work is done; the first warms up, and memory is looked at after each.
const PARTS: u64 = 10;

/// What one look at the allocator differs from the next.
const SLACK_KIB: u64 = 64;

/// Envoy itself answers, with what the filter made of the request.
fn answering(configuration: &Value) -> Result<Bootstrap> {
    let mut bootstrap = Bootstrap::gateway()?.configuration(configuration.clone());
    let shown = |name: &str, header: &str| {
        let value = format!("%REQ({header})%");
        json!({"header": {"key": name, "value": value}, "keep_empty_value": true})
    };
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
    let samples = sample(&envoy, part, move |number, to: &mut _| mix.write(number, to)).await?;
    memory::assert_flat(&samples, GROWTH_PER_CENT);
    envoy.stats_become(REQUESTS, &[(REQUESTS.to_owned(), PARTS * part)].into()).await?;
    println!("{}", envoy.admin("/stats?filter=wasmcustom").await?);
    assert!(!envoy.log()?.contains("[wasm]"), "{}", envoy.log()?);
    Ok(())
}

/// Sends all parts, and looks at the memory after each.
async fn sample<W>(envoy: &Envoy, part: u64, write: W) -> Result<Vec<Memory>>
where
    W: Fn(u64, &mut Vec<u8>) -> Expected + Clone + Send + 'static,
{
    let mut samples = Vec::new();
    for number in 0..PARTS {
        let start = Instant::now();
        load::send(envoy.listener(), &write, number * part, part).await?;
        let memory = Memory::of(envoy).await?;
        println!("{:>9} requests, {:>4.1?}: {memory}", (number + 1) * part, start.elapsed());
        samples.push(memory);
    }
    Ok(samples)
}

/// A flood of trace ids that nobody saw before: the slots are full at once, and no id leaves anything behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: make soak"]
async fn trace_ids_leave_nothing_behind() -> Result<()> {
    let mut bootstrap = answering(&json!({
        "version": 1,
        "role": "mesh",
        "tenant": {"to": [{"header": "x-tenant"}]},
        "repair": {"by": ["traceparent", "x-request-id"]},
    }))?;
    bootstrap.listener()["traffic_direction"] = "INBOUND".into();
    let envoy = Envoy::start(&bootstrap).await?;
    let part = asked("SOAK_REQUESTS", 1_000_000)?.div_ceil(PARTS);
    let samples = sample(&envoy, part, |number, to: &mut Vec<u8>| {
        let traceparent = format!("00-{:032x}-00000000000000aa-01", u128::from(number) + 1);
        let lines =
            format!("Host: shop\r\nx-tenant: t{number}\r\ntraceparent: {traceparent}\r\nx-request-id: r{number}");
        to.extend(format!("GET / HTTP/1.1\r\n{lines}\r\n\r\n").bytes());
        Expected::Passed(format!("t{number}"), String::new())
    });
    memory::assert_flat(&samples.await?, GROWTH_PER_CENT);
    assert!(!envoy.log()?.contains("[wasm]"), "{}", envoy.log()?);
    Ok(())
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

/// A module that asks for a tick a second, and does nothing.
const IDLE: &str = r#"(module
  (import "env" "proxy_set_tick_period_milliseconds" (func $tick (param i32) (result i32)))
  (memory (export "memory") 2)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 65536))
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_tick") (param i32))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $tick (i32.const 1000)))
    (i32.const 1)))"#;

/// Envoy itself remembers every configuration, and the timer of each; the filter leaves nothing beside that.
#[tokio::test]
#[ignore = "takes minutes: make soak"]
async fn configurations_leave_nothing_behind() -> Result<()> {
    let idle = NamedTempFile::with_suffix(".wasm")?;
    std::fs::write(idle.path(), wat::parse_str(IDLE)?)?;
    let bootstrap = answering(&numbered(0))?;
    let without = memory::growth(&update(bootstrap.clone().module(idle.path()), false).await?);
    let samples = update(bootstrap, true).await?;
    let with = memory::growth(&samples);
    println!("after warm-up {with} KiB more, where an idle module makes it {without} KiB");
    assert!(with <= without + without / 10 + SLACK_KIB, "{with} KiB, {without} KiB");
    memory::assert_flat(&samples, GROWTH_PER_CENT);
    Ok(())
}

/// Updates a configuration again and again, and gives the memory after each part.
async fn update(bootstrap: Bootstrap, is_ours: bool) -> Result<Vec<Memory>> {
    let (mut discovery, bootstrap) = Discovery::of(bootstrap)?;
    let envoy = Envoy::start(&bootstrap).await?;
    let part = asked("SOAK_UPDATES", 1_000)?.div_ceil(PARTS);
    let mut samples = Vec::new();
    for number in 1..=PARTS * part {
        discovery.configure(&numbered(number))?;
        let tenant = serve(&envoy, number).await?;
        assert_eq!(tenant == [format!("t{number}")], is_ours, "{tenant:?}");
        if number % part == 0 {
            let memory = Memory::of(&envoy).await?;
            println!("{number:>5} updates: {memory}");
            samples.push(memory);
        }
    }
    assert!(!envoy.log()?.contains("[wasm]"), "{}", envoy.log()?);
    Ok(samples)
}

/// Waits until Envoy has taken an update, and asks it for what no earlier configuration answers.
async fn serve(envoy: &Envoy, number: u64) -> Result<Vec<String>> {
    let update = "extension_config_discovery.http_filter.tenancy.update_success".to_owned();
    envoy.stats_become("tenancy.update_success", &[(update, number + 1)].into()).await?;
    let request = Request::to(&format!("t{number}.n{number}.example.com"));
    Ok(request.send(envoy.listener(), Protocol::Http1).await?.headers.values("got-tenant"))
}

//! Streams that stay open, with as many trace ids as a request can bring, and a flood beside them (R30, R31).

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use integration::Request;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::sidecar::{SERVICE, Sidecar, configuration};

const STREAMS: u64 = 1_000;
const FLOOD: u64 = 1_000;
const LINGER: Duration = Duration::from_secs(5);
const BY: [&str; 7] = [
    "traceparent",
    "b3",
    "x-b3-traceid",
    "x-request-id",
    "x-datadog-trace-id",
    "uber-trace-id",
    "x-cloud-trace-context",
];

/// Spreads numbers, so that no two ids of the test are alike (Steele, Lea and Flood, "Fast splittable pseudorandom
/// number generators").
fn id(number: u64) -> u64 {
    let mixed = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb) | 1
}

fn traceparent(number: u64) -> String {
    format!("00-{:032x}-00000000000000aa-01", id(number))
}

/// An id in each header, of which no two are one.
fn lines(number: u64) -> String {
    let [b3, multiple, datadog, uber, cloud] = [1, 2, 3, 4, 5].map(|header| id(number * 8 + header + 1_000_000));
    [
        format!("traceparent: {}", traceparent(number)),
        format!("b3: {b3:032x}-00000000000000aa-1"),
        format!("x-b3-traceid: {multiple:016x}"),
        format!("x-request-id: slow-{number}"),
        format!("x-datadog-trace-id: {datadog}"),
        format!("uber-trace-id: {uber:x}:aa:0:1"),
        format!("x-cloud-trace-context: {cloud:032x}/1;o=1"),
    ]
    .join("\r\n")
}

/// A request whose body does not come.
async fn open(sidecar: &Sidecar, number: u64) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(sidecar.envoy.listener()).await?;
    let head = format!("POST / HTTP/1.1\r\nHost: shop\r\ncontent-length: 1\r\nc-tenancy: t{number}");
    stream.write_all(format!("{head}\r\n{}\r\n\r\n", lines(number)).as_bytes()).await?;
    Ok(stream)
}

/// Whether a call was given a context; fails where it is another's.
fn is_restored(delivered: &[String], number: u64) -> Result<bool> {
    let own = [format!("baggage: tenant=t{number}"), format!("c-tenancy: t{number}")];
    let is_own = delivered.len() == own.len() && own.iter().all(|line| delivered.contains(line));
    ensure!(delivered.is_empty() || is_own, "{number} got {delivered:?}");
    Ok(is_own)
}

/// A whole request, whose application forwards its `traceparent`.
async fn pass(sidecar: &Sidecar, number: u64) -> Result<bool> {
    let request = Request::to("shop").header("c-tenancy", format!("t{number}"));
    is_restored(&sidecar.receive(&request.header("traceparent", traceparent(number))).await?, number)
}

/// How many of some streams a call is known by, which changes nothing.
async fn known(sidecar: &Sidecar) -> Result<u64> {
    let mut known = 0;
    for number in (0..STREAMS).step_by(20) {
        let call = Request::to(SERVICE).header("traceparent", traceparent(number));
        known += u64::from(is_restored(&sidecar.call(&call).await?, number)?);
    }
    Ok(known)
}

/// Nobody gets another's context, and a moment after the streams have ended repair is as it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: make soak"]
async fn slow_streams_and_a_flood_cost_nobody_another_context() -> Result<()> {
    let repair = configuration(json!({"by": BY, "lingerSeconds": LINGER.as_secs()}));
    let sidecar = Sidecar::start(1, &["traceparent"], repair).await?;
    let mut streams = Vec::new();
    for number in 0..STREAMS {
        streams.push(open(&sidecar, number).await?);
    }
    let requests = "wasmcustom.tenancy.requests";
    sidecar.envoy.stats_become(requests, &[(requests.to_owned(), STREAMS)].into()).await?;
    let mut restored = 0;
    for number in STREAMS..STREAMS + FLOOD {
        restored += u64::from(pass(&sidecar, number).await?);
    }
    println!("{STREAMS} streams with {} ids each, and beside them {restored} of {FLOOD} restored", BY.len());

    drop(streams);
    sidecar.envoy.stats_become(r"^http\.sidecar.*downstream_rq_active", &[].into()).await?;
    let ended = Instant::now();
    assert!(known(&sidecar).await? > 0, "nothing to forget");
    while known(&sidecar).await? > 0 {
        ensure!(ended.elapsed() < LINGER + Duration::from_secs(1), "still known");
    }
    let mut restored = 0;
    for number in 0..60 {
        restored += u64::from(pass(&sidecar, 2 * (STREAMS + FLOOD) + number).await?);
    }
    println!("{restored} of 60 restored {:.1?} after the streams ended", ended.elapsed());
    assert_eq!(restored, 60);
    Ok(())
}

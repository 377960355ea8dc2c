//! What an Envoy takes to begin with: the time from its start to its first answer, and its memory.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use integration::Envoy;
use serde::{Deserialize, Serialize};
use workload::{Get, WHOLE_JOB};

use crate::bench::ensure_vms;
use crate::chain::{Chain, STABLE, UPSTREAM, bootstrap, lua, wasm};
use crate::client::Client;
use crate::entries::CHEAPEST_LUA;
use crate::inside::{LUA, NONE, NOOP, OURS};
use crate::modules::Modules;
use crate::timed::cpu_time;

/// An Envoy with each chain, and the bytes of our module.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Startup {
    pub(crate) rows: Vec<Row>,
    pub(crate) module_size: u64,
}

/// The medians of all turns, Envoy's own part included.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Row {
    pub(crate) chain: String,
    /// Milliseconds.
    pub(crate) first_answer: f64,
    /// Milliseconds of CPU until then, of all threads.
    pub(crate) cpu: f64,
    /// KiB that are resident after [`REQUESTS`].
    pub(crate) resident: u64,
}

const TURNS: usize = 9;
/// Until a chain has allocated what it needs for requests.
const REQUESTS: usize = 1000;
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts each in turn, so that a busy moment hits all.
pub(crate) async fn measure(modules: &Modules) -> Result<Startup> {
    let chains = [
        Chain::new(NONE, vec![]),
        Chain::new(NOOP, vec![wasm(&modules.noop, "")]),
        Chain::new(LUA, vec![lua(&CHEAPEST_LUA[1..])?]),
        Chain::new(OURS, vec![wasm(&modules.ours, WHOLE_JOB)]),
    ];
    let mut turns = Vec::new();
    for _ in 0..TURNS {
        for chain in &chains {
            turns.push(start(chain).await?);
        }
    }
    let startup =
        Startup { rows: chains.iter().map(|chain| row(chain, &turns)).collect(), module_size: modules.size()? };
    println!("  {startup:?}");
    Ok(startup)
}

fn row(chain: &Chain, turns: &[Row]) -> Row {
    let turns = || turns.iter().filter(|turn| turn.chain == chain.name);
    Row {
        chain: chain.name.clone(),
        first_answer: median(turns().map(|turn| turn.first_answer), f64::total_cmp),
        cpu: median(turns().map(|turn| turn.cpu), f64::total_cmp),
        resident: median(turns().map(|turn| turn.resident), u64::cmp),
    }
}

/// One turn.
async fn start(chain: &Chain) -> Result<Row> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let chains = std::slice::from_ref(chain);
    let bootstrap = bootstrap(chains, [(UPSTREAM.to_owned(), address)].into_iter()).listen_on(address.port());
    let start = Instant::now();
    let answered = thread::spawn(move || answer(address, start));
    let envoy = Envoy::start(&bootstrap).await?;
    let first_answer = answered.join().expect("no panic")?.as_secs_f64() * 1000.0;
    let cpu = cpu_time(envoy.pid())?.as_secs_f64() * 1000.0;
    ensure_vms(&envoy, chains).await?;
    Client::connect(address)?.send(&Get::tenant().to_http1(""), REQUESTS, STABLE)?;
    Ok(Row { chain: chain.name.clone(), first_answer, cpu, resident: resident(envoy.pid())? })
}

/// Asks until there is an answer.
fn answer(address: SocketAddr, start: Instant) -> Result<Duration> {
    let request = Get::ordinary().to_http1("");
    loop {
        if let Ok(mut client) = Client::connect(address) {
            client.send(&request, 1, STABLE)?;
            return Ok(start.elapsed());
        }
        ensure!(start.elapsed() < PATIENCE, "no answer after {PATIENCE:?}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// The resident memory of a process in KiB.
fn resident(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

fn median<T: Copy>(values: impl Iterator<Item = T>, order: impl FnMut(&T, &T) -> std::cmp::Ordering) -> T {
    let mut values: Vec<_> = values.collect();
    values.sort_by(order);
    values[values.len() / 2]
}

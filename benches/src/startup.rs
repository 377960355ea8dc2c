//! How long an Envoy takes from its start to its first answer.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use integration::Envoy;
use serde::{Deserialize, Serialize};
use workload::{Get, WHOLE_JOB};

use crate::chain::{Chain, STABLE, bootstrap, wasm};
use crate::client::Client;
use crate::modules::Modules;

/// Milliseconds, the median of all turns, and the bytes of our module.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Startup {
    pub(crate) noop: f64,
    pub(crate) ours: f64,
    pub(crate) module_size: u64,
}

const TURNS: usize = 9;
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts each in turn, so that a busy moment hits both.
pub(crate) async fn measure(modules: &Modules) -> Result<Startup> {
    let (mut noop, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        noop.push(first_answer(&modules.noop, "").await?);
        ours.push(first_answer(&modules.ours, WHOLE_JOB).await?);
    }
    let startup = Startup { noop: median(noop), ours: median(ours), module_size: modules.size()? };
    println!("  {startup:?}");
    Ok(startup)
}

async fn first_answer(module: &Path, configuration: &str) -> Result<f64> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let chain = Chain::new("first", vec![wasm(module, configuration)]);
    let bootstrap = bootstrap(&[chain], address).listen_on(address.port());
    let start = Instant::now();
    let answered = thread::spawn(move || answer(address, start));
    let _envoy = Envoy::start(&bootstrap).await?;
    let took = answered.join().expect("no panic")?;
    Ok(took.as_secs_f64() * 1000.0)
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

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

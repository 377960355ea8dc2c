//! Time inside Envoy at a fixed rate. A machine that does other things shows them here: this gates nothing.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use integration::Envoy;
use serde::{Deserialize, Serialize};
use tenancy_filter::Filter;
use workload::{Get, WHOLE_JOB, borrowed, decide};

use crate::bench::{Changes, Task, check};
use crate::chain::{Chain, FORWARDED, UPSTREAM, bootstrap, header_mutation, lua, wasm};
use crate::client::Client;
use crate::entries::CHEAPEST_LUA;
use crate::inside::{INTERPRETED_LUA, NONE, NOOP, OURS};
use crate::modules::Modules;
use crate::upstream::Upstream;

/// Microseconds: of CPU a request, as the median and the extremes of the turns; of waiting, over all requests.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Row {
    pub(crate) chain: String,
    pub(crate) cpu: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

const RATE: u32 = 1000;
const TURN: Duration = Duration::from_secs(4);
const TURNS: usize = 5;

/// An Envoy with one chain, and what it took so far.
struct Runner {
    chain: String,
    envoy: Envoy,
    changes: Changes,
    cpu: Vec<f64>,
    waits: Vec<Duration>,
}

/// Loads the chains one after the other, and then again, so that a busy minute hits all.
pub(crate) async fn measure(modules: &Modules) -> Result<Vec<Row>> {
    let upstream = Upstream::start(UPSTREAM)?;
    let get = Get::tenant();
    let mut runners = Vec::new();
    for (chain, changes) in chains(modules, &get)? {
        let envoy = Envoy::start(&bootstrap(
            std::slice::from_ref(&chain),
            [(UPSTREAM.to_owned(), upstream.address())].into_iter(),
        ))
        .await?;
        runners.push(Runner { chain: chain.name, envoy, changes, cpu: Vec::new(), waits: Vec::new() });
    }
    for _ in 0..TURNS {
        for runner in &mut runners {
            let sent = runner.turn(&get)?;
            check(&upstream.take(sent)?, &Task::new(&get, runner.changes.clone()))?;
        }
    }
    runners.into_iter().map(Runner::row).collect()
}

fn chains(modules: &Modules, get: &Get) -> Result<Vec<(Chain, Changes)>> {
    let whole_job = decide(&Filter::from_config(WHOLE_JOB.as_bytes())?.filter, &borrowed(&get.headers()));
    let one = vec![("c-tenancy".to_owned(), Some("feat-x".to_owned()))];
    Ok(vec![
        (Chain::new(NONE, vec![]), Vec::new()),
        (Chain::new("header_mutation (native), one header written", vec![header_mutation("c-tenancy", "feat-x")]), one),
        (Chain::new(NOOP, vec![wasm(&modules.noop, "")]), Vec::new()),
        (Chain::new(INTERPRETED_LUA, vec![lua(&CHEAPEST_LUA)?]), whole_job.clone()),
        (Chain::new(OURS, vec![wasm(&modules.ours, WHOLE_JOB)]), whole_job),
    ])
}

impl Runner {
    /// Gives the number of requests.
    fn turn(&mut self, get: &Get) -> Result<usize> {
        let mut client = Client::connect(self.envoy.listener())?;
        let before = cpu_time(self.envoy.pid())?;
        let waits = client.pace(&get.to_http1(FORWARDED), RATE, TURN, UPSTREAM)?;
        let spent = cpu_time(self.envoy.pid())?.saturating_sub(before);
        self.cpu.push(micros(spent) / waits.len() as f64);
        self.waits.extend(&waits);
        Ok(waits.len())
    }

    fn row(mut self) -> Result<Row> {
        self.cpu.sort_by(f64::total_cmp);
        self.waits.sort();
        let at = |percent: usize| micros(self.waits[(self.waits.len() - 1) * percent / 100]);
        let (least, most) = (self.cpu.first().context("a turn")?, self.cpu.last().context("a turn")?);
        let cpu = self.cpu[self.cpu.len() / 2];
        let row = Row { chain: self.chain.clone(), cpu, least: *least, most: *most, p50: at(50), p99: at(99) };
        println!("  {row:?}");
        Ok(row)
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// What all threads of a process spent on a CPU: the first number of each `schedstat` (proc(5)), in nanoseconds.
pub(crate) fn cpu_time(pid: u32) -> Result<Duration> {
    let mut total = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = fs::read_to_string(task?.path().join("schedstat"))?;
        total += text.split(' ').next().context("three numbers")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(total))
}

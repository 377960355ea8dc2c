//! Instructions inside Envoy of the requests that cost most, and of an ordinary one of as many bytes without a filter.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use workload::worst::{Worst, large, worst};

use crate::bench::{Bench, Changes, Task};
use crate::chain::{Chain, wasm};
use crate::inside::NONE;
use crate::modules::Modules;

/// A request of 60 KiB, and all instructions that it takes.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Row {
    pub(crate) request: String,
    pub(crate) instructions: u64,
}

/// What the others are compared with.
pub(crate) const ORDINARY: &str = "an ordinary request, no filter";

/// Measures the ordinary one first.
pub(crate) async fn measure(modules: &Modules) -> Result<Vec<Row>> {
    let all = worst();
    let chain = |Worst { get, configuration, direction, .. }: &Worst| Chain {
        direction,
        ..Chain::new(get.name.clone(), vec![wasm(&modules.ours, configuration)])
    };
    let chains: Vec<_> = [Chain::new(NONE, vec![])].into_iter().chain(all.iter().map(chain)).collect();
    let bench = Bench::start(&chains).await?;
    let few = |get, changes| Task { warm_up: 30, requests: 20, ..Task::new(get, changes) };
    let get = large();
    let instructions = bench.run(NONE, &few(&get, Changes::new())).await?;
    let mut rows = vec![Row { request: ORDINARY.into(), instructions }];
    for Worst { get, changes, .. } in &all {
        let instructions = bench.run(&get.name, &few(get, changes.clone())).await?;
        rows.push(Row { request: get.name.clone(), instructions });
        println!("  {:?}", rows.last());
    }
    Ok(rows)
}

//! Instructions inside Envoy: what else could do the job, and each of our features by itself.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use workload::Get;

use crate::bench::{Bench, Task};
use crate::entries::{self, Entry};
use crate::modules::Modules;

/// A chain, and the instructions of each request: those over its base, or, of a base, all that there are.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Row {
    pub(crate) chain: String,
    /// Its base; `None` if it is one itself.
    pub(crate) over: Option<String>,
    pub(crate) ordinary: Option<i64>,
    pub(crate) tenant: Option<i64>,
}

impl Row {
    /// Whether the others are measured over it.
    pub(crate) fn is_base(&self) -> bool {
        self.over.is_none()
    }

    /// Whether it is one of our features by itself, or what that is measured over.
    pub(crate) fn is_detail(&self) -> bool {
        let base = self.over.as_ref().unwrap_or(&self.chain);
        base != NONE || self.chain != OURS && self.chain.starts_with("ours, ")
    }
}

/// The base of all other chains, unless stated otherwise.
pub(crate) const NONE: &str = "no filter";
/// The chains that goals compare.
pub(crate) const FLOOR: &str = "raw module, header map read once (the floor)";
pub(crate) const LUA: &str = "Lua, the whole job";
pub(crate) const INTERPRETED_LUA: &str = "Lua, the whole job, JIT off";
pub(crate) const NOOP: &str = "SDK no-op";
pub(crate) const OURS: &str = "ours, the whole job";

/// Rounds over all chains; the median counts.
const ROUNDS: usize = 3;

/// Measures every chain with both requests.
pub(crate) async fn measure(modules: &Modules) -> Result<Vec<Row>> {
    let mut rows: Vec<Row> = Vec::new();
    for entries in entries::all(modules)? {
        let bench = Bench::start(&entries.iter().map(|entry| entry.chain.clone()).collect::<Vec<_>>()).await?;
        let all = counts(&bench, &entries).await?;
        for (entry, row) in entries.iter().zip(&all) {
            let row = if entry.is_base() { row.clone() } else { over(row, &all, entry.base)? };
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
        let tenant = median(rounds.iter().map(|round| round[place].1));
        Row { chain: entry.chain.name.clone(), over: None, ordinary, tenant }
    };
    Ok(entries.iter().enumerate().map(row).collect())
}

/// `None` if there is no value.
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

/// A row over another, counted in the same Envoy.
fn over(row: &Row, rows: &[Row], name: &str) -> Result<Row> {
    let base = rows.iter().find(|row| row.chain == name).context("a base in the same Envoy")?;
    let minus = |all: Option<i64>, base: Option<i64>| Some(all? - base?);
    let (ordinary, tenant) = (minus(row.ordinary, base.ordinary), minus(row.tenant, base.tenant));
    Ok(Row { chain: row.chain.clone(), over: Some(name.into()), ordinary, tenant })
}

//! What a request costs, beside what else could do the job: `make bench`, explained in `benches/README.md`.

mod allocations;
mod baseline;
mod bench;
mod callgrind;
mod chain;
mod client;
mod clusters;
pub mod counted;
mod destinations;
mod entries;
mod goals;
mod growth;
mod inside;
mod modules;
mod plot;
mod results;
mod seals;
mod startup;
mod tables;
mod timed;
mod upstream;
mod worst;

use std::env;

use anyhow::{Result, bail, ensure};

pub use baseline::{Baseline, Figure, Verdict};
use modules::Modules;
use results::Results;

/// What `BENCH` may name; what takes time itself comes last, when the machine has nothing else to do.
const PARTS: [&str; 9] =
    ["inside", "counted", "growth", "destinations", "clusters", "seals", "worst", "startup", "timed"];

/// Measures the parts that `BENCH` names, all without it; what was measured before of the others stays.
pub async fn run() -> Result<()> {
    let named = env::var("BENCH").unwrap_or_default();
    let chosen: Vec<_> = if named.is_empty() { PARTS.into() } else { named.split([',', ' ']).collect() };
    if let Some(unknown) = chosen.iter().find(|part| !PARTS.contains(part)) {
        bail!("BENCH={unknown}: no such part; there are {}", PARTS.join(", "));
    }
    let modules = Modules::build()?;
    let mut results = Results::read()?;
    for part in PARTS.into_iter().filter(|part| chosen.contains(part)) {
        println!("bench: {part}");
        match part {
            "inside" => results.inside = inside::measure(&modules).await?,
            "counted" => results.counted = counted::measure()?,
            "growth" => results.growth = growth::measure(&modules).await?,
            "destinations" => results.destinations = destinations::measure(&modules).await?,
            "clusters" => results.clusters = Some(clusters::measure().await?),
            "seals" => results.seals = seals::measure(&modules).await?,
            "worst" => results.worst = worst::measure(&modules).await?,
            "startup" => results.startup = Some(startup::measure(&modules).await?),
            _ => results.timed = timed::measure(&modules).await?,
        }
        results.write()?;
    }
    plot::draw(&results)?;
    tables::publish(&results)
}

/// Makes today's figures the baseline, with the reason in `REASON`.
pub fn update_baseline() -> Result<()> {
    let reason = env::var("REASON").unwrap_or_default();
    ensure!(!reason.trim().is_empty(), "no reason: REASON=\"why it is worth it\" make baseline");
    let mut baseline = Baseline::read()?;
    baseline.update(&counted::measure()?, &reason);
    baseline.write()
}

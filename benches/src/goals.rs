//! What a request may cost at most, and what we aim at.

use crate::destinations;
use crate::growth::{HOSTILE, Point, TREE};
use crate::inside::{FLOOR, INTERPRETED_LUA, LUA, NOOP, OURS};
use crate::results::Results;
use crate::seals;

/// A figure that should be small.
pub(crate) struct Goal {
    pub(crate) name: &'static str,
    pub(crate) must: f64,
    pub(crate) aim: Option<f64>,
    pub(crate) measured: Option<f64>,
}

impl Goal {
    /// What is to be said of it.
    pub(crate) fn verdict(&self) -> &'static str {
        match (self.measured, self.aim) {
            (None, _) => "not measured",
            (Some(measured), Some(aim)) if measured <= aim => "holds, and the aim too",
            (Some(measured), Some(_)) if measured <= self.must => "holds, short of the aim",
            (Some(measured), None) if measured <= self.must => "holds",
            (Some(_), _) => "**misses**",
        }
    }
}

/// All of them.
pub(crate) fn goals(results: &Results) -> Vec<Goal> {
    let goal = |name, must, measured| Goal { name, must, aim: None, measured };
    let aimed = |name, must, aim, measured| Goal { name, must, aim: Some(aim), measured };
    let figure = |name| results.figure(name).map(|value| value as f64);
    let size = results.startup.as_ref().map(|startup| startup.module_size as f64);
    vec![
        aimed("instructions, tenant request, to Lua's whole job", 0.33, 0.28, tenant(results, LUA)),
        aimed("the same, to Lua's with its JIT off, the cheaper", 0.33, 0.28, tenant(results, INTERPRETED_LUA)),
        aimed("instructions, ordinary request, to the floor", 1.35, 1.25, ordinary(results, FLOOR)),
        goal("instructions, ordinary request, to Lua's whole job", 0.39, ordinary(results, LUA)),
        goal("the same, to Lua's with its JIT off", 0.39, ordinary(results, INTERPRETED_LUA)),
        goal("instructions, filter and routing, 5,000 sandboxes to 1, match tree", 1.05, sandboxes(results)),
        aimed(
            "sandboxes from which destinations cost less than one exact rule for each",
            100.0,
            50.0,
            destinations::cheaper_from(&results.destinations),
        ),
        goal("instructions a byte, hostile request, 60 KiB to 6 KiB", 1.2, hostile(results)),
        goal(
            "instructions, worst request of 60 KiB, to an ordinary one of 60 KiB without a filter",
            12.0,
            worst(results),
        ),
        goal(
            "instructions, sealed request, its seal known, to the same without seals",
            1.25,
            seals::ratio(&results.seals),
        ),
        goal("heap allocations of the core, ordinary request", 0.0, figure("core, ordinary: allocations")),
        goal("host calls, ordinary request", 1.0, figure("module, ordinary: host calls")),
        goal("host calls, tenant request, three headers changed", 4.0, figure("module, tenant: host calls")),
        goal("bytes of the module", 420_000.0, size),
        aimed(
            "time to the first answer, with Envoy's own start, to an SDK no-op's",
            2.2,
            1.5,
            first_answer(results, NOOP),
        ),
    ]
}

fn tenant(results: &Results, other: &str) -> Option<f64> {
    Some(results.chain(OURS)?.tenant? as f64 / results.chain(other)?.tenant? as f64)
}

fn ordinary(results: &Results, other: &str) -> Option<f64> {
    Some(results.chain(OURS)?.ordinary? as f64 / results.chain(other)?.ordinary? as f64)
}

fn first_answer(results: &Results, other: &str) -> Option<f64> {
    Some(results.start(OURS)?.first_answer / results.start(other)?.first_answer)
}

fn sandboxes(results: &Results) -> Option<f64> {
    let at = |count| Some(results.point(TREE, count)?.instructions as f64);
    Some(at(5000)? / at(1)?)
}

fn hostile(results: &Results) -> Option<f64> {
    let a_byte = |point: &Point| point.instructions as f64 / point.bytes as f64;
    Some(a_byte(results.point(HOSTILE, 60)?) / a_byte(results.point(HOSTILE, 6)?))
}

fn worst(results: &Results) -> Option<f64> {
    results.worst_ratio(results.worst.iter().map(|row| row.instructions).max()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_names_what_is_missed() {
        let verdict = |aim, measured| Goal { name: "", must: 2.0, aim, measured }.verdict();
        assert_eq!(verdict(Some(1.5), Some(1.5)), "holds, and the aim too");
        assert_eq!(verdict(Some(1.5), Some(2.0)), "holds, short of the aim");
        assert_eq!(verdict(Some(1.5), Some(2.1)), "**misses**");
        assert_eq!(verdict(None, Some(2.0)), "holds");
        assert_eq!(verdict(None, Some(2.1)), "**misses**");
        assert_eq!(verdict(None, None), "not measured");
    }
}

//! The figures that may not grow unnoticed: `benches/baseline.json`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use integration::root;
use serde::{Deserialize, Serialize};

/// A figure, and what it depends on beside the source.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// What it counts.
    pub name: String,
    /// The number.
    pub value: u64,
    built: Built,
}

/// Whether another compiler may make another number.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
enum Built {
    ByAny,
    /// As `rustc --version` calls it.
    By(String),
    ByUnknown,
}

/// A figure as it was last, and why.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Row {
    figure: String,
    value: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    compiler: Option<String>,
    reason: String,
}

/// What was measured before.
#[derive(Debug, Default)]
pub struct Baseline(Vec<Row>);

/// What is said of one figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It did not grow, or within 3 %.
    Holds,
    /// It fell by more than that: the baseline could be lower.
    Fell(String),
    /// There is nothing to compare it with, because another compiler made it.
    NotGated(String),
    /// It grew, or is new.
    Grew(String),
}

impl Figure {
    pub(crate) fn new(name: String, value: u64) -> Self {
        Self { name, value, built: Built::ByAny }
    }

    /// Makes it comparable only with figures of the same compiler.
    pub(crate) fn compiled_by(self, compiler: Option<String>) -> Self {
        Self { built: compiler.map_or(Built::ByUnknown, Built::By), ..self }
    }
}

impl Baseline {
    /// Reads the file.
    pub fn read() -> Result<Self> {
        let text = fs::read_to_string(path()).with_context(|| path().display().to_string())?;
        Ok(Self(serde_json::from_str(&text)?))
    }

    /// Compares a figure with what it was.
    pub fn verdict(&self, figure: &Figure) -> Verdict {
        let name = &figure.name;
        match (self.row(figure), &figure.built) {
            (Some(row), _) => row.verdict(figure.value),
            (None, Built::ByAny) => Verdict::Grew(format!("{name}: {}, which has no baseline", figure.value)),
            (None, Built::By(compiler)) => Verdict::NotGated(format!("{name}: no baseline for {compiler}")),
            (None, Built::ByUnknown) => Verdict::NotGated(format!("{name}: nobody knows what built the module")),
        }
    }

    /// Takes today's figures, each that moved by more than 3 % with this reason; those of other compilers stay.
    pub fn update(&mut self, figures: &[Figure], reason: &str) {
        for figure in figures.iter().filter(|figure| figure.built != Built::ByUnknown) {
            if self.verdict(figure) != Verdict::Holds {
                let compiler = figure.compiler().map(str::to_owned);
                let row = Row { figure: figure.name.clone(), value: figure.value, compiler, reason: reason.into() };
                match self.position(figure) {
                    Some(position) => self.0[position] = row,
                    None => self.0.push(row),
                }
            }
        }
    }

    /// Writes the file.
    pub fn write(&self) -> Result<()> {
        Ok(fs::write(path(), serde_json::to_string_pretty(&self.0)? + "\n")?)
    }

    fn row(&self, figure: &Figure) -> Option<&Row> {
        self.position(figure).map(|position| &self.0[position])
    }

    fn position(&self, figure: &Figure) -> Option<usize> {
        let is_same = |row: &Row| row.figure == figure.name && row.compiler.as_deref() == figure.compiler();
        self.0.iter().position(is_same).filter(|_| figure.built != Built::ByUnknown)
    }
}

impl Figure {
    fn compiler(&self) -> Option<&str> {
        match &self.built {
            Built::By(compiler) => Some(compiler),
            Built::ByAny | Built::ByUnknown => None,
        }
    }
}

impl Row {
    fn verdict(&self, now: u64) -> Verdict {
        let Self { figure, value: before, reason, .. } = self;
        let told = format!("{figure}: {now} instead of {before} ({reason})");
        match (now * 100, before * 100) {
            (now, before) if now > before + before * 3 / 100 => Verdict::Grew(told),
            (now, before) if now + before * 3 / 100 < before => Verdict::Fell(told),
            _ => Verdict::Holds,
        }
    }
}

fn path() -> PathBuf {
    root().join("benches/baseline.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(value: u64) -> Figure {
        Figure::new("core: allocations".into(), value)
    }

    fn baseline(figures: &[Figure]) -> Baseline {
        let mut baseline = Baseline::default();
        baseline.update(figures, "first");
        baseline
    }

    #[test]
    fn a_figure_may_grow_by_three_per_cent() {
        let baseline = baseline(&[figure(1000)]);
        for value in [970, 1000, 1030] {
            assert_eq!(baseline.verdict(&figure(value)), Verdict::Holds);
        }
        let grew = "core: allocations: 1031 instead of 1000 (first)".to_owned();
        assert_eq!(baseline.verdict(&figure(1031)), Verdict::Grew(grew));
        assert!(matches!(baseline.verdict(&figure(969)), Verdict::Fell(_)));
    }

    #[test]
    fn nothing_may_not_become_something() {
        let baseline = baseline(&[figure(0)]);
        assert_eq!(baseline.verdict(&figure(0)), Verdict::Holds);
        assert!(matches!(baseline.verdict(&figure(1)), Verdict::Grew(_)));
    }

    #[test]
    fn a_new_figure_needs_a_baseline() {
        assert!(matches!(Baseline::default().verdict(&figure(1)), Verdict::Grew(_)));
    }

    #[test]
    fn compilers_are_compared_with_themselves() {
        let by = |compiler: &str, value| figure(value).compiled_by(Some(compiler.into()));
        let mut baseline = baseline(&[by("rustc 1", 100)]);
        assert!(matches!(baseline.verdict(&by("rustc 2", 200)), Verdict::NotGated(_)));
        assert!(matches!(baseline.verdict(&figure(200).compiled_by(None)), Verdict::NotGated(_)));
        baseline.update(&[by("rustc 2", 200)], "another compiler");
        assert_eq!(baseline.verdict(&by("rustc 1", 100)), Verdict::Holds);
        assert_eq!(baseline.verdict(&by("rustc 2", 200)), Verdict::Holds);
    }
}

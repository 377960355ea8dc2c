//! All that was measured: `benches/results.json`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use integration::root;
use serde::{Deserialize, Serialize};

use crate::baseline::Figure;
use crate::clusters::Clusters;
use crate::growth::Point;
use crate::startup::Startup;
use crate::{inside, seals, startup, timed, worst};

/// The parts, each as it was measured last.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Results {
    pub(crate) inside: Vec<inside::Row>,
    pub(crate) counted: Vec<Figure>,
    pub(crate) growth: Vec<Point>,
    #[serde(default)]
    pub(crate) destinations: Vec<Point>,
    pub(crate) clusters: Option<Clusters>,
    #[serde(default)]
    pub(crate) seals: Vec<seals::Row>,
    #[serde(default)]
    pub(crate) worst: Vec<worst::Row>,
    pub(crate) startup: Option<Startup>,
    pub(crate) timed: Vec<timed::Row>,
}

impl Results {
    /// Empty if there is no file yet.
    pub(crate) fn read() -> Result<Self> {
        match fs::read_to_string(path("json")) {
            Ok(text) => serde_json::from_str(&text).context("benches/results.json; delete it to begin anew"),
            Err(_) => Ok(Self::default()),
        }
    }

    pub(crate) fn write(&self) -> Result<()> {
        Ok(fs::write(path("json"), serde_json::to_string_pretty(self)? + "\n")?)
    }

    pub(crate) fn chain(&self, name: &str) -> Option<&inside::Row> {
        self.inside.iter().find(|row| row.chain == name)
    }

    pub(crate) fn figure(&self, name: &str) -> Option<u64> {
        self.counted.iter().find(|figure| figure.name == name).map(|figure| figure.value)
    }

    pub(crate) fn start(&self, chain: &str) -> Option<&startup::Row> {
        self.startup.as_ref()?.rows.iter().find(|row| row.chain == chain)
    }

    /// What these instructions are to those of an ordinary request of 60 KiB without a filter.
    pub(crate) fn worst_ratio(&self, instructions: u64) -> Option<f64> {
        let ordinary = self.worst.iter().find(|row| row.request == worst::ORDINARY)?;
        Some(instructions as f64 / ordinary.instructions as f64)
    }

    pub(crate) fn point(&self, series: &str, size: usize) -> Option<&Point> {
        self.growth.iter().find(|point| point.series == series && point.size == size)
    }
}

/// Where results are, by their kind.
pub(crate) fn path(kind: &str) -> PathBuf {
    root().join("benches/results").with_extension(kind)
}

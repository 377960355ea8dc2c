//! `tenancy-filter-trim MODULE`: trims a module to `wasm-plugin/interface.yaml`.

use std::{env, fs};

use anyhow::{Context, Result};
use tenancy_filter_trim::{Interface, trim};

const INTERFACE: &str = include_str!("../../interface.yaml");

fn main() -> Result<()> {
    let path = env::args_os().nth(1).context("usage: tenancy-filter-trim MODULE")?;
    let wasm = fs::read(&path).with_context(|| path.display().to_string())?;
    let trimmed = trim(&wasm, &Interface::parse(INTERFACE)?).context("wasm-plugin/interface.yaml")?;
    fs::write(&path, trimmed).with_context(|| path.display().to_string())
}

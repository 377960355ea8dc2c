//! The modules that are compared: ours, one on the SDK that does nothing, and a few lines of WebAssembly each.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use integration::root;
use tempfile::TempDir;

/// Where each module lies.
pub(crate) struct Modules {
    pub(crate) ours: PathBuf,
    /// On the SDK, without looking at anything.
    pub(crate) noop: PathBuf,
    assembled: TempDir,
}

impl Modules {
    /// Builds and assembles what is not there.
    pub(crate) fn build() -> Result<Self> {
        let ours = root().join(env::var_os("MODULE").unwrap_or_else(|| "target/tenancy_filter.wasm".into()));
        ensure!(ours.exists(), "no module at {}: run `make module`", ours.display());
        let noop = root().join("target/noop.wasm");
        let status = Command::new(root().join("wasm-plugin/build.sh")).arg("noop").arg("target/noop.wasm").status()?;
        ensure!(status.success(), "wasm-plugin/build.sh noop: {status}");
        Ok(Self { ours, noop, assembled: TempDir::with_prefix("modules-")? })
    }

    /// One of `benches/modules`, assembled.
    pub(crate) fn assembled(&self, name: &str) -> Result<PathBuf> {
        let source = root().join("benches/modules").join(name).with_extension("wat");
        let module = self.assembled.path().join(name).with_extension("wasm");
        let bytes = wat::parse_file(&source).with_context(|| source.display().to_string())?;
        fs::write(&module, bytes)?;
        Ok(module)
    }

    /// The bytes of ours.
    pub(crate) fn size(&self) -> Result<u64> {
        size(&self.ours)
    }
}

fn size(path: &Path) -> Result<u64> {
    Ok(fs::metadata(path)?.len())
}

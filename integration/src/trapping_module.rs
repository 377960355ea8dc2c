//! Our module, with a trap in it.

use anyhow::{Context, Result};
use playground::module;
use tempfile::NamedTempFile;

/// The module, which now traps at a request with more than so many header lines.
pub fn trapping_module(lines: usize) -> Result<NamedTempFile> {
    const ENTRY: &str = r#"(export "proxy_on_request_headers" (func "#;
    let text = wasmprinter::print_file(module()?)?;
    let (before, rest) = text.split_once(ENTRY).context("the callback")?;
    let (original, after) = rest.split_once("))").context("its function")?;
    let after = after.trim_end().strip_suffix(')').context("the end of the module")?;
    let text = format!(
        r#"{before}{after}
  (func (export "proxy_on_request_headers") (param $context i32) (param $lines i32) (param $ends i32) (result i32)
    (if (i32.gt_u (local.get $lines) (i32.const {lines})) (then unreachable))
    (call {original} (local.get $context) (local.get $lines) (local.get $ends))))"#
    );
    let module = NamedTempFile::with_suffix(".wasm")?;
    std::fs::write(module.path(), wat::parse_str(text)?)?;
    Ok(module)
}

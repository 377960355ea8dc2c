//! `tenancy-filter-trim MODULE`: leaves of a module what `wasm-plugin/interface.yaml` lists.
//!
//! The SDK exports every callback of the ABI, and the proxy calls each of them for every request: an export that is not
//! listed goes, with the code that only it reached. The SDK's tables of methods refer to every host call of the ABI,
//! in code that no export reaches: an import that is not listed becomes a trap, so that no proxy has to offer it.

use std::collections::BTreeMap;
use std::env::args_os;
use std::fs;

use anyhow::{Context, Result, ensure};
use walrus::{ImportKind, Module, ModuleConfig, passes};

/// What the module offers and asks for, by section, each entry with its reason.
const INTERFACE: &str = include_str!("../../interface.yaml");

/// The names of one section.
type Names = BTreeMap<String, String>;

fn main() -> Result<()> {
    let path = args_os().nth(1).context("usage: tenancy-filter-trim MODULE")?;
    let interface: BTreeMap<String, Names> = serde_norway::from_str(INTERFACE)?;
    let section = |name: &str| interface.get(name).with_context(|| format!("interface.yaml has no {name}"));
    let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
    let trimmed = trim(&bytes, section("exports")?, section("imports")?)?;
    fs::write(&path, trimmed).with_context(|| path.display().to_string())
}

fn trim(bytes: &[u8], exports: &Names, imports: &Names) -> Result<Vec<u8>> {
    let mut config = ModuleConfig::new();
    config.generate_name_section(false).generate_producers_section(false);
    let mut module = config.parse(bytes)?;
    drop_exports(&mut module, exports)?;
    passes::gc::run(&mut module);
    replace_imports(&mut module, imports)?;
    Ok(module.emit_wasm())
}

fn drop_exports(module: &mut Module, kept: &Names) -> Result<()> {
    for name in kept.keys() {
        ensure!(module.exports.iter().any(|export| export.name == *name), "the module does not export {name}");
    }
    let dropped = module.exports.iter().filter(|export| !kept.contains_key(&export.name));
    for export in dropped.map(|export| export.id()).collect::<Vec<_>>() {
        module.exports.delete(export);
    }
    Ok(())
}

fn replace_imports(module: &mut Module, kept: &Names) -> Result<()> {
    let is_kept = |module: &str, name: &str| kept.contains_key(&format!("{module}.{name}"));
    let replaced = module.imports.iter().filter(|import| !is_kept(&import.module, &import.name));
    let functions = replaced.map(|import| match import.kind {
        ImportKind::Function(function) => Ok(function),
        ImportKind::Table(_) | ImportKind::Memory(_) | ImportKind::Global(_) | ImportKind::Tag(_) => {
            anyhow::bail!("the module imports {}, which is no function", import.name)
        }
    });
    for function in functions.collect::<Result<Vec<_>>>()? {
        module.replace_imported_func(function, |(body, _)| _ = body.unreachable())?;
    }
    Ok(())
}

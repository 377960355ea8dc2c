//! Leaves of a linked module what its interface lists, and what that reaches.
//!
//! The SDK exports every callback of the ABI, and the proxy calls each of them for every request: an export that is not
//! listed goes, with the code that only it reached. The methods of the SDK's traits stand in tables and refer to every
//! host call of the ABI, in code that no export reaches: an import that is not listed becomes a trap, so that the module
//! cannot make that call, and no proxy has to offer it. The linker can do neither.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use walrus::{ImportKind, Module, ModuleConfig, passes};

/// What a module offers, and what it asks for.
pub struct Interface {
    exports: Vec<String>,
    imports: Vec<String>,
}

impl Interface {
    /// Reads a file such as `interface.yaml`: reasons by names, the imports' as `module.name`.
    ///
    /// # Errors
    /// It is no such file.
    pub fn parse(yaml: &str) -> Result<Self> {
        let mut reasons: BTreeMap<String, BTreeMap<String, String>> = serde_norway::from_str(yaml)?;
        let mut names =
            |key: &str| reasons.remove(key).map(|names| names.into_keys().collect()).context(key.to_owned());
        Ok(Self { exports: names("exports")?, imports: names("imports")? })
    }

    fn of(module: &Module) -> Self {
        let mut exports: Vec<_> = module.exports.iter().map(|export| export.name.clone()).collect();
        let mut imports: Vec<_> = module.imports.iter().map(|import| full_name(&import.module, &import.name)).collect();
        exports.sort();
        imports.sort();
        Self { exports, imports }
    }
}

/// Leaves exactly this interface, and what it reaches. An import that goes leaves a trap in its place.
///
/// # Errors
/// The bytes are no module, or a name of the interface is not in it, or something that is not listed stays.
pub fn trim(wasm: &[u8], interface: &Interface) -> Result<Vec<u8>> {
    let mut config = ModuleConfig::new();
    config.generate_name_section(false).generate_producers_section(false);
    let mut module = config.parse(wasm)?;
    drop_exports(&mut module, &interface.exports);
    trap_imports(&mut module, &interface.imports)?;
    passes::gc::run(&mut module);
    let left = Interface::of(&module);
    ensure!(left.exports == interface.exports, "exports: {:?} instead of {:?}", left.exports, interface.exports);
    ensure!(left.imports == interface.imports, "imports: {:?} instead of {:?}", left.imports, interface.imports);
    Ok(module.emit_wasm())
}

fn drop_exports(module: &mut Module, kept: &[String]) {
    let dropped: Vec<_> =
        module.exports.iter().filter(|export| !kept.contains(&export.name)).map(|export| export.id()).collect();
    dropped.into_iter().for_each(|export| module.exports.delete(export));
}

fn trap_imports(module: &mut Module, kept: &[String]) -> Result<()> {
    let dropped = module.imports.iter().filter(|import| !kept.contains(&full_name(&import.module, &import.name)));
    let functions: Vec<_> = dropped
        .filter_map(|import| match import.kind {
            ImportKind::Function(function) => Some(function),
            ImportKind::Table(_) | ImportKind::Memory(_) | ImportKind::Global(_) | ImportKind::Tag(_) => None,
        })
        .collect();
    for function in functions {
        module.replace_imported_func(function, |(body, _)| {
            body.unreachable();
        })?;
    }
    Ok(())
}

fn full_name(module: &str, name: &str) -> String {
    format!("{module}.{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULE: &str = r#"(module
      (import "env" "kept" (func $kept (result i32)))
      (import "env" "dropped" (func $dropped (result i32)))
      (import "env" "unused" (func))
      (memory 1)
      (table funcref (elem $method))
      (func $method (result i32) (call $dropped))
      (func $large (result i32) (i32.add (i32.const 123456) (call $kept)))
      (export "memory" (memory 0))
      (export "entry" (func $kept))
      (export "call" (func $caller))
      (func $caller (param i32) (result i32) (call_indirect (result i32) (local.get 0)))
      (export "large" (func $large)))"#;

    fn interface(exports: &str, imports: &str) -> Interface {
        Interface::parse(&format!("exports: {{{exports}}}\nimports: {{{imports}}}")).unwrap()
    }

    #[test]
    fn leaves_the_interface_and_what_it_reaches() {
        let wasm = wat::parse_str(MODULE).unwrap();
        let kept = interface("entry: '', memory: '', call: ''", "env.kept: ''");
        let trimmed = trim(&wasm, &kept).unwrap();
        let module = Module::from_buffer(&trimmed).unwrap();
        let left = Interface::of(&module);
        assert_eq!((left.exports, left.imports), (kept.exports.clone(), kept.imports.clone()));
        assert_eq!(module.funcs.iter_local().count(), 3, "the caller, the method, and a trap");
        assert_eq!(trim(&wasm, &kept).unwrap(), trimmed, "the same bytes from the same module");
        assert_eq!(trim(&trimmed, &kept).unwrap(), trimmed, "there is no more to cut off");
    }

    #[test]
    fn a_name_that_is_not_there_is_a_mistake() {
        let wasm = wat::parse_str(MODULE).unwrap();
        for (exports, imports) in [("entry: '', absent: ''", "env.kept: ''"), ("entry: ''", "env.absent: ''")] {
            assert!(trim(&wasm, &interface(exports, imports)).unwrap_err().to_string().contains("absent"));
        }
    }
}

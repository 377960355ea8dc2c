//! Writes a module as an OCI image layout and prints the image's digest.

use std::env;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use tenancy_filter_image::Image;

fn main() -> Result<()> {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let [module, folder] = arguments.as_slice() else { bail!("expected MODULE FOLDER; see `make image`") };
    let (module, folder) = (Path::new(module), Path::new(folder));
    let wasm = fs::read(module).with_context(|| format!("{}: run `make module`", module.display()))?;
    ensure!(wasm.starts_with(b"\0asm"), "{} is no WebAssembly module", module.display());
    let image = Image::of(&wasm)?;
    image.write(folder).with_context(|| folder.display().to_string())?;
    eprintln!("image: {} with {}, {} bytes", folder.display(), module.display(), wasm.len());
    println!("{}", image.digest());
    Ok(())
}

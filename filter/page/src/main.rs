//! Puts the page together: the module, the files of `web/`, and the examples.
#![forbid(unsafe_code)]

mod examples;

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};

/// Arguments: the module, and the output folder of the page.
fn main() -> Result<()> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let (module, to) = arguments.next().zip(arguments.next()).context("usage: tenancy-page MODULE FOLDER")?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::create_dir_all(&to)?;
    fs::copy(&module, to.join("tenancy_page.wasm")).with_context(|| module.display().to_string())?;
    fs::write(to.join("examples.json"), serde_json::to_string(&examples::all(&root)?)?)?;
    // The playground says here what runs; a static host has no Envoys.
    fs::write(to.join("playground.json"), "null")?;
    let web = root.join("filter/page/web");
    let files = fs::read_dir(&web).with_context(|| web.display().to_string())?;
    let mut names = files.map(|file| Ok(file?.file_name())).collect::<Result<Vec<_>>>()?;
    // The page itself is written last, so that all its files exist before it.
    names.sort_by_key(|name| name == "index.html");
    for name in names {
        fs::copy(web.join(&name), to.join(&name))?;
    }
    println!("{}", to.display());
    Ok(())
}

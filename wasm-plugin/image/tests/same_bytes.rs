//! The same module gives the same image, byte for byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

const MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// Its layer on any machine, as long as the libraries that pack it are of the versions in Cargo.lock.
const LAYER: &str = "blobs/sha256/3ecb6c1ae818825692dc3e32a8336f687e329bc38da3fd50439cf4fd30430cae";

/// A folder with a module in it.
struct Home(TempDir);

impl Home {
    fn with(module: &[u8]) -> Result<Self> {
        let home = Self(TempDir::new()?);
        home.hold(module)?;
        Ok(home)
    }

    fn hold(&self, module: &[u8]) -> Result<()> {
        Ok(fs::write(self.file("module.wasm"), module)?)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Packs the module into a folder and returns the last line that was printed.
    fn pack(&self, folder: &str) -> Result<String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenancy-filter-image"));
        let output = command.args([self.file("module.wasm"), self.file(folder)]).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.lines().last().context("a last line")?.to_owned())
    }

    /// The files of a folder, by their paths in it.
    fn layout(&self, folder: &str) -> Result<BTreeMap<String, Vec<u8>>> {
        let mut files = BTreeMap::new();
        read(&self.file(folder), "", &mut files)?;
        Ok(files)
    }
}

fn read(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().display());
        if entry.file_type()?.is_dir() {
            read(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.insert(name, fs::read(entry.path())?);
        }
    }
    Ok(())
}

#[test]
fn nothing_but_the_module_decides() -> Result<()> {
    let home = Home::with(MODULE)?;
    let digest = home.pack("first")?;
    home.hold(MODULE)?;
    assert_eq!(home.pack("second")?, digest);
    assert_eq!(home.pack("second")?, digest, "also where nothing changed");
    let layout = home.layout("first")?;
    assert_eq!(layout, home.layout("second")?);
    for blob in [LAYER, &digest.replace("sha256:", "blobs/sha256/")] {
        assert!(layout.contains_key(blob), "{blob} is not in {:?}", layout.keys());
    }
    Ok(())
}

#[test]
fn a_later_image_leaves_nothing_of_the_one_before() -> Result<()> {
    let home = Home::with(MODULE)?;
    let before = home.pack("reused")?;
    home.hold(&[MODULE, b"\0\x05\x04name"].concat())?;
    assert_ne!(home.pack("reused")?, before);
    home.pack("fresh")?;
    assert_eq!(home.layout("reused")?, home.layout("fresh")?);
    assert_eq!(home.layout("fresh")?.len(), 5);
    Ok(())
}

#[test]
fn what_is_no_module_is_refused() -> Result<()> {
    let home = Home::with(b"<html>")?;
    assert!(home.pack("image").is_err());
    fs::remove_file(home.file("module.wasm"))?;
    assert!(home.pack("image").is_err(), "there is none");
    assert!(!home.file("image").exists());
    Ok(())
}

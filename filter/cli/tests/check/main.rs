//! `tenancy check`: what it finds in what we ship, in mistakes in it, and how it says so.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod clients_seal;
mod command;
mod mutations;
mod placeholder;
mod role;
mod rules;
mod seal;
mod shipped;

use std::fs;
use std::path::{Path, PathBuf};

use tenancy::Source;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A shipped file, whose name may leave out the folder of all manifests.
fn shipped(file: &str) -> Source {
    let folder = match file.split('/').next() {
        Some("envoyfilter") => "",
        Some("bootstrap") => "envoyfilter/",
        _ => "wasm-plugin/manifests/",
    };
    let file = format!("{folder}{file}");
    Source { text: fs::read_to_string(root().join(&file)).expect(&file), file }
}

//! What an operator has to be told, because no filter can see to it.

use anyhow::{Context, Result};
use integration::root;

/// The text of one section of a page.
fn section(page: &str, heading: &str) -> Result<String> {
    let text = std::fs::read_to_string(root().join(page))?;
    let (_, rest) = text.split_once(&format!("\n## {heading}\n")).with_context(|| format!("{page}: {heading}"))?;
    Ok(rest.split("\n## ").next().unwrap_or(rest).split_whitespace().collect::<Vec<_>>().join(" "))
}

/// R35: a shared cache in front keeps one tenant's answer from another.
#[test]
fn the_guide_says_what_a_cache_has_to_know() -> Result<()> {
    let caches = section("docs/operating.md", "Caches")?;
    for fact in ["key of every shared cache in front", "cache-control: private", "no-store", "overrides"] {
        assert!(caches.contains(fact), "{fact:?} is missing in: {caches}");
    }
    Ok(())
}

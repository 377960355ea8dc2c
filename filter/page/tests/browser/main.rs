//! The page in a real Chromium: as `make page` builds it, alone and beside real Envoys.
//!
//! `SCREENSHOTS=filter/page/pictures cargo test --test browser` takes the README's pictures.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "here a panic is a failed test"
)]

mod address;
mod driver;
mod keyboard;
mod layout;
mod real;
mod words;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use playground::{Page, root};

use driver::Browser;

/// A browser, and the page on a host that has no Envoys.
struct Visit {
    browser: Browser,
    page: Page,
}

impl Visit {
    /// Opens the page; `None` if there is no browser here.
    async fn start() -> Result<Option<Self>> {
        let page = Page::start(0, built()?, None).await?;
        Self::to(page).await
    }

    async fn to(page: Page) -> Result<Option<Self>> {
        let Some(browser) = Browser::open().await? else { return Ok(None) };
        browser.go(&format!("http://{}/", page.address())).await?;
        Ok(Some(Self { browser, page }))
    }
}

/// Where the page is.
fn built() -> Result<PathBuf> {
    let page = root().join("target/page");
    ensure!(page.join("index.html").exists(), "no page at {}: run `make page`", page.display());
    Ok(page)
}

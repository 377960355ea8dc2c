//! How the page looks: on a phone, in light and dark, and on the README's pictures.

use std::{env, fs};

use anyhow::{Context, Result};
use playground::root;
use serde_json::json;

use crate::Visit;

/// The most bytes of a picture.
const MAX_PICTURE: usize = 200_000;

#[tokio::test]
async fn a_phone_scrolls_in_one_direction() -> Result<()> {
    let Some(Visit { browser, page: _page }) = Visit::start().await? else { return Ok(()) };
    browser
        .write(
            "head",
            &format!(
                "GET /{} HTTP/1.1\nHost: a.www.carouselltenancy.com\nx-long: {}",
                "p".repeat(300),
                "v".repeat(300)
            ),
        )
        .await?;
    browser.until("document.querySelector('#lines').innerText.includes('vvv')").await?;
    for width in [320, 375, 600, 768, 1024, 1440] {
        browser.resize(width, 740).await?;
        let needed = browser.get("document.documentElement.scrollWidth").await?;
        assert!(needed.as_u64().is_some_and(|needed| needed <= width.into()), "{needed} at {width}");
    }
    Ok(())
}

/// WCAG 2.2, 1.4.3: 4.5:1 for text.
#[tokio::test]
async fn every_colour_can_be_read_in_light_and_dark() -> Result<()> {
    let Some(Visit { browser, page: _page }) = Visit::start().await? else { return Ok(()) };
    browser.write("documents", "version: 1\nrole: edge\nstrip: [x-a]\nmistake: 1").await?;
    browser.until("document.querySelector('.mark-error')").await?;
    for scheme in ["light", "dark"] {
        browser.prefer(scheme).await?;
        // The buttons take a moment to change their colour.
        browser.until("document.getAnimations().every((animation) => animation.playState === 'finished')").await?;
        assert_eq!(browser.get(UNREADABLE).await?, json!([]), "{scheme}");
    }
    Ok(())
}

/// The elements whose own text has too little contrast with what is behind it.
const UNREADABLE: &str = r"(() => {
    const parts = (colour) => colour.match(/[\d.]+/g).map(Number);
    const light = (colour) => {
        const [r, g, b] = parts(colour).slice(0, 3).map((part) => part / 255)
            .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
        for (; element; element = element.parentElement) {
            const colour = getComputedStyle(element).backgroundColor;
            if ((parts(colour)[3] ?? 1) === 1) return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    return [...document.querySelectorAll('body *')].filter((element) => {
        if (!hasText(element) || element.closest(':disabled, .unreached, textarea, script, noscript, option, [hidden]')) return false;
        const [a, b] = [light(getComputedStyle(element).color), light(ground(element))];
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5;
    }).map((element) => `${element.outerHTML.slice(0, 80)} ${getComputedStyle(element).color} on ${ground(element)}`);
})()";

/// Takes the README's pictures into the folder `SCREENSHOTS`; else looks whether all of them are there and small.
#[tokio::test]
async fn pictures() -> Result<()> {
    let asked = env::var_os("SCREENSHOTS");
    if let (Some(folder), Some(visit)) = (&asked, Visit::start().await?) {
        fs::create_dir_all(root().join(folder))?;
        visit.browser.resize(1200, 600).await?;
        for scheme in ["light", "dark"] {
            visit.browser.prefer(scheme).await?;
            fs::write(root().join(folder).join(format!("{scheme}.png")), visit.browser.screenshot().await?)?;
        }
    }
    for name in ["light", "dark", "error", "shared", "sent"] {
        let path = root().join(format!("filter/page/pictures/{name}.png"));
        let size = fs::read(&path).with_context(|| path.display().to_string())?.len();
        assert!(size < MAX_PICTURE, "{name}: {size}");
    }
    Ok(())
}

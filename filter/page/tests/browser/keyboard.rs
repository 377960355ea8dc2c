//! The page without a mouse.

use anyhow::Result;
use serde_json::json;

use crate::Visit;

// WebDriver, "Keyboard Actions", names keys by these.
const TAB: char = '\u{E004}';
const ENTER: char = '\u{E007}';
const CONTROL: char = '\u{E009}';
const ALT: char = '\u{E00A}';

#[tokio::test]
async fn each_control_is_reached_in_order_and_none_holds_the_focus() -> Result<()> {
    let Some(Visit { browser, page: _page }) = Visit::start().await? else { return Ok(()) };
    let mut reached = Vec::new();
    for _ in 0..15 {
        browser.press(&[], &[TAB]).await?;
        let name = "(({id, className, textContent}) => id || className || textContent)(document.activeElement)";
        reached.push(browser.get(name).await?);
    }
    let expected = [
        "skip",
        "example",
        "copy",
        "theme",
        "node ",
        "node ",
        "documents",
        "head",
        "token",
        "peer",
        "direction",
        "cluster",
        "route",
        "caller",
        "Every decision",
    ];
    assert_eq!(json!(reached), json!(expected));
    Ok(())
}

#[tokio::test]
async fn typing_explains_anew() -> Result<()> {
    let Some(Visit { browser, page: _page }) = Visit::start().await? else { return Ok(()) };
    browser.get("document.getElementById('head').focus()").await?;
    browser.press(&[CONTROL], &['\u{E010}']).await?;
    browser.press(&[], &['\n', 'x', '-', 't', ':', ' ', '1'].map(|key| if key == '\n' { ENTER } else { key })).await?;
    browser.until("document.querySelector('#lines').innerText.includes('x-t: 1')").await
}

#[tokio::test]
async fn a_shortcut_turns_the_light_off() -> Result<()> {
    let Some(Visit { browser, page: _page }) = Visit::start().await? else { return Ok(()) };
    let ground = "getComputedStyle(document.body).backgroundColor";
    browser.prefer("light").await?;
    let light = browser.get(ground).await?;
    browser.press(&[ALT], &['d']).await?;
    let dark = browser.get(ground).await?;
    assert_ne!(light, dark);
    browser.press(&[ALT], &['d']).await?;
    assert_eq!(browser.get(ground).await?, light);
    browser.prefer("dark").await?;
    assert_eq!(browser.get("document.documentElement.dataset.theme").await?, "light");
    Ok(())
}

/// A name for each control, which is what a screen reader says.
#[tokio::test]
async fn each_control_has_a_name() -> Result<()> {
    let Some(Visit { browser, page: _page }) = Visit::start().await? else { return Ok(()) };
    let nameless = "[...document.querySelectorAll('button, select, input, textarea')]\
        .filter((control) => !control.textContent.trim() && !control.labels?.length)\
        .map((control) => control.outerHTML)";
    assert_eq!(browser.get(nameless).await?, json!([]));
    assert_eq!(browser.get("document.getElementById('outcome').getAttribute('aria-live')").await?, "polite");
    Ok(())
}

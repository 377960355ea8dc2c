//! The page beside real Envoys: what it explains is what they do.

use anyhow::{Context, Result};
use playground::{Bootstrap, Chain, Page, Sending};
use serde_json::{Value, json};

use crate::{Visit, built};

/// The Envoys of the playground, and its page.
async fn playground() -> Result<(Chain, Page)> {
    let (mut gateway, mut sidecar) = (Bootstrap::gateway()?, Bootstrap::sidecar()?);
    let configurations = vec![gateway.plugin_configuration()?, sidecar.plugin_configuration()?];
    let chain = Chain::start(gateway, sidecar).await?;
    let sending = Sending { gateway: chain.gateway.listener(), configurations };
    Ok((chain, Page::start(0, built()?, Some(sending)).await?))
}

#[tokio::test]
async fn the_real_envoys_do_as_explained() -> Result<()> {
    let (_chain, page) = playground().await?;
    let Some(Visit { browser, page: _page }) = Visit::to(page).await? else { return Ok(()) };
    let requests =
        browser.get("[...document.querySelector('optgroup').children].map((option) => option.value)").await?;
    let requests = requests.as_array().context("requests")?;
    assert!(requests.len() > 4);
    for request in requests.iter().filter_map(Value::as_str) {
        browser.write("example", request).await?;
        browser.get("document.getElementById('send').click()").await?;
        browser.until("document.querySelector('.verdict')").await?;
        let answered = browser.text("#answered").await?;
        assert!(answered.starts_with("As explained"), "{request}: {answered}");
    }
    Ok(())
}

#[tokio::test]
async fn what_the_service_got_is_shown() -> Result<()> {
    let (_chain, page) = playground().await?;
    let Some(Visit { browser, page: _page }) = Visit::to(page).await? else { return Ok(()) };
    browser
        .write("head", "GET / HTTP/1.1\nHost: feat-x.www.carouselltenancy.com\nc-tenancy: evil\nx-a: \u{e9}")
        .await?;
    browser.until("document.querySelector('#lines').innerText.includes('evil')").await?;
    // Control and Enter, from wherever the focus is.
    browser.press(&['\u{E009}'], &['\u{E007}']).await?;
    browser.until("document.querySelector('.verdict')").await?;
    let answered = browser.text("#answered").await?;
    assert!(answered.starts_with("As explained · 200, answered by shop feat-x"), "{answered}");
    assert!(answered.contains("c-tenancy: feat-x") && answered.contains("x-a: \u{e9}"), "{answered}");
    browser.get("document.getElementById('answered').scrollIntoView()").await?;
    browser.picture("sent").await?;
    Ok(())
}

#[tokio::test]
async fn it_sends_only_what_those_envoys_run() -> Result<()> {
    let (_chain, page) = playground().await?;
    let Some(Visit { browser, page: _page }) = Visit::to(page).await? else { return Ok(()) };
    let send = "[document.getElementById('send').disabled, document.getElementById('send-note').innerText]";
    assert_eq!(browser.get(send).await?[0], json!(false));
    browser.write("token", "{}").await?;
    browser.until("document.getElementById('send').disabled").await?;
    let note = browser.get(send).await?;
    assert!(note[1].as_str().context("a note")?.starts_with("The playground has no tokens"), "{note}");
    browser.write("token", "").await?;
    browser.write("documents", "{version: 1, role: edge, strip: [x-a]}").await?;
    browser.until("document.getElementById('send-note').innerText.includes('run the configuration')").await
}

/// A difference is what the page is to show above all; here the service gets a header that nobody explained.
#[tokio::test]
async fn a_difference_is_marked() -> Result<()> {
    let (mut gateway, mut sidecar) = (Bootstrap::gateway()?, Bootstrap::sidecar()?);
    let configurations = vec![gateway.plugin_configuration()?, sidecar.plugin_configuration()?];
    gateway.routes()[0]["request_headers_to_add"] = json!([{"header": {"key": "x-surprise", "value": "1"}}]);
    let chain = Chain::start(gateway, sidecar).await?;
    let sending = Sending { gateway: chain.gateway.listener(), configurations };
    let page = Page::start(0, built()?, Some(sending)).await?;
    let Some(Visit { browser, page: _page }) = Visit::to(page).await? else { return Ok(()) };
    browser.get("document.getElementById('send').click()").await?;
    browser.until("document.querySelector('.verdict')").await?;
    assert!(browser.text("#answered").await?.starts_with("They differ from the explanation"));
    assert_eq!(browser.text(".differences").await?, "answered only: x-surprise: 1");
    Ok(())
}

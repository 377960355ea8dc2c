//! What the page asks for, and what its address holds.

use std::fs;

use anyhow::{Context, Result};

use crate::{Visit, built};

#[tokio::test]
async fn a_shared_address_opens_what_was_seen() -> Result<()> {
    let Some(Visit { browser, page }) = Visit::start().await? else { return Ok(()) };
    browser.write("documents", "{version: 1, role: edge, strip: [x-ü]}").await?;
    browser.write("head", "GET /shared HTTP/1.1\nHost: shop").await?;
    browser.write("direction", "outbound").await?;
    browser.until("document.querySelector('#documents-problems .error')").await?;
    let before = browser.get("location.hash").await?;
    browser.write("head", "GET /shared?a=b HTTP/1.1\nHost: shop").await?;
    browser.until(&format!("location.hash !== {before}")).await?;
    let address = browser.get("location.href").await?;
    let address = address.as_str().context("an address")?;
    assert!(address.starts_with(&format!("http://{}/#", page.address())) && address.len() < 400, "{address}");

    browser.go(address).await?;
    assert_eq!(
        browser.get("document.getElementById('documents').value").await?,
        "{version: 1, role: edge, strip: [x-ü]}"
    );
    assert_eq!(browser.get("document.getElementById('head').value").await?, "GET /shared?a=b HTTP/1.1\nHost: shop");
    assert_eq!(browser.get("document.getElementById('direction').value").await?, "outbound");
    browser.picture("shared").await?;
    Ok(())
}

#[tokio::test]
async fn an_address_that_holds_no_state_shows_an_example() -> Result<()> {
    let Some(Visit { browser, page }) = Visit::start().await? else { return Ok(()) };
    for fragment in ["", "evil", "e30", "<script>", "AAAA"] {
        browser.go(&format!("http://{}/#{fragment}", page.address())).await?;
        assert!(browser.text("#outcome").await?.starts_with("Passes"), "{fragment}");
    }
    Ok(())
}

/// Whatever is written in it, the page asks nobody but its own host.
#[tokio::test]
async fn it_asks_nobody_else() -> Result<()> {
    let Some(Visit { browser, page }) = Visit::start().await? else { return Ok(()) };
    browser.write("head", "GET / HTTP/1.1\nHost: x\nx-a: <img src=http://evil.example/a.png>").await?;
    browser.until("document.querySelector('#lines').innerText.includes('evil.example')").await?;
    let own = format!("http://{}/", page.address());
    let requested = browser.requested().await?;
    assert!(requested.iter().any(|url| url.ends_with("tenancy_page.wasm")), "{requested:?}");
    let others: Vec<_> = requested.iter().filter(|url| !url.starts_with(&own) && !url.starts_with("data:")).collect();
    assert!(others.iter().all(|url| *url == "about:blank"), "{others:?}");
    let refused = "fetch('http://127.0.0.1:1/').then(() => 'asked', (error) => String(error))";
    browser
        .get(&format!("void (window.attempt = null, {refused}.then((said) => {{ window.attempt = said; }}))"))
        .await?;
    browser.until("window.attempt").await?;
    let complaints = browser.log("browser").await?;
    assert!(complaints.iter().any(|line| line.contains("Content Security Policy")), "{complaints:?}");
    Ok(())
}

/// So that it works under any path of any static host.
#[test]
fn its_files_name_each_other_without_a_host() -> Result<()> {
    let index = fs::read_to_string(built()?.join("index.html"))?;
    let policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'";
    assert!(index.contains(&format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">")));
    for file in fs::read_dir(built()?)? {
        let path = file?.path();
        let is_text = path.extension().is_some_and(|kind| ["html", "css", "js"].iter().any(|text| kind == *text));
        if is_text {
            let text = fs::read_to_string(&path)?;
            let urls = ["src=\"", "href=\"", "from \"", "fetch(\"", "url(\""];
            for url in urls.iter().flat_map(|mark| text.split(mark).skip(1)) {
                assert!(!url.starts_with('/') && !url.starts_with("http"), "{}: {}", path.display(), &url[..20]);
            }
        }
    }
    Ok(())
}

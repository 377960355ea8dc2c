//! What the page says of a request, and of mistakes.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::Visit;

const EDGE: &str =
    "version: 1\nrole: edge\ntenant:\n  from: [{host: \"{tenant}.www.example.com\"}]\n  to: [{header: x-tenant}]\n";

#[tokio::test]
async fn it_explains_each_line() -> Result<()> {
    let Some(Visit { browser, page: _page }) = Visit::start().await? else { return Ok(()) };
    browser.write("documents", EDGE).await?;
    browser.write("head", "GET / HTTP/1.1\nHost: feat-x.www.example.com\nX-Tenant: evil\nx-other: a").await?;
    browser.until("document.querySelector('#lines .written')").await?;
    assert_eq!(browser.text("#outcome").await?, "Passes, 1 stripped, 1 written");
    let stripped = browser.text("#lines > .stripped").await?;
    assert!(
        stripped.contains("x-tenant: evil") && stripped.contains("replaced by what the filter writes"),
        "{stripped}"
    );
    let written = browser.text("#lines > .written").await?;
    assert!(
        written.contains("x-tenant: feat-x") && written.contains("tenant.from[0].host: chosen: feat-x"),
        "{written}"
    );
    assert_eq!(browser.log("browser").await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn it_marks_an_error_where_it_is_and_goes_there() -> Result<()> {
    let Some(Visit { browser, page: _page }) = Visit::start().await? else { return Ok(()) };
    browser.write("documents", &EDGE.replace("{tenant}.www", "www")).await?;
    browser.until("document.querySelector('#documents-problems .error')").await?;
    let problem = browser.text("#documents-problems .error").await?;
    assert!(problem.starts_with("error, line 4 tenant.from[0].host: "), "{problem}");
    assert_eq!(browser.text(".mark-error").await?, "\"www.example.com\"");
    assert_eq!(browser.text("#outcome").await?, "1 error to mend first");
    browser.picture("error").await?;
    browser.get("document.querySelector('#documents-problems button').click()").await?;
    let selected = "(({value, selectionStart, selectionEnd}) => value.slice(selectionStart, selectionEnd))(document.activeElement)";
    assert_eq!(browser.get(selected).await?, "\"www.example.com\"");
    Ok(())
}

#[tokio::test]
async fn what_hinders_nothing_is_marked_and_explained_all_the_same() -> Result<()> {
    let Some(Visit { browser, page: _page }) = Visit::start().await? else { return Ok(()) };
    let manifest = "kind: WasmPlugin\nmetadata: {name: tenancy}\nspec:\n  failStrategy: FAIL_OPEN\n  pluginConfig: {version: 1, role: edge, strip: [x-a]}\n";
    browser.write("documents", manifest).await?;
    assert_eq!(browser.text(".mark-error").await?, "failStrategy");
    assert!(browser.text("#outcome").await?.starts_with("Passes"));
    assert_eq!(browser.text("#way button").await?, "tenancy\nedge");
    Ok(())
}

#[tokio::test]
async fn every_example_passes_or_is_refused_without_an_error() -> Result<()> {
    let Some(Visit { browser, page: _page }) = Visit::start().await? else { return Ok(()) };
    let options =
        browser.get("[...document.querySelectorAll('#example option')].map((option) => option.value)").await?;
    let groups = browser.get("[...document.querySelectorAll('#example optgroup')].map((group) => group.label)").await?;
    let expected = [
        "The playground",
        "Seed: turner",
        "Seed: miro",
        "Seed: carousell",
        "Seed: signadot-talk",
        "Seed: signadot-post",
        "The shipped manifests",
        "Hostile requests",
    ];
    assert_eq!(groups, json!(expected));
    let options = options.as_array().context("options")?;
    assert!(options.len() > 30, "{options:?}");
    for option in options.iter().filter_map(Value::as_str).filter(|option| !option.is_empty()) {
        browser.write("example", option).await?;
        let outcome = browser.text("#outcome").await?;
        assert!(outcome.starts_with("Passes") || outcome.starts_with("Refused by"), "{option}: {outcome}");
    }
    Ok(())
}

#[tokio::test]
async fn the_way_shows_what_each_instance_hands_on() -> Result<()> {
    let Some(Visit { browser, page: _page }) = Visit::start().await? else { return Ok(()) };
    let strip = "version: 1\nrole: edge\nstrip: [x-debug]\n---\n";
    browser.write("documents", &[strip, EDGE].concat()).await?;
    browser.write("head", "GET / HTTP/1.1\nHost: feat-x.www.example.com\nx-debug: 1").await?;
    browser.until("document.querySelectorAll('#way button').length === 2").await?;
    let way = browser.get("[...document.querySelectorAll('#way .carried')].map((part) => part.innerText)").await?;
    let from_client = way[0].as_str().context("the client's part")?;
    assert!(from_client.contains("x-debug 1"), "{way}");
    assert_eq!((&way[1], &way[2]), (&json!("no context"), &json!("x-tenant feat-x")));
    browser.get("document.querySelector('#way button').click()").await?;
    assert_eq!(browser.text("#result-title").await?, "What edge hands on");
    assert_eq!(browser.text("#outcome").await?, "Passes, 1 stripped, 0 written");
    Ok(())
}

#[tokio::test]
async fn who_calls_decides_a_condition() -> Result<()> {
    let Some(Visit { browser, page: _page }) = Visit::start().await? else { return Ok(()) };
    let sidecar = "version: 1\nrole: mesh\noverrides: {to: [{header: x-override}]}\nprojections: [{header: x-version, service: called}]\n";
    browser.write("documents", sidecar).await?;
    browser.write("head", "GET / HTTP/1.1\nHost: service-3\nx-override: service-3:v2;caller=foo").await?;
    browser.until("document.querySelector('#lines') && !document.querySelector('#lines .written')").await?;
    let decided = browser.get("document.getElementById('events').textContent").await?;
    assert!(decided.as_str().context("a text")?.contains("the caller is unknown"), "{decided}");
    browser.write("caller", "foo").await?;
    browser.until("document.querySelector('#lines .written')").await?;
    assert!(browser.text("#lines > .written").await?.contains("x-version: v2"));
    Ok(())
}

/// The clock is the browser's.
#[tokio::test]
async fn a_seal_is_made_and_verified_now() -> Result<()> {
    let Some(Visit { browser, page: _page }) = Visit::start().await? else { return Ok(()) };
    let seals = integration::seals()?;
    let edge = format!("{EDGE}seal: {{sign: {{key: k1, privateKey: {}}}, ttl: 10}}\n", seals.keys["k1"].private);
    browser.write("documents", &format!("{edge}---\n{}\n", seals.sidecar())).await?;
    let over = &seals.refused.iter().find(|vector| vector.why == "expired").context("an expired one")?.seal;
    browser.write("head", "GET / HTTP/1.1\nHost: feat-x.www.example.com").await?;
    browser.until("document.querySelectorAll('#way button').length === 2").await?;
    let decided = browser.get("document.getElementById('events').textContent").await?;
    let decided = decided.as_str().context("a text")?;
    assert!(decided.contains("made, of what was decided") && decided.contains("valid, of key k1"), "{decided}");
    browser.write("documents", &seals.sidecar().to_string()).await?;
    browser.write("head", &format!("GET / HTTP/1.1\nHost: a\nx-tenancy-seal: {over}")).await?;
    browser.until("document.querySelectorAll('#way button').length === 1").await?;
    let decided = browser.get("document.getElementById('events').textContent").await?;
    assert!(decided.as_str().context("a text")?.contains("its time is over"), "{decided}");
    Ok(())
}

#[tokio::test]
async fn a_refused_request_goes_no_further() -> Result<()> {
    let Some(Visit { browser, page: _page }) = Visit::start().await? else { return Ok(()) };
    browser.write("documents", EDGE).await?;
    browser.write("head", "CONNECT shop:443 HTTP/1.1\nHost: shop:443").await?;
    browser.until("document.querySelector('#outcome.refused')").await?;
    assert!(browser.text("#outcome").await?.starts_with("Refused by edge: 400 "));
    assert_eq!(browser.text("#way .refuses small").await?, "answers 400");
    assert_eq!(browser.text("#way .unreached small").await?, "not reached");
    Ok(())
}

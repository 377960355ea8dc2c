//! The server of the page: what it serves, what it sends, and whom it refuses.

use std::fs;

use anyhow::Result;
use playground::{Bootstrap, Chain, Page, Protocol, Reply, Request, Sending, raw};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A page without Envoys, which has one file.
async fn page() -> Result<(TempDir, Page)> {
    let folder = TempDir::new()?;
    fs::write(folder.path().join("main.js"), "1")?;
    let sending = Sending { gateway: ([127, 0, 0, 1], 1).into(), configurations: vec![json!({"version": 1})] };
    let page = Page::start(0, folder.path().into(), Some(sending)).await?;
    Ok((folder, page))
}

fn post(page: &Page) -> Request {
    let own = page.address().to_string();
    Request::to(&own).method("POST").path("/send").header("content-type", "application/json")
}

fn json(reply: &Reply) -> Result<Value> {
    Ok(serde_json::from_slice(&reply.body)?)
}

#[tokio::test]
async fn it_serves_files_and_says_what_runs() -> Result<()> {
    let (folder, page) = page().await?;
    let host = page.address().to_string();
    let get = async |path: &str| Request::to(&host).path(path).send(page.address(), Protocol::Http1).await;
    assert_eq!(get("/").await?.status, 503);
    fs::write(folder.path().join("index.html"), "<!doctype html>")?;
    let index = get("/").await?;
    assert_eq!((index.status, index.text()), (200, "<!doctype html>".into()));
    assert_eq!(get("/main.js").await?.headers.values("content-type"), ["text/javascript; charset=utf-8"]);
    let playground = json(&get("/playground.json").await?)?;
    assert_eq!(playground, json!({"gateway": "127.0.0.1:1", "configurations": [{"version": 1}]}));
    fs::write(folder.path().join(".secret"), "")?;
    for path in ["/none.js", "/.secret", "/..", "/a/main.js", "/%2e%2e/x"] {
        assert_eq!(get(path).await?.status, 404, "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn it_is_there_for_its_own_page_alone() -> Result<()> {
    let (_folder, page) = page().await?;
    let host = page.address().to_string();
    let origin = format!("http://{host}");
    for request in [
        Request::to("evil.example").path("/main.js"),
        Request::to(&host).path("/main.js").header("origin", "http://evil.example"),
        Request::to("evil.example").method("POST").path("/send").header("origin", "http://evil.example"),
        post(&page),
        post(&page).header("origin", "null"),
        post(&page).header("origin", format!("https://{host}")),
    ] {
        assert_eq!(request.send(page.address(), Protocol::Http1).await?.status, 403, "{request:?}");
    }
    let form = Request::to(&host).method("POST").path("/send").header("origin", &origin);
    let form = form.header("content-type", "text/plain");
    assert_eq!(form.send(page.address(), Protocol::Http1).await?.status, 415);
    let empty = post(&page).header("origin", &origin).send(page.address(), Protocol::Http1).await?;
    assert_eq!(empty.status, 400);
    Ok(())
}

#[tokio::test]
async fn it_takes_no_more_than_64_kib() -> Result<()> {
    let (_folder, page) = page().await?;
    let reply = ask(&page, &"a".repeat(64 * 1024)).await?;
    assert!(reply.starts_with("HTTP/1.1 413 "), "{reply}");
    Ok(())
}

#[tokio::test]
async fn it_sends_through_the_envoys() -> Result<()> {
    let chain = Chain::start(Bootstrap::gateway()?, Bootstrap::sidecar()?).await?;
    let sending = Sending { gateway: chain.gateway.listener(), configurations: Vec::new() };
    let page = Page::start(0, TempDir::new()?.path().into(), Some(sending)).await?;
    let answer = async |head: &str| {
        let reply = ask(&page, head).await?;
        let (_, body) = reply.split_once("\r\n\r\n").expect("a body");
        anyhow::Ok(serde_json::from_str::<Value>(body)?)
    };
    let passed = answer("GET / HTTP/1.1\nHost: feat-x.www.carouselltenancy.com\nc-tenancy: evil\nx-a: \u{ff}").await?;
    assert_eq!((&passed["status"], &passed["service"]), (&json!(200), &json!("shop feat-x")));
    let lines = passed["lines"].as_array().expect("lines");
    assert!(lines.contains(&json!(["c-tenancy", "feat-x"])) && lines.contains(&json!(["x-a", "\u{ff}"])), "{lines:?}");
    let refused = answer("CONNECT shop:443 HTTP/1.1\nHost: shop:443").await?;
    assert_eq!((&refused["status"], &refused["lines"]), (&json!(400), &Value::Null));
    Ok(())
}

/// What the server answers to the page's own script.
async fn ask(page: &Page, head: &str) -> Result<String> {
    let (body, host) = (json!({ "head": head }).to_string(), page.address());
    let request = format!(
        "POST /send HTTP/1.1\r\nhost: {host}\r\norigin: http://{host}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    Ok(String::from_utf8(raw(page.address(), request.as_bytes()).await?)?)
}

//! A real Chromium, by the WebDriver protocol (W3C WebDriver 2) of its chromedriver.

use std::env;
use std::io::{self, BufRead, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use playground::root;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// A browser on a busy machine takes seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// Whether the page has explained what is written in it.
const READY: &str = "document.documentElement.dataset.ready === 'true'";
const POLL: Duration = Duration::from_millis(30);

/// A browser with one window; dropping it closes it.
pub(crate) struct Browser {
    driver: Driver,
    session: String,
}

struct Driver {
    process: Child,
    port: u16,
}

impl Browser {
    /// Opens one; `None` if there is no Chromium here, which in CI is an error.
    pub(crate) async fn open() -> Result<Option<Self>> {
        let Some(driver) = Driver::start()? else { return Ok(None) };
        // Chromium refuses its sandbox to root, who runs CI.
        let arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
        let capabilities = json!({"alwaysMatch": {
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"},
        }});
        let session = driver.call("POST", "/session", &json!({"capabilities": capabilities})).await?;
        let id = session["sessionId"].as_str().context("a session")?;
        let browser = Self { driver, session: format!("/session/{id}") };
        browser.resize(1440, 900).await?;
        Ok(Some(browser))
    }

    async fn call(&self, path: &str, body: Value) -> Result<Value> {
        self.driver.call("POST", &format!("{}{path}", self.session), &body).await
    }

    /// Goes to an address, and waits until the page there has explained its request.
    pub(crate) async fn go(&self, url: &str) -> Result<()> {
        // Another fragment alone would load nothing.
        self.call("/url", json!({"url": "about:blank"})).await?;
        self.call("/url", json!({ "url": url })).await?;
        self.until(READY).await
    }

    /// The value of an expression in the page.
    pub(crate) async fn get(&self, expression: &str) -> Result<Value> {
        self.call("/execute/sync", json!({"script": format!("return {expression}"), "args": []})).await
    }

    /// The text of the first element that a selector finds.
    pub(crate) async fn text(&self, selector: &str) -> Result<String> {
        let text = self.get(&format!("document.querySelector({selector:?})?.innerText")).await?;
        Ok(text.as_str().with_context(|| format!("no {selector}"))?.to_owned())
    }

    /// Waits until an expression in the page is true.
    pub(crate) async fn until(&self, expression: &str) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.get(&format!("Boolean({expression})")).await? != true {
            ensure!(
                Instant::now() < deadline,
                "not within {PATIENCE:?}: {expression}; {:?}",
                self.log("browser").await
            );
            sleep(POLL).await;
        }
        Ok(())
    }

    /// Writes a text into a field, as if it was typed, and waits until the page has explained it.
    pub(crate) async fn write(&self, id: &str, text: &str) -> Result<()> {
        let text = Value::from(text);
        let script = format!(
            "const field = document.getElementById({id:?}); field.value = {text}; \
             field.dispatchEvent(new Event('input', {{bubbles: true}})); \
             field.dispatchEvent(new Event('change', {{bubbles: true}}));"
        );
        self.call("/execute/sync", json!({"script": script, "args": []})).await?;
        self.until(READY).await
    }

    /// Presses keys one after the other, each released before the next; those of `held` are held all the while.
    pub(crate) async fn press(&self, held: &[char], keys: &[char]) -> Result<()> {
        let action = |kind: &str, key: &char| json!({"type": kind, "value": key.to_string()});
        let mut actions: Vec<_> = held.iter().map(|key| action("keyDown", key)).collect();
        actions.extend(keys.iter().flat_map(|key| [action("keyDown", key), action("keyUp", key)]));
        actions.extend(held.iter().map(|key| action("keyUp", key)));
        self.call("/actions", json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})).await?;
        Ok(())
    }

    /// Makes the window of such a size, in CSS pixels.
    pub(crate) async fn resize(&self, width: u32, height: u32) -> Result<()> {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 700});
        self.devtools("Emulation.setDeviceMetricsOverride", size).await
    }

    /// Prefers `light` or `dark`.
    pub(crate) async fn prefer(&self, scheme: &str) -> Result<()> {
        let feature = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": feature })).await
    }

    async fn devtools(&self, command: &str, parameters: Value) -> Result<()> {
        self.call("/goog/cdp/execute", json!({"cmd": command, "params": parameters})).await.map(drop)
    }

    /// Every address that the page asked for since it was asked last.
    pub(crate) async fn requested(&self) -> Result<Vec<String>> {
        let entries = self.log("performance").await?;
        let messages = entries.iter().filter_map(|entry| serde_json::from_str::<Value>(entry).ok());
        let sent = messages.filter(|message| message["message"]["method"] == "Network.requestWillBeSent");
        Ok(sent.filter_map(|sent| sent["message"]["params"]["request"]["url"].as_str().map(str::to_owned)).collect())
    }

    /// What the page complained about since it was asked last.
    pub(crate) async fn log(&self, kind: &str) -> Result<Vec<String>> {
        let entries = self.call("/se/log", json!({ "type": kind })).await?;
        let messages = entries.as_array().context("a log")?.iter();
        Ok(messages.filter_map(|entry| entry["message"].as_str().map(str::to_owned)).collect())
    }

    /// Takes a picture of this name into the folder `SCREENSHOTS`, if there is one.
    pub(crate) async fn picture(&self, name: &str) -> Result<()> {
        let Some(folder) = env::var_os("SCREENSHOTS") else { return Ok(()) };
        self.resize(1200, 760).await?;
        let path = root().join(folder).join(name).with_extension("png");
        Ok(std::fs::write(path, self.screenshot().await?)?)
    }

    /// What can be seen, as PNG.
    pub(crate) async fn screenshot(&self) -> Result<Vec<u8>> {
        let picture = self.driver.call("GET", &format!("{}/screenshot", self.session), &Value::Null).await?;
        Ok(BASE64_STANDARD.decode(picture.as_str().context("a picture")?)?)
    }
}

impl Driver {
    fn start() -> Result<Option<Self>> {
        let mut command = Command::new(env::var_os("CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into()));
        let spawned = command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let Ok(mut process) = spawned else {
            ensure!(env::var_os("CI").is_none_or(|ci| ci != "true"), "no chromedriver: install chromium-driver");
            eprintln!("left out: the page in a browser; needs chromedriver (apt-get install chromium-driver)");
            return Ok(None);
        };
        let output = io::BufReader::new(process.stdout.take().context("a pipe")?);
        let mut driver = Self { process, port: 0 };
        for line in output.lines() {
            if let Some((_, port)) = line?.split_once("started successfully on port ") {
                driver.port = port.trim_end_matches('.').parse()?;
                return Ok(Some(driver));
            }
        }
        bail!("chromedriver ended")
    }

    /// The value of an answer.
    async fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let reply = timeout(PATIENCE, async {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
            stream.write_all(self.request(method, path, body).as_bytes()).await?;
            read(&mut BufReader::new(stream)).await
        });
        let mut json = reply.await.with_context(|| path.to_owned())??;
        ensure!(json["value"]["error"].is_null(), "{path}: {}", json["value"]["message"]);
        Ok(json["value"].take())
    }

    fn request(&self, method: &str, path: &str, body: &Value) -> String {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (port, length) = (self.port, body.len());
        format!("{method} {path} HTTP/1.1\r\nhost: localhost:{port}\r\ncontent-length: {length}\r\n\r\n{body}")
    }
}

/// The JSON of an answer; the driver keeps its connections open.
async fn read(stream: &mut BufReader<TcpStream>) -> Result<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.trim().parse()?,
            None if line.trim_end().is_empty() => break,
            Some(_) | None => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(serde_json::from_slice(&body)?)
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Without a session the driver has no browser that could outlive it.
        let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", self.driver.port)) else { return };
        let request = self.driver.request("DELETE", &self.session, &Value::Null);
        let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.read(&mut [0; 64]));
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

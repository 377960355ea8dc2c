//! Sends a request byte for byte, and returns the answer.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::client::raw;

/// Sends the head of a request, each character as the byte of its number. The answer has `status` and `body`; if a
/// service echoed the request, also its name as `service`, and the header lines that it got as `lines`.
pub(crate) async fn send(to: SocketAddr, head: &str) -> Result<Value> {
    let reply = raw(to, &wire(head)?).await.context("the gateway does not answer")?;
    answer(&reply)
}

/// The request on the wire: lines end in CRLF, and the connection ends with it.
fn wire(head: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for line in head.trim().lines().map(str::trim_end).take_while(|line| !line.is_empty()) {
        for char in line.chars() {
            bytes.push(u8::try_from(char).ok().with_context(|| format!("{char:?} is no byte: write U+00FF at most"))?);
        }
        bytes.extend(b"\r\n");
    }
    ensure!(!bytes.is_empty(), "there is no request");
    bytes.extend(b"connection: close\r\n\r\n");
    Ok(bytes)
}

fn answer(reply: &[u8]) -> Result<Value> {
    let text: String = reply.iter().copied().map(char::from).collect();
    let (head, body) = text.split_once("\r\n\r\n").context("no answer, only the end of the connection")?;
    let status: u16 = head.split(' ').nth(1).context("a status")?.parse()?;
    let chunked = head.to_ascii_lowercase().contains("\r\ntransfer-encoding: chunked");
    ensure!(!chunked, "an answer in chunks, which neither a service nor the filter sends");
    let echo = body.strip_prefix("shop ").and_then(|echo| echo.split_once('\n'));
    let lines = echo.map(|(_, lines)| lines.lines().filter_map(|line| line.split_once(": ")).collect::<Vec<_>>());
    let service = echo.map(|(version, _)| format!("shop {version}"));
    Ok(json!({"status": status, "body": body, "service": service, "lines": lines}))
}

//! The server of the page, which may send a request through the Envoys that run beside it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderValue, ORIGIN, REFRESH, X_CONTENT_TYPE_OPTIONS};
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use crate::send::send;
use crate::serve::serve;

const INDEX: &str = "index.html";

/// The most bytes of a request to send.
const MAX_BODY: usize = 64 * 1024;

/// What the page says while it is being built.
const NOT_YET: &str =
    "The page is not built yet. `make page` builds it; `make run` does so by itself, once Envoy is up.\n";

/// Serves the files of a folder on 127.0.0.1, only to its own pages; dropping it stops it.
#[derive(Debug)]
pub struct Page {
    address: SocketAddr,
    server: AbortHandle,
}

/// The Envoys to which a page may send requests.
#[derive(Clone, Debug)]
pub struct Sending {
    /// Where requests go in.
    pub gateway: SocketAddr,
    /// The plugin configurations on the way, in order.
    pub configurations: Vec<Value>,
}

#[derive(Debug)]
struct Site {
    address: SocketAddr,
    folder: PathBuf,
    sending: Option<Sending>,
}

impl Page {
    /// Serves a folder on this port, or on a free one for 0. A file may come later.
    pub async fn start(port: u16, folder: PathBuf, sending: Option<Sending>) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.context("the page")?;
        let address = listener.local_addr()?;
        let site = Arc::new(Site { address, folder, sending });
        let server = tokio::spawn(serve(listener, move |stream| converse(stream, site.clone()))).abort_handle();
        Ok(Self { address, server })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn converse(stream: TcpStream, site: Arc<Site>) {
    let answer = service_fn(move |request| {
        let site = site.clone();
        async move { anyhow::Ok(site.answer(request).await) }
    });
    // A browser that hangs up midway is its own affair.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
}

impl Site {
    async fn answer(&self, request: hyper::Request<Incoming>) -> Response<Full<Bytes>> {
        if !self.is_meant(&request) {
            return refuse(StatusCode::FORBIDDEN, "this server is for the page that it serves");
        }
        match (request.method(), request.uri().path(), &self.sending) {
            (&Method::GET, "/playground.json", Some(sending)) => {
                let Sending { gateway, configurations } = sending;
                reply("playground.json", json!({"gateway": gateway, "configurations": configurations}).to_string())
            }
            (&Method::GET, path, _) if is_name(path) => self.file(path.trim_start_matches('/')),
            (&Method::POST, "/send", Some(Sending { gateway, .. })) => self.send(*gateway, request).await,
            _ => refuse(StatusCode::NOT_FOUND, "nothing is here"),
        }
    }

    /// Whether the request is for this address by name, so that no other host name leads here (DNS rebinding), and
    /// comes from no page of another origin.
    fn is_meant(&self, request: &hyper::Request<Incoming>) -> bool {
        let header = |name| request.headers().get(name).map(HeaderValue::as_bytes);
        let hosts = [self.address.to_string(), format!("localhost:{}", self.address.port())];
        let is_ours = hosts.iter().any(|host| {
            let origin = format!("http://{host}");
            header(HOST) == Some(host.as_bytes()) && header(ORIGIN).is_none_or(|named| named == origin.as_bytes())
        });
        // A browser names the origin with each POST.
        is_ours && (request.method() != Method::POST || header(ORIGIN).is_some())
    }

    /// A file directly in the folder.
    fn file(&self, name: &str) -> Response<Full<Bytes>> {
        let name = if name.is_empty() { INDEX } else { name };
        match std::fs::read(self.folder.join(name)) {
            Ok(bytes) => reply(name, bytes),
            Err(_) if name == INDEX => not_yet(),
            Err(_) => refuse(StatusCode::NOT_FOUND, "nothing is here"),
        }
    }

    async fn send(&self, gateway: SocketAddr, request: hyper::Request<Incoming>) -> Response<Full<Bytes>> {
        // A form of another page cannot say this type.
        if request.headers().get(CONTENT_TYPE).is_none_or(|kind| kind != "application/json") {
            return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "expected application/json");
        }
        let Ok(body) = Limited::new(request.into_body(), MAX_BODY).collect().await else {
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, "the request is longer than 64 KiB");
        };
        let question: Value = serde_json::from_slice(&body.to_bytes()).unwrap_or_default();
        let Some(head) = question["head"].as_str() else {
            return refuse(StatusCode::BAD_REQUEST, "expected {\"head\": \"GET / HTTP/1.1\\n…\"}");
        };
        match send(gateway, head).await {
            Ok(answer) => reply("answer.json", answer.to_string()),
            Err(error) => refuse(StatusCode::BAD_GATEWAY, &format!("{error:#}")),
        }
    }
}

/// Whether a path is the root, or names a file there.
fn is_name(path: &str) -> bool {
    let name = path.trim_start_matches('/');
    !name.starts_with('.') && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// The browser asks again by itself.
fn not_yet() -> Response<Full<Bytes>> {
    let mut response = reply("not-yet.txt", NOT_YET);
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert(REFRESH, HeaderValue::from_static("3"));
    response
}

fn refuse(status: StatusCode, why: &str) -> Response<Full<Bytes>> {
    let mut response = reply("error.json", json!({ "error": why }).to_string());
    *response.status_mut() = status;
    response
}

/// A body, by the type that its name says.
fn reply(name: &str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let kind = match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("wasm") => "application/wasm",
        _ => "text/plain; charset=utf-8",
    };
    let mut response = Response::new(Full::new(body.into()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

//! A service that answers with its request.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Response, StatusCode, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use crate::client::Protocol;
use crate::forward::Forward;
use crate::headers::Headers;
use crate::serve::serve;

/// An HTTP/1.1 and HTTP/2 server: it answers each request with its own name, the header lines and the trailer lines
/// that it got, and keeps them for the test.
#[derive(Debug)]
pub struct Echo {
    service: Arc<Service>,
    address: SocketAddr,
    server: AbortHandle,
}

#[derive(Debug)]
struct Service {
    name: String,
    received: Mutex<Vec<Received>>,
    forward: Option<Forward>,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Received {
    /// The protocol that it came by.
    pub protocol: Protocol,
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The header lines; the authority is `host` or, in HTTP/2, `:authority`.
    pub headers: Headers,
    /// The body.
    pub body: Bytes,
    /// The trailer lines.
    pub trailers: Headers,
}

impl Echo {
    /// Starts one on a free port.
    pub async fn start(name: &str) -> Result<Self> {
        Self::start_on(0, name).await
    }

    /// Starts one on this port, or on a free one for 0.
    pub async fn start_on(port: u16, name: &str) -> Result<Self> {
        Self::start_at((Ipv4Addr::LOCALHOST, port).into(), name, None).await
    }

    /// Starts one at this address; it makes these calls before it answers, and answers 502 if one fails.
    pub async fn start_at(address: SocketAddr, name: &str, forward: Option<Forward>) -> Result<Self> {
        let listener = TcpListener::bind(address).await.with_context(|| format!("{name} at {address}"))?;
        Self::start_with(listener, name, forward)
    }

    /// Starts one on this socket, whose address others may know already.
    pub fn start_with(listener: TcpListener, name: &str, forward: Option<Forward>) -> Result<Self> {
        let address = listener.local_addr()?;
        let service = Arc::new(Service { name: name.into(), received: Mutex::default(), forward });
        let server = tokio::spawn({
            let service = service.clone();
            serve(listener, move |stream| converse(stream, service.clone()))
        })
        .abort_handle();
        Ok(Self { service, address, server })
    }

    /// Its name, the first line of its answers.
    pub fn name(&self) -> &str {
        &self.service.name
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests since it was asked last.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.service.received.lock().expect("no holder panics"))
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Received {
    async fn read(request: hyper::Request<Incoming>) -> Result<Self, hyper::Error> {
        let (head, body) = request.into_parts();
        let protocol = if head.version == Version::HTTP_2 { Protocol::Http2 } else { Protocol::Http1 };
        let mut headers = Headers::from(&head.headers);
        if let Some(authority) = head.uri.authority().filter(|_| protocol == Protocol::Http2) {
            headers.0.insert(0, (b":authority".into(), authority.as_str().into()));
        }
        let body = body.collect().await?;
        let trailers = body.trailers().map(Headers::from).unwrap_or_default();
        let (method, path) =
            (head.method.to_string(), head.uri.path_and_query().map_or("", |path| path.as_str()).into());
        Ok(Self { protocol, method, path, headers, body: body.to_bytes(), trailers })
    }

    fn to_text(&self, name: &str) -> Vec<u8> {
        let mut text = [name.as_bytes(), b"\n", &self.headers.to_text()].concat();
        if !self.trailers.0.is_empty() {
            text.push(b'\n');
        }
        for line in self.trailers.to_text().split_inclusive(|byte| *byte == b'\n') {
            text.extend([b"trailer ", line].concat());
        }
        text
    }
}

impl Service {
    async fn answer(self: Arc<Self>, request: hyper::Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
        let received = Received::read(request).await?;
        let text = received.to_text(&self.name);
        let headers = received.headers.clone();
        self.received.lock().expect("no holder panics").push(received);
        let called = match &self.forward {
            Some(forward) => forward.call(&headers).await,
            None => Ok(()),
        };
        let mut response = Response::new(text.into());
        if let Err(error) = called {
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            *response.body_mut() = format!("{error:#}\n").into();
        }
        Ok(response)
    }
}

async fn converse(stream: TcpStream, service: Arc<Service>) {
    let answer = service_fn(move |request| service.clone().answer(request));
    // A peer that hangs up midway is its own affair.
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), answer).await;
}

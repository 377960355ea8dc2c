//! The client: one request a connection, any bytes in its values.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::Result;
use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::header::{HOST, HeaderValue, TRAILER, TRANSFER_ENCODING};
use hyper::{Response, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::headers::Headers;

const PATIENCE: Duration = Duration::from_secs(10);

/// What is spoken on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 in clear text, with prior knowledge.
    Http2,
}

/// A request to send; `GET /` by default.
#[derive(Clone, Debug)]
pub struct Request {
    authority: String,
    method: String,
    path: String,
    headers: Headers,
    trailers: Headers,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The header lines.
    pub headers: Headers,
    /// The body.
    pub body: Bytes,
}

impl Request {
    /// A request for this authority: `Host` in HTTP/1.1, `:authority` in HTTP/2.
    pub fn to(authority: &str) -> Self {
        let (method, path) = ("GET".into(), "/".into());
        Self { authority: authority.into(), method, path, headers: Headers::default(), trailers: Headers::default() }
    }

    /// Chooses the method.
    pub fn method(mut self, method: &str) -> Self {
        self.method = method.into();
        self
    }

    /// Chooses the path, with its query.
    pub fn path(mut self, path: &str) -> Self {
        self.path = path.into();
        self
    }

    /// Adds a header line.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push(name, value.as_ref());
        self
    }

    /// Adds a trailer line, and with it a short body.
    pub fn trailer(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.trailers.push(name, value.as_ref());
        self
    }

    /// Sends it over a connection of its own.
    pub async fn send(&self, address: SocketAddr, protocol: Protocol) -> Result<Reply> {
        self.send_over(TcpStream::connect(address).await?, protocol).await
    }

    /// Sends it over this connection, as its only request.
    pub async fn send_over<S>(&self, stream: S, protocol: Protocol) -> Result<Reply>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        timeout(PATIENCE, async {
            let io = TokioIo::new(stream);
            let response = match protocol {
                Protocol::Http1 => {
                    let (mut sender, connection) = http1::handshake(io).await?;
                    tokio::spawn(connection);
                    sender.send_request(self.to_http1()?).await?
                }
                Protocol::Http2 => {
                    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
                    tokio::spawn(connection);
                    sender.send_request(self.to_http2()?).await?
                }
            };
            Reply::read(response).await
        })
        .await?
    }

    fn to_http1(&self) -> Result<hyper::Request<Frames>> {
        let mut request = self.to_hyper(self.path.parse()?)?;
        request.headers_mut().insert(HOST, HeaderValue::from_bytes(self.authority.as_bytes())?);
        if !self.trailers.0.is_empty() {
            // hyper sends a GET without a body by default, and sends only announced trailers.
            request.headers_mut().insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
            request.headers_mut().insert(TRAILER, self.trailers.names().join(",").parse()?);
        }
        Ok(request)
    }

    fn to_http2(&self) -> Result<hyper::Request<Frames>> {
        let uri = Uri::builder().scheme("http").authority(self.authority.as_str()).path_and_query(self.path.as_str());
        self.to_hyper(uri.build()?)
    }

    fn to_hyper(&self, uri: Uri) -> Result<hyper::Request<Frames>> {
        let body = match self.trailers.0.is_empty() {
            true => Frames::default(),
            false => Frames([Frame::data("body\n".into()), Frame::trailers(self.trailers.to_map()?)].into()),
        };
        let mut request = hyper::Request::builder().method(self.method.as_str()).uri(uri).body(body)?;
        *request.headers_mut() = self.headers.to_map()?;
        Ok(request)
    }
}

impl Reply {
    async fn read(response: Response<Incoming>) -> Result<Self> {
        let (status, headers) = (response.status().as_u16(), Headers::from(response.headers()));
        Ok(Self { status, headers, body: response.into_body().collect().await?.to_bytes() })
    }

    /// The body, for people.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Writes these bytes, which should ask for `Connection: close`, and reads until the connection closes.
pub async fn raw(address: SocketAddr, bytes: &[u8]) -> Result<Vec<u8>> {
    timeout(PATIENCE, async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(bytes).await?;
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).await?;
        Ok(reply)
    })
    .await?
}

/// A body of no stated length, so that trailers may follow it.
#[derive(Default)]
struct Frames(VecDeque<Frame<Bytes>>);

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }
}

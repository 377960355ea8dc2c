//! What stands for pilot-agent beside a waypoint that is recorded: it answers whoever asks for a secret with an empty one,
//! so that Envoy goes on.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use anyhow::Result;
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

/// What Istio calls the proxy's certificate and the mesh's.
const NAMES: [&[u8]; 2] = [b"default", b"ROOTCA"];
const SECRET: &[u8] = b"type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";

/// Dropping it stops it.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) address: SocketAddr,
    server: AbortHandle,
}

impl Agent {
    pub(super) async fn start(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let answer = http2::Builder::new(TokioExecutor::new());
                tokio::spawn(answer.serve_connection(TokioIo::new(stream), service_fn(empty)));
            }
        });
        Ok(Self { address, server: server.abort_handle() })
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A message on a stream that stays open.
struct Message(Option<Bytes>);

impl Body for Message {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.take().map_or(Poll::Pending, |bytes| Poll::Ready(Some(Ok(Frame::data(bytes)))))
    }
}

/// A DiscoveryResponse (Envoy, `envoy.service.discovery.v3`), as one message of gRPC.
async fn empty(_: Request<Incoming>) -> Result<Response<Message>, Infallible> {
    let field = |number: u8, text: &[u8]| [&[number << 3 | 2, text.len() as u8], text].concat();
    let secret = |name| field(2, &[field(1, SECRET), field(2, &field(1, name))].concat());
    let message = [field(1, b"1"), NAMES.map(secret).concat(), field(4, SECRET), field(5, b"1")].concat();
    let frame = [&[0, 0, 0, (message.len() >> 8) as u8, message.len() as u8], &message[..]].concat();
    let mut response = Response::new(Message(Some(frame.into())));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    Ok(response)
}

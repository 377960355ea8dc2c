//! Requests that are not over with their headers: tunnels, WebSockets, and callers that hang up midway.

use std::convert::Infallible;
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use anyhow::{Context as _, Result, ensure};
use http_body_util::Empty;
use hyper::Uri;
use hyper::body::{Body, Bytes, Frame};
use hyper::client::conn::http2::{self, SendRequest};
use hyper::ext::Protocol as Extended;
use hyper_util::rt::{TokioExecutor, TokioIo};
use integration::{Bootstrap, Hop, Received, Request, raw};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const HOST: &str = "feat-x.www.carouselltenancy.com";

/// What a client claims, untidily.
const CLAIMS: [(&str, &str); 3] = [("c-tenancy", "dev1"), ("x-override", "foo:v1, bar:v2"), ("baggage", "tenant=dev1")];
const CLAIMED: [&str; 3] = ["c-tenancy: dev1", "x-override: foo:v1, bar:v2", "baggage: tenant=dev1"];
const AT_THE_EDGE: [&str; 2] = ["c-tenancy: feat-x", "baggage: tenant=feat-x"];
const IN_THE_MESH: [&str; 3] = ["c-tenancy: dev1", "x-override: foo:v1,bar:v2", "baggage: tenant=dev1"];

/// Lets tunnels through, as far as our filter does.
fn with_tunnels(mut bootstrap: Bootstrap, cluster: &str) -> Bootstrap {
    let manager = bootstrap.connection_manager();
    manager["upgrade_configs"] = json!([{"upgrade_type": "websocket"}, {"upgrade_type": "CONNECT"}]);
    manager["http2_protocol_options"] = json!({"allow_connect": true});
    let tunnels = json!({"match": {"connect_matcher": {}}, "route": {"cluster": cluster}});
    bootstrap.routes().as_array_mut().expect("routes").insert(0, tunnels);
    bootstrap
}

async fn gateway(connect: Option<&str>) -> Result<Hop> {
    let mut configuration = json!({
        "version": 1,
        "role": "edge",
        "tenant": {
            "from": [{"host": "{tenant}.www.carouselltenancy.com"}],
            "to": [{"header": "c-tenancy"}, {"baggage": "tenant"}],
        },
        "strip": ["x-override"],
    });
    if let Some(connect) = connect {
        configuration["connect"] = connect.into();
    }
    Hop::start(with_tunnels(Bootstrap::gateway()?.configuration(configuration), "sidecar")).await
}

async fn sidecar() -> Result<Hop> {
    Hop::start(with_tunnels(Bootstrap::sidecar()?, "shop-stable")).await
}

/// Sends bytes that are a request; gives the status of the answer.
async fn status(address: SocketAddr, request: &str) -> Result<u16> {
    let reply = String::from_utf8(raw(address, request.as_bytes()).await?)?;
    Ok(reply.split(' ').nth(1).with_context(|| reply.clone())?.parse()?)
}

async fn tunnel_over_http1(hop: &Hop) -> Result<u16> {
    let claims: String = CLAIMS.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    status(hop.envoy.listener(), &format!("CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n{claims}\r\n")).await
}

/// A CONNECT over HTTP/2: plain (RFC 9113 §8.5), or extended by a protocol (RFC 8441).
async fn tunnel_over_http2(hop: &Hop, protocol: Option<&'static str>) -> Result<u16> {
    let mut sender = http2_connection(hop.envoy.listener()).await?;
    let uri = match protocol {
        Some(_) => Uri::builder().scheme("http").authority(HOST).path_and_query("/chat").build()?,
        None => Uri::builder().authority(format!("{HOST}:443")).build()?,
    };
    let mut request = hyper::Request::connect(uri).body(Empty::new())?;
    for (name, value) in CLAIMS {
        request.headers_mut().insert(name, value.parse()?);
    }
    request.extensions_mut().extend(protocol.map(Extended::from_static).map(extension).unwrap_or_default());
    Ok(sender.send_request(request).await?.status().as_u16())
}

fn extension(protocol: Extended) -> hyper::http::Extensions {
    let mut extensions = hyper::http::Extensions::new();
    extensions.insert(protocol);
    extensions
}

/// A connection whose settings have arrived: a first request was answered.
async fn http2_connection(address: SocketAddr) -> Result<SendRequest<Empty<Bytes>>> {
    let io = TokioIo::new(TcpStream::connect(address).await?);
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
    tokio::spawn(connection);
    let first = hyper::Request::get(format!("http://{HOST}/")).body(Empty::new())?;
    ensure!(sender.send_request(first).await?.status() == 200);
    Ok(sender)
}

/// The last request that reached the service.
fn last(hop: &Hop) -> Result<Received> {
    hop.service.take().pop().context("nothing reached the service")
}

fn sorted(lines: &[&str]) -> Vec<String> {
    let mut lines: Vec<_> = lines.iter().copied().map(str::to_owned).collect();
    lines.sort();
    lines
}

fn seen(received: &Received) -> Vec<String> {
    let mut lines =
        received.headers.without(&["host", "x-forwarded-proto", "connection", "upgrade", "transfer-encoding"]).lines();
    lines.sort();
    lines
}

#[tokio::test]
async fn an_edge_refuses_plain_tunnels_by_default() -> Result<()> {
    for connect in [None, Some("refuse")] {
        let hop = gateway(connect).await?;
        assert_eq!(tunnel_over_http1(&hop).await?, 400);
        assert!(hop.service.take().is_empty());
        assert_eq!(tunnel_over_http2(&hop, None).await?, 400);
        assert_eq!(last(&hop)?.method, "GET", "the first request of the connection");
    }
    Ok(())
}

#[tokio::test]
async fn an_edge_passes_plain_tunnels_if_told() -> Result<()> {
    let hop = gateway(Some("pass")).await?;
    assert_eq!(tunnel_over_http1(&hop).await?, 200);
    let received = last(&hop)?;
    assert_eq!((received.method.as_str(), seen(&received)), ("CONNECT", sorted(&AT_THE_EDGE)));
    assert_eq!(tunnel_over_http2(&hop, None).await?, 200);
    let received = last(&hop)?;
    assert_eq!((received.method.as_str(), seen(&received)), ("CONNECT", sorted(&AT_THE_EDGE)));
    Ok(())
}

#[tokio::test]
async fn the_mesh_leaves_plain_tunnels_alone() -> Result<()> {
    let hop = sidecar().await?;
    assert_eq!(tunnel_over_http1(&hop).await?, 200);
    let received = last(&hop)?;
    assert_eq!((received.method.as_str(), seen(&received)), ("CONNECT", sorted(&CLAIMED)));
    assert_eq!(tunnel_over_http2(&hop, None).await?, 200);
    let received = last(&hop)?;
    assert_eq!((received.method.as_str(), seen(&received)), ("CONNECT", sorted(&CLAIMED)));
    Ok(())
}

#[tokio::test]
async fn a_websocket_is_a_normal_request() -> Result<()> {
    for (hop, expected) in [(gateway(None).await?, &AT_THE_EDGE[..]), (sidecar().await?, &IN_THE_MESH)] {
        assert_eq!(tunnel_over_http2(&hop, Some("websocket")).await?, 200);
        let received = last(&hop)?;
        assert_eq!(
            (received.headers.values("upgrade"), seen(&received)),
            (vec!["websocket".to_owned()], sorted(expected))
        );
        let request = Request::to(HOST).header("connection", "upgrade").header("upgrade", "websocket");
        let request = CLAIMS.iter().fold(request, |request, (name, value)| request.header(name, value));
        let lines = hop.pass(&request).await?;
        assert!(expected.iter().all(|line| lines.contains(&(*line).to_owned())), "{lines:?}");
        assert!(!lines.contains(&"x-override: foo:v1, bar:v2".to_owned()), "{lines:?}");
    }
    Ok(())
}

/// Requests that break off, as bytes of HTTP/1.1.
fn broken_off() -> Vec<String> {
    let head = |rest: &str| format!("POST / HTTP/1.1\r\nHost: {HOST}\r\nc-tenancy: dev1\r\n{rest}");
    vec![
        head(""),
        head("content-length: 1000\r\n\r\n"),
        head("content-length: 1000\r\n\r\nhalf a body"),
        head("transfer-encoding: chunked\r\n\r\n5\r\nbo"),
        head("transfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nc-tenancy: de"),
        head("\r\n").repeat(3) + "POST /",
    ]
}

#[tokio::test]
async fn callers_that_hang_up_harm_nothing() -> Result<()> {
    for (hop, name, expected) in
        [(gateway(None).await?, "gateway", "c-tenancy: feat-x"), (sidecar().await?, "sidecar", "c-tenancy: dev1")]
    {
        let requests = broken_off();
        for request in &requests {
            let mut stream = TcpStream::connect(hop.envoy.listener()).await?;
            stream.write_all(request.as_bytes()).await?;
        }
        stat(&hop, name, "cx_destroy", requests.len()).await?;
        break_off_over_http2(&hop, name).await?;
        stat(&hop, name, "cx_destroy", requests.len() + 1).await?;
        hop.service.take();
        let lines = hop.pass(&Request::to(HOST).header("c-tenancy", "dev1")).await?;
        assert!(lines.iter().any(|line| line == expected), "{lines:?}");
        assert!(!hop.envoy.log()?.contains("[wasm]"), "{}", hop.envoy.log()?);
    }
    Ok(())
}

/// Sends a request over HTTP/2, and closes the connection in the middle of its body.
async fn break_off_over_http2(hop: &Hop, name: &str) -> Result<()> {
    let stream = TcpStream::connect(hop.envoy.listener()).await?.into_std()?;
    let plug = stream.try_clone()?;
    let io = TokioIo::new(TcpStream::from_std(stream)?);
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
    tokio::spawn(connection);
    let request =
        hyper::Request::post(format!("http://{HOST}/")).header("c-tenancy", "dev1").body(Endless::default())?;
    let answer = tokio::spawn(sender.send_request(request));
    stat(hop, name, "rq_http2_total", 1).await?;
    plug.shutdown(Shutdown::Both)?;
    assert!(answer.await?.is_err());
    Ok(())
}

/// Waits until a stat of the listener has this value.
async fn stat(hop: &Hop, name: &str, stat: &str, value: usize) -> Result<()> {
    let stat = format!("http.{name}.downstream_{stat}");
    hop.envoy.stats_become(&format!("^{stat}$"), &[(stat, value as u64)].into()).await
}

/// A body that begins and goes no further.
#[derive(Default)]
struct Endless {
    begun: bool,
}

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match std::mem::replace(&mut self.begun, true) {
            false => Poll::Ready(Some(Ok(Frame::data("half a body".into())))),
            true => Poll::Pending,
        }
    }
}

//! A real Envoy in front of an echo service.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{counts, token};
use crate::bootstrap::Bootstrap;
use crate::cases::{Case, Counts, Outcome, Peer, Runner};
use crate::client::{Protocol, Reply, Request};
use crate::echo::{Echo, Received};
use crate::envoy::Envoy;
use crate::headers::Headers;
use crate::markdown::capabilities;

/// Longer than it takes the module's timer to ring.
const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(50);

/// What Envoy and the client write themselves.
const PLUMBING: [&str; 9] = [
    ":authority",
    "host",
    "trailer",
    "transfer-encoding",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-external-address",
    "x-envoy-internal",
    "x-forwarded-for",
    "x-forwarded-proto",
];

/// What is spoken on both sides of Envoy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
    /// HTTP/2, and a request that says it is gRPC.
    Grpc,
}

/// One plugin configuration in Envoy; a second one where callers are told apart.
#[derive(Debug)]
pub struct Proxy {
    known: Envoy,
    unknown: Option<Envoy>,
    service: Echo,
}

impl Wire {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Http1, Self::Http2, Self::Grpc];

    /// The runner of cases that speaks it.
    pub fn runner(self) -> Runner {
        match self {
            Self::Http1 => Runner::Http1,
            Self::Http2 => Runner::Http2,
            Self::Grpc => Runner::Grpc,
        }
    }

    fn protocol(self) -> Protocol {
        if self == Self::Http1 { Protocol::Http1 } else { Protocol::Http2 }
    }

    /// What a gRPC client says, which is no part of a case.
    fn headers(self) -> &'static [(&'static str, &'static str)] {
        if self == Self::Grpc { &[("content-type", "application/grpc"), ("te", "trailers")] } else { &[] }
    }
}

impl Proxy {
    /// Starts Envoy with this configuration.
    pub async fn start(configuration: &Value) -> Result<Self> {
        let service = Echo::start("service").await?;
        let bootstrap = bootstrap(configuration, &service)?;
        let tells_apart = configuration.get("peers").is_some();
        let mut outbound = bootstrap.clone();
        if tells_apart {
            // Whoever calls out through an outbound listener is the workload beside it.
            outbound.at("/static_resources/listeners/0")["traffic_direction"] = json!("OUTBOUND");
        }
        let unknown = if tells_apart { Some(Envoy::start(&bootstrap).await?) } else { None };
        Ok(Self { known: Envoy::start(&outbound).await?, unknown, service })
    }

    /// Sends the request of a case; of what arrives it leaves out what Envoy itself writes.
    pub async fn run(&self, case: &Case, wire: Wire) -> Result<Outcome> {
        let envoy = match case.peer {
            Peer::Known => &self.known,
            Peer::Unknown => self.unknown.as_ref().unwrap_or(&self.known),
        };
        let request = request(case, wire)?;
        let reply = request.send(envoy.listener(), wire.protocol()).await?;
        match self.service.take().pop() {
            None => Ok(Outcome::Refused(status(&reply, wire)?)),
            Some(received) => {
                ensure!(received.path == case.path, "the path became {}", received.path);
                ensure!(authority(&received) == [case.authority.as_str()], "the authority became {received:?}");
                Ok(Outcome::upstream(without_plumbing(received.headers, wire), received.trailers))
            }
        }
    }

    /// What was counted in all, once it is that; or what it is in the end.
    pub async fn counted(&self, expected: &Counts) -> Result<Counts> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let counted = self.counts().await?;
            if counted == *expected || Instant::now() > deadline {
                return Ok(counted);
            }
            sleep(POLL).await;
        }
    }

    async fn counts(&self) -> Result<Counts> {
        let mut sum = Counts::new();
        for envoy in [Some(&self.known), self.unknown.as_ref()].into_iter().flatten() {
            let stats = envoy.stats("tenancy").await?.into_iter();
            let custom = stats.filter_map(|(name, count)| Some((name.strip_prefix("wasmcustom.")?.to_owned(), count)));
            let moved = counts(custom).0.into_iter().filter(|(_, count)| *count > 0);
            moved.for_each(|(name, count)| *sum.entry(name).or_default() += count);
        }
        Ok(sum)
    }
}

/// A gateway that speaks to the service as the client speaks to it, and verifies tokens where one counts; its module has
/// the published capabilities and no others.
fn bootstrap(configuration: &Value, service: &Echo) -> Result<Bootstrap> {
    let bootstrap = Bootstrap::gateway()?.configuration(configuration.clone()).restricted(&capabilities()?);
    let mut bootstrap = bootstrap.cluster("sidecar", service.address());
    if configuration.get("verified").is_some() {
        bootstrap.http_filters().as_array_mut().context("a list")?.insert(0, token::jwt_authn());
    }
    let options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    let cluster = bootstrap.at("/static_resources/clusters/0/typed_extension_protocol_options");
    let options = cluster[options].as_object_mut().context("protocol options")?;
    options.remove("explicit_http_config");
    let both = json!({"http_protocol_options": {"enable_trailers": true}, "http2_protocol_options": {}});
    options.insert("use_downstream_protocol_config".into(), both);
    Ok(bootstrap)
}

fn request(case: &Case, wire: Wire) -> Result<Request> {
    let method = if wire == Wire::Grpc && case.method == "GET" { "POST" } else { &case.method };
    let mut request = Request::to(&case.authority).method(method).path(&case.path);
    for (name, value) in wire.headers() {
        request = request.header(name, value);
    }
    if let Some(payload) = &case.token {
        request = request.header("authorization", format!("Bearer {}", token::sign(payload)));
    }
    for (name, value) in case.headers().0 {
        request = request.header(std::str::from_utf8(&name)?, value);
    }
    for (name, value) in case.trailers().0 {
        request = request.trailer(std::str::from_utf8(&name)?, value);
    }
    Ok(request)
}

fn authority(received: &Received) -> Vec<String> {
    [received.headers.values("host"), received.headers.values(":authority")].concat()
}

fn without_plumbing(headers: Headers, wire: Wire) -> Headers {
    let said: Vec<_> = wire.headers().iter().map(|(name, _)| *name).collect();
    headers.without(&PLUMBING).without(&said)
}

/// The status of a refusal. To a gRPC client Envoy says it in its own words: 400 is 13, 500 is 2.
fn status(reply: &Reply, wire: Wire) -> Result<u16> {
    if wire != Wire::Grpc {
        return Ok(reply.status);
    }
    match (reply.status, &reply.headers.values("grpc-status")[..]) {
        (200, [status]) if status == "13" => Ok(400),
        (200, [status]) if status == "2" => Ok(500),
        other => anyhow::bail!("no refusal of a gRPC request: {other:?}"),
    }
}

//! A real Envoy in front of an echo service.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use playground::{Bootstrap, Echo, Envoy, Headers, Protocol, Received, Reply, Request};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{counts, token};
use crate::cases::{Case, Counts, Direction, Outcome, Passage, Peer, Runner};
use crate::markdown::capabilities;
use crate::wasm_host::Node;

/// Longer than it takes the module's timer to ring.
const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(50);

/// What Envoy and the client write themselves.
const PLUMBING: [&str; 10] = [
    ":authority",
    "content-length",
    "host",
    "trailer",
    "transfer-encoding",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-external-address",
    "x-envoy-internal",
    "x-forwarded-for",
    "x-forwarded-proto",
];

/// What Envoy itself writes into an answer.
const ANSWERING: [&str; 5] = ["content-length", "content-type", "date", "server", "transfer-encoding"];

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

/// One plugin configuration in Envoy, with a listener for each way to pass it.
#[derive(Debug)]
pub struct Proxy {
    envoy: Envoy,
    listeners: BTreeMap<Passage, SocketAddr>,
    tells_peers_apart: bool,
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
    /// Starts Envoy with this configuration, for requests that pass it in these ways.
    pub async fn start(configuration: &Value, passages: &BTreeSet<Passage>) -> Result<Self> {
        Self::start_beside(configuration, passages, &Node::default()).await
    }

    /// The same as this node.
    pub async fn start_beside(configuration: &Value, passages: &BTreeSet<Passage>, node: &Node) -> Result<Self> {
        let service = Echo::start("service").await?;
        let tells_peers_apart = configuration.get("peers").is_some();
        let mut passages = passages.clone();
        if tells_peers_apart {
            passages.extend([Passage::default(), workload()]);
        }
        let mut bootstrap = bootstrap(configuration, &service)?;
        open(&mut bootstrap, &passages)?;
        if let Some(workload) = &node.workload {
            let labels = json!({"service.istio.io/canonical-name": workload});
            bootstrap = bootstrap.node(json!({"id": "sidecar", "cluster": workload, "metadata": {"LABELS": labels}}));
        }
        let envoy = Envoy::start(&bootstrap).await?;
        let mut listeners = BTreeMap::new();
        for passage in passages {
            listeners.insert(passage.clone(), envoy.address_of(&name(&passage)).await?);
        }
        Ok(Self { envoy, listeners, tells_peers_apart, service })
    }

    /// Sends the request of a case; ignores the headers that Envoy itself writes.
    pub async fn run(&self, case: &Case, wire: Wire) -> Result<Outcome> {
        let passage = match case.peer {
            Peer::Known if self.tells_peers_apart => &workload(),
            _ => &case.passage,
        };
        let listener = self.listeners.get(passage).context("a listener")?;
        let reply = request(case, wire)?.send(*listener, wire.protocol()).await?;
        match self.service.take().pop() {
            None => Ok(Outcome::answered(status(&reply, wire)?, reply.headers.without(&ANSWERING))),
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
        let stats = self.envoy.stats("tenancy").await?.into_iter();
        let custom = stats.filter_map(|(name, count)| Some((name.strip_prefix("wasmcustom.")?.to_owned(), count)));
        Ok(counts(custom).0.into_iter().filter(|(_, count)| *count > 0).collect())
    }
}

/// A gateway that speaks to the service as the client speaks to it, and verifies tokens where one counts; its module has
/// the published capabilities and no others.
fn bootstrap(configuration: &Value, service: &Echo) -> Result<Bootstrap> {
    let bootstrap = Bootstrap::gateway()?.configuration(configuration.clone()).restricted(&capabilities()?);
    let mut bootstrap = bootstrap.cluster("sidecar", service.address());
    let sources = configuration.pointer("/tenant/from").and_then(Value::as_array);
    let reads_issuer = sources.is_some_and(|sources| sources.iter().any(|source| source.get("issuer").is_some()));
    if reads_issuer || configuration.get("verified").is_some() {
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

/// The way of a known caller, where callers are told apart: whoever calls out through an outbound listener is the
/// workload beside it.
fn workload() -> Passage {
    Passage { direction: Direction::Outbound, ..Passage::default() }
}

fn name(Passage { direction, cluster, route }: &Passage) -> String {
    format!("{direction:?} {cluster} {route}")
}

/// Replaces the listener by one for each way to pass it.
fn open(bootstrap: &mut Bootstrap, passages: &BTreeSet<Passage>) -> Result<()> {
    let route = "/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/routes/0";
    let usual = bootstrap.listener().clone();
    let mut listeners = Vec::new();
    for passage in passages {
        let mut listener = usual.clone();
        listener["name"] = json!(name(passage));
        listener["traffic_direction"] = json!(format!("{:?}", passage.direction).to_uppercase());
        let route = listener.pointer_mut(route).context("a route")?;
        route["name"] = json!(passage.route);
        if !passage.cluster.is_empty() {
            route["route"]["cluster"] = json!(passage.cluster);
        }
        listeners.push(listener);
    }
    *bootstrap.at("/static_resources/listeners") = listeners.into();

    let names: BTreeSet<_> = passages.iter().map(|passage| &passage.cluster).filter(|name| !name.is_empty()).collect();
    let clusters = bootstrap.at("/static_resources/clusters").as_array_mut().context("a list")?;
    let usual = clusters.first().context("a cluster")?.clone();
    for name in names {
        let mut cluster = usual.clone();
        cluster["name"] = json!(name);
        clusters.push(cluster);
    }
    Ok(())
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

//! A sidecar with a listener for each direction, the workload beside it and a service that the workload calls.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;
use integration::{Bootstrap, Echo, Envoy, Forward, Protocol, Request};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The host of the service that the workload calls.
pub(crate) const SERVICE: &str = "orders";

pub(crate) struct Sidecar {
    pub(crate) envoy: Envoy,
    pub(crate) outbound: SocketAddr,
    /// It calls the service once for each request, and hands on the headers that it was taught.
    _workload: Echo,
    pub(crate) service: Echo,
}

/// A configuration of the mesh that repairs.
pub(crate) fn configuration(repair: Value) -> Value {
    json!({
        "version": 1,
        "role": "mesh",
        "tenant": {"to": [{"header": "c-tenancy"}, {"baggage": "tenant"}]},
        "overrides": {"to": [{"header": "x-override"}]},
        "repair": repair,
    })
}

impl Sidecar {
    pub(crate) async fn start(workers: usize, forwarded: &[&str], configuration: Value) -> Result<Self> {
        Self::start_as(Bootstrap::sidecar()?.configuration(configuration), workers, forwarded).await
    }

    /// Starts the stock sidecar twice in one Envoy, once for each direction.
    pub(crate) async fn start_as(bootstrap: Bootstrap, workers: usize, forwarded: &[&str]) -> Result<Self> {
        let service = Echo::start("service").await?;
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let bootstrap = both_ways(bootstrap, socket.local_addr()?, service.address());
        let envoy = Envoy::start_with_workers(&bootstrap, workers).await?;
        let outbound = envoy.address_of("outbound").await?;
        let headers = forwarded.iter().map(|name| (*name).into()).collect();
        let forward = Forward { through: outbound, calls: vec![SERVICE.into()], headers };
        let workload = Echo::start_with(socket, "workload", Some(forward))?;
        Ok(Self { envoy, outbound, _workload: workload, service })
    }

    /// What comes in for the workload, which calls the service before it answers.
    pub(crate) async fn receive(&self, request: &Request) -> Result<Vec<String>> {
        let reply = request.send(self.envoy.listener(), Protocol::Http1).await?;
        assert_eq!(reply.status, 200, "{}", reply.text());
        Ok(self.delivered())
    }

    /// A call that the workload makes by itself.
    pub(crate) async fn call(&self, request: &Request) -> Result<Vec<String>> {
        let reply = request.send(self.outbound, Protocol::Http1).await?;
        assert_eq!(reply.status, 200, "{}", reply.text());
        Ok(self.delivered())
    }

    /// What the one call since the last brought to the service, of the context.
    pub(crate) fn delivered(&self) -> Vec<String> {
        let calls = self.service.take();
        assert_eq!(calls.len(), 1, "{calls:?}");
        let lines = calls.into_iter().flat_map(|received| received.headers.lines());
        lines.filter(|line| ["c-tenancy", "baggage", "x-override"].iter().any(|name| line.starts_with(name))).collect()
    }

    /// Waits until the lost-context report says so.
    pub(crate) async fn reports(&self, expected: &[(&str, u64)]) -> Result<()> {
        let name = |name: &str| format!("wasmcustom.tenancy.context_{name}");
        let expected = expected.iter().map(|(counter, count)| (name(counter), *count)).collect();
        self.envoy.stats_become("tenancy.context", &expected).await
    }
}

/// The inbound listener leads to the workload, the outbound one to the service.
fn both_ways(mut bootstrap: Bootstrap, workload: SocketAddr, service: SocketAddr) -> Bootstrap {
    *bootstrap.routes() = json!([{"match": {"prefix": "/"}, "route": {"cluster": "shop-stable"}}]);
    bootstrap.listener()["traffic_direction"] = "INBOUND".into();
    let mut outbound = bootstrap.listener().clone();
    outbound["name"] = "outbound".into();
    outbound["traffic_direction"] = "OUTBOUND".into();
    let route = "/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts/0/routes/0/route/cluster";
    *outbound.pointer_mut(route).expect("a route") = "shop-feat-x".into();
    bootstrap.at("/static_resources/listeners").as_array_mut().expect("a list").push(outbound);
    bootstrap.cluster("shop-stable", workload).cluster("shop-feat-x", service)
}

//! One Envoy in front of one service.

use anyhow::{Context, Result, ensure};

use crate::bootstrap::Bootstrap;
use crate::client::{Protocol, Reply, Request};
use crate::echo::{Echo, Received};
use crate::envoy::Envoy;

/// Headers of the connection, and those that the stock gateway's Envoy adds.
const PLUMBING: [&str; 5] = [":authority", "host", "trailer", "transfer-encoding", "x-forwarded-proto"];

/// An Envoy that sends everything to one service.
#[derive(Debug)]
pub struct Hop {
    /// The Envoy.
    pub envoy: Envoy,
    /// The service.
    pub service: Echo,
}

impl Hop {
    /// Starts both.
    pub async fn start(bootstrap: Bootstrap) -> Result<Self> {
        let service = Echo::start("service").await?;
        let envoy = Envoy::start(&bootstrap.clusters(service.address())).await?;
        Ok(Self { envoy, service })
    }

    /// Sends a request that has to reach the service; gives the header lines that it got, without what only carries
    /// the request.
    pub async fn pass(&self, request: &Request) -> Result<Vec<String>> {
        let reply = request.send(self.envoy.listener(), Protocol::Http1).await?;
        Ok(self.received(&reply)?.lines())
    }

    /// Sends a request that must not reach the service; returns the answer.
    pub async fn refuse(&self, request: &Request) -> Result<Reply> {
        let reply = request.send(self.envoy.listener(), Protocol::Http1).await?;
        let received = self.service.take();
        ensure!(received.is_empty(), "{request:?} passed: {received:?}");
        Ok(reply)
    }

    /// The one request that reached the service since the last, which this answers.
    pub fn received(&self, reply: &Reply) -> Result<Received> {
        let mut received = self.service.take();
        ensure!(received.len() <= 1, "{} requests reached the service", received.len());
        received.pop().with_context(|| format!("answered with {} {}", reply.status, reply.text()))
    }
}

impl Received {
    /// The header lines without those of the connection.
    pub fn lines(&self) -> Vec<String> {
        self.headers.without(&PLUMBING).lines()
    }
}

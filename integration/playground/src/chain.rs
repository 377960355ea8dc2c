//! Gateway, sidecar and the two versions of the shop.

use anyhow::{Context, Result, ensure};

use crate::bootstrap::Bootstrap;
use crate::client::{self, Protocol, Reply, Request};
use crate::echo::{Echo, Received};
use crate::envoy::Envoy;

/// The version of the shop that everybody gets.
pub const STABLE: &str = "shop stable";
/// The version of the shop that the tenant `feat-x` gets.
pub const FEAT_X: &str = "shop feat-x";
/// The clusters of the cart with their names: the stable one, and that of the tenant `feat-x`, which no route names.
pub const CARTS: [(&str, &str); 2] = [("cart", "cart stable"), ("cart-feat-x", "cart feat-x")];

/// A gateway in front of a sidecar in front of the shop in two versions.
#[derive(Debug)]
pub struct Chain {
    /// The gateway, for clients.
    pub gateway: Envoy,
    /// The sidecar, for calls of the mesh.
    pub sidecar: Envoy,
    /// The shop, stable first.
    pub shops: [Echo; 2],
}

/// One request and its result.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The name of the shop that answered.
    pub shop: String,
    /// What the shop got.
    pub received: Received,
    /// What the client got.
    pub reply: Reply,
}

impl Chain {
    /// Starts all four, from the back to the front.
    pub async fn start(gateway: Bootstrap, sidecar: Bootstrap) -> Result<Self> {
        Self::before([Echo::start(STABLE).await?, Echo::start(FEAT_X).await?], gateway, sidecar).await
    }

    /// Starts both Envoys before these shops.
    pub async fn before(shops: [Echo; 2], gateway: Bootstrap, sidecar: Bootstrap) -> Result<Self> {
        let [stable, feat_x] = shops.each_ref().map(Echo::address);
        let sidecar = Envoy::start(&sidecar.cluster("shop-stable", stable).cluster("shop-feat-x", feat_x)).await?;
        let gateway = Envoy::start(&gateway.cluster("sidecar", sidecar.listener())).await?;
        Ok(Self { gateway, sidecar, shops })
    }

    /// Sends a request that has to reach a shop, by way of the gateway or straight to the sidecar.
    pub async fn visit(&self, entry: &Envoy, request: &Request, protocol: Protocol) -> Result<Visit> {
        let reply = request.send(entry.listener(), protocol).await?;
        let (shop, received) = self.received().with_context(|| format!("{} {}", reply.status, reply.text()))?;
        Ok(Visit { shop, received, reply })
    }

    /// Sends the bytes of a request that must reach a shop; returns the shop's name and the lines that it received.
    pub async fn visit_raw(&self, entry: &Envoy, request: &[u8]) -> Result<(String, Received)> {
        let reply = client::raw(entry.listener(), request).await?;
        self.received().with_context(|| String::from_utf8_lossy(&reply).into_owned())
    }

    /// The one request since the last, and the name of the shop that got it.
    fn received(&self) -> Result<(String, Received)> {
        let of = |shop: &Echo| shop.take().into_iter().map(|received| (shop.name().to_owned(), received)).collect();
        let mut all: Vec<_> = self.shops.iter().flat_map::<Vec<_>, _>(of).collect();
        ensure!(all.len() == 1, "{} requests reached the shops", all.len());
        all.pop().context("one")
    }
}

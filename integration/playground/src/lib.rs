//! Real Envoys as child processes, an echo service behind them and a client before them.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use playground::{Bootstrap, Chain, Protocol, Request};
//!
//! let chain = Chain::start(Bootstrap::gateway()?, Bootstrap::sidecar()?).await?;
//! let request = Request::to("feat-x.www.carouselltenancy.com").header("accept", "*/*");
//! let visit = chain.visit(&chain.gateway, &request, Protocol::Http2).await?;
//!
//! assert_eq!(visit.shop, "shop feat-x");
//! assert_eq!(visit.received.headers.values("c-tenancy"), ["feat-x"]);
//! # Ok(())
//! # }
//! ```
//!
//! Everything listens on 127.0.0.1, on free ports, and stops when it is dropped. `ENVOY_PATH` names
//! the Envoy, `MODULE` the module if it is not `target/tenancy_filter.wasm`, `FUNC_E` a func-e to run
//! that Envoy with; relative paths start at the root of the repository.

mod bootstrap;
mod chain;
mod client;
mod echo;
mod envoy;
mod forward;
mod headers;
mod hop;
mod page;
mod release;
mod send;
mod serve;

pub use bootstrap::{Bootstrap, module, restriction, root};
pub use chain::{CARTS, Chain, FEAT_X, STABLE, Visit};
pub use client::{Protocol, Reply, Request, raw};
pub use echo::{Echo, Received};
pub use envoy::{Envoy, Verdict, guard};
pub use forward::Forward;
pub use headers::Headers;
pub use hop::Hop;
pub use page::{Page, Sending};
pub use release::signs;

//! Request tenancy for Envoy and Istio, as pure logic: configuration in, header mutations out.
//!
//! A [`Filter`] is built once from the plugin configuration and then asked, for each request, what
//! to change in its headers. It knows no host, no clock and no memory between requests; the
//! proxy-wasm plugin around it reads the header map and applies the [`Decision`].
//!
//! ```
//! use tenancy_filter::{Filter, Header, Mutation, Request, Tally};
//!
//! let filter = Filter::from_config(br#"{
//!     "version": 1,
//!     "role": "edge",
//!     "tenant": {
//!         "from": [{"host": "{tenant}.www.example.com"}],
//!         "to": [{"header": "x-tenant"}, {"baggage": "tenant"}]
//!     }
//! }"#)?;
//! let headers = [Header { name: b":authority", value: b"feat-x.www.example.com:8443" }];
//! let request = Request { headers: &headers, ..Request::default() };
//! let mutations = filter.on_request(&request, &Tally::default())?;
//!
//! assert_eq!(mutations, [
//!     Mutation::set(b"x-tenant", b"feat-x"),
//!     Mutation::set(b"baggage", b"tenant=feat-x"),
//! ]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod authority;
mod baggage;
mod config;
mod decision;
mod edge;
mod filter;
mod names;
mod overrides;
mod percent;
mod projection;
mod request;
mod sources;
mod tally;
mod tenant;

pub use config::{ConfigError, ConfigErrors, MAX_CONFIG_BYTES};
pub use decision::{Decision, Mutation, Refusal};
pub use filter::{ClaimPath, Filter, Role};
pub use request::{Claim, Header, Peer, Request, Token};
pub use tally::{Counter, Tally};

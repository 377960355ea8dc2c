//! Request tenancy for Envoy and Istio, as pure logic: configuration in, header mutations out.
//!
//! A [`Filter`] is built once from the plugin configuration and then asked, for each request, what
//! to change in its headers. It knows no host, no clock and no memory between requests; the
//! proxy-wasm plugin around it reads the header map and applies the [`Decision`]. What [`Repair`]
//! remembers it takes and gives as bytes, with the time.
//!
//! Two things travel: the *tenant*, one name for the whole request, and the *overrides*, a version
//! for each of some services. One request is a straight line:
//!
//! 1. the lines whose names the configuration owns are picked out, in any spelling;
//! 2. the tenant and the overrides are derived from what is believed, or the request is refused;
//! 3. an edge removes everything that a client may not send;
//! 4. headers, projections and W3C Baggage are written, where they differ.
//!
//! In the mesh, what leaves it goes without either ([`Passage`]), and between 2 and 4 a call may get back
//! what its application dropped ([`Filter::on_outbound`]).
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
//!
//! # Shapes and limits
//!
//! | what | shape | source |
//! | --- | --- | --- |
//! | a tenant, a version | 1–63 of `A-Za-z0-9._-`, alphanumeric at both ends | Kubernetes, "Labels and Selectors" |
//! | a tenant from a host | 1–63 letters, digits and hyphens, no hyphen at either end | RFC 1123 §2.1 |
//! | a service | 1–253 of `A-Za-z0-9._-` | RFC 1123 §2.1, Kubernetes, "Object Names and IDs" |
//! | overrides | 64 entries, 4,096 bytes as one line | half of what baggage may hold |
//! | baggage | 64 members, 8,192 bytes | W3C Baggage, "Limits" |
//! | a header name, a baggage key | a token | RFC 9110 §5.6.2 |
//! | a remembered context | [`MAX_CONTEXT_BYTES`] | |
//! | a configuration | [`MAX_CONFIG_BYTES`] | |
//!
//! What a request holds is arbitrary bytes, and none of them makes this crate panic. Work and memory
//! are linear in the bytes of the request.
#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod baggage;
mod bytes;
mod config;
mod decision;
mod events;
mod filter;
mod mesh;
mod names;
mod read;
mod repair;
mod request;
mod rules;
mod write;

pub use config::{ConfigError, ConfigErrors, MAX_CONFIG_BYTES};
pub use decision::{Decision, Mutation, Refusal};
pub use events::{Counter, Tally};
pub use filter::Filter;
pub use repair::{Context, Day, Found, Held, Inbound, MAX_CONTEXT_BYTES, Recalled, Repair, TraceId};
pub use request::{Claim, ClaimPath, Header, Passage, Peer, Request, Token};
pub use rules::Role;

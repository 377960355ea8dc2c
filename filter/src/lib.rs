//! Request tenancy for Envoy and Istio, as pure logic: configuration in, header mutations out.
//!
//! A [`Filter`] is built once from the plugin configuration. For each request a front end hands it the headers and
//! gets a [`Scan`], which says what else decides ([`Wants`]) and then decides. The filter knows no host, no clock and
//! no memory between requests; the front end applies the [`Decision`]. What [`Repair`] remembers it takes and gives
//! as bytes, with the time.
//!
//! Two things travel: the *tenant*, one name for the whole request, and the *overrides*, a version
//! for each of some services. One request is a straight line:
//!
//! 1. [`Filter::scan`]: the lines whose names the configuration owns are picked out, in any spelling, and the
//!    authority is parsed;
//! 2. [`Scan::wants`]: the front end gathers what else decides, and no more;
//! 3. [`Scan::decide`]: a tunnel passes or is refused; what leaves the mesh goes without our context; otherwise the
//!    tenant and the overrides are read from what is believed, or the request is answered here;
//! 4. an outbound call gets back what its application dropped;
//! 5. an edge removes everything that a client may not send;
//! 6. headers, projections and W3C Baggage are written, if they differ.
//!
//! The filter reports each decision and its reason as an [`Event`]; a [`Tally`] counts them.
//!
//! ```
//! use tenancy_filter::{Direction, Filter, Gathered, Header, Mutation, Peer, Tally};
//!
//! let filter = Filter::from_config(br#"{
//!     "version": 1,
//!     "role": "edge",
//!     "tenant": {
//!         "from": [{"host": "{tenant}.www.example.com"}],
//!         "to": [{"header": "x-tenant"}, {"baggage": "tenant"}]
//!     }
//! }"#)?.filter;
//! let headers = [Header { name: b":authority", value: b"feat-x.www.example.com:8443" }];
//! let scan = filter.scan(&headers, Peer::Unknown);
//! let wants = scan.wants();
//! assert!(!wants.token && !wants.direction, "a host decides alone");
//!
//! let gathered = Gathered { token: None, direction: Direction::Unspecified };
//! let decision = scan.decide(&gathered, (), &Tally::default())?;
//! assert_eq!(decision.mutations, [
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
//! | the conditions of an override | one on the method, one on the caller, 8 values each | |
//! | baggage | 64 members, 8,192 bytes | W3C Baggage, "Limits" |
//! | a header name, a baggage key | a token | RFC 9110 §5.6.2 |
//! | a remembered context | [`MAX_CONTEXT_BYTES`] | |
//! | a sealed context | [`MAX_SEALED_BYTES`] | |
//! | a configuration | [`MAX_CONFIG_BYTES`] | |
//!
//! A request contains arbitrary bytes, and none of them makes this crate panic. Work and memory are linear in the bytes
//! of the request.
#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod answer;
mod baggage;
mod bytes;
mod caller;
mod config;
mod context;
mod counters;
mod decision;
mod events;
mod filter;
mod lookup;
mod mesh;
mod names;
mod pattern;
mod read;
mod repair;
mod request;
mod rules;
mod scan;
mod seal;
mod trailers;
mod write;

pub use answer::{Answer, Redirect};
pub use config::{CONFIG_FIELDS, Finding, Findings, MAX_CONFIG_BYTES, Severity, nearest};
pub use counters::{Counter, Tally};
pub use decision::{Mutation, Refusal};
pub use events::{
    Detail, Disbelief, Event, Events, InvalidTenant, Origin, Recollection, TenantKind, Unmet, Unoffered, Unsealed,
};
pub use filter::{Filter, Parsed};
pub use lookup::{Lookup, Route};
pub use repair::{EncodedContext, Lease, MAX_CONTEXT_BYTES, Memo, Recalled, Repair, TABLE_KEY_BYTES, Table, TraceId};
pub use request::{Claim, ClaimPath, Direction, Gathered, Header, Peer, Role, Token, Wants};
pub use scan::{Decision, Scan};
pub use seal::{
    HEADER as SEAL_HEADER, MAX_SEALED_BYTES, MAX_SIGNATURE_BYTES, MEMBER as SEAL_MEMBER, Made, PrivateKey,
    SEAL_TABLE_KEY_BYTES, Seal, SealText, Signing, Verdicts, Verification, split_context,
};
pub use trailers::TrailerScan;

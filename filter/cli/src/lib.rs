//! What the `tenancy` command and the page are made of: the filter itself, with somebody who listens to what it says.
//!
//! ```
//! use tenancy::{Instance, Outcome, Request, explain};
//! use tenancy_filter::Filter;
//!
//! let filter = Filter::from_config(br#"{
//!     "version": 1,
//!     "role": "edge",
//!     "tenant": {"from": [{"host": "{tenant}.www.example.com"}], "to": [{"header": "x-tenant"}]}
//! }"#)?.filter;
//! let instances = [Instance::new("gateway", filter)];
//! let mut request = Request::new("GET", "feat-x.www.example.com", "/");
//! request.push("x-tenant", b"evil");
//!
//! let explanation = explain(&instances, &request);
//! let hop = &explanation.hops[0];
//! assert_eq!(hop.told[1].to_string(), "tenant.from[0].host: chosen: feat-x");
//! let Outcome::Passed(passed) = &explanation.outcome() else { panic!("it is not refused") };
//! assert_eq!(passed.values("x-tenant"), ["feat-x"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod attributes;
mod check;
mod document;
mod explain;
mod json;
mod request;
pub mod routes;
mod sentence;
mod told;

pub use check::{Checked, Code, Finding, Report, Source, check};
pub use document::{Documents, Found, Kind, LeftOut, NotYaml, Place, find};
pub use explain::{Explanation, Hop, Instance, Outcome, explain};
pub use request::{BadRequest, Direction, Line, Request};
pub use told::Told;

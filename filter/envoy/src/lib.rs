//! What Envoy knows about a request besides its headers: peer, token, direction, route and node.
//!
//! A front end provides one function, [`Attributes::property`], and gets the facts that the filter wants:
//!
//! ```
//! use std::convert::Infallible;
//!
//! use tenancy_filter::{Filter, Header, Mutation};
//! use tenancy_filter_envoy::{Attributes, Facts, peer};
//!
//! /// A sidecar's outbound listener.
//! struct Outbound;
//!
//! impl Attributes for Outbound {
//!     type Failure = Infallible;
//!
//!     fn property(&self, path: &[&str]) -> Result<Option<Vec<u8>>, Infallible> {
//!         Ok((path == ["xds", "listener_direction"]).then(|| 2u64.to_le_bytes().to_vec()))
//!     }
//! }
//!
//! let filter = Filter::from_config(br#"{
//!     "version": 1,
//!     "role": "mesh",
//!     "tenant": {"to": [{"header": "x-tenant"}]}
//! }"#)?.filter;
//! let headers = [
//!     Header { name: b":authority", value: b"api.example.com" },
//!     Header { name: b"x-tenant", value: b"feat-x" },
//! ];
//! let scan = filter.scan(&headers, peer(&filter, &Outbound));
//! let facts = Facts::gather(&Outbound, scan.wants(), &filter)?;
//! let gathered = facts.gathered();
//! let decision = scan.decide(&gathered, (), &())?;
//! assert_eq!(decision.mutations, [Mutation::remove(b"x-tenant")]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod crypto;
mod direction;
mod node;
mod pairs;
mod peer;
mod place;
mod token;

use tenancy_filter::{Filter, Gathered, Wants};

use direction::Way;
use token::Payload;

pub use crypto::{SIGN, VERIFY, Verdict, sign_arguments, signature, verdict, verify_arguments};
pub use direction::{is_outbound, route};
pub use node::set_caller;
pub use pairs::{Pairs, pairs, serialized};
pub use peer::peer;
pub use place::Place;

/// Envoy's attributes (Envoy, "Attributes"), as a proxy-wasm module sees them.
pub trait Attributes {
    /// Why an attribute could not be read.
    type Failure;

    /// The bytes of the attribute at this path: a string unchanged, a number as 8 bytes in little endian, a boolean as
    /// one byte, a map or a list as [`pairs`]; empty if its type has no bytes.
    ///
    /// `None` if there is no such attribute.
    ///
    /// # Errors
    /// Returns the failure of a host that refused the call or failed.
    fn property(&self, path: &[&str]) -> Result<Option<Vec<u8>>, Self::Failure>;
}

/// A host without attributes.
impl Attributes for () {
    type Failure = std::convert::Infallible;

    fn property(&self, _: &[&str]) -> Result<Option<Vec<u8>>, Self::Failure> {
        Ok(None)
    }
}

/// The host's answers for one request.
#[derive(Debug)]
pub struct Facts {
    payload: Option<Payload>,
    way: Way,
}

impl Facts {
    /// Reads only the attributes that a scan of this filter wants.
    ///
    /// # Errors
    /// Returns the first failure of the host.
    pub fn gather<A: Attributes>(host: &A, wants: Wants, filter: &Filter) -> Result<Self, A::Failure> {
        let payload = if wants.token { Payload::read(host, filter)? } else { None };
        Ok(Self { payload, way: Way::read(host, wants)? })
    }

    /// The same, borrowed.
    pub fn gathered(&self) -> Gathered<'_> {
        Gathered { token: self.payload.as_ref().map(Payload::token), direction: self.way.direction() }
    }
}

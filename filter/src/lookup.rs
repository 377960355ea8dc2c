//! What the filter asks a proxy while it decides.

use crate::events::Unsealed;
use crate::repair::{Recalled, TraceId};

/// Facts that a front end looks up only if the filter needs them, because the look-up is expensive. `()` knows none.
pub trait Lookup {
    /// The context of a trace id, under `repair`.
    fn recall(&mut self, id: &TraceId) -> Recalled;

    /// The route of the request, for `destinations`, before any header changes; `None` if there is none, or it is
    /// unknown.
    fn route(&mut self) -> Option<Route>;

    /// What a seal holds, under `seal.verify`: [`Verdicts`](crate::Verdicts) says it. A front end without crypto
    /// believes none.
    ///
    /// # Errors
    /// Why it does not count.
    fn unseal(&mut self, _seal: &[u8]) -> Result<Vec<u8>, Unsealed> {
        Err(Unsealed::HostFailed)
    }

    /// The seal of a context, under `seal.sign`: [`Made`](crate::Made) says it; `None` if it cannot be made, as by a front
    /// end without crypto.
    fn seal(&mut self, _context: &[u8]) -> Option<Vec<u8>> {
        None
    }
}

impl Lookup for () {
    fn recall(&mut self, _: &TraceId) -> Recalled {
        Recalled::Unknown
    }

    fn route(&mut self) -> Option<Route> {
        None
    }
}

/// The route that the proxy chose for a request (Envoy, "Attributes").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// Its name (`xds.route_name`); empty if it has none.
    pub name: Vec<u8>,
    /// Its cluster (`xds.cluster_name`).
    pub cluster: Vec<u8>,
}

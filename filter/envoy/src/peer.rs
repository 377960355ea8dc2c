//! The sender of a request.

use tenancy_filter::{Filter, Peer};

use crate::Attributes;
use crate::direction::is_outbound;

/// The sender of a request, as far as the filter distinguishes peers.
///
/// It is known if it presented a client certificate, which the listener verifies unless it is configured to accept any,
/// or if it is the workload beside this proxy, which calls through an outbound listener. Otherwise, or if the host
/// fails, it is unknown.
pub fn peer<A: Attributes>(filter: &Filter, host: &A) -> Peer {
    let has_certificate = || matches!(host.property(&["connection", "mtls"]), Ok(Some(value)) if value == [1]);
    let is_known = || has_certificate() || matches!(is_outbound(host), Ok(true));
    if !filter.tells_peers_apart() || is_known() { Peer::Known } else { Peer::Unknown }
}

//! Who sends a request.

use tenancy_filter::{Filter, Peer};

use crate::Attributes;
use crate::direction::{LISTENER_DIRECTION, OUTBOUND};

/// The sender of a request, as far as the filter tells peers apart.
///
/// It is known if it presented a client certificate, which the listener verifies unless it was told to accept any; or
/// if it is the workload beside this proxy, which calls out through an outbound listener. If nothing tells, or the
/// host fails, it is unknown.
pub fn peer<A: Attributes>(filter: &Filter, host: &A) -> Peer {
    let is = |path: &[&str], expected: &[u8]| matches!(host.property(path), Ok(Some(value)) if value == expected);
    let is_known = || is(&["connection", "mtls"], &[1]) || is(&LISTENER_DIRECTION, &OUTBOUND);
    if !filter.tells_peers_apart() || is_known() { Peer::Known } else { Peer::Unknown }
}

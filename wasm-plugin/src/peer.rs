//! Who sends a request.

use tenancy_filter::{Filter, Peer};

use crate::host;
use crate::passage::{LISTENER_DIRECTION, OUTBOUND};

/// Known where it presented a client certificate (the listener
/// verifies it, unless it was told to accept any), or where it is the workload
/// beside this proxy, which calls out through an outbound listener. Where nothing tells, unknown.
pub(crate) fn peer(filter: &Filter) -> Peer {
    let is = |path: &[&str], expected: &[u8]| matches!(host::property(path), Ok(Some(value)) if value == expected);
    let known = !filter.reads_peer() || is(&["connection", "mtls"], &[1]) || is(&LISTENER_DIRECTION, &OUTBOUND);
    if known { Peer::Known } else { Peer::Unknown }
}

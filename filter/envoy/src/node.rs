//! Which workload the proxy stands beside.

use crate::Attributes;

/// The canonical name of the proxy's workload, from the labels of its node (Istio, "Canonical Service"); `None` if it
/// has none. It does not change while the proxy runs.
///
/// # Errors
/// The failure of the host.
pub fn canonical_name<A: Attributes>(host: &A) -> Result<Option<Vec<u8>>, A::Failure> {
    host.property(&["xds", "node", "metadata", "LABELS", "service.istio.io/canonical-name"])
}

//! Which workload the proxy stands beside.

use tenancy_filter::Filter;

use crate::Attributes;

/// Where Istio names the workload (Istio, "Canonical Service"). It does not change while the proxy runs.
const CANONICAL_NAME: [&str; 5] = ["xds", "node", "metadata", "LABELS", "service.istio.io/canonical-name"];

/// Tells a filter which workload calls, if it wants to know: the canonical name in the labels of the proxy's node.
/// Where the node has none, nobody knows.
///
/// # Errors
/// The failure of the host; then nobody knows either.
pub fn set_caller<A: Attributes>(filter: &mut Filter, host: &A) -> Result<(), A::Failure> {
    if !filter.wants_caller() {
        return Ok(());
    }
    filter.set_caller(None);
    filter.set_caller(host.property(&CANONICAL_NAME)?.as_deref());
    Ok(())
}

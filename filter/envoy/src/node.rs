//! The workload beside the proxy.

use tenancy_filter::Filter;

use crate::Attributes;

/// The path of the workload's name (Istio, "Canonical Service"). The name does not change while the proxy runs.
const CANONICAL_NAME: [&str; 5] = ["xds", "node", "metadata", "LABELS", "service.istio.io/canonical-name"];

/// Sets the filter's calling workload if the filter needs it: the canonical name in the labels of the proxy's node. If
/// the node has none, the caller stays unknown.
///
/// # Errors
/// Returns the failure of the host; the caller is then unknown too.
pub fn set_caller<A: Attributes>(filter: &mut Filter, host: &A) -> Result<(), A::Failure> {
    if !filter.wants_caller() {
        return Ok(());
    }
    filter.set_caller(None);
    filter.set_caller(host.property(&CANONICAL_NAME)?.as_deref());
    Ok(())
}

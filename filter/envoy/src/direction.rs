//! The direction and the route of a request.

use tenancy_filter::{Direction, Route, Wants};

use crate::Attributes;

/// The direction of the listener: `TrafficDirection` of Envoy's API.
const LISTENER_DIRECTION: [&str; 2] = ["xds", "listener_direction"];
const CLUSTER: [&str; 2] = ["xds", "cluster_name"];
const INBOUND: [u8; 8] = 1u64.to_le_bytes();
const OUTBOUND: [u8; 8] = 2u64.to_le_bytes();

/// Whether a request leaves through this listener.
///
/// # Errors
/// Returns the failure of the host.
pub fn is_outbound<A: Attributes>(host: &A) -> Result<bool, A::Failure> {
    Ok(host.property(&LISTENER_DIRECTION)?.is_some_and(|direction| direction == OUTBOUND))
}

/// Whether a request is inbound and goes on to a service, as at an Istio waypoint: a waypoint's clusters are
/// `inbound-vip|…` and `outbound|…`, while the cluster of the workload beside a sidecar is `inbound|…`. `None` if the
/// request has no route.
pub(crate) fn leads_on<A: Attributes>(host: &A) -> Result<Option<bool>, A::Failure> {
    if host.property(&LISTENER_DIRECTION)?.is_none_or(|direction| direction != INBOUND) {
        return Ok(Some(false));
    }
    let is_service = |cluster: Vec<u8>| cluster.starts_with(b"inbound-vip|") || cluster.starts_with(b"outbound|");
    Ok(host.property(&CLUSTER)?.filter(|cluster| !cluster.is_empty()).map(is_service))
}

/// The route of a request, to be read before any header changes; `None` if it has none.
///
/// # Errors
/// Returns the failure of the host.
pub fn route<A: Attributes>(host: &A) -> Result<Option<Route>, A::Failure> {
    let Some(cluster) = host.property(&CLUSTER)? else { return Ok(None) };
    Ok(Some(Route { name: host.property(&["xds", "route_name"])?.unwrap_or_default(), cluster }))
}

/// The direction of the listener, and the cluster of the route, each only if the filter wants it.
#[derive(Debug)]
pub(crate) enum Way {
    Unspecified,
    Inbound,
    Outbound { cluster: Vec<u8> },
    Through { cluster: Vec<u8> },
}

impl Way {
    pub(crate) fn read<A: Attributes>(host: &A, wants: Wants) -> Result<Self, A::Failure> {
        let cluster = || Ok(if wants.cluster { host.property(&CLUSTER)?.unwrap_or_default() } else { Vec::new() });
        if !wants.direction {
            let way = |cluster| Self::Through { cluster };
            return if wants.cluster { cluster().map(way) } else { Ok(Self::Unspecified) };
        }
        let direction = host.property(&LISTENER_DIRECTION)?.unwrap_or_default();
        Ok(match <[u8; 8]>::try_from(direction) {
            Ok(INBOUND) => Self::Inbound,
            Ok(OUTBOUND) => Self::Outbound { cluster: cluster()? },
            Ok(_) | Err(_) => Self::Unspecified,
        })
    }

    pub(crate) fn direction(&self) -> Direction<'_> {
        match self {
            Self::Unspecified => Direction::Unspecified,
            Self::Inbound => Direction::Inbound,
            Self::Outbound { cluster } => Direction::Outbound { cluster },
            Self::Through { cluster } => Direction::Through { cluster },
        }
    }
}

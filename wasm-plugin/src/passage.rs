//! Which way a request goes.

use tenancy_filter::{Filter, Header, Passage, Peer};

use crate::host::{self, HostFailure};

/// Envoy, "Attributes".
pub(crate) const LISTENER_DIRECTION: [&str; 2] = ["xds", "listener_direction"];
pub(crate) const OUTBOUND: [u8; 8] = 2u64.to_le_bytes();

/// The direction of the listener, and the cluster of the route, as far as they decide anything.
pub(crate) enum Direction {
    Unknown,
    Inbound,
    Outbound { cluster: Vec<u8> },
}

impl Direction {
    pub(crate) fn read(filter: &Filter, headers: &[Header<'_>], peer: Peer) -> Result<Self, HostFailure> {
        const INBOUND: [u8; 8] = 1u64.to_le_bytes();
        if !filter.reads_passage(headers, peer) {
            return Ok(Self::Unknown);
        }
        let direction = host::property(&LISTENER_DIRECTION)?.unwrap_or_default();
        Ok(match <[u8; 8]>::try_from(direction) {
            Ok(INBOUND) => Self::Inbound,
            Ok(OUTBOUND) => Self::Outbound { cluster: cluster(filter, headers)? },
            _ => Self::Unknown,
        })
    }

    pub(crate) fn passage(&self) -> Passage<'_> {
        match self {
            Self::Unknown => Passage::Unknown,
            Self::Inbound => Passage::Inbound,
            Self::Outbound { cluster } => Passage::Outbound { cluster },
        }
    }
}

fn cluster(filter: &Filter, headers: &[Header<'_>]) -> Result<Vec<u8>, HostFailure> {
    if !filter.reads_cluster(headers) {
        return Ok(Vec::new());
    }
    Ok(host::property(&["xds", "cluster_name"])?.unwrap_or_default())
}

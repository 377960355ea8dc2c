//! Header maps, as the host serialises them.

use tenancy_filter_envoy::{Pairs, pairs};

use crate::host::{self, HostFailure, MapType};

/// A header map as the host serialises it.
pub(crate) struct HeaderMap(Vec<u8>);

impl HeaderMap {
    /// `None` if the map has no line: the host then hands over no memory.
    pub(crate) fn read(map: MapType) -> Result<Option<Self>, HostFailure> {
        Ok(host::header_map_pairs(map)?.map(Self))
    }

    /// Fills in every line, borrowed from the host's buffer.
    pub(crate) fn headers<'a>(&'a self, headers: &mut Pairs<'a>) -> Result<(), HostFailure> {
        pairs(&self.0, headers).ok_or(HostFailure)
    }
}

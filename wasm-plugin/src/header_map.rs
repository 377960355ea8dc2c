//! Header maps, in the host's serialisation.

use tenancy_filter_envoy::{Pairs, pairs};

use crate::host::{self, HostFailure, MapType};

/// A serialised header map.
pub(crate) struct HeaderMap(Vec<u8>);

impl HeaderMap {
    /// `None` if the map has no line: then the host returns no memory.
    pub(crate) fn read(map: MapType) -> Result<Option<Self>, HostFailure> {
        Ok(host::header_map_pairs(map)?.map(Self))
    }

    /// Fills in every line, borrowed from the host's buffer.
    pub(crate) fn headers<'a>(&'a self, headers: &mut Pairs<'a>) -> Result<(), HostFailure> {
        pairs(&self.0, headers).ok_or(HostFailure)
    }
}

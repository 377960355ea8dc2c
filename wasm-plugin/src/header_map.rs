//! Header maps, as the host serialises them.

use smallvec::SmallVec;
use tenancy_filter::Header;

use crate::buffer::Filled;
use crate::host::{self, HostFailure, MapType};

/// A header map as the host serialises it.
pub(crate) struct HeaderMap(Filled);

/// The lines of a header map; few requests have more than fit on the stack.
pub(crate) type Pairs<'a> = SmallVec<[Header<'a>; 64]>;

impl HeaderMap {
    /// Nothing where the map has no line: the host then hands over no memory.
    pub(crate) fn read(map: MapType) -> Result<Option<Self>, HostFailure> {
        Ok(host::header_map_pairs(map)?.map(Self))
    }

    /// Fills in every line, borrowed from the host's buffer.
    pub(crate) fn headers<'a>(&'a self, headers: &mut Pairs<'a>) -> Result<(), HostFailure> {
        pairs(&self.0, headers).ok_or(HostFailure)
    }
}

/// Fills in the pairs of a serialised map, borrowed: the number of pairs, the sizes of each name and value,
/// all as 32 bits in little endian; then the names and values, each followed by a zero byte.
///
/// Not returned, because they are a kilobyte, which would be moved.
pub(crate) fn pairs<'a>(bytes: &'a [u8], pairs: &mut Pairs<'a>) -> Option<()> {
    let (count, rest) = bytes.split_first_chunk()?;
    let count = usize::try_from(u32::from_le_bytes(*count)).ok()?;
    let (sizes, mut data) = rest.split_at_checked(count.checked_mul(8)?)?;
    pairs.reserve(count);
    pairs.extend(sizes.as_chunks().0.iter().map_while(|&[a, b, c, d, e, f, g, h]| {
        let name = take(&mut data, [a, b, c, d])?;
        let value = take(&mut data, [e, f, g, h])?;
        Some(Header { name, value })
    }));
    (pairs.len() == count && data.is_empty()).then_some(())
}

/// The next name or value, without the zero byte behind it.
fn take<'a>(data: &mut &'a [u8], size: [u8; 4]) -> Option<&'a [u8]> {
    let (text, rest) = data.split_at_checked(usize::try_from(u32::from_le_bytes(size)).ok()?)?;
    *data = rest.split_first()?.1;
    Some(text)
}

//! Header maps, maps and lists, in Envoy's serialisation.

use smallvec::SmallVec;
use tenancy_filter::Header;

/// The lines of a header map; for most requests they fit on the stack.
pub type Pairs<'a> = SmallVec<[Header<'a>; 64]>;

/// Fills in the pairs of a serialised map, borrowed. The format is the number of pairs, then the sizes of each name and
/// value, all as 32 bits in little endian, then the names and values, each followed by a zero byte (proxy-wasm ABI
/// 0.2.1). `None` if the bytes have another format.
///
/// It does not return the pairs, because they are a kilobyte, which would be moved.
///
/// ```
/// use tenancy_filter_envoy::{Pairs, pairs};
///
/// let mut lines = Pairs::new();
/// let map = b"\x01\0\0\0\x06\0\0\0\x03\0\0\0accept\0*/*\0";
/// assert_eq!(pairs(map, &mut lines), Some(()));
/// assert_eq!((lines[0].name, lines[0].value), (&b"accept"[..], &b"*/*"[..]));
/// assert_eq!(pairs(&map[1..], &mut Pairs::new()), None);
/// ```
pub fn pairs<'a>(bytes: &'a [u8], pairs: &mut Pairs<'a>) -> Option<()> {
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

/// Serialises lines for a local reply, in the format that [`pairs`] reads.
///
/// ```
/// use tenancy_filter_envoy::{Pairs, pairs, serialized};
///
/// let map = serialized(&[("location", b"/"), ("cache-control", b"no-store")]);
/// let mut lines = Pairs::new();
/// assert_eq!(pairs(&map, &mut lines), Some(()));
/// assert_eq!((lines[1].name, lines[1].value), (&b"cache-control"[..], &b"no-store"[..]));
/// assert_eq!(serialized(&[]), [0; 4]);
/// ```
pub fn serialized(lines: &[(&str, &[u8])]) -> Vec<u8> {
    let size = |size: usize| u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes();
    let mut map = size(lines.len()).to_vec();
    for (name, value) in lines {
        map.extend_from_slice(&size(name.len()));
        map.extend_from_slice(&size(value.len()));
    }
    for text in lines.iter().flat_map(|(name, value)| [name.as_bytes(), value]) {
        map.extend_from_slice(text);
        map.push(0);
    }
    map
}

/// The next name or value, without its trailing zero byte.
fn take<'a>(data: &mut &'a [u8], size: [u8; 4]) -> Option<&'a [u8]> {
    let (text, rest) = data.split_at_checked(usize::try_from(u32::from_le_bytes(size)).ok()?)?;
    *data = rest.split_first()?.1;
    Some(text)
}

//! The bucket of an id.

use siphasher::sip::SipHasher13;

use super::{Repair, TraceId};

/// The bytes of a [`Table`]'s key.
pub const TABLE_KEY_BYTES: usize = 16;

/// What all VMs of a proxy agree on before one of them remembers anything: how many buckets there are, and by which key
/// an id chooses its own. It holds for as long as the host's shared data does, whatever is configured later: in another
/// table an id would stand without what contradicts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    key: [u8; TABLE_KEY_BYTES],
    /// Not zero.
    buckets: u32,
}

impl Table {
    /// The bucket of a trace id, by number.
    ///
    /// Without the key nobody can tell ids that share a bucket, and occupy it with a few requests (Aumasson and
    /// Bernstein, "SipHash: a fast short-input PRF").
    pub fn bucket(&self, id: &TraceId) -> u32 {
        let hash = SipHasher13::new_with_key(&self.key).hash(id.bytes());
        let bucket = hash.checked_rem(self.buckets.into()).unwrap_or_default();
        u32::try_from(bucket).unwrap_or_default()
    }

    /// Its key, and how many buckets there are, in little endian.
    pub fn to_bytes(self) -> Vec<u8> {
        [&self.key[..], &self.buckets.to_le_bytes()].concat()
    }

    /// `None` if these are not the bytes of a table.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (key, rest) = bytes.split_first_chunk()?;
        let buckets = u32::from_le_bytes(rest.try_into().ok()?);
        (buckets != 0).then_some(Self { key: *key, buckets })
    }
}

impl Repair {
    /// A table of as many buckets as `slots` asks for. The key is random, and stays in the proxy.
    pub fn table(&self, key: [u8; TABLE_KEY_BYTES]) -> Table {
        Table { key, buckets: self.buckets }
    }

    /// Whether a table has as many buckets as `slots` asks for.
    pub fn fits(&self, table: &Table) -> bool {
        self.buckets == table.buckets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_say_it_all() {
        let table = Table { key: *b"0123456789abcdef", buckets: 8 };
        assert_eq!(Table::parse(&table.to_bytes()), Some(table));
        for bytes in [&b""[..], &table.to_bytes()[..19], &[&table.to_bytes()[..], b"x"].concat(), &[0; 20]] {
            assert_eq!(Table::parse(bytes), None);
        }
    }

    #[test]
    fn the_key_alone_decides_which_ids_share_a_bucket() {
        let ids: Vec<_> = (1..=4000).filter_map(TraceId::of_trace).collect();
        let [one, other] = [[1; 16], [2; 16]].map(|key| Table { key, buckets: 512 });
        let aimed: Vec<_> = ids.iter().filter(|id| one.bucket(id) == one.bucket(&ids[0])).collect();
        let hit = aimed.iter().filter(|id| other.bucket(id) == other.bucket(&ids[0])).count();
        assert!(aimed.len() >= 3 && hit <= 2, "{hit} of {}", aimed.len());
    }
}

//! The memory of contexts by trace id: in the host's shared data, which all workers share and which outlives every VM.

use tenancy_filter::{Lease, Memo, Recalled, Repair, TABLE_KEY_BYTES, Table, TraceId};

use crate::host::{self, HostFailure};

/// All plugins share the host's data, hence the prefix; its number is the version of the formats. The table is under
/// this key, and each bucket under this key and its number.
const PREFIX: &[u8] = b"tenancy-filter.repair.3.";

/// Each lost attempt is another VM's success; this many in a row mean that the host is faulty.
const ATTEMPTS: usize = 100;

/// The table of this proxy; the first VM that asks creates it.
pub(crate) fn table(repair: &Repair) -> Result<Table, HostFailure> {
    let found = host::shared_data(PREFIX)?;
    if let Some(table) = Table::parse(&found.bytes) {
        return Ok(table);
    }
    let table = repair.table(random()?);
    if host::replace_shared_data(PREFIX, &table.to_bytes(), found.version)? {
        return Ok(table);
    }
    Table::parse(&host::shared_data(PREFIX)?.bytes).ok_or(HostFailure)
}

/// A key for a table; from the clock, if the proxy denies random bytes.
fn random() -> Result<[u8; TABLE_KEY_BYTES], HostFailure> {
    let mut key = [0; TABLE_KEY_BYTES];
    if host::random(&mut key).is_err() {
        key.iter_mut().zip(host::nanoseconds()?.to_le_bytes()).for_each(|(to, byte)| *to = byte);
    }
    Ok(key)
}

/// A configuration's memory.
#[derive(Clone, Copy)]
pub(crate) struct Memory<'a> {
    pub(crate) repair: &'a Repair,
    pub(crate) table: &'a Table,
}

impl Memory<'_> {
    /// Remembers a context by all trace ids of an inbound request, and returns its leases. A bucket that had to be
    /// closed yields no lease.
    pub(crate) fn remember(self, Memo { context, ids }: Memo) -> Vec<Lease> {
        let lease = |id| self.update(&id, |bucket, now| self.repair.remember(bucket, &id, &context, now));
        ids.into_iter().filter_map(lease).collect()
    }

    /// Ends a stream's leases.
    pub(crate) fn release(self, leases: &[Lease]) {
        for lease in leases {
            self.update(lease.id(), |bucket, now| (self.repair.release(bucket, lease, now), ()));
        }
    }

    /// The context of a trace id. A bucket that could not be read may contradict the others.
    pub(crate) fn recall(self, id: &TraceId) -> Recalled {
        let recalled = host::milliseconds().and_then(|now| {
            let bucket = host::shared_data(&self.key(id))?;
            Ok(self.repair.recall(&bucket.bytes, id, now))
        });
        recalled.unwrap_or(Recalled::Ambiguous)
    }

    /// Changes a bucket atomically. If that fails, the bucket is closed for all readers, because its entry for this id
    /// may be wrong.
    fn update<T>(self, id: &TraceId, change: impl Fn(&[u8], u64) -> (Vec<u8>, T)) -> Option<T> {
        let key = self.key(id);
        let attempt = || {
            let now = host::milliseconds()?;
            let bucket = host::shared_data(&key)?;
            let (changed, outcome) = change(&bucket.bytes, now);
            Ok(host::replace_shared_data(&key, &changed, bucket.version)?.then_some(outcome))
        };
        let attempts = std::iter::repeat_with(attempt).take(ATTEMPTS).map_while(Result::<_, HostFailure>::ok);
        let outcome = attempts.flatten().next();
        if outcome.is_none() {
            // If the host refuses the data, it remembers nothing either; without a clock the bucket never opens again.
            let now = host::milliseconds().unwrap_or(u64::MAX);
            let _ = host::set_shared_data(&key, &self.repair.closed(now));
        }
        outcome
    }

    fn key(self, id: &TraceId) -> Vec<u8> {
        [PREFIX, &self.table.bucket(id).to_le_bytes()].concat()
    }
}

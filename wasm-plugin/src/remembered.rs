//! What is remembered by trace id: in the host's shared data, which is one for all workers and outlives every VM.

use tenancy_filter::{Lease, Memo, Recalled, Repair, TABLE_KEY_BYTES, Table, TraceId};

use crate::host::{self, HostFailure};

/// All plugins share the host's data; the number is that of the formats. The table stands under it, and each bucket
/// under it and the bucket's number.
const PREFIX: &[u8] = b"tenancy-filter.repair.3.";

/// Each lost attempt is another VM's success; this many in a row are a fault of the host.
const ATTEMPTS: usize = 100;

/// The table of this proxy, made by whoever asks first.
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

/// A key for a table; of the clock, if the proxy withholds its random bytes.
fn random() -> Result<[u8; TABLE_KEY_BYTES], HostFailure> {
    let mut key = [0; TABLE_KEY_BYTES];
    if host::random(&mut key).is_err() {
        key.iter_mut().zip(host::nanoseconds()?.to_le_bytes()).for_each(|(to, byte)| *to = byte);
    }
    Ok(key)
}

/// What a configuration remembers, and where.
#[derive(Clone, Copy)]
pub(crate) struct Memory<'a> {
    pub(crate) repair: &'a Repair,
    pub(crate) table: &'a Table,
}

impl Memory<'_> {
    /// Remembers a context by all trace ids of an inbound request. A bucket that had to be closed yields no lease.
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

    /// What a trace id stands for. What could not be read may contradict what could.
    pub(crate) fn recall(self, id: &TraceId) -> Recalled {
        let recalled = host::milliseconds().and_then(|now| {
            let bucket = host::shared_data(&self.key(id))?;
            Ok(self.repair.recall(&bucket.bytes, id, now))
        });
        recalled.unwrap_or(Recalled::Ambiguous)
    }

    /// Changes a bucket as if no other VM did so at the same time. If that cannot be done nobody may
    /// read the bucket any more: what it says of this id may be wrong.
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
            // A host that takes no data remembers none either; one without a clock never opens the bucket again.
            let now = host::milliseconds().unwrap_or(u64::MAX);
            let _ = host::set_shared_data(&key, &self.repair.closed(now));
        }
        outcome
    }

    fn key(self, id: &TraceId) -> Vec<u8> {
        [PREFIX, &self.table.bucket(id).to_le_bytes()].concat()
    }
}

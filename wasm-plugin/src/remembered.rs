//! What is remembered by trace id: in the host's shared data, which is one for all workers and outlives every VM.

use tenancy_filter::{Lease, Memo, Recalled, Repair, TraceId};

use crate::host::{self, HostFailure};

/// All plugins share the host's data; the number is that of the buckets' format.
const PREFIX: &[u8] = b"tenancy-filter.repair.1.";

/// Each lost attempt is another VM's success; this many in a row are a fault of the host.
const ATTEMPTS: usize = 100;

/// Remembers a context by all trace ids of an inbound request. A bucket that had to be closed yields no lease.
pub(crate) fn remember(repair: &Repair, Memo { context, ids }: Memo) -> Vec<Lease> {
    let lease = |(id, found)| update(repair, &id, |bucket, now| repair.remember(bucket, (&id, found), &context, now));
    ids.into_iter().filter_map(lease).collect()
}

/// Ends a stream's leases.
pub(crate) fn release(repair: &Repair, leases: &[Lease]) {
    for lease in leases {
        update(repair, lease.id(), |bucket, now| (repair.release(bucket, lease, now), ()));
    }
}

/// What a trace id stands for. What could not be read may contradict what could.
pub(crate) fn recall(repair: &Repair, id: &TraceId) -> Recalled {
    let recalled = host::milliseconds().and_then(|now| {
        let bucket = host::shared_data(&key(repair, id))?;
        Ok(repair.recall(&bucket.bytes, id, now))
    });
    recalled.unwrap_or(Recalled::Ambiguous)
}

/// Changes a bucket as if no other VM did so at the same time. If that cannot be done nobody may
/// read the bucket any more: what it says of this id may be wrong.
fn update<T>(repair: &Repair, id: &TraceId, change: impl Fn(&[u8], u64) -> (Vec<u8>, T)) -> Option<T> {
    let key = key(repair, id);
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
        let _ = host::set_shared_data(&key, &repair.closed(now));
    }
    outcome
}

fn key(repair: &Repair, id: &TraceId) -> Vec<u8> {
    [PREFIX, &repair.bucket(id).to_le_bytes()].concat()
}

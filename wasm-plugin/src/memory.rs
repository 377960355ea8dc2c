//! What is remembered by trace id: in the host's shared data, which is one for all workers and outlives every VM.

use tenancy_filter::{Context, Found, Held, Recalled, Repair, TraceId};

use crate::host::{self, HostFailure};

/// All plugins share the host's data; the number is that of the buckets' format.
const PREFIX: &[u8] = b"tenancy-filter.repair.1.";

/// Each lost attempt is another VM's success; so many in a row are a fault of the host.
const ATTEMPTS: usize = 100;

/// What a request occupies until it ends.
pub(crate) struct Lease {
    id: TraceId,
    held: Held,
}

/// Remembers a context by all trace ids of an inbound request. Of a bucket that had to be closed it occupies nothing.
pub(crate) fn remember(repair: &Repair, ids: Vec<(TraceId, Found)>, context: &Context) -> Vec<Lease> {
    let lease = |(id, found): (TraceId, _)| {
        let held = update(repair, &id, |bucket, now| repair.remember(bucket, (&id, found), context, now))?;
        Some(Lease { id, held })
    };
    ids.into_iter().filter_map(lease).collect()
}

/// Lets go of what a request occupied.
pub(crate) fn release(repair: &Repair, leases: &[Lease]) {
    for Lease { id, held } in leases {
        update(repair, id, |bucket, now| (repair.release(bucket, id, *held, now), ()));
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

/// Changes a bucket as if no other VM did so at the same time. Where that cannot be done nobody may
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
        // A host that takes nothing remembers nothing either; one without a clock never opens it again.
        let now = host::milliseconds().unwrap_or(u64::MAX);
        let _ = host::set_shared_data(&key, &repair.closed(now));
    }
    outcome
}

fn key(repair: &Repair, id: &TraceId) -> Vec<u8> {
    [PREFIX, &repair.bucket(id).to_le_bytes()].concat()
}

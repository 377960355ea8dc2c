//! Repair: what a request carried, remembered by its trace ids, for the calls that its application makes.
//!
//! An application that forwards only a trace id still identifies the inbound request. Contexts live outside this crate,
//! in the host's shared data: a fixed number of buckets, each a few bytes that only the functions here read and write.

mod bucket;
mod context;
mod table;
mod trace;

use std::collections::BTreeSet;

use crate::context::Context;
use crate::decision::Mutation;
use crate::events::{Event, Events, Recollection};
use crate::lookup::Lookup;
use crate::request::Header;
use crate::rules::Rules;
use crate::seal::Seal;

use bucket::Bucket;
pub use context::{EncodedContext, MAX_CONTEXT_BYTES, Memo};
pub use table::{TABLE_KEY_BYTES, Table};
pub use trace::TraceId;
use trace::{Found, Reading};
pub(crate) use trace::{TraceHeader, dropped};

/// How to remember contexts, compiled from `repair`.
#[derive(Debug)]
pub struct Repair {
    headers: Vec<TraceHeader>,
    buckets: u32,
    /// Milliseconds.
    linger: u64,
}

/// A stream's hold on a trace id, until the stream ends and [`Repair::release`] takes it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    id: TraceId,
    held: Held,
}

impl Lease {
    /// The id that the stream uses.
    pub fn id(&self) -> &TraceId {
        &self.id
    }
}

/// A stream's lease of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// The slot of its trace id, whose life began at this time in milliseconds.
    Slot { since: u64 },
    /// No slot: all of the bucket's were taken on that day.
    Overflow(Day),
}

/// Days in turn, by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    Even,
    Odd,
}

/// What is known of a trace id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recalled {
    /// One context, which may be empty.
    Known(EncodedContext),
    /// Several contexts.
    Ambiguous,
    /// A context of more than [`MAX_CONTEXT_BYTES`].
    TooLarge,
    /// Perhaps a context that found no free slot.
    Full,
    /// No context: the id is new, or its slot has ended.
    Unknown,
}

/// The ids of a request.
impl Repair {
    pub(crate) fn new(headers: Vec<TraceHeader>, slots: u64, linger_seconds: u64) -> Self {
        let buckets = u32::try_from(slots.div_ceil(bucket::SLOTS as u64)).unwrap_or(u32::MAX);
        Self { headers, buckets, linger: linger_seconds.saturating_mul(1000) }
    }

    /// What an inbound request is to be remembered by, and the headers that have to go: what an application makes of a
    /// malformed line nobody else knows, and it could be another request's id.
    pub(crate) fn take_in<'a>(
        &self,
        headers: &[Header<'a>],
        events: &impl Events,
    ) -> (Vec<TraceId>, Vec<Mutation<'a>>) {
        let (mut ids, mut removed) = (Vec::new(), BTreeSet::new());
        let mut add = |id| {
            if !ids.contains(&id) {
                ids.push(id);
            }
        };
        for header in self.read() {
            match header.find(headers) {
                None => {}
                Some(Found::WellFormed(id)) => id.into_iter().for_each(&mut add),
                Some(Found::Malformed { first }) => {
                    events.record(Event::TraceMalformed { header: header.name() });
                    removed.extend(header.names(headers));
                    first.into_iter().flat_map(|line| header.traced(line)).for_each(&mut add);
                }
            }
        }
        (ids, removed.into_iter().map(Mutation::remove).collect())
    }

    /// The headers from which an id may come into one of those that are configured.
    fn read(&self) -> impl Iterator<Item = TraceHeader> {
        let is_akin = |read: &TraceHeader| self.headers.iter().any(|written| written.is_akin(*read));
        TraceHeader::words().into_iter().map(|(_, header)| header).filter(is_akin)
    }

    /// Completes the context of an outbound request, and returns the result.
    pub(crate) fn restore(
        &self,
        context: &mut Context<'_>,
        rules: &Rules,
        headers: &[Header<'_>],
        lookup: &mut impl Lookup,
        events: &impl Events,
    ) {
        let is_forwarded = !context.is_empty();
        // A seal holds all there is, and where seals are verified nothing else is enough.
        let verifies = matches!(rules.seal, Some((_, Seal::Verify(_))));
        let lacks = context.seal.valid().is_none()
            && (verifies || rules.tenant_to.lack(context) || rules.overrides_to.lack(context));
        let recalled = if lacks { self.recall_all(headers, |id| lookup.recall(id)) } else { Recalled::Unknown };
        events.record(Event::Recalled(match recalled {
            Recalled::Known(known) if known.complete(context, rules, lookup, events) => Recollection::Restored,
            Recalled::Known(_) | Recalled::Ambiguous | Recalled::TooLarge | Recalled::Full | Recalled::Unknown
                if is_forwarded =>
            {
                Recollection::Forwarded
            }
            Recalled::Known(_) => Recollection::None,
            Recalled::Ambiguous => Recollection::Ambiguous,
            Recalled::TooLarge => Recollection::Large,
            Recalled::Full => Recollection::Full,
            Recalled::Unknown => Recollection::Unknown,
        }));
    }

    /// What all trace ids of a request stand for, if they agree and none is repeated. Each is looked up once.
    fn recall_all(&self, headers: &[Header<'_>], mut recall: impl FnMut(&TraceId) -> Recalled) -> Recalled {
        let mut all = Recalled::Unknown;
        let mut ids = Vec::new();
        for header in &self.headers {
            let mut lines = header.lines(headers);
            match (lines.next().map(|line| header.read(line)), lines.next()) {
                (Some(_), Some(_)) => return Recalled::Ambiguous,
                (Some(Reading::Id(id)), None) if !ids.contains(&id) => {
                    all = all.and(recall(&id));
                    ids.push(id);
                }
                (Some(Reading::Id(_) | Reading::NoId | Reading::Malformed) | None, None) | (None, Some(_)) => {}
            }
        }
        all
    }
}

/// The buckets. A function takes the bytes of one, which are empty if there is no such bucket yet, and the time in
/// milliseconds. Bytes that are no bucket's count as a closed one.
impl Repair {
    /// An inbound stream begins to use a trace id. Returns the bucket from now on, and the stream's lease.
    pub fn remember(&self, bucket: &[u8], id: &TraceId, context: &EncodedContext, now: u64) -> (Vec<u8>, Lease) {
        let mut bucket = self.open(bucket, now);
        let held = bucket.remember(id.bytes(), context, now);
        (bucket.to_bytes(), Lease { id: id.clone(), held })
    }

    /// The stream has ended. Returns the bucket from now on.
    pub fn release(&self, bucket: &[u8], Lease { id, held }: &Lease, now: u64) -> Vec<u8> {
        let mut bucket = self.open(bucket, now);
        bucket.release(id.bytes(), *held, now, self.linger);
        bucket.to_bytes()
    }

    /// The context of a trace id.
    pub fn recall(&self, bucket: &[u8], id: &TraceId, now: u64) -> Recalled {
        self.open(bucket, now).recall(id.bytes(), now)
    }

    /// A bucket that tells nobody anything, for when an update cannot be written: what it would have
    /// made ambiguous must not be restored.
    pub fn closed(&self, now: u64) -> Vec<u8> {
        Bucket::closed(now).to_bytes()
    }

    fn open(&self, bytes: &[u8], now: u64) -> Bucket {
        Bucket::parse(bytes).unwrap_or_else(|| Bucket::closed(now))
    }
}

impl Recalled {
    /// Combines the contexts of two trace ids of one request. An unknown id does not matter: applications generate new
    /// ones.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (one, Self::Unknown) | (Self::Unknown, one) => one,
            (one, Self::Full) | (Self::Full, one) => one,
            (Self::Known(one), Self::Known(other)) => one.agreed(&other).map_or(Self::Ambiguous, Self::Known),
            (Self::TooLarge, Self::TooLarge) => Self::TooLarge,
            (Self::Known(_) | Self::Ambiguous | Self::TooLarge, _) => Self::Ambiguous,
        }
    }
}

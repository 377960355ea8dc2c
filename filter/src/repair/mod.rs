//! Repair: what a request carried, remembered by its trace ids, for the calls that its application makes.
//!
//! An application that forwards a trace id and not the context still tells which request it works for.
//! Contexts live outside this crate, in the host's shared data: a fixed number of buckets, each a few
//! bytes that only the functions here read and write.

mod bucket;
mod context;
mod trace;

use std::collections::{BTreeMap, BTreeSet};

use crate::context::Context;
use crate::decision::Mutation;
use crate::events::{Event, Events, Recollection};
use crate::request::Header;
use crate::rules::Rules;

use bucket::Bucket;
pub use context::{EncodedContext, MAX_CONTEXT_BYTES, Memo};
pub(crate) use trace::{TraceHeader, dropped};

/// What a request is remembered by, at most: all headers that hold an id, each read in several ways and for each
/// header of the configuration. Without a limit one request could take all slots.
const MAX_IDS: usize = 128;
/// The longest line that is read for ids, several times what any format takes.
const MAX_LINE_BYTES: usize = 512;

/// How to remember contexts, compiled from `repair`.
#[derive(Debug)]
pub struct Repair {
    headers: Vec<TraceHeader>,
    buckets: u64,
    /// Milliseconds.
    linger: u64,
}

/// A trace id, and the header that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TraceId(Vec<u8>);

impl TraceId {
    fn new(header: TraceHeader, id: &[u8]) -> Self {
        Self([&[header as u8], id].concat())
    }
}

/// Where an inbound request has a trace id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    /// In the id's own header, whatever other holds it too.
    Here,
    /// In another header alone, from which an application may copy it: it restores nothing, and contradicts
    /// who brings another context.
    Elsewhere,
}

/// The ids of one request, each once.
type Ids = BTreeMap<TraceId, Found>;

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

/// What a stream holds of a bucket.
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
    /// One context, which may be that nothing was carried.
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
        let buckets = slots.div_ceil(bucket::SLOTS as u64);
        Self { headers, buckets, linger: linger_seconds.saturating_mul(1000) }
    }

    /// What an inbound request is to be remembered by. Where that is too much, the headers that hold ids go:
    /// what is not remembered could be forwarded as another's.
    pub(crate) fn take_in<'a>(&self, headers: &[Header<'a>]) -> (Vec<(TraceId, Found)>, Vec<Mutation<'a>>) {
        match self.inbound_ids(headers) {
            Some(ids) => (ids, Vec::new()),
            None => {
                let holds_ids = |name| self.read().any(|header| header.may_be(name));
                let names: BTreeSet<_> = headers.iter().map(|line| line.name).filter(|name| holds_ids(name)).collect();
                (self.traced_ids(headers), names.into_iter().map(Mutation::remove).collect())
            }
        }
    }

    /// The ids that a proxy which traces writes again behind us, whatever was removed: one of each header.
    fn traced_ids(&self, headers: &[Header<'_>]) -> Vec<(TraceId, Found)> {
        let mut ids = Ids::default();
        for read in self.read() {
            let id = read.lines(headers).next().and_then(|line| read.id(line));
            if let Some(id) = id {
                self.add(&mut ids, read, &id);
            }
        }
        ids.into_iter().collect()
    }

    /// Every trace id that the application may find in an inbound request or make of one, each once; `None` if they
    /// are too many.
    fn inbound_ids(&self, headers: &[Header<'_>]) -> Option<Vec<(TraceId, Found)>> {
        let mut ids = Ids::default();
        for read in self.read() {
            for line in read.lenient_lines(headers) {
                if line.len() > MAX_LINE_BYTES || ids.len() > MAX_IDS {
                    return None;
                }
                read.lenient_ids(line).iter().for_each(|id| self.add(&mut ids, read, id));
            }
        }
        (ids.len() <= MAX_IDS).then(|| ids.into_iter().collect())
    }

    /// Adds an id, for each header in which an application may forward it.
    fn add(&self, ids: &mut Ids, read: TraceHeader, id: &[u8]) {
        for written in self.headers.iter().filter(|written| written.is_akin(read)) {
            let found = if *written == read { Found::Here } else { Found::Elsewhere };
            let known = ids.entry(TraceId::new(*written, id)).or_insert(found);
            *known = found.min(*known);
        }
    }

    /// The headers from which an id may come into one of those that are configured.
    fn read(&self) -> impl Iterator<Item = TraceHeader> {
        let is_akin = |read: &TraceHeader| self.headers.iter().any(|written| written.is_akin(*read));
        TraceHeader::words().into_iter().map(|(_, header)| header).filter(is_akin)
    }

    /// Completes the context of an outbound request, and tells how it went.
    pub(crate) fn restore(
        &self,
        context: &mut Context<'_>,
        rules: &Rules,
        headers: &[Header<'_>],
        recall: impl FnMut(&TraceId) -> Recalled,
        events: &impl Events,
    ) {
        let is_forwarded = !context.is_empty();
        let lacks = rules.tenant_to.lack(context) || rules.overrides_to.lack(context);
        let recalled = if lacks { self.recall_all(headers, recall) } else { Recalled::Unknown };
        events.record(Event::Recalled(match recalled {
            Recalled::Known(known) if known.complete(context, rules) => Recollection::Restored,
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

    /// What all trace ids of a request stand for, if they agree and none is repeated.
    fn recall_all(&self, headers: &[Header<'_>], mut recall: impl FnMut(&TraceId) -> Recalled) -> Recalled {
        let mut all = Recalled::Unknown;
        for header in &self.headers {
            let mut lines = header.lines(headers);
            match (lines.next(), lines.next()) {
                (Some(_), Some(_)) => return Recalled::Ambiguous,
                (Some(line), None) => {
                    if let Some(id) = header.id(line) {
                        all = all.and(recall(&TraceId::new(*header, &id)));
                    }
                }
                (None, _) => {}
            }
        }
        all
    }
}

/// The buckets. A function takes the bytes of one, which are empty if there is no such bucket yet, and the time in
/// milliseconds. Bytes that are no bucket's count as a closed one.
impl Repair {
    /// The bucket of a trace id, by number: the same in every proxy VM.
    pub fn bucket(&self, id: &TraceId) -> u32 {
        let bucket = fnv1a(&id.0).checked_rem(self.buckets).unwrap_or_default();
        u32::try_from(bucket).unwrap_or_default()
    }

    /// An inbound stream begins to use a trace id. Returns the bucket from now on, and the stream's lease.
    pub fn remember(
        &self,
        bucket: &[u8],
        (id, found): (&TraceId, Found),
        context: &EncodedContext,
        now: u64,
    ) -> (Vec<u8>, Lease) {
        let mut bucket = self.open(bucket, now);
        let held = bucket.remember(&id.0, found, context, now);
        (bucket.to_bytes(), Lease { id: id.clone(), held })
    }

    /// The stream has ended. Returns the bucket from now on.
    pub fn release(&self, bucket: &[u8], Lease { id, held }: &Lease, now: u64) -> Vec<u8> {
        let mut bucket = self.open(bucket, now);
        bucket.release(&id.0, *held, now, self.linger);
        bucket.to_bytes()
    }

    /// What a trace id stands for.
    pub fn recall(&self, bucket: &[u8], id: &TraceId, now: u64) -> Recalled {
        self.open(bucket, now).recall(&id.0, now)
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
    /// What two trace ids of one request stand for. One that is not known does not matter: applications make up new ones.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (one, Self::Unknown) | (Self::Unknown, one) => one,
            (one, Self::Full) | (Self::Full, one) => one,
            (one, other) if one == other => one,
            (Self::Known(_) | Self::Ambiguous | Self::TooLarge, _) => Self::Ambiguous,
        }
    }
}

/// FNV-1a of 64 bits: spreads ids over buckets; within one a whole id is compared.
fn fnv1a(bytes: &[u8]) -> u64 {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix)
}

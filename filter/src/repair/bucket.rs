//! A bucket of slots: the trace ids in use, each with its context. Pure: bytes and a clock in, bytes out.
//!
//! The life of a slot: it is *free*; the first stream that brings an id *opens* it; it stays open until its last
//! stream ends, then *lingers*, and is free again. While all slots of a bucket are open or linger, a further stream is
//! counted as *overflow*: nothing is stored for it, and no new id is stored until it has ended and lingered too. A
//! stream that never ends was that of a VM that died; after a day its slot is free.

use super::context::{EncodedContext, MAX_CONTEXT_BYTES};
use super::{Day, Held, Recalled};

/// Slots of a bucket: few enough that one look-up stays small, many enough that an even load fills them evenly.
pub(super) const SLOTS: usize = 8;

/// A stream that is never released was that of a VM that died. After a day, in milliseconds, nobody waits for it.
const ABANDONED: u64 = 24 * 60 * 60 * 1000;

/// How long something is in use: while streams are open, and a little longer. All times in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Usage {
    streams: u32,
    until: u64,
}

impl Usage {
    fn is_live(&self, now: u64) -> bool {
        now < self.until
    }

    fn open(&mut self, now: u64) {
        let streams = if self.is_live(now) { self.streams } else { 0 };
        *self = Self { streams: streams.saturating_add(1), until: now.saturating_add(ABANDONED) };
    }

    fn close(&mut self, now: u64, linger: u64) {
        if self.streams == u32::MAX {
            return;
        }
        self.streams = self.streams.saturating_sub(1);
        if self.streams == 0 {
            self.until = now.saturating_add(linger);
        }
    }
}

impl Day {
    fn of(now: u64) -> Self {
        if (now / ABANDONED).is_multiple_of(2) { Self::Even } else { Self::Odd }
    }
}

/// The context of an id.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Remembered {
    Context(EncodedContext),
    /// Two contexts at once: nothing is restored until the slot is free.
    Ambiguous,
    TooLarge,
}

impl Remembered {
    /// Its kind as a number, and the context that is kept.
    fn encoded(&self) -> (u8, &[u8]) {
        match self {
            Self::Context(context) => (0, &context.0),
            Self::Ambiguous => (1, &[]),
            Self::TooLarge => (2, &[]),
        }
    }

    /// Another request with the same id.
    fn meet(&mut self, other: &Self) {
        if let (Self::Context(known), Self::Context(context)) = (&*self, other)
            && let Some(agreed) = known.agreed(context)
        {
            *self = Self::Context(agreed);
        } else if self != other {
            *self = Self::Ambiguous;
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Slot {
    id: Vec<u8>,
    /// When its life began. Who held it in an earlier one, for longer than a day, holds it no more.
    since: u64,
    usage: Usage,
    memory: Remembered,
}

/// Up to eight slots, and a count of streams that found none free. While such a stream is open no new id is
/// stored: it could be that stream's, with another context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bucket {
    /// By the day on which a stream came, in turn: where new ones come all the time, those of a VM that died
    /// are forgotten all the same.
    overflow: [Usage; 2],
    slots: Vec<Slot>,
}

impl Bucket {
    /// A bucket that stores no id until every stream that it knew must have ended.
    pub(super) fn closed(now: u64) -> Self {
        let mut bucket = Self::default();
        *bucket.overflow(Day::of(now)) = Usage { streams: u32::MAX, until: now.saturating_add(ABANDONED) };
        bucket
    }

    fn overflow(&mut self, day: Day) -> &mut Usage {
        let [even, odd] = &mut self.overflow;
        if day == Day::Even { even } else { odd }
    }

    fn overflows(&self, now: u64) -> bool {
        self.overflow.iter().any(|usage| usage.is_live(now))
    }

    pub(super) fn remember(&mut self, id: &[u8], context: &EncodedContext, now: u64) -> Held {
        self.slots.retain(|slot| slot.usage.is_live(now));
        let memory = match context.0.len() {
            0..=MAX_CONTEXT_BYTES => Remembered::Context(context.clone()),
            _ => Remembered::TooLarge,
        };
        let is_full = self.slots.len() >= SLOTS || self.overflows(now);
        match self.slots.iter_mut().find(|slot| slot.id == id) {
            Some(slot) => {
                slot.usage.open(now);
                slot.memory.meet(&memory);
                Held::Slot { since: slot.since }
            }
            None if is_full => {
                let day = Day::of(now);
                self.overflow(day).open(now);
                Held::Overflow(day)
            }
            None => {
                let mut slot = Slot { id: id.to_vec(), since: now, usage: Usage::default(), memory };
                slot.usage.open(now);
                self.slots.push(slot);
                Held::Slot { since: now }
            }
        }
    }

    pub(super) fn release(&mut self, id: &[u8], held: Held, now: u64, linger: u64) {
        match held {
            Held::Overflow(day) => self.overflow(day).close(now, linger),
            Held::Slot { since } => {
                if let Some(slot) = self.slots.iter_mut().find(|slot| slot.id == id && slot.since == since) {
                    slot.usage.close(now, linger);
                }
            }
        }
    }

    pub(super) fn recall(&self, id: &[u8], now: u64) -> Recalled {
        let slot = self.slots.iter().find(|slot| slot.id == id && slot.usage.is_live(now));
        match slot.map(|slot| &slot.memory) {
            Some(Remembered::Context(context)) => Recalled::Known(context.clone()),
            Some(Remembered::Ambiguous) => Recalled::Ambiguous,
            Some(Remembered::TooLarge) => Recalled::TooLarge,
            None if self.overflows(now) => Recalled::Full,
            None => Recalled::Unknown,
        }
    }
}

/// Of a bucket's bytes, those of the overflow's usages.
const OVERFLOW_BYTES: usize = 24;
/// Those of a slot but for its id and context.
const SLOT_BYTES: usize = 25;

/// As bytes: the overflow's usages, then each slot as its usage, its beginning, its kind of memory, and its id and
/// context behind their lengths; numbers in little endian.
impl Bucket {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let sizes = self.slots.iter().flat_map(|slot| [SLOT_BYTES, slot.id.len(), slot.memory.encoded().1.len()]);
        let mut bytes = Vec::with_capacity(sizes.fold(OVERFLOW_BYTES, usize::saturating_add));
        self.overflow.iter().for_each(|usage| usage.write(&mut bytes));
        for Slot { id, since, usage, memory } in &self.slots {
            usage.write(&mut bytes);
            bytes.extend(since.to_le_bytes());
            let (kind, context) = memory.encoded();
            bytes.push(kind);
            for text in [id, context] {
                bytes.extend(u16::try_from(text.len()).unwrap_or(u16::MAX).to_le_bytes());
                bytes.extend(text);
            }
        }
        bytes
    }

    /// `None` if these are not the bytes of a bucket.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self::default());
        }
        let (even, rest) = Usage::parse(bytes)?;
        let (odd, mut rest) = Usage::parse(rest)?;
        let mut slots = Vec::new();
        while !rest.is_empty() {
            let (slot, after) = Slot::parse(rest)?;
            slots.push(slot);
            rest = after;
        }
        Some(Self { overflow: [even, odd], slots })
    }
}

impl Usage {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.streams.to_le_bytes());
        bytes.extend(self.until.to_le_bytes());
    }

    fn parse(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (streams, rest) = bytes.split_first_chunk()?;
        let (until, rest) = rest.split_first_chunk()?;
        Some((Self { streams: u32::from_le_bytes(*streams), until: u64::from_le_bytes(*until) }, rest))
    }
}

impl Slot {
    fn parse(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (usage, rest) = Usage::parse(bytes)?;
        let (since, rest) = rest.split_first_chunk()?;
        let (kind, rest) = rest.split_first()?;
        let (id, rest) = text(rest)?;
        let (context, rest) = text(rest)?;
        let memory = match kind {
            0 => Remembered::Context(EncodedContext(context.to_vec())),
            1 => Remembered::Ambiguous,
            2 => Remembered::TooLarge,
            _ => return None,
        };
        Some((Self { id: id.to_vec(), since: u64::from_le_bytes(*since), usage, memory }, rest))
    }
}

/// A text behind its length, and what follows.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))
}

#[cfg(test)]
mod tests;

//! A bucket of slots: which trace ids are in use, and what each stands for. Pure: bytes and a clock in, bytes out.

use super::context::{Context, MAX_CONTEXT_BYTES};
use super::{Held, Recalled};

/// Slots of a bucket: few enough that one look-up stays small, many enough that an even load fills them evenly.
pub(super) const SLOTS: usize = 8;

/// A stream that is never released was that of a VM that died. After a day, in milliseconds, its slot is free.
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

/// What an id stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Memory {
    Context(Context),
    /// Two contexts at once: nothing is restored until the slot ends.
    Ambiguous,
    TooLarge,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Slot {
    id: Vec<u8>,
    usage: Usage,
    memory: Memory,
}

/// Some slots, and those streams that found none free. While one of these is in use no new id is
/// remembered here: it might be theirs, with another context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bucket {
    overflow: Usage,
    slots: Vec<Slot>,
}

impl Bucket {
    /// One that remembers nothing for as long as any stream that it knew may last.
    pub(super) fn closed(now: u64) -> Self {
        let overflow = Usage { streams: u32::MAX, until: now.saturating_add(ABANDONED) };
        Self { overflow, slots: Vec::new() }
    }

    pub(super) fn remember(&mut self, id: &[u8], context: &Context, now: u64) -> Held {
        self.slots.retain(|slot| slot.usage.is_live(now));
        let memory = match context.0.len() {
            0..=MAX_CONTEXT_BYTES => Memory::Context(context.clone()),
            _ => Memory::TooLarge,
        };
        let is_full = self.slots.len() >= SLOTS || self.overflow.is_live(now);
        match self.slots.iter_mut().find(|slot| slot.id == id) {
            Some(slot) => {
                slot.usage.open(now);
                if slot.memory != memory {
                    slot.memory = Memory::Ambiguous;
                }
            }
            None if is_full => {
                self.overflow.open(now);
                return Held::Overflow;
            }
            None => {
                let mut slot = Slot { id: id.to_vec(), usage: Usage::default(), memory };
                slot.usage.open(now);
                self.slots.push(slot);
            }
        }
        Held::Slot
    }

    pub(super) fn release(&mut self, id: &[u8], held: Held, now: u64, linger: u64) {
        match held {
            Held::Overflow => self.overflow.close(now, linger),
            Held::Slot => {
                let slot = self.slots.iter_mut().find(|slot| slot.id == id);
                slot.into_iter().for_each(|slot| slot.usage.close(now, linger));
            }
        }
    }

    pub(super) fn recall(&self, id: &[u8], now: u64) -> Recalled {
        let slot = self.slots.iter().find(|slot| slot.id == id && slot.usage.is_live(now));
        match slot.map(|slot| &slot.memory) {
            Some(Memory::Context(context)) => Recalled::Known(context.clone()),
            Some(Memory::Ambiguous) => Recalled::Ambiguous,
            Some(Memory::TooLarge) => Recalled::TooLarge,
            None if self.overflow.is_live(now) => Recalled::Full,
            None => Recalled::Unknown,
        }
    }
}

/// As bytes: the overflow's usage, then each slot as its usage, its kind of memory, and its id and context
/// behind their lengths; numbers in little endian.
impl Bucket {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.overflow.write(&mut bytes);
        for Slot { id, usage, memory } in &self.slots {
            usage.write(&mut bytes);
            let (kind, context) = match memory {
                Memory::Context(context) => (0, &*context.0),
                Memory::Ambiguous => (1, &[][..]),
                Memory::TooLarge => (2, &[][..]),
            };
            bytes.push(kind);
            for text in [id, context] {
                bytes.extend(u16::try_from(text.len()).unwrap_or(u16::MAX).to_le_bytes());
                bytes.extend(text);
            }
        }
        bytes
    }

    /// Nothing where these are not the bytes of a bucket.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self::default());
        }
        let (overflow, mut rest) = Usage::parse(bytes)?;
        let mut slots = Vec::new();
        while !rest.is_empty() {
            let (slot, after) = Slot::parse(rest)?;
            slots.push(slot);
            rest = after;
        }
        Some(Self { overflow, slots })
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
        let (kind, rest) = rest.split_first()?;
        let (id, rest) = text(rest)?;
        let (context, rest) = text(rest)?;
        let memory = match kind {
            0 => Memory::Context(Context(context.to_vec())),
            1 => Memory::Ambiguous,
            2 => Memory::TooLarge,
            _ => return None,
        };
        Some((Self { id: id.to_vec(), usage, memory }, rest))
    }
}

/// A text behind its length, and what follows.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINGER: u64 = 5_000;

    fn context(text: &str) -> Context {
        Context(text.as_bytes().to_vec())
    }

    fn known(text: &str) -> Recalled {
        Recalled::Known(context(text))
    }

    #[test]
    fn a_slot_lives_while_a_stream_uses_it_and_a_little_longer() {
        let mut bucket = Bucket::default();
        for now in [0, 10] {
            assert_eq!(bucket.remember(b"a", &context("x"), now), Held::Slot);
        }
        bucket.release(b"a", Held::Slot, 20, LINGER);
        assert_eq!(bucket.recall(b"a", 1_000_000), known("x"), "a stream is open");
        bucket.release(b"a", Held::Slot, 2_000_000, LINGER);
        assert_eq!(bucket.recall(b"a", 2_000_000 + LINGER - 1), known("x"));
        assert_eq!(bucket.recall(b"a", 2_000_000 + LINGER), Recalled::Unknown);
        bucket.remember(b"a", &context("y"), 2_000_000 + LINGER);
        assert_eq!(bucket.recall(b"a", 2_000_000 + LINGER), known("y"), "a new life");
    }

    #[test]
    fn two_contexts_are_none_until_the_slot_ends() {
        let mut bucket = Bucket::default();
        for text in ["x", "y", "x"] {
            bucket.remember(b"a", &context(text), 0);
            bucket.release(b"a", Held::Slot, 0, LINGER);
        }
        assert_eq!(bucket.recall(b"a", 0), Recalled::Ambiguous);
        assert_eq!(bucket.recall(b"a", LINGER), Recalled::Unknown);
    }

    #[test]
    fn a_context_is_remembered_up_to_its_limit() {
        let mut bucket = Bucket::default();
        let [fits, exceeds] = [512, 513].map(|bytes| context(&"x".repeat(bytes)));
        bucket.remember(b"a", &fits, 0);
        bucket.remember(b"b", &exceeds, 0);
        assert_eq!(bucket.recall(b"a", 0), Recalled::Known(fits));
        assert_eq!(bucket.recall(b"b", 0), Recalled::TooLarge);
        bucket.remember(b"b", &context("small"), 0);
        assert_eq!(bucket.recall(b"b", 0), Recalled::Ambiguous, "the large one is still in use");
    }

    #[test]
    fn a_full_bucket_takes_nothing_over_and_nobody_in() {
        let mut bucket = Bucket::default();
        for id in 0..SLOTS {
            assert_eq!(bucket.remember(&id.to_le_bytes(), &context("x"), 0), Held::Slot);
        }
        assert_eq!(bucket.remember(b"victim", &context("v"), 0), Held::Overflow);
        assert_eq!(bucket.recall(b"victim", 0), Recalled::Full);
        assert_eq!(bucket.recall(&0usize.to_le_bytes(), 0), known("x"));

        bucket.release(&0usize.to_le_bytes(), Held::Slot, 0, LINGER);
        assert_eq!(
            bucket.remember(b"victim", &context("attacker"), LINGER),
            Held::Overflow,
            "the victim is still there"
        );
        assert_eq!(bucket.recall(b"victim", LINGER), Recalled::Full);

        for _ in 0..2 {
            bucket.release(b"victim", Held::Overflow, LINGER, LINGER);
        }
        assert_eq!(bucket.remember(b"new", &context("n"), 2 * LINGER - 1), Held::Overflow);
        bucket.release(b"new", Held::Overflow, 2 * LINGER, LINGER);
        assert_eq!(bucket.remember(b"new", &context("n"), 3 * LINGER), Held::Slot);
    }

    #[test]
    fn what_a_dead_vm_held_is_free_after_a_day() {
        let mut bucket = Bucket::default();
        bucket.remember(b"a", &context("x"), 0);
        assert_eq!(bucket.recall(b"a", ABANDONED - 1), known("x"));
        assert_eq!(bucket.recall(b"a", ABANDONED), Recalled::Unknown);
        let mut closed = Bucket::closed(0);
        closed.release(b"a", Held::Overflow, 0, LINGER);
        assert_eq!(closed.remember(b"a", &context("x"), ABANDONED - 1), Held::Overflow);
    }

    #[test]
    fn bytes_say_it_all() {
        let mut bucket = Bucket::default();
        assert_eq!(Bucket::parse(b""), Some(Bucket::default()));
        for (id, text) in [("a", "x"), ("b", ""), ("c", "x"), ("c", "y"), ("d", &"x".repeat(513))] {
            bucket.remember(id.as_bytes(), &context(text), 7);
        }
        let bytes = bucket.to_bytes();
        assert_eq!(Bucket::parse(&bytes), Some(bucket));
        let cut_short = (1..bytes.len()).filter(|length| Bucket::parse(&bytes[..*length]).is_some()).count();
        assert_eq!(cut_short, 4, "only where a slot ends");
        assert_eq!(Bucket::parse(b"something else altogether"), None);
    }
}

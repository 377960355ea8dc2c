//! The life of a slot.

use super::*;

const LINGER: u64 = 5_000;
const SLOT: Held = Held::Slot { since: 0 };
const OVERFLOW: Held = Held::Overflow(Day::Even);

fn context(text: &str) -> EncodedContext {
    EncodedContext(text.as_bytes().to_vec())
}

fn known(text: &str) -> Recalled {
    Recalled::Known(context(text))
}

#[test]
fn a_slot_lives_while_a_stream_uses_it_and_a_little_longer() {
    let mut bucket = Bucket::default();
    for now in [0, 10] {
        assert_eq!(bucket.remember(b"a", &context("x"), now), SLOT);
    }
    bucket.release(b"a", SLOT, 20, LINGER);
    assert_eq!(bucket.recall(b"a", 1_000_000), known("x"), "a stream is open");
    bucket.release(b"a", SLOT, 2_000_000, LINGER);
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
        bucket.release(b"a", SLOT, 0, LINGER);
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
        assert_eq!(bucket.remember(&id.to_le_bytes(), &context("x"), 0), SLOT);
    }
    assert_eq!(bucket.remember(b"victim", &context("v"), 0), OVERFLOW);
    assert_eq!(bucket.recall(b"victim", 0), Recalled::Full);
    assert_eq!(bucket.recall(&0usize.to_le_bytes(), 0), known("x"));

    bucket.release(&0usize.to_le_bytes(), SLOT, 0, LINGER);
    assert_eq!(bucket.remember(b"victim", &context("attacker"), LINGER), OVERFLOW, "the victim is still there");
    assert_eq!(bucket.recall(b"victim", LINGER), Recalled::Full);

    for _ in 0..2 {
        bucket.release(b"victim", OVERFLOW, LINGER, LINGER);
    }
    assert_eq!(bucket.remember(b"new", &context("n"), 2 * LINGER - 1), OVERFLOW);
    bucket.release(b"new", OVERFLOW, 2 * LINGER, LINGER);
    assert_eq!(bucket.remember(b"new", &context("n"), 3 * LINGER), Held::Slot { since: 3 * LINGER });
}

#[test]
fn what_a_dead_vm_held_is_free_after_a_day() {
    let mut bucket = Bucket::default();
    bucket.remember(b"a", &context("x"), 0);
    assert_eq!(bucket.recall(b"a", ABANDONED - 1), known("x"));
    assert_eq!(bucket.recall(b"a", ABANDONED), Recalled::Unknown);
    let mut closed = Bucket::closed(0);
    closed.release(b"a", OVERFLOW, 0, LINGER);
    assert_eq!(closed.remember(b"a", &context("x"), ABANDONED - 1), OVERFLOW);
}

#[test]
fn what_found_no_slot_in_a_dead_vm_is_forgotten_where_new_ones_never_cease() {
    const HOUR: u64 = ABANDONED / 24;
    let mut full = Bucket::default();
    for id in 0..=SLOTS {
        full.remember(&id.to_le_bytes(), &context("x"), 0);
    }
    for mut bucket in [full, Bucket::closed(0)] {
        for hour in 1..=48 {
            let held = bucket.remember(b"a", &context("x"), hour * HOUR);
            assert_eq!(matches!(held, Held::Slot { .. }), hour >= 47, "hour {hour}");
            bucket.release(b"a", held, hour * HOUR, LINGER);
        }
    }
}

#[test]
fn a_stream_of_more_than_a_day_lets_go_of_nothing_that_is_anothers() {
    let mut bucket = Bucket::default();
    let long = bucket.remember(b"a", &context("x"), 0);
    bucket.remember(b"a", &context("y"), ABANDONED);
    bucket.release(b"a", long, ABANDONED, LINGER);
    assert_eq!(bucket.recall(b"a", ABANDONED + LINGER), known("y"), "its stream is open");
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

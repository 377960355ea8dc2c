//! A pattern as a table: Glushkov's positions, and the sets of them that a name may have reached (Aho, Lam, Sethi and
//! Ullman, "Compilers", §3.9).

use std::collections::BTreeMap;

use crate::bytes::grammar::{Bytes, MAX_TENANT_BYTES};

use super::syntax::{Expression, Set};

/// Not counting the start. Far more than a useful pattern needs: a list of names takes one for each of its bytes,
/// `{1,63}` takes 63.
pub(crate) const MAX_STATES: usize = 1024;
/// Bytes that a pattern may match at different places of it.
const MAX_POSITIONS: usize = 1024;
const WORDS: usize = MAX_POSITIONS / 64;
/// Repetitions of nothing cost work without positions.
const MAX_PARTS: usize = 16 * 1024;
/// No name is repeated further.
const MANY: usize = MAX_TENANT_BYTES + 1;

/// A table of states.
#[derive(Debug)]
pub(super) struct Automaton {
    /// The column of each byte; `None` for bytes that no name contains.
    columns: [Option<u8>; 128],
    /// A row for each state; the first is the start. `None` if no match begins like this.
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    next: Box<[Option<u16>]>,
    accepts: bool,
}

impl Automaton {
    /// `None` if it needs too many states.
    pub(super) fn build(expression: &Expression) -> Option<Self> {
        let mut positions = Positions::default();
        let part = positions.add(expression)?;
        let (columns, masks) = positions.columns();
        let mut states = BTreeMap::new();
        // What has been reached, and what may come next. The start has reached nothing.
        let mut reached = vec![(part.first, part.is_empty)];
        let mut rows = Vec::new();
        while let Some((expected, accepts)) = reached.get(rows.len()).copied() {
            let mut next = Vec::with_capacity(masks.len());
            for mask in &masks {
                let set = expected.and(*mask);
                if set == NOTHING {
                    next.push(None);
                    continue;
                }
                let fresh = states.len().checked_add(1)?;
                let state = *states.entry(set).or_insert(fresh);
                if state == fresh {
                    reached.push((positions.behind(set), set.and(part.last) != NOTHING));
                }
                next.push(Some(u16::try_from(state).ok()?));
            }
            rows.push(Row { next: next.into(), accepts });
            if reached.len() > MAX_STATES.saturating_add(1) {
                return None;
            }
        }
        Some(Self { columns, rows })
    }

    pub(super) fn accepts(&self, name: &[u8]) -> bool {
        let mut state = self.rows.first();
        for byte in name {
            state = state.and_then(|row| self.rows.get(usize::from(self.step(row, *byte)?)));
        }
        state.is_some_and(|row| row.accepts)
    }

    fn step(&self, row: &Row, byte: u8) -> Option<u16> {
        let column = self.columns.get(usize::from(byte)).copied().flatten()?;
        row.next.get(usize::from(column)).copied().flatten()
    }
}

/// A set of positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Bits([u64; WORDS]);

const NOTHING: Bits = Bits([0; WORDS]);

impl Bits {
    fn one(position: usize) -> Self {
        let mut bits = NOTHING;
        if let Some(word) = bits.0.get_mut(position / 64) {
            *word = 1 << (position % 64);
        }
        bits
    }

    fn or(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word |= other);
        self
    }

    fn and(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word &= other);
        self
    }

    fn has(&self, position: usize) -> bool {
        self.0.get(position / 64).is_some_and(|word| word >> (position % 64) & 1 == 1)
    }
}

/// A part of a pattern: the positions at which its matches begin and end, and whether it matches the empty text.
#[derive(Clone, Copy)]
struct Part {
    first: Bits,
    last: Bits,
    is_empty: bool,
}

impl Part {
    const EMPTY: Self = Self { first: NOTHING, last: NOTHING, is_empty: true };
    const IMPOSSIBLE: Self = Self { is_empty: false, ..Self::EMPTY };
}

/// All places of a pattern at which a byte is matched: what is matched there, and what may follow.
#[derive(Default)]
struct Positions {
    all: Vec<(Set, Bits)>,
    /// How many parts were added.
    parts: usize,
}

impl Positions {
    /// `None` if it needs too many positions, or too much work.
    fn add(&mut self, expression: &Expression) -> Option<Part> {
        self.parts = self.parts.checked_add(1).filter(|parts| *parts <= MAX_PARTS)?;
        match expression {
            Expression::One(set) => self.add_one(*set),
            Expression::Sequence(parts) => parts.iter().try_fold(Part::EMPTY, |before, next| {
                let next = self.add(next)?;
                Some(self.joined(before, next))
            }),
            Expression::Either(ways) => ways.iter().try_fold(Part::IMPOSSIBLE, |one, other| {
                let other = self.add(other)?;
                let is_empty = one.is_empty || other.is_empty;
                Some(Part { first: one.first.or(other.first), last: one.last.or(other.last), is_empty })
            }),
            Expression::Repeated { what, least, most } => self.add_repeated(what, *least, *most),
        }
    }

    fn add_one(&mut self, set: Set) -> Option<Part> {
        let position = Some(self.all.len()).filter(|position| *position < MAX_POSITIONS)?;
        self.all.push((set, NOTHING));
        let bit = Bits::one(position);
        Some(Part { first: bit, last: bit, is_empty: false })
    }

    fn add_repeated(&mut self, what: &Expression, least: usize, most: Option<usize>) -> Option<Part> {
        let mut all = Part::EMPTY;
        for turn in 0..most.unwrap_or(least.max(1)).min(MANY) {
            let mut one = self.add(what)?;
            if most.is_none() && turn.saturating_add(1) >= least.min(MANY) {
                // The last may come again.
                self.follow(one.last, one.first);
            }
            one.is_empty |= turn >= least;
            all = self.joined(all, one);
        }
        Some(all)
    }

    /// One part after another.
    fn joined(&mut self, before: Part, next: Part) -> Part {
        self.follow(before.last, next.first);
        Part {
            first: if before.is_empty { before.first.or(next.first) } else { before.first },
            last: if next.is_empty { before.last.or(next.last) } else { next.last },
            is_empty: before.is_empty && next.is_empty,
        }
    }

    fn follow(&mut self, ends: Bits, begins: Bits) {
        let ending = self.all.iter_mut().enumerate().filter(|(position, _)| ends.has(*position));
        ending.for_each(|(_, (_, behind))| *behind = behind.or(begins));
    }

    /// What may follow any of some positions.
    fn behind(&self, set: Bits) -> Bits {
        let places = self.all.iter().enumerate().filter(|(position, _)| set.has(*position));
        places.fold(NOTHING, |all, (_, (_, behind))| all.or(*behind))
    }

    /// The column of each byte of names, and the positions that each column matches.
    fn columns(&self) -> ([Option<u8>; 128], Vec<Bits>) {
        let mut masks: Vec<Bits> = Vec::new();
        let mut columns = [None; 128];
        for (byte, column) in (0..128u8).zip(&mut columns).filter(|(byte, _)| Bytes::NAME.has(*byte)) {
            let places = self.all.iter().enumerate().filter(|(_, (set, _))| set.has(byte));
            let mask = places.fold(NOTHING, |all, (position, _)| all.or(Bits::one(position)));
            let known = masks.iter().position(|known| *known == mask).unwrap_or_else(|| {
                masks.push(mask);
                masks.len().saturating_sub(1)
            });
            *column = u8::try_from(known).ok();
        }
        (columns, masks)
    }
}

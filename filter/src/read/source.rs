//! Sources: the place of a value, and when it is believed.

use crate::events::Origin;

/// The place of a value.
#[derive(Debug)]
pub(crate) struct Source<P> {
    pub(crate) place: P,
    pub(crate) when: Condition,
    pub(crate) origin: Origin,
}

/// When a source is believed: each clause has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) belief: Belief,
}

/// How far a source is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Belief {
    /// Never at this edge: a client can write it, and its `trust` is `mesh`.
    Never,
    /// If a token counts.
    Verified,
    /// If a token counts and vouches for what the client wrote itself.
    Vouched,
    Always,
}

impl<P> Source<P> {
    /// A value that only a proxy can write.
    pub(crate) fn always(place: P, origin: Origin) -> Self {
        Self { place, when: Condition { belief: Belief::Always }, origin }
    }
}

//! Regular expressions for whole tenant names (`tenant.pattern`).
//!
//! A pattern is compiled into a table of states before any request comes, so that a name takes one look-up a byte,
//! whatever the pattern says. An engine that follows all ways of a pattern at once takes a thousand times as long for
//! the worst of them.

mod automaton;
mod syntax;

use automaton::Automaton;
use syntax::Mistake;

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Pattern(Automaton);

/// Why a text is no pattern.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault<'p> {
    /// It cannot be read on behind this part of it, for this reason.
    Syntax { head: &'p str, why: &'static str },
    /// It has more than [`MAX_STATES`] states.
    Large,
}

pub(crate) use automaton::MAX_STATES;

impl Pattern {
    /// Compiles a pattern of at most a kilobyte.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn compile(text: &str) -> Result<Self, Fault<'_>> {
        let mistake = |Mistake { at, why }| Fault::Syntax { head: text.get(..at).unwrap_or(text), why };
        let expression = syntax::parse(text).map_err(mistake)?;
        Automaton::build(&expression).map(Self).ok_or(Fault::Large)
    }

    /// Whether it matches a whole name: 1 to 63 of `A-Za-z0-9._-`. Longer and other texts may match by mistake.
    pub(crate) fn fits(&self, name: &[u8]) -> bool {
        self.0.accepts(name)
    }
}

#[cfg(test)]
mod tests;

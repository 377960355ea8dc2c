//! What leaves the mesh goes without what is ours.

use crate::baggage::BaggageRules;
use crate::decision::Mutation;
use crate::events::{Counter, Tally};
use crate::names::{Field, Lines, Names};
use crate::request::Header;
use crate::write::strip::distinct;

/// What may not leave the mesh.
#[derive(Debug)]
pub(crate) struct Egress {
    /// Which members are ours, whoever wrote them; nothing where no key is.
    pub(crate) baggage: Option<BaggageRules>,
    /// Whether a request that brings nothing may yet be given something: by its host or its token.
    pub(crate) gives: bool,
}

impl Egress {
    /// Whether a request has something to lose.
    pub(crate) fn concerns(&self, names: &Names, headers: &[Header<'_>]) -> bool {
        self.gives || headers.iter().any(|header| names.look_up(header.name).is_some())
    }

    /// Everything of ours goes; strangers' baggage stays, byte for byte.
    pub(crate) fn withhold<'a>(&self, lines: &Lines<'a>, tally: &Tally) -> Vec<Mutation<'a>> {
        let is_ours = |field| matches!(field, Field::Source(_) | Field::Target(_));
        let carriers = distinct(lines, |line| line.exact && is_ours(line.field));
        let mut mutations: Vec<_> = carriers.into_iter().map(Mutation::remove).collect();
        mutations.extend(self.baggage.as_ref().and_then(|rules| rules.rewrite(lines, &[], tally)));
        if !mutations.is_empty() {
            tally.count(Counter::Withheld);
        }
        mutations
    }
}

//! What leaves the mesh goes without what is ours.

use crate::baggage::BaggageRules;
use crate::decision::Mutation;
use crate::events::{Event, Events};
use crate::names::{Field, Lines};
use crate::write::strip::distinct;

/// What may not leave the mesh.
#[derive(Debug)]
pub(crate) struct Withholding {
    /// Which members are ours, whoever wrote them; `None` if no key is.
    pub(crate) baggage: Option<BaggageRules>,
    /// Whether a request without any header of ours may still get a context: by its host or its token.
    pub(crate) gives: bool,
}

impl Withholding {
    /// Removes everything of ours; third-party baggage stays, byte for byte.
    pub(crate) fn withhold<'a>(&self, lines: &Lines<'a>, events: &impl Events) -> Vec<Mutation<'a>> {
        let is_ours = |field| matches!(field, Field::Source(_) | Field::Target(_));
        let carriers = distinct(lines.owned, |line| line.exact && is_ours(line.field));
        let mut mutations: Vec<_> = carriers.into_iter().map(Mutation::remove).collect();
        mutations.extend(self.baggage.as_ref().and_then(|rules| rules.rewrite(lines, &[], events)));
        if !mutations.is_empty() {
            events.record(Event::Withheld { mutations: &mutations });
        }
        mutations
    }
}

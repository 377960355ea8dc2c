//! What leaves the mesh goes without what is ours.

use crate::baggage::BaggageRules;
use crate::decision::Mutation;
use crate::events::{Event, Events};
use crate::names::{Field, Line, Lines};

/// What may not leave the mesh.
#[derive(Debug)]
pub(crate) struct Withholding {
    /// Which members are ours, whoever wrote them; `None` if no key is.
    pub(crate) baggage: Option<BaggageRules>,
    /// Whether a request without any header of ours may still get a context: by its host or its token.
    pub(crate) gives: bool,
}

impl Withholding {
    /// Removes everything of ours; third-party members stay, byte for byte.
    pub(crate) fn withhold<'a>(&self, lines: &Lines<'a>, events: &impl Events) -> Vec<Mutation<'a>> {
        let mut mutations: Vec<_> = lines.names(|line| self.is_ours(line)).into_iter().map(Mutation::remove).collect();
        if let Some(rules) = &self.baggage {
            mutations.extend(rules.rewrite(lines, &[], events));
            mutations.extend(rules.rewrite_older(lines));
        }
        if !mutations.is_empty() {
            events.record(Event::Withheld { mutations: &mutations });
        }
        mutations
    }

    /// Whether a whole header is.
    fn is_ours(&self, line: &Line<'_>) -> bool {
        match line.field {
            Field::Source(_) | Field::Target(_) => line.exact,
            Field::BaggagePrefix => self.baggage.as_ref().is_some_and(|rules| rules.owns_header(line.name)),
            Field::Baggage | Field::OlderBaggage | Field::Connection | Field::Kept(_) | Field::Stripped => false,
        }
    }
}

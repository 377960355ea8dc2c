//! Overrides: a version for each of some services, in every format, as one canonical set.

mod condition;
mod format;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

use smallvec::SmallVec;

use crate::bytes::grammar::Bytes;
use crate::bytes::text::append;
use crate::decision::{Policy, Refusal};
use crate::events::{Event, Events, Origin};
use crate::names::Field;
use crate::read::evidence::Evidence;
use crate::read::source::Source;
use crate::request::Claim;
pub(crate) use condition::Call;
use condition::{Key, MAX_VALUES};
use format::Entry;
pub(crate) use format::{Format, is_service};

/// The most services: what one developer tests at once, with room to spare, and the bound
/// that keeps the search for duplicates linear in the header's bytes.
pub(crate) const MAX_ENTRIES: usize = 64;

/// The most bytes of the canonical line: half of what baggage may hold in all.
pub(crate) const MAX_LINE_BYTES: usize = 4096;

/// The most separators of an entry: its two, and those before, in and between the values of each condition.
const MAX_SEPARATORS: usize = 2 + Key::COUNT * (";=!".len() + MAX_VALUES - 1);

/// What baggage makes of it: each separator takes three bytes instead of one.
pub(crate) const MAX_ENCODED_BYTES: usize = MAX_LINE_BYTES + MAX_ENTRIES * MAX_SEPARATORS * 2;

/// A place of overrides. Only headers have formats; elsewhere it is the canonical one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum OverridePlace {
    Header(Field, Format),
    /// By its number among the filter's claims.
    Claim(usize),
    /// By its number among the keys that sources ask for.
    Baggage(u16),
}

/// Which of two versions of one service, on the same conditions, counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnDuplicate {
    First,
    Last,
    /// Neither: the request is answered with 400.
    Reject,
}

/// How to find the overrides.
#[derive(Debug)]
pub(crate) struct OverrideRules {
    /// What the previous proxy wrote; later sources do not change it.
    pub(crate) decided: Vec<Source<OverridePlace>>,
    pub(crate) sources: Vec<Source<OverridePlace>>,
    pub(crate) on_duplicate: OnDuplicate,
    pub(crate) on_invalid: Policy,
}

/// One version for each service and its conditions, in the order in which these came.
#[derive(Debug, Default)]
pub(crate) struct Overrides<'a> {
    entries: SmallVec<[Entry<'a>; 4]>,
    /// Their places, in the order of their services.
    order: SmallVec<[u8; 8]>,
    /// How many of them the previous proxy decided.
    decided: usize,
    bytes: usize,
}

impl OverrideRules {
    /// Rules without a source, under which no request is refused.
    pub(crate) const NONE: Self = Self {
        decided: Vec::new(),
        sources: Vec::new(),
        on_duplicate: OnDuplicate::First,
        on_invalid: Policy::Tolerate,
    };

    /// Fills in all believed overrides.
    pub(crate) fn resolve<'a>(
        &self,
        evidence: &Evidence<'_, 'a>,
        overrides: &mut Overrides<'a>,
        events: &impl Events,
    ) -> Result<(), Refusal> {
        let mut collection = Collection::new(self, events, overrides);
        collection.read(&self.decided, evidence)?;
        collection.overrides.decided = collection.overrides.entries.len();
        collection.read(&self.sources, evidence)?;
        if !overrides.is_empty() {
            events.record(Event::Overrides { count: overrides.count() });
        }
        Ok(())
    }
}

/// The overrides of a request so far.
struct Collection<'r, 'a, E> {
    rules: &'r OverrideRules,
    events: &'r E,
    overrides: &'r mut Overrides<'a>,
    /// How many entries there were.
    offers: usize,
    /// Whether one of them had no room.
    is_full: bool,
}

impl<'r, 'a, E: Events> Collection<'r, 'a, E> {
    fn new(rules: &'r OverrideRules, events: &'r E, overrides: &'r mut Overrides<'a>) -> Self {
        Self { rules, events, overrides, offers: 0, is_full: false }
    }

    fn read(&mut self, sources: &[Source<OverridePlace>], evidence: &Evidence<'_, 'a>) -> Result<(), Refusal> {
        for source in sources {
            match evidence.doubts(source.when) {
                Some(why) => self.events.record(Event::SourceNotBelieved { source: source.origin, why }),
                None => self.ask(source, evidence)?,
            }
        }
        Ok(())
    }

    /// Takes every entry of a source.
    fn ask(&mut self, source: &Source<OverridePlace>, evidence: &Evidence<'_, 'a>) -> Result<(), Refusal> {
        let (before, origin) = (self.offers, source.origin);
        match &source.place {
            OverridePlace::Header(field, format) => {
                evidence.lines.values(*field).try_for_each(|line| self.line(line, format, origin))?;
            }
            // An unescaped semicolon begins a property, so the conditions are not part of the value.
            OverridePlace::Baggage(key) => {
                evidence.carried.whole_baggage(*key, condition::is_key).try_for_each(|value| match value {
                    Err(member) => self.offer(Err(member), origin),
                    Ok(Cow::Borrowed(line)) => self.line(line, &Format::CANONICAL, origin),
                    Ok(Cow::Owned(line)) => {
                        let mut entries = Format::CANONICAL.entries(&line);
                        entries.try_for_each(|entry| self.offer(entry.map(Entry::into_owned), origin))
                    }
                })?
            }
            OverridePlace::Claim(number) => match evidence.claim(*number) {
                Some(Claim::Single(line)) => self.strings(std::slice::from_ref(line), origin)?,
                Some(Claim::List(lines)) => self.strings(lines, origin)?,
                Some(Claim::Absent) | None => {}
            },
        }
        if self.offers == before {
            self.events.record(Event::SourceAbsent { source: origin });
        }
        Ok(())
    }

    /// Takes the entries of a claim. None of them counts if one element may be no string: in what the host makes of a
    /// map, a list or a number, the text between two commas may look like an entry.
    fn strings(&mut self, elements: &[&'a [u8]], source: Origin) -> Result<(), Refusal> {
        match elements.iter().find(|element| !Bytes::PRINTABLE.hold(element)) {
            Some(element) => self.offer(Err(element), source),
            None => elements.iter().try_for_each(|line| self.line(line, &Format::CANONICAL, source)),
        }
    }

    fn line(&mut self, line: &'a [u8], format: &Format, source: Origin) -> Result<(), Refusal> {
        for entry in format.entries(line) {
            self.offer(entry, source)?;
        }
        Ok(())
    }

    fn offer(&mut self, entry: Result<Entry<'a>, &[u8]>, source: Origin) -> Result<(), Refusal> {
        self.offers = self.offers.saturating_add(1);
        match entry {
            Ok(entry) => self.add(entry, source),
            Err(entry) => self.dropped(Event::OverrideInvalid { source, entry }),
        }
    }

    fn add(&mut self, entry: Entry<'a>, source: Origin) -> Result<(), Refusal> {
        let Overrides { entries, decided, .. } = &*self.overrides;
        match self.overrides.find(&entry) {
            Err(rank) => self.append(entry, rank, source),
            Ok(place) if entries.get(place).is_some_and(|earlier| earlier.version == entry.version) => Ok(()),
            Ok(place) if place < *decided => {
                let (service, version, conditions) = (&*entry.service, &*entry.version, entry.conditions());
                self.events.record(Event::OverrideSettled { source, service, version, conditions });
                Ok(())
            }
            Ok(place) => self.duplicate(place, entry, source),
        }
    }

    /// Adds an entry whose service comes so far in the order of services.
    fn append(&mut self, entry: Entry<'a>, rank: usize, source: Origin) -> Result<(), Refusal> {
        let (service, version, conditions) = (&*entry.service, &*entry.version, entry.conditions());
        if self.overrides.entries.len() >= MAX_ENTRIES || !self.fits(&entry, 0) {
            self.is_full = true;
            return self.dropped(Event::OverrideLimit { source, service, version, conditions });
        }
        self.events.record(Event::OverrideTaken { source, service, version, conditions });
        self.overrides.bytes = self.overrides.bytes.saturating_add(entry.len());
        let place = u8::try_from(self.overrides.entries.len()).unwrap_or(u8::MAX);
        self.overrides.order.insert(rank, place);
        self.overrides.entries.push(entry);
        Ok(())
    }

    fn duplicate(&mut self, place: usize, entry: Entry<'a>, source: Origin) -> Result<(), Refusal> {
        let (service, version, conditions) = (&*entry.service, &*entry.version, entry.conditions());
        self.events.record(Event::OverrideDuplicate { source, service, version, conditions });
        let earlier = self.overrides.entries.get(place).map_or(0, Entry::len);
        match self.rules.on_duplicate {
            OnDuplicate::First => Ok(()),
            OnDuplicate::Reject => Err(Refusal::OverrideDuplicate),
            // A shorter version would make room for what had none, and the next proxy would take that in.
            OnDuplicate::Last if self.is_full || !self.fits(&entry, earlier) => {
                self.dropped(Event::OverrideLimit { source, service, version, conditions })
            }
            OnDuplicate::Last => {
                self.overrides.bytes = self.overrides.bytes.saturating_sub(earlier).saturating_add(entry.len());
                if let Some(earlier) = self.overrides.entries.get_mut(place) {
                    *earlier = entry;
                }
                Ok(())
            }
        }
    }

    /// Whether the line has room, once that many bytes are gone. Its last entry has no separator behind it.
    fn fits(&self, entry: &Entry<'_>, gone: usize) -> bool {
        let bytes = self.overrides.bytes.saturating_sub(gone).saturating_add(entry.len());
        bytes <= MAX_LINE_BYTES.saturating_add(1)
    }

    fn dropped(&self, why: Event<'_>) -> Result<(), Refusal> {
        self.events.record(why);
        match self.rules.on_invalid {
            Policy::Tolerate => Ok(()),
            Policy::Reject => Err(Refusal::OverrideInvalid),
        }
    }
}

impl<'a> Overrides<'a> {
    /// Those of a line in the canonical format.
    pub(crate) fn parse(line: &[u8]) -> Self {
        let (rules, mut overrides) = (OverrideRules::NONE, Overrides::default());
        let mut collection = Collection::new(&rules, &(), &mut overrides);
        let origin = Origin { list: "repair", index: 0, kind: "by" };
        for entry in Format::CANONICAL.entries(line) {
            // Under these rules no entry is refused.
            let _ = collection.offer(entry.map(Entry::into_owned), origin);
        }
        overrides
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no overrides.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The version of a service for a call: of its first entry whose conditions hold.
    pub(crate) fn version(&self, service: &[u8], call: &Call<'_>, events: &dyn Events) -> Option<Cow<'a, [u8]>> {
        for (_, entry) in self.entries_of(self.ranks(service)) {
            match entry.unmet(call) {
                None => return Some(entry.version.clone()),
                Some(why) => {
                    let (service, version, conditions) = (&*entry.service, &*entry.version, entry.conditions());
                    events.record(Event::ConditionUnmet { service, version, conditions, why });
                }
            }
        }
        None
    }

    /// The place of the entry of the same service on the same conditions; where another one would come in the order of
    /// services, if there is none.
    fn find(&self, entry: &Entry<'_>) -> Result<usize, usize> {
        let ranks = self.ranks(&entry.service);
        let is_alike = |(_, known): &(usize, &Entry<'_>)| known.is_on_same_conditions(entry);
        self.entries_of(ranks.clone()).find(is_alike).map(|(place, _)| place).ok_or(ranks.end)
    }

    /// Where the entries of a service come in the order of services; where they would come, if there are none.
    fn ranks(&self, service: &[u8]) -> Range<usize> {
        let order = |place: &u8| self.entries.get(usize::from(*place)).map_or(Ordering::Less, |it| it.order(service));
        let start = self.order.partition_point(|place| order(place).is_lt());
        let same = self.order.get(start..).unwrap_or_default().iter().take_while(|place| order(place).is_eq()).count();
        start..start.saturating_add(same)
    }

    /// The entries at some ranks, with their places.
    fn entries_of(&self, ranks: Range<usize>) -> impl Iterator<Item = (usize, &Entry<'a>)> {
        let places = self.order.get(ranks).unwrap_or_default().iter().map(|place| usize::from(*place));
        places.filter_map(|place| Some((place, self.entries.get(place)?)))
    }

    /// The canonical line in a format, without white space; `None` if there is no override.
    pub(crate) fn line(&self, format: &Format) -> Option<Vec<u8>> {
        if self.is_empty() {
            return None;
        }
        let separators = format.list.len().saturating_add(format.pair.len()).saturating_mul(self.entries.len());
        let mut line = Vec::with_capacity(self.bytes.saturating_add(separators));
        let mut separator = "";
        for entry in &self.entries {
            for part in [separator.as_bytes(), &entry.service, format.pair.as_bytes(), &entry.version] {
                append(part, &mut line);
            }
            if let Some(conditions) = &entry.conditions {
                conditions.write(&format.when, &mut line);
            }
            separator = &format.list;
        }
        Some(line)
    }
}

#[cfg(test)]
mod tests;

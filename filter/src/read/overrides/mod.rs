//! Overrides: a version for each of some services, in every dialect, as one canonical set.

mod dialect;

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::baggage::MemberPlace;
use crate::bytes::grammar::Bytes;
use crate::decision::{Policy, Refusal};
use crate::events::{Event, Events, Origin};
use crate::names::Field;
use crate::read::evidence::Evidence;
use crate::read::source::Source;
use crate::request::Claim;
use dialect::Entry;
pub(crate) use dialect::{Dialect, is_service};

/// The most services: what one developer tests at once, with room to spare, and the bound
/// that keeps the search for duplicates linear in the header's bytes.
pub(crate) const MAX_ENTRIES: usize = 64;

/// The most bytes of the canonical line: half of what baggage may hold in all.
pub(crate) const MAX_LINE_BYTES: usize = 4096;

/// What baggage makes of it: each of an entry's two separators takes three bytes instead of one.
pub(crate) const MAX_ENCODED_BYTES: usize = MAX_LINE_BYTES + MAX_ENTRIES * 4;

/// A place where overrides may stand. Only headers have dialects; elsewhere it is the canonical one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum OverridePlace {
    Header(Field, Dialect),
    /// By its number among the filter's claims.
    Claim(usize),
    Baggage(MemberPlace),
}

/// Which of two versions of one service counts.
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

/// One version a service, in the order in which the services came.
#[derive(Debug, Default)]
pub(crate) struct Overrides<'a> {
    entries: SmallVec<[Entry<'a>; 4]>,
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
        let mut collection = Collection { rules: self, events, overrides, offers: 0 };
        collection.read(&self.decided, evidence)?;
        collection.overrides.decided = collection.overrides.entries.len();
        collection.read(&self.sources, evidence)?;
        if !overrides.is_empty() {
            events.record(Event::Overrides { count: overrides.entries.len() });
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
}

impl<'a, E: Events> Collection<'_, 'a, E> {
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
            OverridePlace::Header(field, dialect) => {
                evidence.lines.values(*field).try_for_each(|line| self.line(line, dialect, origin))?;
            }
            OverridePlace::Baggage(place) => evidence.baggage(place).try_for_each(|value| match value {
                Cow::Borrowed(line) => self.line(line, &Dialect::CANONICAL, origin),
                Cow::Owned(line) => {
                    let mut entries = Dialect::CANONICAL.entries(&line);
                    entries.try_for_each(|entry| self.offer(entry.map(Entry::into_owned), origin))
                }
            })?,
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
            None => elements.iter().try_for_each(|line| self.line(line, &Dialect::CANONICAL, source)),
        }
    }

    fn line(&mut self, line: &'a [u8], dialect: &Dialect, source: Origin) -> Result<(), Refusal> {
        for entry in dialect.entries(line) {
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
        match entries.iter().position(|earlier| earlier.is_for(&entry.service)) {
            None => self.append(entry, source),
            Some(place) if entries.get(place).is_some_and(|earlier| earlier.version == entry.version) => Ok(()),
            Some(place) if place < *decided => {
                let (service, version) = (&*entry.service, &*entry.version);
                self.events.record(Event::OverrideSettled { source, service, version });
                Ok(())
            }
            Some(place) => self.duplicate(place, entry, source),
        }
    }

    fn append(&mut self, entry: Entry<'a>, source: Origin) -> Result<(), Refusal> {
        let (service, version) = (&*entry.service, &*entry.version);
        if self.overrides.entries.len() >= MAX_ENTRIES || !self.fits(&entry, 0) {
            return self.dropped(Event::OverrideLimit { source, service, version });
        }
        self.events.record(Event::OverrideTaken { source, service, version });
        self.overrides.bytes = self.overrides.bytes.saturating_add(entry.len());
        self.overrides.entries.push(entry);
        Ok(())
    }

    fn duplicate(&mut self, place: usize, entry: Entry<'a>, source: Origin) -> Result<(), Refusal> {
        let (service, version) = (&*entry.service, &*entry.version);
        self.events.record(Event::OverrideDuplicate { source, service, version });
        let earlier = self.overrides.entries.get(place).map_or(0, Entry::len);
        match self.rules.on_duplicate {
            OnDuplicate::First => Ok(()),
            OnDuplicate::Reject => Err(Refusal::OverrideDuplicate),
            OnDuplicate::Last if !self.fits(&entry, earlier) => {
                self.dropped(Event::OverrideLimit { source, service, version })
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
    /// Those of a line in the canonical dialect.
    pub(crate) fn parse(line: &[u8]) -> Self {
        let mut overrides = Overrides::default();
        let mut collection =
            Collection { rules: &OverrideRules::NONE, events: &(), overrides: &mut overrides, offers: 0 };
        let origin = Origin { list: "repair", index: 0, kind: "by" };
        for entry in Dialect::CANONICAL.entries(line) {
            // Under these rules no entry is refused.
            let _ = collection.offer(entry.map(Entry::into_owned), origin);
        }
        overrides
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The version of a service.
    pub(crate) fn version(&self, service: &[u8]) -> Option<Cow<'a, [u8]>> {
        let entry = self.entries.iter().find(|entry| entry.is_for(service))?;
        Some(entry.version.clone())
    }

    /// The canonical line in a dialect, without white space; `None` if there is no override.
    pub(crate) fn line(&self, dialect: &Dialect) -> Option<Vec<u8>> {
        if self.is_empty() {
            return None;
        }
        let separators = dialect.list.len().saturating_add(dialect.pair.len()).saturating_mul(self.entries.len());
        let mut line = Vec::with_capacity(self.bytes.saturating_add(separators));
        // Byte by byte: a copy of memory is a call out of WebAssembly, which costs more than a few bytes.
        let mut separator = "";
        for entry in &self.entries {
            for part in [separator.as_bytes(), &entry.service, dialect.pair.as_bytes(), &entry.version] {
                part.iter().for_each(|byte| line.push(*byte));
            }
            separator = &dialect.list;
        }
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::{Counter, Tally};
    use crate::names::{Lines, lines_of};

    fn dialect(list: &str, pair: &str) -> Dialect {
        Dialect { list: list.to_owned().into(), pair: pair.to_owned().into() }
    }

    /// What the lines of one header say, under these rules, in a dialect; and what was counted.
    fn resolved(
        values: &[&str],
        dialect: Dialect,
        on_duplicate: OnDuplicate,
        to: &Dialect,
    ) -> (Option<String>, Vec<(Counter, u64)>) {
        let values: Vec<_> = values.iter().map(|value| value.as_bytes()).collect();
        let owned = lines_of(Field::Target(0), &values);
        let lines = Lines { owned: &owned, ..Lines::default() };
        let place = OverridePlace::Header(Field::Target(0), dialect);
        let origin = Origin { list: "overrides.from", index: 0, kind: "header" };
        let rules = OverrideRules { sources: vec![Source::always(place, origin)], on_duplicate, ..OverrideRules::NONE };
        let tally = Tally::default();
        let evidence = Evidence { lines: &lines, token: None, doubt: None };
        let mut overrides = Overrides::default();
        rules.resolve(&evidence, &mut overrides, &tally).unwrap();
        (overrides.line(to).map(|line| String::from_utf8(line).unwrap()), tally.take().collect())
    }

    /// What the lines say in one dialect, written in another.
    fn translate(values: &[&str], from: Dialect, to: &Dialect) -> Option<String> {
        resolved(values, from, OnDuplicate::First, to).0
    }

    fn canonical(values: &[&str]) -> Option<String> {
        translate(values, dialect(",", ":"), &dialect(",", ":"))
    }

    #[test]
    fn lists_one_version_a_service_in_order() {
        assert_eq!(canonical(&[]), None);
        assert_eq!(canonical(&["", " , "]), None);
        assert_eq!(canonical(&["foo:v1"]).as_deref(), Some("foo:v1"));
        assert_eq!(canonical(&["bar:v1, foo:v2"]).as_deref(), Some("bar:v1,foo:v2"));
        assert_eq!(canonical(&["foo:v1", "bar:v2, foo:v3"]).as_deref(), Some("foo:v1,bar:v2"));
        assert_eq!(canonical(&["\tfoo : v1 ,,"]).as_deref(), Some("foo:v1"));
        assert_eq!(canonical(&["Foo:v1,fOO:v2"]).as_deref(), Some("Foo:v1"), "services have no case");
    }

    #[test]
    fn drops_what_is_no_entry_and_keeps_the_rest() {
        for malformed in ["foo", "foo:", ":v1", "foo:-v1", "fo o:v1", "foo:v1:v2", "f\u{e9}:v1", "foo:v\0"] {
            assert_eq!(canonical(&[malformed, "bar:v2"]).as_deref(), Some("bar:v2"), "{malformed:?}");
        }
        assert_eq!(canonical(&[&format!("{}:v1", "a".repeat(254))]), None);
        assert!(canonical(&[&format!("{}:v1", "a".repeat(253))]).is_some());
    }

    #[test]
    fn translates_between_dialects() {
        let miro = || dialect("::", ":");
        let line = "payment-service:mp-101::cart-service:mp-102";
        assert_eq!(
            translate(&[line], miro(), &dialect(",", ":")).as_deref(),
            Some("payment-service:mp-101,cart-service:mp-102")
        );
        assert_eq!(translate(&["foo:v1, bar:v2"], dialect(",", ":"), &miro()).as_deref(), Some("foo:v1::bar:v2"));
        assert_eq!(translate(&["foo=v1;bar=v2"], dialect(";", "="), &miro()).as_deref(), Some("foo:v1::bar:v2"));
        let joined = translate(&["a:1::b:2, c:3"], miro(), &miro());
        assert_eq!(joined.as_deref(), Some("a:1::b:2::c:3"), "lines that a proxy joined");
        let paired = translate(&["a,1;b,2"], dialect(";", ","), &miro());
        assert_eq!(paired.as_deref(), Some("a:1::b:2"), "a comma that pairs does not list");
    }

    #[test]
    fn keeps_within_its_limits() {
        let many: Vec<_> = (0..100).map(|n| format!("s{n}:v")).collect();
        let kept = canonical(&[&many.join(",")]).unwrap();
        assert_eq!(kept, many[..MAX_ENTRIES].join(","));

        // 16 entries of 253 + 1 + 1 bytes and their 15 commas are 4,095 bytes.
        let long: Vec<_> = (0..17).map(|n| format!("{n:a>253}:v")).collect();
        let kept = canonical(&[&long.join(",")]).unwrap();
        assert_eq!(kept, long[..16].join(","));
        let exact = format!("{}:vv,{}", long[0].trim_end_matches(":v"), long[1..16].join(","));
        assert_eq!(exact.len(), MAX_LINE_BYTES);
        assert_eq!(canonical(&[&exact]).as_deref(), Some(exact.as_str()));
        let over = exact.replacen(":vv", ":vvv", 1);
        assert_eq!(canonical(&[&over]).unwrap(), over.rsplit_once(',').unwrap().0);
    }

    #[test]
    fn the_last_version_keeps_the_first_ones_place() {
        let default = Dialect::CANONICAL;
        let last = |values: &[&str]| resolved(values, default.clone(), OnDuplicate::Last, &default);
        let counted = |duplicates| vec![(Counter::Overrides, 1), (Counter::OverrideDuplicate, duplicates)];
        assert_eq!(last(&["a:1,b:1", "a:2,b:1,a:3"]), (Some("a:3,b:1".into()), counted(2)), "equal ones are none");

        let nearly_full: Vec<_> = (0..16).map(|n| format!("{n:a>253}:v")).collect();
        let (line, counts) = last(&[&nearly_full.join(","), &format!("{:a>253}:vvv", 0)]);
        assert_eq!(line.unwrap(), nearly_full.join(","), "a version that has no room");
        assert!(counts.contains(&(Counter::OverrideLimit, 1)));
    }

    #[test]
    fn counts_what_it_drops() {
        let default = Dialect::CANONICAL;
        let many: Vec<_> = (0..70).map(|n| format!("s{n}:v")).collect();
        let (_, counts) = resolved(&["foo,:v,a:1", &many.join(",")], default.clone(), OnDuplicate::First, &default);
        let expected = [(Counter::Overrides, 1), (Counter::OverrideInvalid, 2), (Counter::OverrideLimit, 7)];
        assert_eq!(counts, expected);
    }
}

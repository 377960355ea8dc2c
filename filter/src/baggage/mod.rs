//! W3C Baggage on one line: our members first, third-party members behind them, byte for byte.

mod member;
mod ours;

use std::borrow::Cow;

pub(crate) use member::{Key, key_of, value_of, whole_value_of};
use member::{Member, members};
pub(crate) use ours::OurKeys;

use crate::bytes::grammar::MAX_TENANT_BYTES;
use crate::bytes::percent::encode;
use crate::bytes::text::join;
use crate::decision::Mutation;
use crate::events::{Event, Events};
use crate::names::{Field, Lines, begins};

/// W3C Baggage, "Limits": a platform must propagate at least this many members and bytes; more is
/// what applications behind us may drop, ours with the rest.
pub(crate) const MAX_MEMBERS: usize = 64;
/// The other limit: bytes of the whole line, commas included.
pub(crate) const MAX_BYTES: usize = 8192;

/// The header of W3C Baggage.
pub(crate) const NAME: &str = "baggage";

/// Headers of one member each, from before W3C Baggage: OpenTracing's, Jaeger's and Spring Cloud Sleuth's.
pub(crate) const BAGGAGE_PREFIXES: [&str; 3] = ["ot-baggage-", "uberctx-", "baggage-"];
/// Headers of a list of members, from before W3C Baggage: its own first draft, and Jaeger's.
pub(crate) const OLDER_BAGGAGE: [&str; 2] = ["correlation-context", "jaeger-baggage"];

/// What becomes of members that are not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Foreign {
    Drop,
    Keep,
}

/// Which members are ours, and what to do with the others.
#[derive(Debug)]
pub(crate) struct BaggageRules {
    /// Keys whose members never survive, unless we write them.
    pub(crate) keys: OurKeys,
    pub(crate) foreign: Foreign,
    /// At an edge a key is ours in any letter case and punctuation.
    pub(crate) any_spelling: bool,
}

impl BaggageRules {
    /// Whether a key may be read as one of ours.
    pub(crate) fn owns(&self, key: &[u8]) -> bool {
        self.keys.have(key, self.any_spelling)
    }

    /// Returns one line with `ours` first, or an empty one; `None` if nothing changes.
    pub(crate) fn rewrite<'a>(
        &self,
        lines: &Lines<'a>,
        ours: &[(&Key, Cow<'_, [u8]>)],
        events: &impl Events,
    ) -> Option<Mutation<'a>> {
        if ours.is_empty() && self.has_nothing_to_lose(lines) {
            return None;
        }
        let line = self.line(lines, ours, events);
        if line.is_empty() {
            return Some(Mutation::remove(NAME.as_bytes()));
        }
        let is_so = lines.values(Field::Baggage).eq([&line[..]]);
        (!is_so).then_some(Mutation::Set { name: NAME.as_bytes(), value: Cow::Owned(line) })
    }

    /// Whether a member of ours has another value than we write.
    pub(crate) fn contradict(&self, lines: &Lines<'_>, ours: &[(&Key, Cow<'_, [u8]>)]) -> bool {
        let is_so = |member: &Member<'_>| {
            let value = member.value();
            ours.iter().any(|(key, ours)| key.0.as_bytes() == member.key && value.as_deref() == Some(&**ours))
        };
        let mut received = lines.values(Field::Baggage).flat_map(members).filter(|member| self.owns(member.key));
        received.any(|member| !is_so(&member))
    }

    fn has_nothing_to_lose(&self, lines: &Lines<'_>) -> bool {
        let mut received = lines.values(Field::Baggage);
        match self.foreign {
            Foreign::Keep => !received.flat_map(members).any(|member| self.owns(member.key)),
            Foreign::Drop => received.next().is_none(),
        }
    }

    /// Our members, then the foreign ones that fit whole; the others are dropped, the last one first.
    fn line(&self, lines: &Lines<'_>, ours: &[(&Key, Cow<'_, [u8]>)], events: &impl Events) -> Vec<u8> {
        let received = match self.foreign {
            Foreign::Keep => lines.values(Field::Baggage).map(<[u8]>::len).fold(0, usize::saturating_add),
            Foreign::Drop => 0,
        };
        // With room for our tenant, so that most lines never grow.
        let mut line = Vec::with_capacity(received.min(MAX_BYTES).saturating_add(MAX_TENANT_BYTES));
        for (key, value) in ours {
            separate(&mut line);
            line.extend_from_slice(key.0.as_bytes());
            line.push(b'=');
            encode(value, &mut line);
        }
        if self.foreign == Foreign::Keep {
            self.append_foreign(lines, MAX_MEMBERS.saturating_sub(ours.len()), &mut line, events);
        }
        line
    }

    fn append_foreign(&self, lines: &Lines<'_>, mut room: usize, line: &mut Vec<u8>, events: &impl Events) {
        for received in lines.values(Field::Baggage) {
            for member in members(received).filter(|member| !self.owns(member.key)) {
                let end = line.len().saturating_add(member.text.len()).saturating_add(usize::from(!line.is_empty()));
                if !member.is_valid() {
                    events.record(Event::MemberInvalid { member: member.text });
                } else if room == 0 || end > MAX_BYTES {
                    room = 0;
                    events.record(Event::MemberLimit { member: member.text });
                } else {
                    room = room.saturating_sub(1);
                    separate(line);
                    line.extend_from_slice(member.text);
                }
            }
        }
    }

    /// Whether a header of one member carries one of ours. Header names have no case, so neither has its key.
    pub(crate) fn owns_header(&self, name: &[u8]) -> bool {
        let prefix = BAGGAGE_PREFIXES.into_iter().find(|prefix| begins(name, prefix.as_bytes()));
        let key = prefix.and_then(|prefix| name.get(prefix.len()..)).unwrap_or_default();
        self.keys.have(key, true)
    }

    /// Takes our members out of the older lists; third-party members stay.
    pub(crate) fn rewrite_older<'a>(&self, lines: &Lines<'a>) -> impl Iterator<Item = Mutation<'a>> {
        let names = lines.names(|line| line.field == Field::OlderBaggage);
        names.into_iter().filter_map(|name| Some(Mutation::set_or_remove(name, self.without_ours(lines, name)?)))
    }

    /// Takes our members, and what is outside the grammar, out of the lines of an older list; `None`
    /// if they hold none of ours.
    fn without_ours(&self, lines: &Lines<'_>, name: &[u8]) -> Option<Vec<u8>> {
        let named = || lines.owned.iter().filter(move |line| line.name == name).flat_map(|line| members(line.value));
        let ours = |member: &Member| self.owns(member.key);
        let foreign = || named().filter(|member| member.is_valid() && !ours(member)).map(|member| member.text);
        named().any(|member| ours(&member)).then(|| join(foreign(), b","))
    }
}

fn separate(line: &mut Vec<u8>) {
    if !line.is_empty() {
        line.push(b',');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::lines_of;

    /// What a mesh proxy leaves of these lines when it writes `tenant=acme`, or has no tenant.
    fn rewritten(values: &[&str], tenant: Option<&'static str>) -> Option<String> {
        let received: Vec<_> = values.iter().map(|value| value.as_bytes()).collect();
        let owned = lines_of(Field::Baggage, &received);
        let lines = Lines { owned: &owned, ..Lines::default() };
        let key = Key("tenant".into());
        let rules = BaggageRules { keys: OurKeys::new(vec![key.clone()]), foreign: Foreign::Keep, any_spelling: false };
        let ours: Vec<_> = tenant.iter().map(|tenant| (&key, Cow::Borrowed(tenant.as_bytes()))).collect();
        match rules.rewrite(&lines, &ours, &()) {
            None => Some(values.join("\n")),
            Some(Mutation::Remove { .. }) => None,
            Some(Mutation::Set { value, .. }) => Some(String::from_utf8(value.into_owned()).unwrap()),
        }
    }

    #[test]
    fn all_64_members_pass_and_one_more_goes_from_the_tail() {
        let strangers: Vec<_> = (0..64).map(|n| format!("k{n}=v")).collect();
        let fitting = strangers[..63].join(",");
        assert_eq!(rewritten(&[&fitting], Some("acme")).unwrap(), format!("tenant=acme,{fitting}"));
        assert_eq!(rewritten(&[&strangers.join(",")], Some("acme")).unwrap(), format!("tenant=acme,{fitting}"));
    }

    #[test]
    fn all_8192_bytes_pass_and_one_more_drops_a_whole_member() {
        let stranger = |bytes: usize| format!("k={}", "v".repeat(bytes - 2));
        let room = MAX_BYTES - "tenant=acme,".len();
        let kept = rewritten(&[&stranger(room)], Some("acme")).unwrap();
        assert_eq!((kept.len(), kept.starts_with("tenant=acme,k=v")), (MAX_BYTES, true));
        assert_eq!(rewritten(&[&stranger(room + 1)], Some("acme")).as_deref(), Some("tenant=acme"));
        let tail = rewritten(&["a=1", &stranger(MAX_BYTES), "b=2"], Some("acme"));
        assert_eq!(tail.as_deref(), Some("tenant=acme,a=1"), "from the tail on, not here and there");
    }

    #[test]
    fn lines_without_ours_are_not_touched_however_large() {
        let large = format!("k={}", "v".repeat(MAX_BYTES));
        assert_eq!(rewritten(&[&large, " bad "], None), Some(format!("{large}\n bad ")));
    }

    #[test]
    fn a_line_of_ours_alone_goes() {
        assert_eq!(rewritten(&["tenant=evil", "tenant"], None), None);
        assert_eq!(rewritten(&["tenant=evil,a=1"], None).as_deref(), Some("a=1"));
    }
}

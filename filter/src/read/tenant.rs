//! The tenant of a request: where it may come from, and what to do where sources disagree.

use std::borrow::Cow;

use regex_lite::Regex;

use crate::baggage::Key;
use crate::bytes::grammar::is_label_value;
use crate::decision::Refusal;
use crate::events::{Counter, Tally};
use crate::names::Field;
use crate::read::evidence::Evidence;
use crate::read::host::HostPattern;
use crate::request::Claim;

/// A tenant name: a Kubernetes label value, 1 to 63 of `[A-Za-z0-9._-]`, alphanumeric at both ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tenant<'a>(Cow<'a, [u8]>);

impl<'a> Tenant<'a> {
    fn parse(name: Cow<'a, [u8]>) -> Option<Self> {
        is_label_value(&name).then_some(Self(name))
    }

    /// The name, fit for a header and, unescaped, for baggage.
    pub(crate) fn name(&self) -> Cow<'a, [u8]> {
        self.0.clone()
    }

    /// Whether both name the same tenant: hosts carry no case, so case tells no tenants apart.
    fn is(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

/// A source of tenants.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) place: Place,
    /// Whether it is believed only where a token vouches for it.
    pub(crate) needs_vouching: bool,
}

/// A place where a tenant may stand.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Host(HostPattern),
    /// By its number among the filter's claims.
    Claim(usize),
    Header(Field),
    Baggage(Key),
    Cookie(Box<str>),
    Query(Box<str>),
}

/// What to do with what is not as it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Goes on: the first tenant wins, an invalid value is as good as none.
    #[default]
    Tolerate,
    /// Answers 400.
    Reject,
}

/// How to find the tenant: the sources that may be believed, in order.
#[derive(Debug, Default)]
pub(crate) struct TenantRules {
    pub(crate) sources: Vec<Source>,
    /// Narrows what is valid; matches whole names.
    pub(crate) pattern: Option<Regex>,
    pub(crate) on_conflict: Policy,
    pub(crate) on_invalid: Policy,
}

impl TenantRules {
    /// The tenant that the first source with a valid value names.
    pub(crate) fn resolve<'a>(
        &self,
        evidence: &Evidence<'_, 'a>,
        tally: &Tally,
    ) -> Result<Option<Tenant<'a>>, Refusal> {
        let mut choice = Choice { rules: self, tally, tenant: None, conflicts: false };
        for source in self.sources.iter().filter(|source| evidence.vouched || !source.needs_vouching) {
            let mut offer = |name| choice.offer(name, source.place.counter());
            match &source.place {
                Place::Host(pattern) => pattern.tenant(evidence.lines.authority).into_iter().try_for_each(offer)?,
                Place::Claim(number) => match evidence.claim(*number) {
                    Some(Claim::Single(name)) => offer(Cow::Borrowed(name))?,
                    Some(Claim::List(_)) => choice.invalid()?,
                    Some(Claim::Absent) | None => {}
                },
                Place::Header(field) => evidence.header(*field).map(Cow::Borrowed).try_for_each(offer)?,
                Place::Baggage(key) => evidence.baggage(key).try_for_each(offer)?,
                Place::Cookie(name) => evidence.cookie(name).map(Cow::Borrowed).try_for_each(offer)?,
                Place::Query(name) => evidence.query(name).try_for_each(offer)?,
            }
        }
        Ok(choice.tenant)
    }

    /// The tenant of this name, if it is valid here.
    pub(crate) fn parse<'a>(&self, name: Cow<'a, [u8]>) -> Option<Tenant<'a>> {
        let tenant = Tenant::parse(name)?;
        let fits = |pattern: &Regex| std::str::from_utf8(&tenant.0).is_ok_and(|name| pattern.is_match(name));
        self.pattern.as_ref().is_none_or(fits).then_some(tenant)
    }
}

impl Place {
    fn counter(&self) -> Counter {
        match self {
            Self::Host(_) => Counter::TenantHost,
            Self::Claim(_) => Counter::TenantClaim,
            Self::Header(_) => Counter::TenantHeader,
            Self::Baggage(_) => Counter::TenantBaggage,
            Self::Cookie(_) => Counter::TenantCookie,
            Self::Query(_) => Counter::TenantQuery,
        }
    }
}

/// The tenant of a request so far.
struct Choice<'r, 'a> {
    rules: &'r TenantRules,
    tally: &'r Tally,
    tenant: Option<Tenant<'a>>,
    conflicts: bool,
}

impl<'a> Choice<'_, 'a> {
    fn offer(&mut self, name: Cow<'a, [u8]>, source: Counter) -> Result<(), Refusal> {
        match (self.rules.parse(name), &self.tenant) {
            (None, _) => self.invalid(),
            (Some(tenant), None) => {
                self.tally.count(source);
                self.tenant = Some(tenant);
                Ok(())
            }
            (Some(tenant), Some(chosen)) if tenant.is(chosen) => Ok(()),
            (Some(_), Some(_)) => self.conflict(),
        }
    }

    fn invalid(&self) -> Result<(), Refusal> {
        self.tally.count(Counter::TenantInvalid);
        match self.rules.on_invalid {
            Policy::Tolerate => Ok(()),
            Policy::Reject => Err(Refusal::TenantInvalid),
        }
    }

    fn conflict(&mut self) -> Result<(), Refusal> {
        if !std::mem::replace(&mut self.conflicts, true) {
            self.tally.count(Counter::TenantConflict);
        }
        match self.rules.on_conflict {
            Policy::Tolerate => Ok(()),
            Policy::Reject => Err(Refusal::TenantConflict),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{Line, Lines};

    #[test]
    fn a_tenant_is_a_kubernetes_label_value() {
        for name in ["a", "feat-x", "Feat_X.1", "0", &"a".repeat(63)] {
            assert!(Tenant::parse(Cow::Borrowed(name.as_bytes())).is_some(), "{name}");
        }
        for name in ["", "-a", "a-", ".a", "a.", "_a", "a b", "a,b", "a%b", "a\0", "\u{e9}", &"a".repeat(64)] {
            assert!(Tenant::parse(Cow::Borrowed(name.as_bytes())).is_none(), "{name}");
        }
    }

    type Named = Result<Option<Vec<u8>>, Refusal>;

    /// The tenant of a request whose header says this, and the counts.
    fn resolve(rules: &TenantRules, values: &[&'static [u8]]) -> (Named, Vec<(Counter, u64)>) {
        let mut lines = Lines::default();
        for value in values {
            lines.owned.push(Line { field: Field::Source(0), exact: true, name: b"x", value });
        }
        let tally = Tally::default();
        let evidence = Evidence { lines: &lines, token: None, vouched: false };
        let tenant = rules.resolve(&evidence, &tally);
        (tenant.map(|tenant| Some(tenant?.name().into_owned())), tally.take().collect())
    }

    fn rules(on_conflict: Policy, on_invalid: Policy, pattern: Option<&str>) -> TenantRules {
        let sources = vec![Source { place: Place::Header(Field::Source(0)), needs_vouching: false }];
        TenantRules { sources, pattern: pattern.map(|pattern| Regex::new(pattern).unwrap()), on_conflict, on_invalid }
    }

    #[test]
    fn reads_every_line_and_every_element() {
        use Counter::{TenantConflict, TenantHeader, TenantInvalid};
        let strict = rules(Policy::Reject, Policy::Tolerate, None);
        let a = || Ok(Some(b"a".to_vec()));
        let one = || (a(), vec![(TenantHeader, 1)]);
        assert_eq!(resolve(&strict, &[]), (Ok(None), vec![]));
        assert_eq!(resolve(&strict, &[b"", b" , "]), (Ok(None), vec![]));
        assert_eq!(resolve(&strict, &[b"a", b"a"]), one(), "equal lines");
        assert_eq!(resolve(&strict, &[b" a ,, A"]), one(), "joined, and case tells nothing apart");
        let both = vec![(TenantHeader, 1), (TenantInvalid, 1)];
        assert_eq!(resolve(&strict, &[b"-", b"a"]), (a(), both), "an invalid value is as good as none");
        let refused = || (Err(Refusal::TenantConflict), vec![(TenantHeader, 1), (TenantConflict, 1)]);
        assert_eq!(resolve(&strict, &[b"a", b"b"]), refused());
        assert_eq!(resolve(&strict, &[b"a, b"]), refused());
        let lenient = rules(Policy::Tolerate, Policy::Reject, None);
        let first = (a(), vec![(TenantHeader, 1), (TenantConflict, 1)]);
        assert_eq!(resolve(&lenient, &[b"a", b"b,c"]), first, "first wins; one conflict a request");
        assert_eq!(resolve(&lenient, &[b"\xff", b"a"]), (Err(Refusal::TenantInvalid), vec![(TenantInvalid, 1)]));
    }

    #[test]
    fn a_pattern_narrows_what_is_valid() {
        let rules = rules(Policy::Reject, Policy::Tolerate, Some("^(?:(dev|mp)-[a-z0-9-]+)$"));
        for (name, valid) in [("dev-1", true), ("mp-x", true), ("xmp-1", false), ("dev-", false), ("DEV-1", false)] {
            let name: &'static [u8] = name.as_bytes();
            assert_eq!(resolve(&rules, &[name]).0.unwrap().is_some(), valid, "{name:?}");
        }
    }
}

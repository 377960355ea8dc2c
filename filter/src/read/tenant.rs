//! The tenant of a request: its sources, and what happens if they disagree.

use std::borrow::Cow;

use crate::bytes::grammar::is_label_value;
use crate::decision::{Policy, Refusal};
use crate::events::{Event, Events, InvalidTenant, Origin, TenantKind};
use crate::names::Field;
use crate::pattern::Pattern;
use crate::read::evidence::Evidence;
use crate::read::host::{Fitted, HostRule};
use crate::read::issuer::IssuerPattern;
use crate::read::link::Link;
use crate::read::source::Source;
use crate::request::Claim;

/// A tenant name: a Kubernetes label value, 1 to 63 of `[A-Za-z0-9._-]`, alphanumeric at both ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tenant<'a>(Cow<'a, [u8]>);

impl<'a> Tenant<'a> {
    /// The name, fit for a header and, unescaped, for baggage.
    pub(crate) fn name(&self) -> Cow<'a, [u8]> {
        self.0.clone()
    }

    /// Whether both name the same tenant: hosts carry no case, so case tells no tenants apart.
    fn is(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

/// The most values of a source that are looked at beside the tenant itself: far more than an honest request has.
const MAX_VALUES: usize = 64;
const FIRST_EXCESS: usize = MAX_VALUES + 1;

/// The place of a tenant.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TenantPlace {
    Host(HostRule),
    /// By its number among the filter's claims.
    Claim(usize),
    Issuer(IssuerPattern),
    Header(Field),
    /// These three by their numbers among the names that sources ask for.
    Baggage(u16),
    Cookie(u16),
    Query(u16),
}

/// How to find the tenant: the sources, in order.
#[derive(Debug)]
pub(crate) struct TenantRules {
    pub(crate) sources: Vec<Source<TenantPlace>>,
    pub(crate) links: Vec<Link>,
    /// Narrows what is valid; matches whole names.
    pub(crate) pattern: Option<Pattern>,
    pub(crate) on_conflict: Policy,
    pub(crate) on_invalid: Policy,
}

impl TenantRules {
    /// The tenant that the first source with a valid value names.
    pub(crate) fn resolve<'a>(
        &self,
        evidence: &Evidence<'_, 'a>,
        events: &impl Events,
    ) -> Result<Option<Tenant<'a>>, Refusal> {
        let mut choice = Choice {
            rules: self,
            events,
            tenant: None,
            host_fits: false,
            fitted: Fitted::default(),
            values: 0,
            is_absent: true,
            conflicts: false,
        };
        for source in &self.sources {
            match evidence.doubts(source.when) {
                Some(why) => events.record(Event::SourceNotBelieved { source: source.origin, why }),
                None => choice.ask(source, evidence)?,
            }
        }
        Ok(choice.tenant)
    }

    /// Whether an issuer names a tenant that is valid here: then its tokens count.
    pub(crate) fn admits(&self, issuer: &[u8]) -> bool {
        let named = |source: &Source<_>| match &source.place {
            TenantPlace::Issuer(pattern) => pattern.tenant(issuer),
            TenantPlace::Host(_)
            | TenantPlace::Claim(_)
            | TenantPlace::Header(_)
            | TenantPlace::Baggage(_)
            | TenantPlace::Cookie(_)
            | TenantPlace::Query(_) => None,
        };
        self.sources.iter().filter_map(named).any(|name| self.fault(name).is_none())
    }

    /// Whether a name is one of a tenant here, which no host excepts.
    pub(crate) fn admits_name(&self, name: &[u8]) -> bool {
        let excepts = |source: &Source<TenantPlace>| source.place.host().is_some_and(|rule| rule.excepts(name));
        self.fault(name).is_none() && !self.sources.iter().any(excepts)
    }

    /// The tenant of this name, if it is valid here.
    pub(crate) fn parse<'a>(&self, name: Cow<'a, [u8]>) -> Option<Tenant<'a>> {
        self.fault(&name).is_none().then_some(Tenant(name))
    }

    /// Why a name is not valid here; `None` if it is.
    pub(crate) fn fault(&self, name: &[u8]) -> Option<InvalidTenant> {
        if !is_label_value(name) {
            Some(InvalidTenant::Malformed)
        } else if !self.pattern.as_ref().is_none_or(|pattern| pattern.fits(name)) {
            Some(InvalidTenant::Pattern)
        } else {
            None
        }
    }
}

impl TenantPlace {
    /// The rule for hosts; `None` if it is another kind of place.
    pub(crate) fn host(&self) -> Option<&HostRule> {
        match self {
            Self::Host(rule) => Some(rule),
            Self::Claim(_)
            | Self::Issuer(_)
            | Self::Header(_)
            | Self::Baggage(_)
            | Self::Cookie(_)
            | Self::Query(_) => None,
        }
    }

    fn kind(&self) -> TenantKind {
        match self {
            Self::Host(_) => TenantKind::Host,
            Self::Claim(_) => TenantKind::Claim,
            Self::Issuer(_) => TenantKind::Issuer,
            Self::Header(_) => TenantKind::Header,
            Self::Baggage(_) => TenantKind::Baggage,
            Self::Cookie(_) => TenantKind::Cookie,
            Self::Query(_) => TenantKind::Query,
        }
    }
}

/// The tenant of a request so far.
struct Choice<'r, 'a, E> {
    rules: &'r TenantRules,
    events: &'r E,
    tenant: Option<Tenant<'a>>,
    /// Whether a pattern fits the authority.
    host_fits: bool,
    fitted: Fitted,
    /// How many values beside the tenant the source that is asked had so far.
    values: usize,
    /// Whether the source that is asked holds none.
    is_absent: bool,
    conflicts: bool,
}

impl<'a, E: Events> Choice<'_, 'a, E> {
    /// Takes every value of a source.
    fn ask(&mut self, source: &Source<TenantPlace>, evidence: &Evidence<'_, 'a>) -> Result<(), Refusal> {
        (self.is_absent, self.values) = (true, 0);
        let mut offer = |name| self.offer(name, source);
        match &source.place {
            TenantPlace::Host(rule) => self.ask_hosts(rule, source, evidence)?,
            TenantPlace::Claim(number) => match evidence.claim(*number) {
                Some(Claim::Single(name)) => offer(Cow::Borrowed(name))?,
                Some(Claim::List(_)) => {
                    self.is_absent = false;
                    self.invalid(source, b"", InvalidTenant::List)?;
                }
                Some(Claim::Absent) | None => {}
            },
            TenantPlace::Issuer(pattern) => {
                let name = evidence.token.and_then(|token| pattern.tenant(token.issuer));
                name.map(Cow::Borrowed).into_iter().try_for_each(offer)?
            }
            TenantPlace::Header(field) => evidence.header(*field).map(Cow::Borrowed).try_for_each(offer)?,
            TenantPlace::Baggage(key) => {
                let mut is_older = false;
                evidence.carried.baggage(*key).try_for_each(|(older, name)| {
                    if is_older != older {
                        (is_older, self.values) = (older, 0);
                    }
                    self.offer(name, source)
                })?
            }
            TenantPlace::Cookie(key) => evidence.carried.cookie(*key).map(Cow::Borrowed).try_for_each(offer)?,
            TenantPlace::Query(key) => evidence.carried.query(*key).try_for_each(offer)?,
        }
        if self.is_absent {
            self.events.record(Event::SourceAbsent { source: source.origin });
        }
        Ok(())
    }

    /// Takes the tenant of each host that no earlier rule fits.
    #[inline(always)]
    fn ask_hosts(
        &mut self,
        rule: &HostRule,
        source: &Source<TenantPlace>,
        evidence: &Evidence<'_, 'a>,
    ) -> Result<(), Refusal> {
        let is_settled = match rule.of.header() {
            // Most requests have this one host to ask about.
            None if self.host_fits => true,
            None => {
                let name = rule.pattern.tenant(evidence.lines.pseudo.authority);
                self.host_fits = name.is_some();
                name.map_or(Ok(()), |name| self.offer_host(name, rule, source))?;
                false
            }
            Some(header) => {
                let mut fitted = self.fitted;
                let mut take = |name| self.offer_host(name, rule, source);
                let is_settled = rule.find(header, evidence.lines, &mut fitted, &mut take)?;
                self.fitted = fitted;
                is_settled
            }
        };
        if is_settled {
            self.is_absent = false;
            self.events.record(Event::HostSettled { source: source.origin });
        }
        Ok(())
    }

    /// Takes the tenant of a host, unless its name is in `except`: then the host has none.
    #[inline(always)]
    fn offer_host(
        &mut self,
        name: Cow<'a, [u8]>,
        rule: &HostRule,
        source: &Source<TenantPlace>,
    ) -> Result<(), Refusal> {
        if !rule.excepts(&name) {
            return self.offer(name, source);
        }
        self.is_absent = false;
        self.events.record(Event::HostExcepted { source: source.origin, name: &name });
        Ok(())
    }

    fn offer(&mut self, name: Cow<'a, [u8]>, source: &Source<TenantPlace>) -> Result<(), Refusal> {
        self.is_absent = false;
        // Known to be valid: matched once, however often it occurs.
        if self.tenant.as_ref().is_some_and(|chosen| *chosen.0 == *name) {
            self.events.record(Event::TenantRepeated { source: source.origin });
            return Ok(());
        }
        if !self.looks_at(source, &name)? {
            return Ok(());
        }
        match self.rules.fault(&name) {
            Some(why) => self.invalid(source, &name, why),
            None => self.choose(Tenant(name), source),
        }
    }

    /// Counts a value of a source. Returns whether it is looked at.
    ///
    /// The next proxy has to come to the same tenant from what this one writes and from what it leaves. Each source has
    /// a bound of its own for that, and the tenant itself does not count: the next proxy finds it before what was left.
    /// What exceeds the bound is invalid, whether or not there is a tenant yet.
    fn looks_at(&mut self, source: &Source<TenantPlace>, value: &[u8]) -> Result<bool, Refusal> {
        self.values = self.values.saturating_add(1);
        if self.values == FIRST_EXCESS {
            self.invalid(source, value, InvalidTenant::Excess)?;
        }
        Ok(self.values <= MAX_VALUES)
    }

    fn choose(&mut self, tenant: Tenant<'a>, source: &Source<TenantPlace>) -> Result<(), Refusal> {
        match &self.tenant {
            None => {
                let (source, kind) = (source.origin, source.place.kind());
                self.events.record(Event::TenantChosen { source, kind, name: &tenant.0 });
                self.tenant = Some(tenant);
                self.values = self.values.saturating_sub(1);
                Ok(())
            }
            Some(chosen) if tenant.is(chosen) => {
                self.events.record(Event::TenantRepeated { source: source.origin });
                Ok(())
            }
            Some(_) => self.conflict(source.origin, &tenant.0),
        }
    }

    fn invalid(&self, source: &Source<TenantPlace>, value: &[u8], why: InvalidTenant) -> Result<(), Refusal> {
        self.events.record(Event::TenantInvalid { source: source.origin, value, why });
        match self.rules.on_invalid {
            Policy::Tolerate => Ok(()),
            Policy::Reject => Err(Refusal::TenantInvalid),
        }
    }

    fn conflict(&mut self, source: Origin, name: &[u8]) -> Result<(), Refusal> {
        let is_first = !std::mem::replace(&mut self.conflicts, true);
        self.events.record(Event::TenantConflict { source, name, is_first });
        match self.rules.on_conflict {
            Policy::Tolerate => Ok(()),
            Policy::Reject => Err(Refusal::TenantConflict),
        }
    }
}

#[cfg(test)]
mod tests;

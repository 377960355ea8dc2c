//! A host as a source of the tenant.

use std::borrow::Cow;

use crate::bytes::text::trim;
use crate::decision::Refusal;
use crate::names::{Field, Kept, Lines};

use super::HostPattern;

/// The hosts that name a tenant, and the names that are not tenants.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct HostRule {
    pub(crate) pattern: HostPattern,
    /// The names in `except`, in lower case, such as `www`.
    pub(crate) except: Vec<Box<str>>,
    pub(crate) of: HostPlace,
}

/// The place of hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostPlace {
    /// There is one, which the request is for.
    Authority,
    /// A list (RFC 9110 §5.6.1), on one line or several.
    ForwardedHost,
    /// Each an origin (RFC 6454 §7).
    Origin,
}

/// The most hosts of a header that are looked at, from the last one on.
const MAX_HOSTS: usize = 64;

/// Which hosts the rules asked so far fit: for each place a bit a host, from the last one on.
pub(crate) type Fitted = [u64; 3];

impl HostRule {
    /// Whether a name is in `except`.
    pub(crate) fn excepts(&self, name: &[u8]) -> bool {
        self.except.iter().any(|known| known.as_bytes() == name)
    }

    /// Takes what the hosts of its header name that no earlier rule fits, excepted or not, and notes which of them this one fits. The
    /// last host comes first, because the nearest proxy wrote it. Returns whether earlier rules fit all hosts that there
    /// are.
    #[inline(never)]
    pub(crate) fn find<'a>(
        &self,
        header: Kept,
        lines: &Lines<'a>,
        fitted: &mut Fitted,
        take: &mut dyn FnMut(Cow<'a, [u8]>) -> Result<(), Refusal>,
    ) -> Result<bool, Refusal> {
        let Some(fitted) = fitted.get_mut(self.of as usize) else { return Ok(false) };
        let (earlier, mut seen, mut next) = (*fitted, 0, 1_u64);
        let look_at = |host| {
            seen |= next;
            if earlier & next == 0
                && let Some(name) = self.pattern.tenant(host)
            {
                *fitted |= next;
                take(name)?;
            }
            next <<= 1;
            Ok(())
        };
        let values = lines.values(Field::Kept(header)).rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
        values.filter_map(|value| self.of.host(trim(value))).take(MAX_HOSTS).try_for_each(look_at)?;
        Ok(seen != 0 && seen & !earlier == 0)
    }
}

impl HostPlace {
    /// The headers among them, by their names.
    pub(crate) const WORDS: [(&'static str, Self); 2] =
        [("x-forwarded-host", Self::ForwardedHost), ("origin", Self::Origin)];

    /// `None` for the authority.
    pub(crate) fn header(self) -> Option<Kept> {
        match self {
            Self::Authority => None,
            Self::ForwardedHost => Some(Kept::ForwardedHost),
            Self::Origin => Some(Kept::Origin),
        }
    }

    /// The host in a value, which may have a port; `None` if there is none.
    fn host(self, value: &[u8]) -> Option<&[u8]> {
        let host = match self {
            Self::Authority | Self::ForwardedHost => Some(value),
            // `null` and other schemes name no host of the web.
            Self::Origin => value.strip_prefix(b"https://").or_else(|| value.strip_prefix(b"http://")),
        };
        host.filter(|host| !host.is_empty())
    }
}

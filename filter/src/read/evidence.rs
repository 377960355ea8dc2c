//! The inputs of a request that the configuration trusts.

use crate::bytes::text::elements;
use crate::events::Disbelief;
use crate::names::{Field, Lines};
use crate::read::carried::Carried;
use crate::read::source::{Belief, Condition};
use crate::request::{Claim, Token};

/// One request, scanned, and how far its token counts.
#[derive(Debug)]
pub(crate) struct Evidence<'r, 'a> {
    pub(crate) lines: &'r Lines<'a>,
    pub(crate) carried: &'r Carried<'r, 'a>,
    /// The token, if one of the accepted issuers made it.
    pub(crate) token: Option<&'a Token<'a>>,
    /// Why the token does not vouch for the client's own values; `None` if it does.
    pub(crate) doubt: Option<Disbelief>,
}

/// Which tokens count.
#[derive(Debug)]
pub(crate) struct Verified {
    /// The key under which the proxy leaves the payload.
    pub(crate) payload: Box<str>,
    pub(crate) issuers: Vec<Box<str>>,
    /// The claim, by number, that has to hold one of the values before `trust: verified` believes.
    pub(crate) narrowed: Option<(usize, Vec<Box<str>>)>,
}

impl Verified {
    /// A token counts if its issuer is listed, or is one that `admits` knows.
    pub(crate) fn weigh<'r, 'a>(
        &self,
        carried: &'r Carried<'r, 'a>,
        token: Option<&'a Token<'a>>,
        admits: impl Fn(&[u8]) -> bool,
    ) -> Evidence<'r, 'a> {
        let lines = carried.lines;
        let Some(token) = token else {
            return Evidence { lines, carried, token: None, doubt: Some(Disbelief::NoToken) };
        };
        let is_listed = self.issuers.iter().any(|known| known.as_bytes() == token.issuer);
        if !is_listed && !admits(token.issuer) {
            return Evidence { lines, carried, token: None, doubt: Some(Disbelief::Issuer) };
        }
        let doubt = if self.vouches(token) { None } else { Some(Disbelief::Claim) };
        Evidence { lines, carried, token: Some(token), doubt }
    }

    fn vouches(&self, token: &Token<'_>) -> bool {
        let Some((claim, any_of)) = &self.narrowed else { return true };
        let wanted = |value: &[u8]| any_of.iter().any(|wanted| wanted.as_bytes() == value);
        match token.claims.get(*claim) {
            Some(Claim::Single(value)) => wanted(value),
            Some(Claim::List(values)) => values.iter().any(|value| wanted(value)),
            Some(Claim::Absent) | None => false,
        }
    }
}

impl<'a> Evidence<'_, 'a> {
    /// Why a source with this condition is not believed; `None` if it is.
    pub(crate) fn doubts(&self, when: Condition) -> Option<Disbelief> {
        match when.belief {
            Belief::Always => None,
            Belief::Vouched => self.doubt,
            Belief::Verified if self.token.is_some() => None,
            Belief::Verified => self.doubt,
            Belief::Never => Some(Disbelief::Untrusted),
        }
    }

    /// A claim of a token that counts.
    pub(crate) fn claim(&self, number: usize) -> Option<&'a Claim<'a>> {
        self.token?.claims.get(number)
    }

    /// The comma-separated values of a header, from all its lines.
    pub(crate) fn header(&self, field: Field) -> impl Iterator<Item = &'a [u8]> {
        self.lines.values(field).flat_map(elements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::carried::Asked;

    fn token(issuer: &'static str, groups: Claim<'static>) -> &'static Token<'static> {
        Box::leak(Box::new(Token { issuer: issuer.as_bytes(), claims: vec![groups] }))
    }

    #[test]
    fn a_token_counts_by_its_issuer_and_vouches_by_its_claim() {
        let issuers: Vec<_> = vec!["https://a".into(), "https://b".into()];
        let plain = Verified { payload: "payload".into(), issuers: issuers.clone(), narrowed: None };
        let narrowed = Verified {
            payload: "payload".into(),
            issuers,
            narrowed: Some((0, vec!["developers".into(), "testers".into()])),
        };
        let groups = |names: &[&'static str]| Claim::List(names.iter().map(|name| name.as_bytes()).collect());
        for (issuer, claim, counts, vouches) in [
            ("https://b", Claim::Absent, true, false),
            ("https://b", Claim::Single(b"developers"), true, true),
            ("https://b", Claim::Single(b"developers "), true, false),
            ("https://a", groups(&["sales", "testers"]), true, true),
            ("https://a", groups(&["sales"]), true, false),
            ("https://a", groups(&[]), true, false),
            ("https://a/", Claim::Single(b"developers"), false, false),
            ("", Claim::Single(b"developers"), false, false),
        ] {
            let lines = Lines::default();
            let token = token(issuer, claim);
            let asked = Asked::default();
            let carried = Carried::new(&lines, &asked);
            let evidence = narrowed.weigh(&carried, Some(token), |_| false);
            assert_eq!((evidence.claim(0).is_some(), evidence.doubt.is_none()), (counts, vouches), "{token:?}");
            assert_eq!(plain.weigh(&carried, Some(token), |_| false).doubt.is_none(), counts, "{token:?}");
        }
        let (lines, asked) = (Lines::default(), Asked::default());
        assert_eq!(plain.weigh(&Carried::new(&lines, &asked), None, |_| true).doubt, Some(Disbelief::NoToken));
    }
}

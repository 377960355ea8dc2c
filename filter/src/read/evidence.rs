//! Where values may come from: what a request holds of what a configuration believes.

use std::borrow::Cow;

use crate::baggage::{self, Key};
use crate::bytes::percent;
use crate::bytes::text::{cut, elements, split, trim};
use crate::names::{Field, Lines};
use crate::request::{Claim, Token};

/// One request, scanned, and how far its token counts.
#[derive(Debug)]
pub(crate) struct Evidence<'r, 'a> {
    pub(crate) lines: &'r Lines<'a>,
    /// The token, if one of the accepted issuers made it.
    pub(crate) token: Option<&'a Token<'a>>,
    /// Whether the token also vouches for what the client wrote itself.
    pub(crate) vouched: bool,
}

/// Which tokens count.
#[derive(Debug, Default)]
pub(crate) struct Verified {
    pub(crate) issuers: Vec<Box<str>>,
    /// The claim, by number, that has to hold one of the values before `trust: verified` believes.
    pub(crate) narrowed: Option<(usize, Vec<Box<str>>)>,
}

impl Verified {
    pub(crate) fn weigh<'r, 'a>(&self, lines: &'r Lines<'a>, token: Option<&'a Token<'a>>) -> Evidence<'r, 'a> {
        let accepted = |issuer: &[u8]| self.issuers.iter().any(|known| known.as_bytes() == issuer);
        let token = token.filter(|token| accepted(token.issuer));
        Evidence { lines, token, vouched: token.is_some_and(|token| self.vouches(token)) }
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
    /// A claim of a token that counts.
    pub(crate) fn claim(&self, number: usize) -> Option<&'a Claim<'a>> {
        self.token?.claims.get(number)
    }

    /// The comma-separated values of a header, from all its lines.
    pub(crate) fn header(&self, field: Field) -> impl Iterator<Item = &'a [u8]> {
        self.lines.values(field).flat_map(elements)
    }

    /// The values of a baggage key, decoded.
    pub(crate) fn baggage(&self, key: &Key) -> impl Iterator<Item = Cow<'a, [u8]>> {
        baggage::values(self.lines, key)
    }

    /// The values of a cookie, as they stand (RFC 6265 §4.2.1).
    pub(crate) fn cookie(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let pairs = self.lines.values(Field::Cookie).flat_map(|line| split(line, b";")).map(|pair| cut(pair, b"="));
        pairs.filter_map(|(key, value)| value.filter(|_| trim(key) == name.as_bytes()).map(trim))
    }

    /// The values of a query parameter, decoded.
    pub(crate) fn query(&self, name: &str) -> impl Iterator<Item = Cow<'a, [u8]>> {
        let query = cut(self.lines.path, b"?").1.unwrap_or_default();
        let pairs = split(query, b"&").map(|pair| cut(pair, b"="));
        pairs.filter_map(move |(key, value)| {
            let is_named = *percent::decode(key) == *name.as_bytes();
            is_named.then(|| percent::decode(value.unwrap_or_default()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::Line;

    fn token(issuer: &'static str, groups: Claim<'static>) -> &'static Token<'static> {
        Box::leak(Box::new(Token { issuer: issuer.as_bytes(), claims: Box::leak(Box::new([groups])) }))
    }

    #[test]
    fn a_token_counts_by_its_issuer_and_vouches_by_its_claim() {
        let plain = Verified { issuers: vec!["https://a".into(), "https://b".into()], narrowed: None };
        let narrowed = Verified {
            issuers: plain.issuers.clone(),
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
            let evidence = narrowed.weigh(&lines, Some(token));
            assert_eq!((evidence.claim(0).is_some(), evidence.vouched), (counts, vouches), "{token:?}");
            assert_eq!(plain.weigh(&lines, Some(token)).vouched, counts, "{token:?}");
        }
        assert!(!plain.weigh(&Lines::default(), None).vouched);
    }

    #[test]
    fn reads_cookies_and_queries_by_their_exact_names() {
        let mut lines =
            Lines { path: b"/a?tenant=x&ten%61nt=%66&tenant&Tenant=n&b=tenant=n?tenant=n", ..Lines::default() };
        for value in [&b"a=1; tenant=x;tenant = y ;Tenant=n"[..], b"tenants=n;tenant;x=tenant=n", b"tenant="] {
            lines.owned.push(Line { field: Field::Cookie, exact: true, name: b"cookie", value });
        }
        let evidence = Evidence { lines: &lines, token: None, vouched: false };
        assert!(evidence.cookie("tenant").eq([&b"x"[..], b"y", b""]));
        assert!(evidence.query("tenant").eq([&b"x"[..], b"f", b""]));
        assert_eq!(evidence.query("c").count(), 0);
    }
}

//! The inputs of a request that the configuration trusts.

use std::borrow::Cow;

use crate::baggage::MemberPlace;
use crate::bytes::percent;
use crate::bytes::text::{cut, elements, split, trim};
use crate::events::Disbelief;
use crate::names::{Field, Lines};
use crate::read::source::{Belief, Condition};
use crate::request::{Claim, Token};

/// One request, scanned, and how far its token counts.
#[derive(Debug)]
pub(crate) struct Evidence<'r, 'a> {
    pub(crate) lines: &'r Lines<'a>,
    /// The token, if one of the accepted issuers made it.
    pub(crate) token: Option<&'a Token<'a>>,
    /// Why nothing vouches for what the client wrote itself; `None` if the token does.
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
        lines: &'r Lines<'a>,
        token: Option<&'a Token<'a>>,
        admits: impl Fn(&[u8]) -> bool,
    ) -> Evidence<'r, 'a> {
        let Some(token) = token else { return Evidence { lines, token: None, doubt: Some(Disbelief::NoToken) } };
        let is_listed = self.issuers.iter().any(|known| known.as_bytes() == token.issuer);
        if !is_listed && !admits(token.issuer) {
            return Evidence { lines, token: None, doubt: Some(Disbelief::Issuer) };
        }
        let doubt = if self.vouches(token) { None } else { Some(Disbelief::Claim) };
        Evidence { lines, token: Some(token), doubt }
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

    /// The values of a baggage member, decoded.
    pub(crate) fn baggage(&self, place: &MemberPlace) -> impl Iterator<Item = Cow<'a, [u8]>> {
        place.values(self.lines)
    }

    /// The values of a cookie, each without one pair of quotes around it (RFC 6265 §4.1.1).
    pub(crate) fn cookie(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let pairs = self.lines.values(Field::Cookie).flat_map(|line| split(line, b";")).map(|pair| cut(pair, b"="));
        pairs.filter_map(|(key, value)| value.filter(|_| trim(key) == name.as_bytes()).map(trim).map(unquoted))
    }

    /// The values of a query parameter, decoded.
    pub(crate) fn query(&self, name: &str) -> impl Iterator<Item = Cow<'a, [u8]>> {
        let query = cut(self.lines.pseudo.path, b"?").1.unwrap_or_default();
        let pairs = split(query, b"&").map(|pair| cut(pair, b"="));
        pairs.filter_map(move |(key, value)| {
            let is_named = *percent::decode(key) == *name.as_bytes();
            is_named.then(|| percent::decode(value.unwrap_or_default()))
        })
    }
}

fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] => inner,
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{Pseudo, lines_of};

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
            let evidence = narrowed.weigh(&lines, Some(token), |_| false);
            assert_eq!((evidence.claim(0).is_some(), evidence.doubt.is_none()), (counts, vouches), "{token:?}");
            assert_eq!(plain.weigh(&lines, Some(token), |_| false).doubt.is_none(), counts, "{token:?}");
        }
        assert_eq!(plain.weigh(&Lines::default(), None, |_| true).doubt, Some(Disbelief::NoToken));
    }

    #[test]
    fn one_pair_of_quotes_around_a_cookie_goes() {
        let values: [&[u8]; 2] = [br#"$Version="1"; t="a" ;t = "b";t="";t=""c"""#, br#"t=";t="d;t=e";t=f"g"h"#];
        let owned = lines_of(Field::Cookie, &values);
        let lines = Lines { owned: &owned, ..Lines::default() };
        let evidence = Evidence { lines: &lines, token: None, doubt: None };
        let found: Vec<_> = evidence.cookie("t").collect();
        assert_eq!(found, [&b"a"[..], b"b", b"", br#""c""#, br#"""#, br#""d"#, br#"e""#, br#"f"g"h"#]);
    }

    #[test]
    fn reads_cookies_and_queries_by_their_exact_names() {
        let path = b"/a?tenant=x&ten%61nt=%66&tenant&Tenant=n&b=tenant=n?tenant=n";
        let values: [&[u8]; 3] = [b"a=1; tenant=x;tenant = y ;Tenant=n", b"tenants=n;tenant;x=tenant=n", b"tenant="];
        let owned = lines_of(Field::Cookie, &values);
        let lines = Lines { pseudo: Pseudo { path, ..Pseudo::default() }, owned: &owned };
        let evidence = Evidence { lines: &lines, token: None, doubt: None };
        assert!(evidence.cookie("tenant").eq([&b"x"[..], b"y", b""]));
        assert!(evidence.query("tenant").eq([&b"x"[..], b"f", b""]));
        assert_eq!(evidence.query("c").count(), 0);
    }
}

//! What the lines of a request hold beside other things: cookies, parameters of the query, members of baggage.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::baggage::{self, value_of, whole_value_of};
use crate::bytes::percent;
use crate::bytes::text::{cut, trim};
use crate::names::{Field, Kept, Lines};
use crate::read::pieces::{Form, Keys, Pieces};
use crate::request::Role;

/// The names that sources ask for.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) cookies: Keys,
    pub(crate) queries: Keys,
    pub(crate) members: Keys,
    /// The headers that are believed to hold members, in order.
    carriers: &'static [Field],
}

impl Asked {
    /// The mesh also reads the older lists: a library that takes `baggage` in may write one of those instead (.NET up
    /// to 9, `LegacyPropagator`). An edge removes them.
    pub(crate) fn new(role: Role) -> Self {
        let carriers: &[_] = match role {
            Role::Edge => &[Field::Baggage],
            Role::Mesh | Role::Waypoint => &[Field::Baggage, Field::OlderBaggage],
        };
        Self { cookies: Keys::default(), queries: Keys::default(), members: Keys::default(), carriers }
    }
}

/// One request, scanned, with what sources ask for once one of them has asked.
#[derive(Debug)]
pub(crate) struct Carried<'r, 'a> {
    pub(crate) lines: &'r Lines<'a>,
    asked: &'r Asked,
    cookies: OnceCell<Pieces<'a>>,
    queries: OnceCell<Pieces<'a>>,
    members: OnceCell<Pieces<'a>>,
}

/// `name=value; name=value` (RFC 6265 §4.2.1).
const COOKIES: Form =
    Form { separator: b";", name: |piece| cut(piece, b"=").1.map(|_| trim(cut(piece, b"=").0).into()) };
/// `name=value&name=value`, escaped (WHATWG, URL).
const QUERIES: Form = Form { separator: b"&", name: |piece| Some(percent::decode(cut(piece, b"=").0)) };
const MEMBERS: Form = Form { separator: b",", name: |piece| Some(baggage::key_of(piece).into()) };

impl<'r, 'a> Carried<'r, 'a> {
    pub(crate) fn new(lines: &'r Lines<'a>, asked: &'r Asked) -> Self {
        Self { lines, asked, cookies: OnceCell::new(), queries: OnceCell::new(), members: OnceCell::new() }
    }

    /// The values of a baggage member, decoded, each with whether it stands in an older list.
    pub(crate) fn baggage(&self, key: u16) -> impl Iterator<Item = (bool, Cow<'a, [u8]>)> {
        let first_older = self.lines.values(Field::Baggage).count();
        self.members(key).filter_map(move |(line, member)| Some((line >= first_older, value_of(member)?)))
    }

    /// The values alone; in the place of its value the member, if a property has a name that belongs into the value.
    pub(crate) fn whole_baggage(
        &self,
        key: u16,
        belongs: fn(&[u8]) -> bool,
    ) -> impl Iterator<Item = Result<Cow<'a, [u8]>, &'a [u8]>> {
        self.members(key).filter_map(move |(_, member)| whole_value_of(member, belongs))
    }

    fn members(&self, key: u16) -> impl Iterator<Item = (usize, &'a [u8])> {
        let lines = || self.asked.carriers.iter().flat_map(|carrier| self.lines.values(*carrier));
        self.members.get_or_init(|| Pieces::read(&self.asked.members, MEMBERS, lines())).of(key)
    }

    /// The values of a cookie, each without one pair of quotes around it (RFC 6265 §4.1.1).
    pub(crate) fn cookie(&self, key: u16) -> impl Iterator<Item = &'a [u8]> {
        let lines = || self.lines.values(Field::Kept(Kept::Cookie));
        let cookies = self.cookies.get_or_init(|| Pieces::read(&self.asked.cookies, COOKIES, lines()));
        cookies.of(key).filter_map(|(_, pair)| cut(pair, b"=").1.map(trim).map(unquoted))
    }

    /// The values of a query parameter, decoded.
    pub(crate) fn query(&self, key: u16) -> impl Iterator<Item = Cow<'a, [u8]>> {
        let query = || cut(self.lines.pseudo.path, b"?").1;
        let queries = self.queries.get_or_init(|| Pieces::read(&self.asked.queries, QUERIES, query().into_iter()));
        queries.of(key).map(|(_, pair)| percent::decode(cut(pair, b"=").1.unwrap_or_default()))
    }
}

fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] => inner,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{Pseudo, lines_of};

    impl Default for Asked {
        fn default() -> Self {
            Self::new(Role::Edge)
        }
    }

    #[test]
    fn one_pair_of_quotes_around_a_cookie_goes() {
        let values: [&[u8]; 2] = [br#"$Version="1"; t="a" ;t = "b";t="";t=""c"""#, br#"t=";t="d;t=e";t=f"g"h"#];
        let owned = lines_of(Field::Kept(Kept::Cookie), &values);
        let lines = Lines { owned: &owned, ..Lines::default() };
        let mut asked = Asked::default();
        let cookie = asked.cookies.number("t");
        let carried = Carried::new(&lines, &asked);
        let found: Vec<_> = carried.cookie(cookie).collect();
        assert_eq!(found, [&b"a"[..], b"b", b"", br#""c""#, br#"""#, br#""d"#, br#"e""#, br#"f"g"h"#]);
    }

    #[test]
    fn reads_cookies_and_queries_by_their_exact_names() {
        let path = b"/a?tenant=x&ten%61nt=%66&tenant&Tenant=n&b=tenant=n?tenant=n";
        let values: [&[u8]; 3] = [b"a=1; tenant=x;tenant = y ;Tenant=n", b"tenants=n;tenant;x=tenant=n", b"tenant="];
        let owned = lines_of(Field::Kept(Kept::Cookie), &values);
        let lines = Lines { pseudo: Pseudo { path, ..Pseudo::default() }, owned: &owned };
        let mut asked = Asked::default();
        let cookie = asked.cookies.number("tenant");
        let [tenant, absent] = ["tenant", "c"].map(|name| asked.queries.number(name));
        let carried = Carried::new(&lines, &asked);
        assert!(carried.cookie(cookie).eq([&b"x"[..], b"y", b""]));
        assert!(carried.query(tenant).eq([&b"x"[..], b"f", b""]));
        assert_eq!(carried.query(absent).count(), 0);
    }
}

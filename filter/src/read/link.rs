//! Share links: a browser that opens one gets a cookie, and a redirect without the parameter.

use crate::answer::{Answer, Redirect};
use crate::bytes::percent;
use crate::bytes::text::{cut, split};
use crate::decision::Refusal;
use crate::events::{Event, Origin};
use crate::names::{Field, Kept, Lines};
use crate::read::evidence::Evidence;
use crate::read::source::Condition;
use crate::read::tenant::TenantRules;

/// A query parameter whose value becomes a cookie.
#[derive(Debug)]
pub(crate) struct Link {
    /// Decoded.
    pub(crate) parameter: Box<str>,
    /// The same, by its number.
    pub(crate) query: u16,
    pub(crate) cookie: Box<str>,
    /// In seconds.
    pub(crate) max_age: u32,
    pub(crate) when: Condition,
    pub(crate) origin: Origin,
}

/// Fails with the answer of the first link that a request follows.
#[inline(never)]
pub(crate) fn follow(
    rules: &TenantRules,
    evidence: &Evidence<'_, '_>,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<(), Answer> {
    for link in rules.links.iter().filter(|_| is_navigation(evidence.lines)) {
        if let Some(redirect) = link.follow(evidence, rules, tell)? {
            return Err(Answer::Redirected(Box::new(redirect)));
        }
    }
    Ok(())
}

impl Link {
    /// Where the link leads; `None` if the request does not follow it, or is not believed.
    fn follow(
        &self,
        evidence: &Evidence<'_, '_>,
        rules: &TenantRules,
        tell: &mut dyn FnMut(Event<'_>),
    ) -> Result<Option<Redirect>, Refusal> {
        let source = self.origin;
        let mut values = evidence.carried.query(self.query);
        let Some(name) = values.next() else { return Ok(None) };
        if evidence.doubts(self.when).is_some() {
            return Ok(None);
        }
        if let Some(name) = values.find(|other| !other.eq_ignore_ascii_case(&name)) {
            tell(Event::TenantConflict { source, name: &name, is_first: true });
            return Err(Refusal::Link);
        }
        let fault = Some(&name).filter(|name| !name.is_empty()).and_then(|name| rules.fault(name));
        if let Some(why) = fault {
            tell(Event::TenantInvalid { source, value: &name, why });
            return Err(Refusal::Link);
        }
        let location = location(evidence.lines.pseudo.path, &self.parameter).ok_or(Refusal::Link)?;
        tell(Event::Linked { source, name: Some(&*name).filter(|name| !name.is_empty()) });
        Ok(Some(Redirect { location, cookie: self.set_cookie(&name) }))
    }

    /// A cookie for this host only, hidden from scripts. An empty name clears it.
    fn set_cookie(&self, name: &[u8]) -> String {
        let max_age = if name.is_empty() { 0 } else { self.max_age };
        let (cookie, name) = (&self.cookie, String::from_utf8_lossy(name));
        format!("{cookie}={name}; Max-Age={max_age}; Path=/; HttpOnly; Secure; SameSite=Lax")
    }
}

/// Whether somebody opens a page in a window (Fetch Metadata). No `fetch`, no image and no frame of another page can claim
/// that, and a browser that fetches a page before anybody opens it says so.
fn is_navigation(lines: &Lines<'_>) -> bool {
    let says = |header, word: &[u8]| lines.values(Field::Kept(header)).eq([word]);
    let is_read = matches!(lines.pseudo.method, b"GET" | b"HEAD");
    let is_opened = says(Kept::FetchMode, b"navigate") && says(Kept::FetchDest, b"document");
    is_read && is_opened && lines.values(Field::Kept(Kept::Purpose)).next().is_none()
}

/// The path and the query without a parameter, its other bytes as they are; `None` if a browser could take it for
/// another host.
fn location(path: &[u8], parameter: &str) -> Option<Vec<u8>> {
    let (before, query) = cut(path, b"?");
    let is_second_slash = |byte: &u8| matches!(byte, b'/' | b'\\');
    let rest = before.strip_prefix(b"/")?;
    if !path.iter().all(u8::is_ascii_graphic) || percent::decode(rest).first().is_some_and(is_second_slash) {
        return None;
    }
    let is_other = |pair: &&[u8]| *percent::decode(cut(pair, b"=").0) != *parameter.as_bytes();
    let mut location = before.to_vec();
    let mut between = b'?';
    for pair in split(query.unwrap_or_default(), b"&").filter(is_other) {
        location.push(between);
        location.extend_from_slice(pair);
        between = b'&';
    }
    Some(location)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_path_of_the_same_host() {
        for path in [
            "//evil.test/?t=a",
            "/\\evil.test/?t=a",
            "/%5cevil.test/?t=a",
            "/%5Cevil.test/?t=a",
            "/%2fevil.test/?t=a",
            "/%2F/evil.test/?t=a",
            "https://evil.test/?t=a",
            "*?t=a",
            "?t=a",
            "",
            "/\t/evil.test/?t=a",
            "/a\r\nset-cookie: x=y?t=a",
            "/a?t=a&b=\0",
            "/a?t=a&b=\u{7f}",
            "/a b?t=a",
            "/\u{e9}?t=a",
        ] {
            assert_eq!(location(path.as_bytes(), "t"), None, "{path:?}");
        }
    }

    #[test]
    fn a_location_keeps_all_but_the_parameter() {
        for (path, expected) in [
            ("/?t=a", "/"),
            ("/a/b?t=a", "/a/b"),
            ("/a?b=1&t=a&c=%2F%zz+&", "/a?b=1&c=%2F%zz+&"),
            ("/a?t=a&t=&t&%74=a&b", "/a?b"),
            ("/a?&t=a", "/a?"),
            ("/a?tt=a&T=b&a=t", "/a?tt=a&T=b&a=t"),
            ("/a//b/%5c\\?u=//evil.test&t=a", "/a//b/%5c\\?u=//evil.test"),
            ("/a;t=a?x?t=a&t=b", "/a;t=a?x?t=a"),
        ] {
            assert_eq!(location(path.as_bytes(), "t").as_deref(), Some(expected.as_bytes()), "{path:?}");
        }
    }
}

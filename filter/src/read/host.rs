//! The authority of a request (RFC 9110 §7.2), and the host patterns that find a tenant in it.

use std::borrow::Cow;

use crate::bytes::grammar::{Bytes, MAX_TENANT_BYTES};
use crate::bytes::text::{cut, same};

/// An authority and the host in it, parsed once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Authority<'a> {
    pub(crate) text: &'a [u8],
    /// Without its port and one trailing dot; `None` if it cannot be a host name: an IPv6 literal, user information,
    /// an empty label, a comma, `%`, a control byte, a byte above 0x7F, or more than 512 bytes.
    pub(crate) host: Option<&'a [u8]>,
}

impl<'a> Authority<'a> {
    pub(crate) fn parse(text: &'a [u8]) -> Self {
        let host = without_port(text);
        let host = host.filter(|host| host.split(|byte| *byte == b'.').all(is_label));
        Self { text, host }
    }
}

/// Longer than any name of the DNS, which has 253 bytes (RFC 1035 §2.3.4), with its port.
const MAX_AUTHORITY_BYTES: usize = 512;

/// An authority without its port and one trailing dot, whatever it is; `None` if no host is as long.
fn without_port(authority: &[u8]) -> Option<&[u8]> {
    if authority.len() > MAX_AUTHORITY_BYTES {
        return None;
    }
    let last = authority.iter().rposition(|byte| !byte.is_ascii_digit());
    let host = match last.and_then(|last| authority.split_at_checked(last)) {
        Some((host, [b':', ..])) => host,
        _ => authority,
    };
    Some(host.strip_suffix(b".").unwrap_or(host))
}

fn is_label(label: &[u8]) -> bool {
    !label.is_empty() && Bytes::HOST.hold(label)
}

/// A host pattern: labels matched one by one, literally and without regard to ASCII case, with
/// exactly one `{tenant}`. As many labels as written here, no more and no fewer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct HostPattern {
    /// The literal labels at its end, each behind its dot: what tells a foreign domain apart at once.
    domain: Vec<u8>,
    /// The other labels, from the right.
    labels: Vec<Label>,
}

#[derive(Debug, PartialEq, Eq)]
enum Label {
    Literal(Box<[u8]>),
    /// `*`: one label of any text.
    Any,
    /// `{tenant}` with literal text before and after it.
    Tenant {
        before: Box<[u8]>,
        after: Box<[u8]>,
    },
}

const PLACEHOLDER: &[u8] = b"{tenant}";

impl HostPattern {
    /// Parses `{tenant}.www.example.com`, `{tenant}--www.example.com`, `{tenant}.*.example.com`.
    ///
    /// # Errors
    /// What is wrong with the pattern, as a sentence without its subject.
    pub(crate) fn parse(pattern: &str) -> Result<Self, &'static str> {
        if pattern.contains('/') {
            return Err("is a URL; write the host name alone");
        }
        if pattern.contains(':') {
            return Err("holds a port, which is never compared; leave it out");
        }
        let labels = pattern.as_bytes().split(|byte| *byte == b'.').map(Label::parse);
        let mut labels = labels.collect::<Result<Vec<_>, _>>()?;
        let tenants = labels.iter().filter(|label| matches!(label, Label::Tenant { .. })).count();
        if tenants != 1 {
            return Err(
                "needs exactly one {tenant}, as in \"{tenant}.www.example.com\"; \"*\" matches a label and names nothing",
            );
        }
        match labels.last() {
            // No domain ends in a number, but addresses do.
            Some(Label::Literal(last)) if !last.iter().all(u8::is_ascii_digit) => {}
            _ => return Err("has to end in a domain of yours, as in \"{tenant}.www.example.com\""),
        }
        let mut domain = Vec::new();
        while let Some(Label::Literal(text)) = labels.pop_if(|label| matches!(label, Label::Literal(_))) {
            domain = [b".", &*text, &domain].concat();
        }
        labels.reverse();
        Ok(Self { domain, labels })
    }

    /// The tenant that the host of this authority names, lower-cased; `None` if it is another host. What cannot
    /// be a host name has a label that is not as the pattern wants it.
    pub(crate) fn tenant<'a>(&self, authority: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        let host = without_port(authority)?;
        let (host, domain) = host.split_at_checked(host.len().checked_sub(self.domain.len())?)?;
        if !same(domain, &self.domain) && !domain.eq_ignore_ascii_case(&self.domain) {
            return None;
        }
        let mut found = None;
        let mut given = host.rsplit(|byte| *byte == b'.');
        for label in &self.labels {
            let text = given.next()?;
            match label {
                Label::Literal(literal) if text.eq_ignore_ascii_case(literal) => {}
                Label::Any if is_label(text) => {}
                Label::Literal(_) | Label::Any => return None,
                Label::Tenant { before, after } => found = Some(between(text, before, after)?),
            }
        }
        let tenant = found.filter(|text| given.next().is_none() && is_tenant_label(text))?;
        Some(match tenant.iter().any(u8::is_ascii_uppercase) {
            true => Cow::Owned(tenant.to_ascii_lowercase()),
            false => Cow::Borrowed(tenant),
        })
    }
}

impl Label {
    fn parse(label: &[u8]) -> Result<Self, &'static str> {
        if label == b"*" {
            return Ok(Self::Any);
        }
        let (before, after) = cut(label, PLACEHOLDER);
        let text = [before, after.unwrap_or_default()].concat();
        if text.contains(&b'*') {
            return Err("has \"*\" inside a label; it stands for a whole label, as in \"{tenant}.*.example.com\"");
        }
        if !text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte)) {
            return Err(
                "has a label of other bytes than letters, digits and hyphens; the placeholder is {tenant}, in lower case",
            );
        }
        let lower = |text: &[u8]| text.to_ascii_lowercase().into_boxed_slice();
        match after {
            Some(after) => Ok(Self::Tenant { before: lower(before), after: lower(after) }),
            None if label.is_empty() => {
                Err("has an empty label; write the name without a leading, double or trailing dot")
            }
            None => Ok(Self::Literal(lower(label))),
        }
    }
}

/// What stands between two literal texts, compared without regard to ASCII case.
fn between<'a>(text: &'a [u8], before: &[u8], after: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = text.split_at_checked(before.len())?;
    let (middle, tail) = rest.split_at_checked(rest.len().checked_sub(after.len())?)?;
    (head.eq_ignore_ascii_case(before) && tail.eq_ignore_ascii_case(after)).then_some(middle)
}

/// A label of RFC 1123 §2.1: letters, digits and hyphens, none of these at either end.
fn is_tenant_label(label: &[u8]) -> bool {
    let hyphen = |end: Option<&u8>| end == Some(&b'-');
    (1..=MAX_TENANT_BYTES).contains(&label.len())
        && Bytes::LABEL.hold(label)
        && !hyphen(label.first())
        && !hyphen(label.last())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(pattern: &str, authority: &[u8]) -> Option<String> {
        let pattern = HostPattern::parse(pattern).expect(pattern);
        let found = pattern.tenant(authority)?;
        Some(String::from_utf8(found.into_owned()).unwrap())
    }

    #[test]
    fn an_empty_label_makes_no_host() {
        for authority in ["", ".", ".foo", "foo..", "foo..ns", ":80"] {
            assert_eq!(Authority::parse(authority.as_bytes()).host, None, "{authority}");
        }
        assert_eq!(Authority::parse(b"foo.ns.:80").host, Some(&b"foo.ns"[..]));
    }

    #[test]
    fn no_host_has_more_than_512_bytes() {
        for (zeros, is_host) in [(474, true), (475, false)] {
            let authority = format!("feat-x.{}.www.example.com:{}80", "a".repeat(12), "0".repeat(zeros));
            assert_eq!(authority.len(), if is_host { 512 } else { 513 });
            assert_eq!(Authority::parse(authority.as_bytes()).host.is_some(), is_host);
            assert_eq!(tenant("{tenant}.*.www.example.com", authority.as_bytes()).is_some(), is_host);
        }
    }

    #[test]
    fn finds_the_tenant_of_a_wildcard_host() {
        for authority in [
            "feat-x.www.example.com",
            "feat-x.www.example.com:8443",
            "feat-x.www.example.com:",
            "FEAT-X.WWW.Example.COM",
            "feat-x.www.example.com.",
            "feat-x.www.example.com.:8443",
        ] {
            let found = tenant("{tenant}.www.example.com", authority.as_bytes());
            assert_eq!(found.as_deref(), Some("feat-x"), "{authority}");
        }
    }

    #[test]
    fn matches_literally_and_at_the_stated_depth() {
        let long = format!("{}.www.example.com", "a".repeat(64));
        for authority in [
            "www.example.com",
            ".www.example.com",
            "a.b.www.example.com",
            "-x.www.example.com",
            "x-.www.example.com",
            "x_y.www.example.com",
            "feat-x.wwwXexample.com",
            "feat-x.www.example.com.evil.io",
            "feat-x.www.example.com..",
            "feat-x.www.example.com:80:80",
            "feat-x.www.example.com:http",
            "feat-x.www.example.com,feat-x.www.example.com",
            "user@feat-x.www.example.com",
            "feat%2dx.www.example.com",
            "feat-x\0.www.example.com",
            "feat-\u{fc}.www.example.com",
            "[::1]",
            "[::1]:80",
            "127.0.0.1",
            "",
            ":80",
            ".",
            &long,
        ] {
            assert_eq!(tenant("{tenant}.www.example.com", authority.as_bytes()), None, "{authority:?}");
        }
        let longest = "a".repeat(63);
        let found = tenant("{tenant}.www.example.com", format!("{longest}.www.example.com").as_bytes());
        assert_eq!(found, Some(longest));
    }

    #[test]
    fn takes_text_around_the_placeholder_and_arbitrary_labels() {
        let cases = [
            ("{tenant}--www.example.com", "feat-x--WWW.example.com", Some("feat-x")),
            ("{tenant}--www.example.com", "--www.example.com", None),
            ("{tenant}--www.example.com", "www.example.com", None),
            ("pr-{tenant}-web.example.com", "pr-7-web.example.com", Some("7")),
            ("pr-{tenant}-web.example.com", "pr-web.example.com", None),
            ("{tenant}.*.example.com", "dev1.api.example.com", Some("dev1")),
            ("{tenant}.*.example.com", "dev1..example.com", None),
            ("{tenant}.*.example.com", "dev1.example.com", None),
            ("*.{tenant}.example.com", "api.dev1.example.com", Some("dev1")),
        ];
        for (pattern, authority, expected) in cases {
            assert_eq!(tenant(pattern, authority.as_bytes()).as_deref(), expected, "{pattern} {authority}");
        }
    }

    #[test]
    fn refuses_patterns_that_cannot_be_meant() {
        for pattern in [
            "",
            "www.example.com",
            "{tenant}",
            "{tenant}.*",
            "{tenant}.{tenant}.com",
            "{tenant}{tenant}.com",
            "{tenant}.example.com:8443",
            "{tenant}..com",
            "{tenant}.0.0.1",
            "{tenant}.com.",
            "{tenant}.exa mple.com",
            "{tenant}.*x.com",
            "{Tenant}.example.com",
            "{tenant}.b\u{fc}cher.de",
            "https://{tenant}.example.com/",
        ] {
            assert!(HostPattern::parse(pattern).is_err(), "{pattern}");
        }
    }
}

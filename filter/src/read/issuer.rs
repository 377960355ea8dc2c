//! Issuer patterns, which find a tenant in the issuer of a token: a realm for each tenant.

use crate::bytes::grammar::{Bytes, is_label_value};
use crate::bytes::text::cut;

/// An issuer with exactly one `{tenant}` in it, compared whole and byte for byte.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct IssuerPattern {
    before: Box<[u8]>,
    after: Box<[u8]>,
}

const PLACEHOLDER: &[u8] = b"{tenant}";

impl IssuerPattern {
    /// Parses `https://idp.example.com/realms/{tenant}`, `https://{tenant}.idp.example.com`.
    ///
    /// # Errors
    /// What is wrong with the pattern, as a sentence without its subject.
    pub(crate) fn parse(pattern: &str) -> Result<Self, &'static str> {
        let Some(rest) = pattern.strip_prefix("https://").or_else(|| pattern.strip_prefix("http://")) else {
            return Err("is no URL, as in \"https://idp.example.com/realms/{tenant}\"");
        };
        let (before, after) = cut(rest.as_bytes(), PLACEHOLDER);
        let is_literal = |byte: &u8| byte.is_ascii_graphic() && !b"{}".contains(byte);
        let after = after.filter(|after| after.iter().chain(before).all(is_literal));
        let Some(after) = after else {
            return Err(
                "needs exactly one {tenant} and no other braces, as in \"https://idp.example.com/realms/{tenant}\"",
            );
        };
        if !names_a_host(before, after) {
            return Err("has to name a domain of yours, as in \"https://{tenant}.idp.example.com\"");
        }
        let (before, _) = cut(pattern.as_bytes(), PLACEHOLDER);
        Ok(Self { before: before.into(), after: after.into() })
    }

    /// The tenant that an issuer names; `None` if the pattern does not match, or the name is invalid.
    pub(crate) fn tenant<'a>(&self, issuer: &'a [u8]) -> Option<&'a [u8]> {
        let name = issuer.strip_prefix(&*self.before)?.strip_suffix(&*self.after)?;
        is_label_value(name).then_some(name)
    }
}

/// Whether the host of an issuer is literal, or ends in a domain: nobody else's host may match.
fn names_a_host(before: &[u8], after: &[u8]) -> bool {
    if before.contains(&b'/') {
        return !before.starts_with(b"/");
    }
    let end = after.iter().position(|byte| b"/:".contains(byte)).unwrap_or(after.len());
    let domain = after.get(..end).unwrap_or_default();
    let dot = domain.iter().rposition(|byte| *byte == b'.');
    let last = dot.and_then(|dot| domain.get(dot.saturating_add(1)..)).unwrap_or_default();
    !last.is_empty() && Bytes::NAME.hold(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_tenant_of_a_whole_issuer() {
        for (pattern, issuer, expected) in [
            ("https://a.com/realms/{tenant}", "https://a.com/realms/acme", Some("acme")),
            ("https://a.com/realms/{tenant}", "https://a.com/realms/Acme_1.b", Some("Acme_1.b")),
            ("https://a.com/realms/{tenant}", "https://a.com/realms/", None),
            ("https://a.com/realms/{tenant}", "https://a.com/realms/acme/", None),
            ("https://a.com/realms/{tenant}", "https://a.com/realms/a/b", None),
            ("https://a.com/realms/{tenant}", "https://a.com/realms/-a", None),
            ("https://a.com/realms/{tenant}", "https://a.com/realms/a%2Db", None),
            ("https://a.com/realms/{tenant}", "https://A.com/realms/acme", None),
            ("https://a.com/realms/{tenant}", "http://a.com/realms/acme", None),
            ("https://a.com/realms/{tenant}", "xhttps://a.com/realms/acme", None),
            ("https://a.com/{tenant}/v2.0", "https://a.com/acme/v2.0", Some("acme")),
            ("https://a.com/{tenant}/v2.0", "https://a.com/acme/v2", None),
            ("https://a.com/x{tenant}x", "https://a.com/x", None),
            ("https://{tenant}.a.com/", "https://acme.a.com/", Some("acme")),
            ("https://{tenant}.a.com", "https://evil.io/.a.com", None),
        ] {
            let found = IssuerPattern::parse(pattern).unwrap().tenant(issuer.as_bytes());
            assert_eq!(found, expected.map(str::as_bytes), "{pattern} {issuer}");
        }
    }

    #[test]
    fn refuses_patterns_that_admit_anybody() {
        for pattern in [
            "",
            "{tenant}",
            "https://a.com/realms/acme",
            "https://a.com/{tenant}/{tenant}",
            "https://a.com/{Tenant}",
            "https://a.com/{tenant}/{x}",
            "https://a.com/ {tenant}",
            "ftp://a.com/{tenant}",
            "https://{tenant}",
            "https://{tenant}/a.com",
            "https://{tenant}:80/a.com",
            "https://a-{tenant}",
            "https://{tenant}.",
            "https:///{tenant}",
            "https://{tenant}?a.com",
            "https://{tenant}\u{e9}.com",
        ] {
            assert!(IssuerPattern::parse(pattern).is_err(), "{pattern}");
        }
    }
}

//! Host patterns, which find a tenant in a host.

use std::borrow::Cow;

use crate::bytes::text::same;

use super::label::{Label, Middle};
use super::{is_tenant_label, without_port};

/// A host pattern: labels matched one by one, literally and without regard to ASCII case, with
/// exactly one `{tenant}`. As many labels as written here, no more and no fewer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct HostPattern {
    /// The literal labels at its end, each after its dot: a fast check for other domains.
    domain: Vec<u8>,
    /// The other labels, from the right.
    labels: Vec<Label>,
}

impl HostPattern {
    /// Parses `{tenant}.www.example.com`, `{tenant}--*.example.com`, `{tenant}.*.example.com`.
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
        if labels.iter().filter(|label| label.names_tenant()).count() != 1 {
            return Err(
                "needs exactly one {tenant}, as in \"{tenant}.www.example.com\"; \"*\" matches text and names nothing",
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
                Label::Literal(_) => return None,
                Label::Open { before, middle, after } => match (middle, middle.of(text, before, after)?) {
                    (Middle::Any, _) => {}
                    (Middle::Tenant, name) => found = Some(name),
                },
            }
        }
        let tenant = found.filter(|text| given.next().is_none() && is_tenant_label(text))?;
        Some(match tenant.iter().any(u8::is_ascii_uppercase) {
            true => Cow::Owned(tenant.to_ascii_lowercase()),
            false => Cow::Borrowed(tenant),
        })
    }
}

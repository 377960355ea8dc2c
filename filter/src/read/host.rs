//! The authority of a request (RFC 9110 §7.2), and the host patterns that find a tenant in it.

mod label;
mod pattern;
mod rule;

pub(crate) use pattern::HostPattern;
pub(crate) use rule::{Fitted, HostPlace, HostRule};

use crate::bytes::grammar::{Bytes, MAX_TENANT_BYTES};

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

/// A label of RFC 1123 §2.1: letters, digits and hyphens, none of these at either end.
pub(crate) fn is_tenant_label(label: &[u8]) -> bool {
    let hyphen = |end: Option<&u8>| end == Some(&b'-');
    (1..=MAX_TENANT_BYTES).contains(&label.len())
        && Bytes::LABEL.hold(label)
        && !hyphen(label.first())
        && !hyphen(label.last())
}

#[cfg(test)]
mod tests;

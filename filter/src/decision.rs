//! What the filter wants done with a request: mutations, or a refusal.

use std::borrow::Cow;
use std::fmt;

/// What to do with what is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Goes on: the first tenant wins, an invalid value counts as absent.
    Tolerate,
    /// Answers 400.
    Reject,
}

/// One change to the header map, or to that of the trailers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mutation<'a> {
    /// Removes every line of this name.
    Remove {
        /// The name, spelled as the request spells it.
        name: &'a [u8],
    },
    /// Leaves exactly one line of this name, with this value, whatever stood there.
    Set {
        /// The name, lower-case.
        name: &'a [u8],
        /// The validated value.
        value: Cow<'a, [u8]>,
    },
}

impl<'a> Mutation<'a> {
    /// A [`Mutation::Set`] of a borrowed value.
    pub fn set(name: &'a [u8], value: &'a [u8]) -> Self {
        Self::Set { name, value: Cow::Borrowed(value) }
    }

    /// A [`Mutation::Remove`].
    pub fn remove(name: &'a [u8]) -> Self {
        Self::Remove { name }
    }

    /// What leaves this value; no line if it is empty.
    pub(crate) fn set_or_remove(name: &'a [u8], value: Vec<u8>) -> Self {
        if value.is_empty() { Self::remove(name) } else { Self::Set { name, value: Cow::Owned(value) } }
    }
}

/// Why the filter answers a request itself.
///
/// It displays as a short body that names the rule and never a value of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Two sources, or two values of one, name different tenants and `tenant.onConflict` is `reject`.
    TenantConflict,
    /// A believed source has an invalid tenant name, and `tenant.onInvalid` is `reject`.
    TenantInvalid,
    /// Two versions of one service, and `overrides.onDuplicate` is `reject`.
    OverrideDuplicate,
    /// A malformed override or too many of them, and `overrides.onInvalid` is `reject`.
    OverrideInvalid,
    /// A plain CONNECT at an edge, and `connect` is `refuse`: what is tunnelled is not seen.
    Tunnel,
    /// A share link with an invalid tenant or two tenants, or with a path that could lead to another host.
    Link,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TenantConflict => "the request names two different tenants (tenant.onConflict)\n",
            Self::TenantInvalid => "the request names an invalid tenant (tenant.onInvalid)\n",
            Self::OverrideDuplicate => "the request names two versions of one service (overrides.onDuplicate)\n",
            Self::OverrideInvalid => "the request names an invalid override, or too many (overrides.onInvalid)\n",
            Self::Tunnel => "the request asks for a tunnel (connect)\n",
            Self::Link => "the link names no valid tenant, or has an unsafe path (tenant.from[].link)\n",
        })
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_its_rule_on_one_short_line() {
        for (refusal, rule) in [
            (Refusal::TenantConflict, "tenant.onConflict"),
            (Refusal::TenantInvalid, "tenant.onInvalid"),
            (Refusal::OverrideDuplicate, "overrides.onDuplicate"),
            (Refusal::OverrideInvalid, "overrides.onInvalid"),
            (Refusal::Tunnel, "connect"),
            (Refusal::Link, "tenant.from[].link"),
        ] {
            let body = refusal.to_string();
            assert!(body.ends_with(&format!(" ({rule})\n")) && body.lines().count() == 1, "{body:?}");
            assert!(body.len() < 100, "{body:?}");
        }
    }
}

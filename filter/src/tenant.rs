//! The tenant of a request: where it may come from, and what to do where sources disagree.

use std::borrow::Cow;

use crate::authority::{self, HostPattern};
use crate::baggage::{self, Key};
use crate::decision::Refusal;
use crate::names::{Field, Lines};
use crate::request::{split, trim};

/// A tenant ends up in label selectors, so it is at most a Kubernetes label value: 63 bytes.
pub(crate) const MAX_TENANT_BYTES: usize = 63;

/// A tenant name: a Kubernetes label value, 1 to 63 of `[A-Za-z0-9._-]`, alphanumeric at both ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tenant<'a>(Cow<'a, [u8]>);

impl<'a> Tenant<'a> {
    fn parse(name: Cow<'a, [u8]>) -> Option<Self> {
        is_label_value(&name).then_some(Self(name))
    }

    /// The name, fit for a header and, unescaped, for baggage.
    pub(crate) fn name(&self) -> Cow<'a, [u8]> {
        self.0.clone()
    }

    /// Whether both name the same tenant: hosts carry no case, so case tells no tenants apart.
    fn is(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

/// A Kubernetes label value that is not empty.
pub(crate) fn is_label_value(value: &[u8]) -> bool {
    let ends_well = |end: Option<&u8>| end.is_some_and(u8::is_ascii_alphanumeric);
    value.len() <= MAX_TENANT_BYTES
        && value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(byte))
        && ends_well(value.first())
        && ends_well(value.last())
}

/// A place where a believed tenant may stand.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Host(HostPattern),
    Header(Field),
    Baggage(Key),
}

/// What to do with what is not as it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Goes on: the first tenant wins, an invalid value is as good as none.
    #[default]
    Tolerate,
    /// Answers 400.
    Reject,
}

/// How to find the tenant: the believed sources, in order.
#[derive(Debug, Default)]
pub(crate) struct TenantRules {
    pub(crate) sources: Vec<Source>,
    pub(crate) on_conflict: Policy,
    pub(crate) on_invalid: Policy,
}

impl TenantRules {
    /// The tenant that the first source with a valid value names.
    pub(crate) fn resolve<'a>(&self, lines: &Lines<'a>) -> Result<Option<Tenant<'a>>, Refusal> {
        let mut choice = Choice { rules: self, tenant: None };
        for source in &self.sources {
            match source {
                Source::Host(pattern) => {
                    let tenant = authority::host(lines.authority).and_then(|host| pattern.tenant(host));
                    tenant.map_or(Ok(()), |name| choice.offer(name))?;
                }
                Source::Header(field) => {
                    let listed = lines.values(*field).flat_map(|line| split(line, b",")).map(trim);
                    listed.filter(|name| !name.is_empty()).try_for_each(|name| choice.offer(Cow::Borrowed(name)))?;
                }
                Source::Baggage(key) => baggage::values(lines, key).try_for_each(|name| choice.offer(name))?,
            }
        }
        Ok(choice.tenant)
    }
}

struct Choice<'r, 'a> {
    rules: &'r TenantRules,
    tenant: Option<Tenant<'a>>,
}

impl<'a> Choice<'_, 'a> {
    fn offer(&mut self, name: Cow<'a, [u8]>) -> Result<(), Refusal> {
        match (Tenant::parse(name), &self.tenant) {
            (None, _) if self.rules.on_invalid == Policy::Reject => Err(Refusal::TenantInvalid),
            (Some(tenant), None) => {
                self.tenant = Some(tenant);
                Ok(())
            }
            (Some(tenant), Some(chosen)) if !tenant.is(chosen) && self.rules.on_conflict == Policy::Reject => {
                Err(Refusal::TenantConflict)
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_a_kubernetes_label_value() {
        for name in ["a", "feat-x", "Feat_X.1", "0", &"a".repeat(63)] {
            assert!(Tenant::parse(Cow::Borrowed(name.as_bytes())).is_some(), "{name}");
        }
        for name in ["", "-a", "a-", ".a", "a.", "_a", "a b", "a,b", "a%b", "a\0", "\u{e9}", &"a".repeat(64)] {
            assert!(Tenant::parse(Cow::Borrowed(name.as_bytes())).is_none(), "{name}");
        }
    }

    fn resolve(rules: &TenantRules, values: &[&'static [u8]]) -> Result<Option<Vec<u8>>, Refusal> {
        let mut lines = Lines::default();
        for value in values {
            let line = crate::names::Line { field: Field::Source(0), exact: true, name: b"x", value };
            lines.owned.push(line);
        }
        Ok(rules.resolve(&lines)?.map(|tenant| tenant.name().into_owned()))
    }

    #[test]
    fn reads_every_line_and_every_element() {
        let mut rules = TenantRules {
            sources: vec![Source::Header(Field::Source(0))],
            on_conflict: Policy::Reject,
            on_invalid: Policy::Tolerate,
        };
        let one = Ok(Some(b"a".to_vec()));
        assert_eq!(resolve(&rules, &[]), Ok(None));
        assert_eq!(resolve(&rules, &[b"", b" , "]), Ok(None));
        assert_eq!(resolve(&rules, &[b"a", b"a"]), one, "equal lines");
        assert_eq!(resolve(&rules, &[b" a ,, A"]), one, "joined, and case tells nothing apart");
        assert_eq!(resolve(&rules, &[b"-", b"a"]), one, "an invalid value is as good as none");
        assert_eq!(resolve(&rules, &[b"a", b"b"]), Err(Refusal::TenantConflict));
        assert_eq!(resolve(&rules, &[b"a, b"]), Err(Refusal::TenantConflict));
        rules.on_conflict = Policy::Tolerate;
        assert_eq!(resolve(&rules, &[b"a", b"b"]), one, "first wins");
        rules.on_invalid = Policy::Reject;
        assert_eq!(resolve(&rules, &[b"a", b"\xff"]), Err(Refusal::TenantInvalid));
    }
}

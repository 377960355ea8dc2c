//! Events as words and values: what a line of a log and an explanation are made of.

use super::{Disbelief, Event, InvalidTenant, Origin, Recollection, Unmet, Unoffered, Unsealed};
use crate::decision::{Mutation, Refusal};

/// One detail of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail<'e> {
    /// A source, by its place in the configuration.
    Source(Origin),
    /// A word of ours, or a text of the configuration.
    Word(&'e str),
    /// The name of a header, as the request spells it.
    Header(&'e [u8]),
    /// A value that counts from here on: a tenant, a service, a version or conditions, valid by its grammar, or clusters.
    Chosen(&'e [u8]),
    /// What the request says there, which may be any bytes.
    Raw(&'e [u8]),
    /// A number.
    Count(usize),
}

impl Event<'_> {
    /// The name of such events, in snake case. It stays what it is, as the fields of the configuration do.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::TokenNotBelieved { .. } => "token_not_believed",
            Self::SourceAbsent { .. } => "source_absent",
            Self::SourceNotBelieved { .. } => "source_not_believed",
            Self::HostSettled { .. } => "host_settled",
            Self::HostExcepted { .. } => "host_excepted",
            Self::TenantChosen { .. } => "tenant_chosen",
            Self::TenantRepeated { .. } => "tenant_repeated",
            Self::TenantConflict { .. } => "tenant_conflict",
            Self::TenantInvalid { .. } => "tenant_invalid",
            Self::Linked { .. } => "linked",
            Self::Sealed { .. } => "sealed",
            Self::Unsealed { .. } => "unsealed",
            Self::SealOverruled => "seal_overruled",
            Self::SealMade => "seal_made",
            Self::SealTooLarge { .. } => "seal_too_large",
            Self::SealFailed => "seal_failed",
            Self::Overrides { .. } => "overrides",
            Self::OverrideTaken { .. } => "override_taken",
            Self::OverrideSettled { .. } => "override_settled",
            Self::OverrideDuplicate { .. } => "override_duplicate",
            Self::OverrideInvalid { .. } => "override_invalid",
            Self::OverrideLimit { .. } => "override_limit",
            Self::ConditionUnmet { .. } => "condition_unmet",
            Self::Projected { .. } => "projected",
            Self::Destinations { .. } => "destinations",
            Self::Stripped { .. } => "stripped",
            Self::MemberInvalid { .. } => "member_invalid",
            Self::MemberLimit { .. } => "member_limit",
            Self::Withheld { .. } => "withheld",
            Self::TraceMalformed { .. } => "trace_malformed",
            Self::Recalled(_) => "recalled",
            Self::Misplaced => "misplaced",
            Self::Refused(_) => "refused",
            Self::HostFailed => "host_failed",
        }
    }

    /// Tells each detail by its key, in an order that stays.
    pub fn details<'s>(&'s self, tell: &mut dyn FnMut(&'static str, Detail<'s>)) {
        use Detail::{Chosen, Count, Header, Raw, Source, Word};
        match self {
            Self::Request
            | Self::Misplaced
            | Self::HostFailed
            | Self::SealOverruled
            | Self::SealMade
            | Self::SealFailed => {}
            Self::TokenNotBelieved { why } => tell("why", Word(why.word())),
            Self::SourceAbsent { source } | Self::HostSettled { source } | Self::TenantRepeated { source } => {
                tell("source", Source(*source));
            }
            Self::SourceNotBelieved { source, why } => {
                tell("source", Source(*source));
                tell("why", Word(why.word()));
            }
            Self::TenantChosen { source, kind: _, name } => {
                tell("source", Source(*source));
                tell("tenant", Chosen(name));
            }
            Self::HostExcepted { source, name } | Self::TenantConflict { source, name, is_first: _ } => {
                tell("source", Source(*source));
                tell("value", Raw(name));
            }
            Self::TenantInvalid { source, value, why } => {
                tell("source", Source(*source));
                tell("value", Raw(value));
                tell("why", Word(why.word()));
            }
            Self::Linked { source, name } => {
                tell("source", Source(*source));
                name.iter().for_each(|name| tell("tenant", Chosen(name)));
            }
            Self::Sealed { key, tenant, overrides } => {
                tell("key", Word(key));
                tell("tenant", Chosen(tenant));
                tell("overrides", Count(*overrides));
            }
            Self::Unsealed { why } => tell("why", Word(why.word())),
            Self::SealTooLarge { bytes } => tell("bytes", Count(*bytes)),
            Self::Overrides { count } => tell("count", Count(*count)),
            Self::OverrideTaken { source, service, version, conditions } => {
                tell("source", Source(*source));
                tell_entry([service, version, conditions], Chosen, tell);
            }
            Self::OverrideSettled { source, service, version, conditions }
            | Self::OverrideDuplicate { source, service, version, conditions }
            | Self::OverrideLimit { source, service, version, conditions } => {
                tell("source", Source(*source));
                tell_entry([service, version, conditions], Raw, tell);
            }
            Self::ConditionUnmet { service, version, conditions, why } => {
                tell_entry([service, version, conditions], Chosen, tell);
                tell("why", Word(why.word()));
            }
            Self::OverrideInvalid { source, entry } => {
                tell("source", Source(*source));
                tell("entry", Raw(entry));
            }
            Self::Projected { header, service, version } => {
                tell("header", Word(header));
                tell("service", Word(service.unwrap_or("called")));
                version.iter().for_each(|version| tell("version", Chosen(version)));
            }
            Self::Destinations { header, offered } => {
                tell("header", Word(header));
                match offered {
                    Ok(clusters) => tell("clusters", Chosen(clusters)),
                    Err(why) => why.tell(tell),
                }
            }
            Self::Stripped { name } => tell("header", Header(name)),
            Self::MemberInvalid { member } | Self::MemberLimit { member } => tell("member", Raw(member)),
            Self::Withheld { mutations } => mutations.iter().for_each(|mutation| match mutation {
                Mutation::Remove { name } | Mutation::Set { name, .. } => tell("header", Header(name)),
            }),
            Self::TraceMalformed { header } => tell("header", Word(header)),
            Self::Recalled(recollection) => tell("context", Word(recollection.word())),
            Self::Refused(refusal) => tell("rule", Word(refusal.rule())),
        }
    }
}

/// Tells of an entry: its service, its version, and its conditions if it has any.
#[inline(never)]
fn tell_entry<'s>(
    entry: [&'s [u8]; 3],
    detail: fn(&'s [u8]) -> Detail<'s>,
    tell: &mut dyn FnMut(&'static str, Detail<'s>),
) {
    for (key, text) in ["service", "version", "conditions"].into_iter().zip(entry) {
        if !text.is_empty() {
            tell(key, detail(text));
        }
    }
}

impl Disbelief {
    fn word(self) -> &'static str {
        match self {
            Self::Untrusted => "untrusted",
            Self::NoToken => "no_token",
            Self::Issuer => "issuer",
            Self::Claim => "claim",
        }
    }
}

impl Unsealed {
    fn word(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown_key",
            Self::Expired => "expired",
            Self::False => "false",
            Self::Limit => "limit",
            Self::HostFailed => "host_failed",
        }
    }
}

impl Unmet {
    fn word(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Caller => "caller",
            Self::CallerUnknown => "caller_unknown",
        }
    }
}

impl InvalidTenant {
    fn word(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Pattern => "pattern",
            Self::List => "list",
            Self::Excess => "excess",
        }
    }
}

impl Unoffered<'_> {
    fn tell<'s>(&'s self, tell: &mut dyn FnMut(&'static str, Detail<'s>)) {
        let word = match self {
            Self::NoRoute => "no_route",
            Self::Route(_) => "route",
            Self::Brought => "brought",
            Self::Cluster => "cluster",
            Self::NoOther => "no_other",
        };
        tell("why", Detail::Word(word));
        match self {
            Self::Route(name) => tell("route", Detail::Raw(name)),
            Self::NoRoute | Self::Brought | Self::Cluster | Self::NoOther => {}
        }
    }
}

impl Recollection {
    fn word(self) -> &'static str {
        match self {
            Self::Forwarded => "forwarded",
            Self::Restored => "restored",
            Self::None => "none",
            Self::Ambiguous => "ambiguous",
            Self::Large => "large",
            Self::Full => "full",
            Self::Unknown => "unknown",
        }
    }
}

impl Refusal {
    /// The field of the configuration that refuses.
    fn rule(self) -> &'static str {
        match self {
            Self::TenantConflict => "tenant.onConflict",
            Self::TenantInvalid => "tenant.onInvalid",
            Self::OverrideDuplicate => "overrides.onDuplicate",
            Self::OverrideInvalid => "overrides.onInvalid",
            Self::Tunnel => "connect",
            Self::Link => "tenant.from[].link",
        }
    }
}

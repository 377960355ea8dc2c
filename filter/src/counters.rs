//! The counters: what happened, without its detail, counted without a host call.

use std::cell::Cell;

use crate::events::{Disbelief, Event, Events, Recollection, TenantKind, Unmet, Unsealed};

/// Makes the counters and both their lists of one table.
macro_rules! counters {
    ($($(#[$doc:meta])* $counter:ident => $name:literal,)*) => {
        /// Something worth counting; fixed in number, and never named after a value of a request.
        ///
        /// Its place in [`Counter::ALL`] is its number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Counter {
            $($(#[$doc])* $counter,)*
        }

        impl Counter {
            /// All of them, in the order of their numbers.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$counter),*];

            /// The name of its metric; Envoy's `/stats` shows it with the prefix `wasmcustom.`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$counter => $name,)*
                }
            }
        }
    };
}

counters! {
    /// Requests that the filter looked at.
    Requests => "tenancy.requests",
    /// Tenants taken from a host.
    TenantHost => "tenancy.tenant_host",
    /// Tenants taken from a claim of a verified token.
    TenantClaim => "tenancy.tenant_claim",
    /// Tenants taken from the issuer of a verified token.
    TenantIssuer => "tenancy.tenant_issuer",
    /// Tenants taken from a header.
    TenantHeader => "tenancy.tenant_header",
    /// Tenants taken from a baggage member.
    TenantBaggage => "tenancy.tenant_baggage",
    /// Tenants taken from a cookie.
    TenantCookie => "tenancy.tenant_cookie",
    /// Tenants taken from the query.
    TenantQuery => "tenancy.tenant_query",
    /// Requests in which two values named different tenants.
    TenantConflict => "tenancy.tenant_conflict",
    /// Believed values that are no tenant name: malformed, outside `tenant.pattern`, a claim that is no string.
    TenantInvalid => "tenancy.tenant_invalid",
    /// Requests without a verified token, if a source needs one.
    TokenAbsent => "tenancy.token_absent",
    /// Requests with a verified token of an issuer that does not count, if a source needs one that does.
    TokenIgnored => "tenancy.token_ignored",
    /// Requests that followed a share link, answered with 302.
    Linked => "tenancy.linked",
    /// Requests whose context came by a valid seal, under `seal.verify`.
    Sealed => "tenancy.sealed",
    /// Requests with a context and no seal, under `seal.verify`.
    UnsealedAbsent => "tenancy.unsealed_absent",
    /// Requests with a seal of no form that is known.
    UnsealedMalformed => "tenancy.unsealed_malformed",
    /// Requests with a seal of a key that is not listed.
    UnsealedKey => "tenancy.unsealed_key",
    /// Requests with a seal whose time is over.
    UnsealedExpired => "tenancy.unsealed_expired",
    /// Requests with a seal that was altered or invented.
    UnsealedFalse => "tenancy.unsealed_false",
    /// Requests with a seal that was not verified, because the second had had all its verifications.
    UnsealedLimit => "tenancy.unsealed_limit",
    /// Requests with a seal that the host could not verify.
    UnsealedFailed => "tenancy.unsealed_failed",
    /// Requests with a valid seal that said something else beside it, which was overwritten.
    SealOverruled => "tenancy.seal_overruled",
    /// Requests whose context an edge sealed, under `seal.sign`.
    SealMade => "tenancy.seal_made",
    /// Requests whose context was too large for a seal.
    SealLarge => "tenancy.seal_large",
    /// Requests whose context the host did not sign.
    SealFailed => "tenancy.seal_failed",
    /// Requests with overrides.
    Overrides => "tenancy.overrides",
    /// Overrides that gave way to another version of the same service.
    OverrideDuplicate => "tenancy.override_duplicate",
    /// Overrides that are no `service:version`, or whose conditions are unknown or malformed.
    OverrideInvalid => "tenancy.override_invalid",
    /// Overrides that exceed 64 entries or 4,096 bytes.
    OverrideLimit => "tenancy.override_limit",
    /// Overrides that did not count because of a condition on the caller, which is unknown.
    CallerUnknown => "tenancy.caller_unknown",
    /// Requests to which other clusters than their route's own were offered, under `destinations`.
    Destinations => "tenancy.destinations",
    /// Header and trailer names that an edge removed.
    Stripped => "tenancy.stripped",
    /// Third-party baggage members outside the grammar, dropped from a line that we wrote.
    BaggageInvalid => "tenancy.baggage_invalid",
    /// Third-party baggage members that exceed 64 members or 8,192 bytes.
    BaggageLimit => "tenancy.baggage_limit",
    /// Requests answered with 400 by the configuration.
    Refused => "tenancy.refused",
    /// Host calls that failed: 500 at an edge, passed on in the mesh.
    HostFailed => "tenancy.host_failed",
    /// Requests that left the mesh, without our context.
    Withheld => "tenancy.withheld",
    /// Requests at a waypoint under `role: mesh`.
    Misplaced => "tenancy.misplaced",
    /// Malformed trace headers, removed from inbound requests under `repair`.
    TraceMalformed => "tenancy.trace_malformed",
    /// Outbound requests whose context the application forwarded, under `repair`.
    ContextForwarded => "tenancy.context_forwarded",
    /// Outbound requests to which we restored what the application dropped.
    ContextRestored => "tenancy.context_restored",
    /// Outbound requests whose inbound one carried no context.
    ContextNone => "tenancy.context_none",
    /// Outbound requests whose trace ids stand for several contexts, or are repeated.
    ContextAmbiguous => "tenancy.context_ambiguous",
    /// Outbound requests whose context was too large to remember.
    ContextLarge => "tenancy.context_large",
    /// Outbound requests whose trace id was perhaps not remembered, because no slot was free.
    ContextFull => "tenancy.context_full",
    /// Outbound requests without context, and without a trace id that we know.
    ContextUnknown => "tenancy.context_unknown",
}

impl Event<'_> {
    /// The counter of such events; `None` if they are not counted.
    #[inline(always)]
    pub fn counter(&self) -> Option<Counter> {
        Some(match self {
            Self::Request => Counter::Requests,
            Self::SourceAbsent { .. }
            | Self::HostSettled { .. }
            | Self::HostExcepted { .. }
            | Self::SourceNotBelieved { .. }
            | Self::TenantRepeated { .. }
            | Self::OverrideTaken { .. }
            | Self::Projected { .. }
            | Self::OverrideSettled { .. } => return None,
            Self::TokenNotBelieved { why } => return why.counter(),
            Self::TenantChosen { kind, .. } => kind.counter(),
            Self::TenantConflict { is_first: false, .. } => return None,
            Self::TenantConflict { is_first: true, .. } => Counter::TenantConflict,
            Self::TenantInvalid { .. } => Counter::TenantInvalid,
            Self::Linked { .. } => Counter::Linked,
            Self::Sealed { .. } => Counter::Sealed,
            Self::Unsealed { why } => why.counter(),
            Self::SealOverruled => Counter::SealOverruled,
            Self::SealMade => Counter::SealMade,
            Self::SealTooLarge { .. } => Counter::SealLarge,
            Self::SealFailed => Counter::SealFailed,
            Self::Overrides { .. } => Counter::Overrides,
            Self::Destinations { offered: Err(_), .. } => return None,
            Self::Destinations { offered: Ok(_), .. } => Counter::Destinations,
            Self::OverrideDuplicate { .. } => Counter::OverrideDuplicate,
            Self::OverrideInvalid { .. } => Counter::OverrideInvalid,
            Self::OverrideLimit { .. } => Counter::OverrideLimit,
            Self::ConditionUnmet { why, .. } => return why.counter(),
            Self::Stripped { .. } => Counter::Stripped,
            Self::MemberInvalid { .. } => Counter::BaggageInvalid,
            Self::MemberLimit { .. } => Counter::BaggageLimit,
            Self::Withheld { .. } => Counter::Withheld,
            Self::TraceMalformed { .. } => Counter::TraceMalformed,
            Self::Recalled(recollection) => recollection.counter(),
            Self::Misplaced => Counter::Misplaced,
            Self::Refused(_) => Counter::Refused,
            Self::HostFailed => Counter::HostFailed,
        })
    }
}

impl TenantKind {
    fn counter(self) -> Counter {
        match self {
            Self::Host => Counter::TenantHost,
            Self::Claim => Counter::TenantClaim,
            Self::Issuer => Counter::TenantIssuer,
            Self::Header => Counter::TenantHeader,
            Self::Baggage => Counter::TenantBaggage,
            Self::Cookie => Counter::TenantCookie,
            Self::Query => Counter::TenantQuery,
        }
    }
}

impl Disbelief {
    /// `None` if it is no fault of the token.
    fn counter(self) -> Option<Counter> {
        match self {
            Self::NoToken => Some(Counter::TokenAbsent),
            Self::Issuer => Some(Counter::TokenIgnored),
            Self::Untrusted | Self::Claim => None,
        }
    }
}

impl Unsealed {
    fn counter(self) -> Counter {
        match self {
            Self::Absent => Counter::UnsealedAbsent,
            Self::Malformed => Counter::UnsealedMalformed,
            Self::UnknownKey => Counter::UnsealedKey,
            Self::Expired => Counter::UnsealedExpired,
            Self::False => Counter::UnsealedFalse,
            Self::Limit => Counter::UnsealedLimit,
            Self::HostFailed => Counter::UnsealedFailed,
        }
    }
}

impl Unmet {
    /// `None` if it is decided.
    fn counter(self) -> Option<Counter> {
        match self {
            Self::CallerUnknown => Some(Counter::CallerUnknown),
            Self::Method | Self::Caller => None,
        }
    }
}

impl Recollection {
    fn counter(self) -> Counter {
        match self {
            Self::Forwarded => Counter::ContextForwarded,
            Self::Restored => Counter::ContextRestored,
            Self::None => Counter::ContextNone,
            Self::Ambiguous => Counter::ContextAmbiguous,
            Self::Large => Counter::ContextLarge,
            Self::Full => Counter::ContextFull,
            Self::Unknown => Counter::ContextUnknown,
        }
    }
}

/// A count for each [`Counter`], since it was taken last.
///
/// The requests of one worker share it:
///
/// ```
/// # use tenancy_filter::{Counter, Direction, Filter, Gathered, Header, Peer, Tally};
/// let filter = Filter::from_config(br#"{"version": 1, "role": "edge", "strip": ["x-debug-*"]}"#)?.filter;
/// let headers = [Header { name: b"x-debug-on", value: b"1" }];
/// let gathered = Gathered { token: None, direction: Direction::Unspecified };
/// let tally = Tally::default();
/// for _ in 0..3 {
///     let scan = filter.scan(&headers, Peer::Unknown);
///     assert!(scan.decide(&gathered, (), &tally).is_ok());
/// }
///
/// assert!(tally.take().eq([(Counter::Requests, 3), (Counter::Stripped, 3)]));
/// assert_eq!(tally.take().count(), 0);
/// # Ok::<(), tenancy_filter::Findings>(())
/// ```
#[derive(Debug)]
pub struct Tally([Cell<u64>; Counter::ALL.len()]);

impl Default for Tally {
    fn default() -> Self {
        Self(Counter::ALL.map(|_| Cell::new(0)))
    }
}

impl Events for Tally {
    #[inline(always)]
    fn record(&self, event: Event<'_>) {
        if let Some(counter) = event.counter() {
            self.count(counter);
        }
    }
}

impl Tally {
    fn count(&self, counter: Counter) {
        if let Some(cell) = self.0.get(counter as usize) {
            cell.set(cell.get().saturating_add(1));
        }
    }

    /// The counts that are not zero, which start from zero again.
    pub fn take(&self) -> impl Iterator<Item = (Counter, u64)> {
        let taken = Counter::ALL.into_iter().zip(self.0.iter().map(Cell::take));
        taken.filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_each_under_its_own_number() {
        let tally = Tally::default();
        for (number, counter) in Counter::ALL.into_iter().enumerate() {
            assert_eq!(counter as usize, number);
            (0..number).for_each(|_| tally.count(counter));
        }
        let taken: Vec<_> = tally.take().collect();
        assert_eq!(taken.len(), Counter::ALL.len() - 1, "zero is not worth a call");
        assert!(taken.iter().all(|(counter, count)| *count == *counter as u64));
        assert_eq!(tally.take().count(), 0);
    }

    #[test]
    fn each_metric_has_a_name_of_its_own() {
        for counter in Counter::ALL {
            let name = counter.name();
            let own = name.strip_prefix("tenancy.").unwrap_or_default();
            assert!(!own.is_empty() && own.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
            assert_eq!(Counter::ALL.into_iter().filter(|other| other.name() == name).count(), 1, "{name}");
        }
    }
}

//! What happened, counted without a host call.

use std::cell::Cell;

/// Something worth counting; fixed in number, and never named after a value of a request.
///
/// Its place in [`Counter::ALL`] is its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// Requests that the filter looked at.
    Requests,
    /// Tenants taken from a host.
    TenantHost,
    /// Tenants taken from a claim of a verified token.
    TenantClaim,
    /// Tenants taken from a header.
    TenantHeader,
    /// Tenants taken from a baggage member.
    TenantBaggage,
    /// Tenants taken from a cookie.
    TenantCookie,
    /// Tenants taken from the query.
    TenantQuery,
    /// Requests in which two values named different tenants.
    TenantConflict,
    /// Believed values that are no tenant name: malformed, outside `tenant.pattern`, a claim that is no string.
    TenantInvalid,
    /// Requests with overrides.
    Overrides,
    /// Overrides that gave way to another version of the same service.
    OverrideDuplicate,
    /// Overrides that are no `service:version`.
    OverrideInvalid,
    /// Overrides beyond 64 entries or 4,096 bytes.
    OverrideLimit,
    /// Header and trailer names that an edge removed.
    Stripped,
    /// Strangers' baggage members outside the grammar, dropped from a line that we wrote.
    BaggageInvalid,
    /// Strangers' baggage members beyond 64 members or 8,192 bytes.
    BaggageLimit,
    /// Requests answered with 400 by the configuration.
    Refused,
    /// Host calls that failed: 500 at an edge, passed on in the mesh.
    HostFailed,
    /// Requests that left the mesh, and our context not with them.
    Withheld,
    /// Outbound requests whose context the application forwarded, under `repair`.
    ContextForwarded,
    /// Outbound requests to which we restored what the application dropped.
    ContextRestored,
    /// Outbound requests whose inbound one carried no context.
    ContextNone,
    /// Outbound requests whose trace ids stand for several contexts, or are repeated.
    ContextAmbiguous,
    /// Outbound requests whose context was too large to remember.
    ContextLarge,
    /// Outbound requests whose trace id was perhaps not remembered, for want of a free slot.
    ContextFull,
    /// Outbound requests without context, and without a trace id that we know.
    ContextUnknown,
}

impl Counter {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 26] = [
        Self::Requests,
        Self::TenantHost,
        Self::TenantClaim,
        Self::TenantHeader,
        Self::TenantBaggage,
        Self::TenantCookie,
        Self::TenantQuery,
        Self::TenantConflict,
        Self::TenantInvalid,
        Self::Overrides,
        Self::OverrideDuplicate,
        Self::OverrideInvalid,
        Self::OverrideLimit,
        Self::Stripped,
        Self::BaggageInvalid,
        Self::BaggageLimit,
        Self::Refused,
        Self::HostFailed,
        Self::Withheld,
        Self::ContextForwarded,
        Self::ContextRestored,
        Self::ContextNone,
        Self::ContextAmbiguous,
        Self::ContextLarge,
        Self::ContextFull,
        Self::ContextUnknown,
    ];

    /// The name of its metric; Envoy's `/stats` shows it behind `wasmcustom.`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requests => "tenancy.requests",
            Self::TenantHost => "tenancy.tenant_host",
            Self::TenantClaim => "tenancy.tenant_claim",
            Self::TenantHeader => "tenancy.tenant_header",
            Self::TenantBaggage => "tenancy.tenant_baggage",
            Self::TenantCookie => "tenancy.tenant_cookie",
            Self::TenantQuery => "tenancy.tenant_query",
            Self::TenantConflict => "tenancy.tenant_conflict",
            Self::TenantInvalid => "tenancy.tenant_invalid",
            Self::Overrides => "tenancy.overrides",
            Self::OverrideDuplicate => "tenancy.override_duplicate",
            Self::OverrideInvalid => "tenancy.override_invalid",
            Self::OverrideLimit => "tenancy.override_limit",
            Self::Stripped => "tenancy.stripped",
            Self::BaggageInvalid => "tenancy.baggage_invalid",
            Self::BaggageLimit => "tenancy.baggage_limit",
            Self::Refused => "tenancy.refused",
            Self::HostFailed => "tenancy.host_failed",
            Self::Withheld => "tenancy.withheld",
            Self::ContextForwarded => "tenancy.context_forwarded",
            Self::ContextRestored => "tenancy.context_restored",
            Self::ContextNone => "tenancy.context_none",
            Self::ContextAmbiguous => "tenancy.context_ambiguous",
            Self::ContextLarge => "tenancy.context_large",
            Self::ContextFull => "tenancy.context_full",
            Self::ContextUnknown => "tenancy.context_unknown",
        }
    }
}

/// A count for each [`Counter`], since it was taken last.
///
/// The requests of one worker share it:
///
/// ```
/// # use tenancy_filter::{Counter, Filter, Header, Request, Tally};
/// let filter = Filter::from_config(br#"{"version": 1, "role": "edge", "strip": ["x-debug-*"]}"#)?;
/// let headers = [Header { name: b"x-debug-on", value: b"1" }];
/// let request = Request { headers: &headers, ..Request::default() };
/// let tally = Tally::default();
/// for _ in 0..3 {
///     assert!(filter.on_request(&request, &tally).is_ok());
/// }
///
/// assert!(tally.take().eq([(Counter::Requests, 3), (Counter::Stripped, 3)]));
/// assert_eq!(tally.take().count(), 0);
/// # Ok::<(), tenancy_filter::ConfigErrors>(())
/// ```
#[derive(Debug, Default)]
pub struct Tally([Cell<u64>; Counter::ALL.len()]);

impl Tally {
    /// Counts one.
    pub fn count(&self, counter: Counter) {
        self.add(counter, 1);
    }

    /// Counts several.
    pub fn add(&self, counter: Counter, number: usize) {
        if let Some(cell) = self.0.get(counter as usize) {
            cell.set(cell.get().saturating_add(u64::try_from(number).unwrap_or(u64::MAX)));
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
            tally.add(counter, number);
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

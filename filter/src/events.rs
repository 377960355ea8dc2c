//! What happens to a request and why: events, which the module counts and tests keep.

mod detail;

use std::fmt;

use crate::decision::{Mutation, Refusal};

pub use detail::Detail;

/// The place of a source in the configuration. It displays as a path: `tenant.from[0].host`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The list: `tenant.from`, and in the mesh `tenant.to` too; `overrides.from` and `overrides.to`.
    pub list: &'static str,
    /// Its place in that list, from 0 on.
    pub index: usize,
    /// The field that names it, such as `host`.
    pub kind: &'static str,
}

impl Origin {
    /// What a seal holds.
    pub(crate) const SEAL: Self = Self { list: "seal", index: 0, kind: "verify" };
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::SEAL {
            return f.write_str("seal.verify");
        }
        write!(f, "{}[{}].{}", self.list, self.index, self.kind)
    }
}

/// What kind of place a tenant comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the configuration, by name")]
pub enum TenantKind {
    Host,
    Claim,
    Issuer,
    Header,
    Baggage,
    Cookie,
    Query,
}

impl TenantKind {
    /// All of them, by the field that names each in a configuration.
    pub const WORDS: [(&'static str, Self); 7] = [
        ("host", Self::Host),
        ("claim", Self::Claim),
        ("issuer", Self::Issuer),
        ("header", Self::Header),
        ("baggage", Self::Baggage),
        ("cookie", Self::Cookie),
        ("query", Self::Query),
    ];
}

/// Why a source is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disbelief {
    /// A client can write the source, and its `trust` does not allow that.
    Untrusted,
    /// The source needs a verified token, and the request has none.
    NoToken,
    /// The token's issuer is not in `verified.issuers`, and names no tenant either.
    Issuer,
    /// The token does not hold one of `verified.anyOf` in `verified.claim`.
    Claim,
}

/// Why a condition of an override does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmet {
    /// The request has a different method, or none.
    Method,
    /// Another workload calls.
    Caller,
    /// Nobody knows which workload calls: neither `caller` nor [`Filter::set_caller`](crate::Filter::set_caller) said it.
    CallerUnknown,
}

/// Why a value is not a valid tenant name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidTenant {
    /// It is no Kubernetes label value.
    Malformed,
    /// It does not match `tenant.pattern`.
    Pattern,
    /// It is a list; a tenant is one name.
    List,
    /// It follows 64 other values, so the filter did not read it.
    Excess,
}

/// How an outbound request came to its context, under `repair`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recollection {
    /// The application forwarded it.
    Forwarded,
    /// We restored what the application dropped.
    Restored,
    /// The inbound request had no context.
    None,
    /// Its trace ids stand for several contexts, or one is repeated.
    Ambiguous,
    /// It was too large to remember.
    Large,
    /// It was perhaps not remembered, because no slot was free.
    Full,
    /// It has no context, and no trace id that we know.
    Unknown,
}

/// Why a request gets no list of destinations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unoffered<'e> {
    /// It has no route, or the route is unknown.
    NoRoute,
    /// The route has this name, which is not in `destinations.routes`.
    Route(&'e [u8]),
    /// It brought a list, or at an edge a header that it loses, by which its route may have been chosen.
    Brought,
    /// The route's cluster is the workload beside the proxy, or has a name that fits in no list.
    Cluster,
    /// No template makes another cluster than the route's own.
    NoOther,
}

/// Why a request has no valid seal, under `seal.verify`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsealed {
    /// It brings none.
    Absent,
    /// It is no seal of a form that this filter knows.
    Malformed,
    /// It names a key that `seal.verify` does not list.
    UnknownKey,
    /// Its time is over, and 30 seconds for clocks that differ.
    Expired,
    /// Its signature is not that of its key: it was altered, or invented.
    False,
    /// It was not verified: this second has had all its verifications (`seal.verificationsPerSecond`).
    Limit,
    /// It was not verified: the host failed, or gives no access.
    HostFailed,
}

/// Something that happened to a request, in the order in which it happened. Names and values are the request's own
/// bytes: show them to whoever sent the request, and never log them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'e> {
    /// The filter looks at a request.
    Request,
    /// A source needs a token that counts, and the request has none.
    TokenNotBelieved {
        /// Whether there is a token at all.
        why: Disbelief,
    },
    /// A believed source has no value.
    SourceAbsent {
        /// Which one.
        source: Origin,
    },
    /// A source was not asked.
    SourceNotBelieved {
        /// Which one.
        source: Origin,
        /// The clause of its condition that does not hold.
        why: Disbelief,
    },
    /// A host pattern was not asked, because an earlier one fits the host.
    HostSettled {
        /// Which one.
        source: Origin,
    },
    /// A host matches a pattern, but its name is in `except`.
    HostExcepted {
        /// Which one.
        source: Origin,
        /// The name.
        name: &'e [u8],
    },
    /// A source gave the tenant that counts.
    TenantChosen {
        /// Which one.
        source: Origin,
        /// Its kind.
        kind: TenantKind,
        /// The tenant.
        name: &'e [u8],
    },
    /// A further value names the same tenant.
    TenantRepeated {
        /// Its place in the configuration.
        source: Origin,
    },
    /// A further value names another tenant.
    TenantConflict {
        /// Its place in the configuration.
        source: Origin,
        /// The other tenant.
        name: &'e [u8],
        /// Whether it is the first conflict of the request; only the first is counted.
        is_first: bool,
    },
    /// A value is not a valid tenant name.
    TenantInvalid {
        /// Its place in the configuration.
        source: Origin,
        /// The value; empty for a list.
        value: &'e [u8],
        /// What is wrong with it.
        why: InvalidTenant,
    },
    /// The request follows a share link, and is redirected.
    Linked {
        /// Which parameter.
        source: Origin,
        /// The tenant in the cookie; `None` if the link clears it.
        name: Option<&'e [u8]>,
    },
    /// The context comes from a valid seal.
    Sealed {
        /// The key that signed it.
        key: &'e str,
        /// The tenant; empty if the seal has none that is valid here.
        tenant: &'e [u8],
        /// The number of its overrides.
        overrides: usize,
    },
    /// The request has no valid seal, and carries or brings a context.
    Unsealed {
        /// Why.
        why: Unsealed,
    },
    /// The request brings a valid seal, and said something else beside it, which was overwritten.
    SealOverruled,
    /// An edge sealed the context.
    SealMade,
    /// A context is too large for a seal, and is sent without one.
    SealTooLarge {
        /// Its bytes; [`MAX_SEALED_BYTES`](crate::MAX_SEALED_BYTES) would fit.
        bytes: usize,
    },
    /// The host did not sign, so the context is sent without a seal.
    SealFailed,
    /// The request has overrides.
    Overrides {
        /// How many.
        count: usize,
    },
    /// A source gave an override.
    OverrideTaken {
        /// Which one.
        source: Origin,
        /// The service.
        service: &'e [u8],
        /// Its version.
        version: &'e [u8],
        /// Its conditions, as in `method=POST;caller=foo`; empty if it has none.
        conditions: &'e [u8],
    },
    /// An entry gave way to what the previous proxy decided.
    OverrideSettled {
        /// Its place in the configuration.
        source: Origin,
        /// The service.
        service: &'e [u8],
        /// The version that gave way.
        version: &'e [u8],
        /// Its conditions, as in `method=POST;caller=foo`; empty if it has none.
        conditions: &'e [u8],
    },
    /// Two entries name different versions of one service, on the same conditions.
    OverrideDuplicate {
        /// The place of the later one.
        source: Origin,
        /// The service.
        service: &'e [u8],
        /// The version of the later one.
        version: &'e [u8],
        /// Its conditions, as in `method=POST;caller=foo`; empty if it has none.
        conditions: &'e [u8],
    },
    /// An entry is no `service:version`, its conditions are unknown or malformed, or an element of a claim may be no string, so that none of the claim counts.
    OverrideInvalid {
        /// Its place in the configuration.
        source: Origin,
        /// The entry, or the element.
        entry: &'e [u8],
    },
    /// An entry exceeds 64 entries or 4,096 bytes.
    OverrideLimit {
        /// Its place in the configuration.
        source: Origin,
        /// The service.
        service: &'e [u8],
        /// Its version.
        version: &'e [u8],
        /// Its conditions, as in `method=POST;caller=foo`; empty if it has none.
        conditions: &'e [u8],
    },
    /// A condition of an entry does not hold, so the entry does not count for this call.
    ConditionUnmet {
        /// The service.
        service: &'e [u8],
        /// The version that does not count.
        version: &'e [u8],
        /// All conditions of the entry.
        conditions: &'e [u8],
        /// Which one does not hold.
        why: Unmet,
    },
    /// A projection was looked up.
    Projected {
        /// Its header.
        header: &'e str,
        /// The service; `None` for the called one.
        service: Option<&'e str>,
        /// Its version; `None` if no override for it counts.
        version: Option<&'e [u8]>,
    },
    /// Destinations were looked up.
    Destinations {
        /// Their header.
        header: &'e str,
        /// The clusters, joined by commas, the route's own the last.
        offered: Result<&'e [u8], Unoffered<'e>>,
    },
    /// An edge removed a header or a trailer.
    Stripped {
        /// Its name, as the request spells it.
        name: &'e [u8],
    },
    /// A third-party baggage member is outside the grammar, and was dropped from a line that we wrote.
    MemberInvalid {
        /// The member.
        member: &'e [u8],
    },
    /// A third-party baggage member exceeds 64 members or 8,192 bytes.
    MemberLimit {
        /// The member.
        member: &'e [u8],
    },
    /// The request left the mesh without our context, or trailers passed an outbound listener without it.
    Withheld {
        /// What was taken away.
        mutations: &'e [Mutation<'e>],
    },
    /// An inbound request has a malformed trace header, which `repair` removes.
    TraceMalformed {
        /// Its name, as a configuration writes it.
        header: &'static str,
    },
    /// An outbound request was looked at for what its application dropped.
    Recalled(Recollection),
    /// The proxy is a waypoint, and the configuration has `role: mesh`.
    Misplaced,
    /// The configuration refuses the request.
    Refused(Refusal),
    /// A host call failed: 500 at an edge, passed on in the mesh.
    HostFailed,
}

/// Takes the events of requests. The counting one is [`Tally`](crate::Tally); `()` drops them.
pub trait Events {
    /// Takes one event.
    fn record(&self, event: Event<'_>);
}

impl Events for () {
    fn record(&self, _: Event<'_>) {}
}

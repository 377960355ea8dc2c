//! The borrowed view of one request.

/// One header line.
///
/// Envoy lower-cases names before any filter sees them; a value is opaque bytes (RFC 9110 §5.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name, lower-case; pseudo-headers begin with a colon (RFC 9113 §8.3).
    pub name: &'a [u8],
    /// The value, without the white space around it.
    pub value: &'a [u8],
}

/// Whom the proxy faces: always configured, never inferred from a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Clients that are not trusted: an ingress gateway.
    Edge,
    /// Other workloads, beside one of them: a sidecar.
    Mesh,
    /// Other workloads, in front of many: a waypoint (Istio, "Configure waypoint proxies"), to which everything comes in.
    Waypoint,
}

impl Role {
    /// Whether it trusts no sender.
    pub(crate) fn is_edge(self) -> bool {
        match self {
            Self::Edge => true,
            Self::Mesh | Self::Waypoint => false,
        }
    }
}

/// Whether the sender of a request is known; this matters only under `peers: mtls`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// It presented a client certificate, or it is the workload beside this proxy.
    Known,
    /// It did not, or the front end does not know.
    Unknown,
}

/// The facts that a front end must find out before [`Scan::decide`](crate::Scan::decide). A fact that is `false` here
/// does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wants {
    /// [`Gathered::token`], with a claim for each of [`Filter::claims`](crate::Filter::claims).
    pub token: bool,
    /// [`Gathered::direction`].
    pub direction: bool,
    /// The cluster of a [`Direction::Outbound`] or [`Direction::Through`]; otherwise it may be empty.
    pub cluster: bool,
}

/// What a front end found out.
#[derive(Clone, Debug)]
pub struct Gathered<'a> {
    /// The verified token of the request; `None` if there is none, or the scan does not want it.
    pub token: Option<Token<'a>>,
    /// The direction of the request.
    pub direction: Direction<'a>,
}

/// Which way a request passes a proxy of the mesh: its listener's direction (Envoy, "Attributes",
/// `xds.listener_direction`), which no header can claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction<'a> {
    /// The listener has none, or the scan does not want it.
    Unspecified,
    /// To the workload beside this proxy.
    Inbound,
    /// From that workload to others, inside the mesh or outside.
    Outbound {
        /// The cluster that the route chose (`xds.cluster_name`); empty if there is none, or the scan does not want it.
        cluster: &'a [u8],
    },
    /// Through a waypoint, whose listeners all say inbound, to whatever its route chose.
    Through {
        /// The cluster, as above.
        cluster: &'a [u8],
    },
}

/// The way to a claim in a token's payload: 1 to 8 names of nested objects, and indexes of lists in decimals.
pub type ClaimPath = Vec<String>;

/// The payload of a token that the proxy verified (Envoy's `jwt_authn`), as far as the filter asks for it.
///
/// A token that nobody verified is none; whether a verified one counts, its issuer decides:
///
/// ```
/// # use tenancy_filter::{Claim, Direction, Filter, Gathered, Mutation, Peer, Token};
/// let filter = Filter::from_config(br#"{
///     "version": 1,
///     "role": "edge",
///     "tenant": {"from": [{"claim": "tenancy.name"}], "to": [{"header": "x-tenant"}]},
///     "verified": {"issuers": ["https://idp.example.com"]}
/// }"#)?.filter;
/// assert_eq!(filter.claims(), [["tenancy", "name"]]);
///
/// let scan = filter.scan(&[], Peer::Unknown);
/// assert!(scan.wants().token);
/// for (issuer, expected) in [
///     (&b"https://idp.example.com"[..], &[Mutation::set(b"x-tenant", b"feat-x")][..]),
///     (b"https://other.example.com", &[]),
/// ] {
///     let token = Token { issuer, claims: vec![Claim::Single(b"feat-x")] };
///     let gathered = Gathered { token: Some(token), direction: Direction::Unspecified };
///     assert_eq!(scan.decide(&gathered, (), &())?.mutations, expected);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// The `iss` claim (RFC 7519 §4.1.1).
    pub issuer: &'a [u8],
    /// One for each of [`Filter::claims`](crate::Filter::claims), in their order.
    pub claims: Vec<Claim<'a>>,
}

/// A claim, as the host returns it (Envoy, "Attributes"): without its type.
///
/// So a number whose eight bytes happen to spell a tenant cannot be told from that tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim<'a> {
    /// The token has no such claim.
    Absent,
    /// A string; or a number, a boolean or a map in the bytes of the host's encoding; empty for null, and for what holds
    /// one.
    Single(&'a [u8]),
    /// A list of the same.
    List(Vec<&'a [u8]>),
}

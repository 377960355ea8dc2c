//! The borrowed view of one request.

/// One header line as the proxy holds it.
///
/// Envoy lower-cases names before any filter sees them; a value holds opaque bytes (RFC 9110 §5.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name, lower-case; pseudo-headers begin with a colon (RFC 9113 §8.3).
    pub name: &'a [u8],
    /// The value, without the white space around it.
    pub value: &'a [u8],
}

/// What the proxy knows of one request; the default stands for what it need not find out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// All header lines, pseudo-headers included; a repeated header stands here once a line.
    pub headers: &'a [Header<'a>],
    /// The verified token that came with it, if any; needed where [`Filter::reads_token`](crate::Filter::reads_token).
    pub token: Option<&'a Token<'a>>,
    /// Who sent it; needed where [`Filter::reads_peer`](crate::Filter::reads_peer).
    pub peer: Peer,
    /// Which way it goes; needed where [`Filter::reads_passage`](crate::Filter::reads_passage).
    pub passage: Passage<'a>,
}

/// Which way a request passes a proxy of the mesh: its listener's direction (Envoy, "Attributes",
/// `xds.listener_direction`), which no header can claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Passage<'a> {
    /// Nobody asked, or the listener has no direction.
    #[default]
    Unknown,
    /// To the workload beside this proxy.
    Inbound,
    /// From that workload to others, within the mesh or beyond.
    Outbound {
        /// The cluster that the route chose (`xds.cluster_name`), empty where there is none; needed where
        /// [`Filter::reads_cluster`](crate::Filter::reads_cluster).
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
/// # use tenancy_filter::{Claim, Filter, Mutation, Request, Tally, Token};
/// let filter = Filter::from_config(br#"{
///     "version": 1,
///     "role": "edge",
///     "tenant": {"from": [{"claim": "tenancy.name"}], "to": [{"header": "x-tenant"}]},
///     "verified": {"issuers": ["https://idp.example.com"]}
/// }"#)?;
/// assert_eq!(filter.claims(), [["tenancy", "name"]]);
///
/// let claims = [Claim::Single(b"feat-x")];
/// let token = Token { issuer: b"https://idp.example.com", claims: &claims };
/// let request = Request { token: Some(&token), ..Request::default() };
/// assert_eq!(filter.on_request(&request, &Tally::default()), Ok(vec![Mutation::set(b"x-tenant", b"feat-x")]));
///
/// let token = Token { issuer: b"https://other.example.com", ..token };
/// let request = Request { token: Some(&token), ..Request::default() };
/// assert_eq!(filter.on_request(&request, &Tally::default()), Ok(vec![]));
/// # Ok::<(), tenancy_filter::ConfigErrors>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// The `iss` claim (RFC 7519 §4.1.1).
    pub issuer: &'a [u8],
    /// One for each of [`Filter::claims`](crate::Filter::claims), in their order.
    pub claims: &'a [Claim<'a>],
}

/// A claim, as the host hands it over (Envoy, "Attributes"): without its type.
///
/// So a number whose eight bytes happen to spell a tenant cannot be told from that tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim<'a> {
    /// The token has no such claim.
    Absent,
    /// A string; or a number, a boolean or a map in the bytes of the host's encoding.
    Single(&'a [u8]),
    /// A list of the same.
    List(Vec<&'a [u8]>),
}

/// Whether the sender of a request is known; it matters under `peers: mtls` alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Peer {
    /// It presented a client certificate, or it is the workload that this proxy stands beside.
    #[default]
    Known,
    /// It did not.
    Unknown,
}

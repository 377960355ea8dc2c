//! Trace ids: the headers that hold one, and what a line of each says.

mod line;
mod tracer;

use smallvec::SmallVec;

use crate::names::same_name;
use crate::request::Header;

pub(super) use line::Reading;

/// A header with an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TraceHeader {
    Traceparent,
    B3,
    B3TraceId,
    RequestId,
    Datadog,
    Uber,
    Cloud,
}

/// What is known of a trace header.
struct Row {
    header: TraceHeader,
    /// As a configuration writes it.
    name: &'static str,
    /// What belongs to it and is useless without it; `*` stands for any end of a name.
    companions: &'static [&'static str],
}

/// All of them.
const ROWS: [Row; 7] = [
    Row { header: TraceHeader::Traceparent, name: "traceparent", companions: &["tracestate"] },
    Row { header: TraceHeader::B3, name: "b3", companions: &[] },
    Row { header: TraceHeader::B3TraceId, name: "x-b3-traceid", companions: &["x-b3-*"] },
    Row { header: TraceHeader::RequestId, name: "x-request-id", companions: &[] },
    Row { header: TraceHeader::Datadog, name: "x-datadog-trace-id", companions: &["x-datadog-*"] },
    Row { header: TraceHeader::Uber, name: "uber-trace-id", companions: &[] },
    Row { header: TraceHeader::Cloud, name: "x-cloud-trace-context", companions: &[] },
];

/// `traceparent` in gRPC's binary form, which is never forwarded as text.
const BINARY: &str = "grpc-trace-bin";

/// The names by which a client may choose a trace id: what an edge removes under `traceHeaders: drop`.
///
/// `x-request-id` is not among them: the proxy itself makes it, and makes it anew for external requests (Envoy,
/// `use_remote_address`).
pub(crate) fn dropped() -> impl Iterator<Item = &'static str> {
    let rows = ROWS.iter().filter(|row| row.header != TraceHeader::RequestId);
    rows.flat_map(|row| row.companions.iter().copied().chain([row.name])).chain([BINARY])
}

/// The id of a trace, from whatever header, or the id of a request, in canonical spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceId(SmallVec<[u8; 36]>);

impl TraceId {
    /// The low 64 bits, all that every tracer forwards (OpenZipkin, "B3 Propagation"; Datadog writes them alone).
    /// `None` if they are zero, which tracers take for no id.
    pub(super) fn of_trace(number: u64) -> Option<Self> {
        (number != 0).then(|| Self::new(0, &number.to_le_bytes()))
    }

    fn of_request(id: &[u8]) -> Self {
        Self::new(1, id)
    }

    fn new(kind: u8, id: &[u8]) -> Self {
        let mut bytes = SmallVec::new();
        bytes.push(kind);
        bytes.extend_from_slice(id);
        Self(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What a trace header of a request says.
pub(super) enum Found<'a> {
    /// It occurs once, under its exact name, with a well-formed line: this is its id, if it has one.
    WellFormed(Option<TraceId>),
    /// It is repeated, has another spelling, or is malformed. These are the lines with the exact name.
    Malformed {
        /// The first line of the exact name.
        first: Option<&'a [u8]>,
    },
}

impl TraceHeader {
    /// All of them, by the name that a configuration writes.
    pub(crate) fn words() -> [(&'static str, Self); ROWS.len()] {
        ROWS.map(|row| (row.name, row.header))
    }

    pub(super) fn name(self) -> &'static str {
        ROWS.iter().find(|row| row.header == self).map_or("", |row| row.name)
    }

    /// Whether both hold ids of one kind: an application may read an id in one and write it in the other
    /// (OpenTelemetry, "Composite Propagator").
    pub(crate) fn is_akin(self, other: Self) -> bool {
        (self == Self::RequestId) == (other == Self::RequestId)
    }

    /// The lines of this header, only under its exact name.
    pub(super) fn lines<'a>(self, headers: &[Header<'a>]) -> impl Iterator<Item = &'a [u8]> {
        let name = self.name().as_bytes();
        headers.iter().filter(move |header| header.name == name).map(|header| header.value)
    }

    /// The names of a request that an application may take for this one (CGI, RFC 3875 §4.1.18), a line each.
    pub(super) fn names<'a>(self, headers: &[Header<'a>]) -> impl Iterator<Item = &'a [u8]> {
        let name = self.name().as_bytes();
        headers.iter().map(|header| header.name).filter(move |other| same_name(other, name))
    }

    /// `None` if a request has no such header.
    pub(super) fn find<'a>(self, headers: &[Header<'a>]) -> Option<Found<'a>> {
        let mut names = self.names(headers);
        names.next()?;
        let first = self.lines(headers).next();
        let reading = first.filter(|_| names.next().is_none()).map_or(Reading::Malformed, |line| self.read(line));
        Some(match reading {
            Reading::Id(id) => Found::WellFormed(Some(id)),
            Reading::NoId => Found::WellFormed(None),
            Reading::Malformed => Found::Malformed { first },
        })
    }
}

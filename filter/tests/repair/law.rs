//! What holds for every request under `repair`, by the table of readers; shared with the fuzz target `trace`.

use std::sync::LazyLock;

use tenancy_filter::{
    Decision, Direction, Filter, Gathered, Header, Lookup, Memo, Mutation, Peer, Recalled, Route, TraceId,
};

use crate::readers::{Id, READERS, TRACERS};

/// Of all headers that can be named.
pub(crate) static ALL: LazyLock<Filter> = LazyLock::new(|| {
    let config = br#"{
        "version": 1,
        "role": "mesh",
        "tenant": {"to": [{"header": "x-tenant"}]},
        "repair": {"by": [
            "traceparent", "b3", "x-b3-traceid", "x-request-id",
            "x-datadog-trace-id", "uber-trace-id", "x-cloud-trace-context"
        ]}
    }"#;
    Filter::from_config(config).expect("a valid configuration").filter
});

/// The headers of a request within the mesh.
pub(crate) fn headers(lines: &[(String, String)]) -> Vec<Header<'_>> {
    let authority = Header { name: b":authority", value: b"shop" };
    let lines = lines.iter().map(|(name, value)| Header { name: name.as_bytes(), value: value.as_bytes() });
    [authority].into_iter().chain(lines).collect()
}

/// Looks trace ids up, and no routes.
pub(crate) struct Recalling<F>(pub(crate) F);

impl<F: FnMut(&TraceId) -> Recalled> Lookup for Recalling<F> {
    fn recall(&mut self, id: &TraceId) -> Recalled {
        self.0(id)
    }

    fn route(&mut self) -> Option<Route> {
        panic!("asks for a route")
    }
}

/// The names that are removed from an inbound request, and what to remember of it.
pub(crate) fn decide(filter: &Filter, headers: &[Header<'_>]) -> (Vec<Vec<u8>>, Memo) {
    let gathered = Gathered { token: None, direction: Direction::Inbound };
    let scan = filter.scan(headers, Peer::Known);
    let recall = |_: &TraceId| -> Recalled { panic!("asks for an id") };
    let Decision { mutations, memo } = scan.decide(&gathered, Recalling(recall), &()).expect("nothing is refused");
    let removed = mutations.iter().map(|mutation| match mutation {
        Mutation::Remove { name } => name.to_vec(),
        Mutation::Set { name, value } => panic!("sets {name:?} to {value:?}"),
    });
    (removed.collect(), memo.expect("is configured"))
}

/// The lines that the application sees, and what the request is remembered by.
pub(crate) fn received(lines: &[(String, String)]) -> (Vec<(String, String)>, Vec<TraceId>) {
    let (removed, Memo { ids, .. }) = decide(&ALL, &headers(lines));
    let stays = |(name, _): &&(String, String)| !removed.contains(&name.clone().into_bytes());
    (lines.iter().filter(stays).cloned().collect(), ids)
}

/// What applications and tracers read in a request, each with who does: one line, or all of a header as one.
pub(crate) fn readings(lines: &[(String, String)]) -> Vec<(&'static str, Id)> {
    let (kept, _) = received(lines);
    let by_applications = READERS.iter().flat_map(|reader| {
        let values: Vec<_> = kept.iter().filter(|(name, _)| folded(name) == reader.header).collect();
        let values: Vec<_> = values.into_iter().map(|(_, value)| value.clone()).collect();
        let joined = [values.join(","), values.join(", ")];
        let read = values.iter().chain(&joined).filter_map(|value| Some((reader.who, (reader.read)(value)?)));
        read.collect::<Vec<_>>()
    });
    let by_tracers = TRACERS.iter().filter_map(|tracer| {
        let (_, first) = lines.iter().find(|(name, _)| name == tracer.header)?;
        Some((tracer.who, (tracer.read)(first)?))
    });
    by_applications.chain(by_tracers).collect()
}

/// A line that forwards an id.
pub(crate) fn forwarded(id: &Id) -> (String, String) {
    match id {
        Id::Trace(number) => ("x-b3-traceid".to_owned(), format!("{number:016x}")),
        Id::Request(id) => ("x-request-id".to_owned(), id.clone()),
    }
}

/// The header lines of a text, each `name: value`, as Envoy hands them over.
pub(crate) fn parse(text: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(text);
    let lines = text.split(['\n', '\r']).filter_map(|line| line.split_once(':'));
    let lines = lines.filter(|(name, _)| !name.is_empty());
    lines.map(|(name, value)| (name.to_owned(), value.trim_matches([' ', '\t']).to_owned())).collect()
}

/// Panics where somebody makes an id of a request that it is not remembered by, and that can be looked up: such an id
/// could be another request's.
pub(crate) fn hold(lines: &[(String, String)]) {
    let (kept, ids) = received(lines);
    for (who, id) in readings(lines) {
        let (_, looked_up) = received(&[forwarded(&id)]);
        let is_known = looked_up.iter().all(|id| ids.contains(id));
        assert!(is_known, "{who} reads {id:x?} in {kept:?} of {lines:?}");
    }
    assert!(ids.len() <= 13, "{} ids of {lines:?}", ids.len());
}

/// A name as frameworks fold it (CGI, RFC 3875 §4.1.18), byte by byte.
fn folded(name: &str) -> String {
    let fold = |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte.to_ascii_lowercase()) } else { '-' };
    name.bytes().map(fold).collect()
}

//! One request.

use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use tenancy_filter::{
    Answer, Decision, Event, Events, Lease, Lookup, Mutation, Peer, Recalled, Route, TraceId, Unsealed,
};
use tenancy_filter_envoy::{Facts, Pairs, is_outbound, peer, route};

use crate::header_map::HeaderMap;
use crate::host::{self, Host, HostFailure, MapType};
use crate::remembered::Memory;
use crate::root::Plugin;
use crate::told;

/// The body of a 500.
const NO_ACCESS: &str = "the proxy gave no access to the request\n";

/// A request under a configuration.
pub(crate) struct Stream {
    plugin: Rc<Plugin>,
    /// Unknown until the headers come.
    peer: Peer,
    /// Its leases of trace ids, until it ends.
    leases: Vec<Lease>,
    /// Whether a local reply was sent; after that the request makes no further host call.
    is_answered: bool,
}

/// A request under an invalid configuration. It is answered as at an edge, because no role is known.
pub(crate) struct Unconfigured;

/// The host, the configuration's memory in it, and its seals.
struct Asked<'p> {
    memory: Option<Memory<'p>>,
    plugin: &'p Plugin,
}

impl Lookup for Asked<'_> {
    fn recall(&mut self, id: &TraceId) -> Recalled {
        self.memory.map_or(Recalled::Unknown, |memory| memory.recall(id))
    }

    /// A route that cannot be read does not stop a request.
    fn route(&mut self) -> Option<Route> {
        route(&Host).unwrap_or_default()
    }

    fn unseal(&mut self, seal: &[u8]) -> Result<Vec<u8>, Unsealed> {
        self.plugin.seals.open(self.plugin.filter.seal(), seal)
    }

    fn seal(&mut self, context: &[u8]) -> Option<Vec<u8>> {
        self.plugin.seals.seal(self.plugin.filter.seal(), context)
    }
}

/// Why a request does not go on.
enum Stop {
    Answered(Answer),
    HostFailed,
}

impl From<Answer> for Stop {
    fn from(answer: Answer) -> Self {
        Self::Answered(answer)
    }
}

impl From<HostFailure> for Stop {
    fn from(_: HostFailure) -> Self {
        Self::HostFailed
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(memory) = self.plugin.memory() {
            memory.release(&self.leases);
        }
    }
}

impl Context for Unconfigured {}

impl HttpContext for Unconfigured {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        host::respond(500, &[], NO_ACCESS);
        Action::Pause
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        Action::Pause
    }
}

impl Context for Stream {}

impl HttpContext for Stream {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        if self.is_answered {
            return Action::Pause;
        }
        self.peer = peer(&self.plugin.filter, &Host);
        let outcome = self.rewrite_headers();
        self.plugin.story.end("");
        self.go_on(outcome)
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        if self.is_answered {
            return Action::Pause;
        }
        let outcome = self.strip_trailers();
        self.plugin.story.end("trailers; ");
        self.go_on(outcome)
    }
}

impl Stream {
    pub(crate) fn new(plugin: Rc<Plugin>) -> Self {
        Self { plugin, peer: Peer::Unknown, leases: Vec::new(), is_answered: false }
    }

    fn rewrite_headers(&mut self) -> Result<(), Stop> {
        let Plugin { filter, story, place, .. } = &*self.plugin;
        let memory = self.plugin.memory();
        let map = HeaderMap::read(MapType::RequestHeaders)?.ok_or(HostFailure)?;
        let mut headers = Pairs::new();
        map.headers(&mut headers)?;
        if headers.is_empty() {
            // A request always has pseudo-headers; an empty map means that the host could not return it.
            return Err(Stop::HostFailed);
        }
        let scan = filter.scan(&headers, self.peer);
        let facts = Facts::gather(&Host, scan.wants(), filter)?;
        let gathered = facts.gathered();
        if place.is_mistaken(filter, &Host, told::tell_misplaced) {
            story.record(Event::Misplaced);
        }
        let asked = Asked { memory, plugin: &self.plugin };
        // The code is generated twice, so that the case without a debug line costs nothing.
        let decision = match story.listener() {
            Some(listener) => scan.decide(&gathered, asked, listener),
            None => scan.decide(&gathered, asked, &story.tally),
        };
        let Decision { mutations, memo } = decision?;
        if let (Some(memory), Some(memo)) = (memory, memo) {
            self.leases.extend(memory.remember(memo));
        }
        apply(MapType::RequestHeaders, &mutations)
    }

    fn strip_trailers(&self) -> Result<(), Stop> {
        let Plugin { filter, story, .. } = &*self.plugin;
        let Some(map) = HeaderMap::read(MapType::RequestTrailers)? else { return Ok(()) };
        let mut trailers = Pairs::new();
        map.headers(&mut trailers)?;
        let scan = filter.scan_trailers(&trailers, self.peer);
        apply(MapType::RequestTrailers, &scan.strip(|| is_outbound(&Host), story)?)
    }

    /// An edge lets no request pass unread; the mesh lets requests pass if the host fails.
    fn go_on(&mut self, outcome: Result<(), Stop>) -> Action {
        let Err(stop) = outcome else { return Action::Continue };
        match stop {
            Stop::Answered(answer) => host::respond(answer.status(), &answer.headers(), &answer.to_string()),
            Stop::HostFailed => {
                self.plugin.story.record(Event::HostFailed);
                if self.plugin.filter.passes_unseen(self.peer) {
                    return Action::Continue;
                }
                host::respond(500, &[], NO_ACCESS);
            }
        }
        self.is_answered = true;
        Action::Pause
    }
}

fn apply(map: MapType, mutations: &[Mutation<'_>]) -> Result<(), Stop> {
    mutations.iter().try_for_each(|mutation| match mutation {
        Mutation::Remove { name } => host::remove(map, name),
        Mutation::Set { name, value } => host::replace(map, name, value),
    })?;
    Ok(())
}

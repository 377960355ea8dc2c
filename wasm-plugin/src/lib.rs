//! The tenancy filter as a proxy-wasm plugin: reads the request, asks the filter, applies its answer.
#![deny(unsafe_code)]

mod buffer;
mod contexts;
mod counters;
#[allow(unsafe_code, reason = "the ABI")]
mod exports;
mod header_map;
#[allow(unsafe_code, reason = "the ABI")]
mod host;
mod memory;
mod passage;
mod peer;
mod token;

use std::rc::Rc;
use std::time::Duration;

use tenancy_filter::{Counter, Decision, Filter, Inbound, Mutation, Passage, Peer, Refusal, Request, Role, Tally};

use exports::Action;
use header_map::{HeaderMap, Pairs};
use host::{HostFailure, LogLevel, MapType};
use memory::Lease;
use passage::Direction;
use token::Payload;

/// How often counts are handed to the host: no call a request, and no older than a scrape.
const FLUSH: Duration = Duration::from_secs(1);

/// The body of a 500.
const NO_ACCESS: &str = "the proxy gave no access to the request\n";

/// One plugin configuration.
#[derive(Default)]
struct Root {
    plugin: Option<Rc<Plugin>>,
}

/// What all requests of a configuration share.
struct Plugin {
    filter: Filter,
    tally: Tally,
}

/// When the configuration is replaced and its last request is over.
impl Drop for Plugin {
    fn drop(&mut self) {
        counters::flush(&self.tally);
    }
}

/// Envoy would go on with the timer of a context that is gone.
impl Drop for Root {
    fn drop(&mut self) {
        if self.plugin.is_some() {
            // A timer that does not stop calls nobody.
            let _ = host::set_tick_period(Duration::ZERO);
        }
    }
}

impl Root {
    /// Takes the configuration, of so many bytes, or says why not.
    fn on_configure(&mut self, size: usize) -> bool {
        let json = host::plugin_configuration(size).ok().flatten().unwrap_or_default();
        match Filter::from_config(&json) {
            Ok(filter) => {
                self.plugin = Some(Rc::new(Plugin { filter, tally: Tally::default() }));
                counters::define();
                // Without a timer the counts are handed on with the configuration's end.
                let _ = host::set_tick_period(FLUSH);
            }
            Err(errors) => {
                errors.iter().for_each(|error| host::log(LogLevel::Error, &format!("tenancy-filter: {error}")))
            }
        }
        self.plugin.is_some()
    }

    fn on_tick(&self) {
        if let Some(plugin) = &self.plugin {
            counters::flush(&plugin.tally);
        }
    }

    /// A request; nothing where the configuration was refused.
    fn stream(&self) -> Option<Stream> {
        let plugin = self.plugin.clone()?;
        Some(Stream { plugin, peer: Peer::Unknown, leases: Vec::new(), is_answered: false })
    }
}

/// One request.
struct Stream {
    plugin: Rc<Plugin>,
    peer: Peer,
    /// What it occupies of the memory by trace id, until it ends.
    leases: Vec<Lease>,
    /// Whether a local reply went out; nothing is asked of the host from then on.
    is_answered: bool,
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(repair) = self.plugin.filter.repair() {
            memory::release(repair, &self.leases);
        }
    }
}

/// Why a request goes no further.
enum Stop {
    Refused(Refusal),
    HostFailed,
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<HostFailure> for Stop {
    fn from(_: HostFailure) -> Self {
        Self::HostFailed
    }
}

impl Stream {
    /// A request that belongs to no configuration is answered as at an edge: nobody says that it is in the mesh.
    fn unknown() -> Action {
        host::respond(500, NO_ACCESS);
        Action::Pause
    }

    fn on_request_headers(&mut self) -> Action {
        if self.is_answered {
            return Action::Pause;
        }
        self.peer = peer::peer(&self.plugin.filter);
        let outcome = self.rewrite_headers();
        self.go_on(outcome)
    }

    fn on_request_trailers(&mut self) -> Action {
        match self.plugin.filter.role(self.peer) {
            _ if self.is_answered => Action::Pause,
            Role::Edge => self.go_on(self.strip_trailers()),
            Role::Mesh => Action::Continue,
        }
    }

    fn rewrite_headers(&mut self) -> Result<(), Stop> {
        let Plugin { filter, .. } = &*self.plugin;
        let map = HeaderMap::read(MapType::RequestHeaders)?.ok_or(HostFailure)?;
        let mut headers = Pairs::new();
        map.headers(&mut headers)?;
        if headers.is_empty() {
            // A request has pseudo-headers; a map that the host could not hand over has nothing.
            return Err(Stop::HostFailed);
        }
        let payload = Payload::read(filter)?;
        let claims = payload.as_ref().map(Payload::claims).unwrap_or_default();
        let token = payload.as_ref().map(|payload| payload.token(&claims));
        let direction = Direction::read(filter, &headers, self.peer)?;
        let request =
            Request { headers: &headers, token: token.as_ref(), peer: self.peer, passage: direction.passage() };
        let mutations = decide(&self.plugin, &request, &mut self.leases)?;
        apply(MapType::RequestHeaders, &mutations)
    }

    fn strip_trailers(&self) -> Result<(), Stop> {
        let Plugin { filter, tally } = &*self.plugin;
        let Some(map) = HeaderMap::read(MapType::RequestTrailers)? else { return Ok(()) };
        let mut trailers = Pairs::new();
        map.headers(&mut trailers)?;
        apply(MapType::RequestTrailers, &filter.on_request_trailers(&trailers, self.peer, tally))
    }

    /// At an edge nothing passes that was not looked at; the mesh breaks no request over it.
    fn go_on(&mut self, outcome: Result<(), Stop>) -> Action {
        let Err(stop) = outcome else { return Action::Continue };
        match stop {
            Stop::Refused(refusal) => host::respond(refusal.status(), &refusal.to_string()),
            Stop::HostFailed => {
                self.plugin.tally.count(Counter::HostFailed);
                match self.plugin.filter.role(self.peer) {
                    Role::Mesh => return Action::Continue,
                    Role::Edge => host::respond(500, NO_ACCESS),
                }
            }
        }
        self.is_answered = true;
        Action::Pause
    }
}

/// Asks the filter; what comes in is remembered and what goes out repaired, where the configuration says so.
fn decide<'a>(plugin: &'a Plugin, request: &Request<'a>, leases: &mut Vec<Lease>) -> Decision<'a> {
    let Plugin { filter, tally } = plugin;
    match (filter.repair(), request.passage) {
        (Some(repair), Passage::Inbound) => {
            let Inbound { mutations, context, ids } = filter.on_inbound(request, tally)?;
            leases.extend(memory::remember(repair, ids, &context));
            Ok(mutations)
        }
        (Some(repair), Passage::Outbound { .. }) => filter.on_outbound(request, tally, |id| memory::recall(repair, id)),
        _ => filter.on_request(request, tally),
    }
}

fn apply(map: MapType, mutations: &[Mutation<'_>]) -> Result<(), Stop> {
    mutations.iter().try_for_each(|mutation| match mutation {
        Mutation::Remove { name } => host::remove(map, name),
        Mutation::Set { name, value } => host::replace(map, name, value),
    })?;
    Ok(())
}

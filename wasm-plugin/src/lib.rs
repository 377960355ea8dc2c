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

use std::rc::Rc;
use std::time::Duration;

use tenancy_filter::{Decision, Event, Events, Filter, Lease, Mutation, Peer, Recalled, Refusal, Role, Tally};
use tenancy_filter_envoy::{Facts, Pairs, peer};

use exports::Action;
use header_map::HeaderMap;
use host::{Host, HostFailure, LogLevel, MapType};

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
        self.peer = peer(&self.plugin.filter, &Host);
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
        let Plugin { filter, tally } = &*self.plugin;
        let map = HeaderMap::read(MapType::RequestHeaders)?.ok_or(HostFailure)?;
        let mut headers = Pairs::new();
        map.headers(&mut headers)?;
        if headers.is_empty() {
            // A request has pseudo-headers; a map that the host could not hand over has nothing.
            return Err(Stop::HostFailed);
        }
        let scan = filter.scan(&headers, self.peer);
        let facts = Facts::gather(&Host, scan.wants(), filter.claims())?;
        let gathered = facts.gathered();
        let recall = |id: &_| filter.repair().map_or(Recalled::Unknown, |repair| memory::recall(repair, id));
        let Decision { mutations, memo } = scan.decide(&gathered, recall, tally)?;
        if let (Some(repair), Some(memo)) = (filter.repair(), memo) {
            self.leases.extend(memory::remember(repair, memo));
        }
        apply(MapType::RequestHeaders, &mutations)
    }

    fn strip_trailers(&self) -> Result<(), Stop> {
        let Plugin { filter, tally } = &*self.plugin;
        let Some(map) = HeaderMap::read(MapType::RequestTrailers)? else { return Ok(()) };
        let mut trailers = Pairs::new();
        map.headers(&mut trailers)?;
        apply(MapType::RequestTrailers, &filter.strip_trailers(&trailers, self.peer, tally))
    }

    /// At an edge nothing passes that was not looked at; the mesh breaks no request over it.
    fn go_on(&mut self, outcome: Result<(), Stop>) -> Action {
        let Err(stop) = outcome else { return Action::Continue };
        match stop {
            Stop::Refused(refusal) => host::respond(refusal.status(), &refusal.to_string()),
            Stop::HostFailed => {
                self.plugin.tally.record(Event::HostFailed);
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

fn apply(map: MapType, mutations: &[Mutation<'_>]) -> Result<(), Stop> {
    mutations.iter().try_for_each(|mutation| match mutation {
        Mutation::Remove { name } => host::remove(map, name),
        Mutation::Set { name, value } => host::replace(map, name, value),
    })?;
    Ok(())
}

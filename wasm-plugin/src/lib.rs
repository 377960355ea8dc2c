//! The tenancy filter as a proxy-wasm plugin: reads the header map, asks the filter, applies its answer.

mod host;

use std::rc::Rc;

use log::error;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel, MapType};
use tenancy_filter::{Filter, Mutation, Refusal, Request, Role};

use host::{HeaderMap, HostFailure};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Warn);
    proxy_wasm::set_root_context(|_| Box::new(Root::default()));
}}

/// One plugin configuration; several may share a VM, an edge and a mesh one among them.
#[derive(Default)]
struct Root {
    filter: Option<Rc<Filter>>,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        let json = self.get_plugin_configuration().unwrap_or_default();
        match Filter::from_config(&json) {
            Ok(filter) => self.filter = Some(Rc::new(filter)),
            Err(errors) => errors.iter().for_each(|error| error!("tenancy-filter: {error}")),
        }
        self.filter.is_some()
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        let filter = self.filter.clone()?;
        Some(Box::new(Http { filter }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// One request.
struct Http {
    filter: Rc<Filter>,
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

impl Context for Http {}

impl HttpContext for Http {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        self.go_on(self.rewrite_headers())
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        match self.filter.role() {
            Role::Edge => self.go_on(self.strip_trailers()),
            Role::Mesh => Action::Continue,
        }
    }
}

impl Http {
    fn rewrite_headers(&self) -> Result<(), Stop> {
        let map = HeaderMap::read(MapType::HttpRequestHeaders)?;
        let headers = map.headers()?;
        let mutations = self.filter.on_request(&Request { headers: &headers })?;
        apply(MapType::HttpRequestHeaders, &mutations)
    }

    fn strip_trailers(&self) -> Result<(), Stop> {
        let map = HeaderMap::read(MapType::HttpRequestTrailers)?;
        let trailers = map.headers()?;
        apply(MapType::HttpRequestTrailers, &self.filter.on_request_trailers(&trailers))
    }

    /// At an edge nothing passes that was not looked at; the mesh breaks no request over it.
    fn go_on(&self, outcome: Result<(), Stop>) -> Action {
        match (outcome, self.filter.role()) {
            (Ok(()), _) | (Err(Stop::HostFailed), Role::Mesh) => return Action::Continue,
            (Err(Stop::Refused(refusal)), _) => host::respond(refusal.status(), &refusal.to_string()),
            (Err(Stop::HostFailed), Role::Edge) => host::respond(500, "the proxy gave no access to the headers\n"),
        }
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

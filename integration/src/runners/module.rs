//! The compiled module, in the wasm host.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Run, counts, part};
use crate::cases::{Case, Outcome};
use crate::wasm_host::{Action, Exchange, Node, RootContext, WasmHost};

/// A VM with one configuration.
pub struct ModuleRunner {
    host: WasmHost,
    root: RootContext,
}

impl ModuleRunner {
    /// A VM with this configuration.
    pub fn new(configuration: &Value) -> Result<Self> {
        Self::beside(configuration, Node::default())
    }

    /// The same in a proxy that is this node.
    pub fn beside(configuration: &Value, node: Node) -> Result<Self> {
        let mut host = WasmHost::start()?;
        host.set_node(node);
        let root = host.configure(&configuration.to_string())?;
        let root = root.with_context(|| format!("the module refuses its configuration: {:?}", host.log()))?;
        Ok(Self { host, root })
    }

    /// Sends a request through the module as Envoy does, and flushes the counters.
    pub fn run(&mut self, case: &Case) -> Result<Run> {
        let host = &mut self.host;
        host.forget();
        let told = host.log().len();
        let stream = host.open(self.root, Exchange::of(case))?;
        let mut action = host.on_request_headers(stream)?;
        if action == Action::Continue && !case.trailers.is_empty() {
            action = host.on_request_trailers(stream)?;
        }
        let left = host.close(stream)?;
        ensure!(host.log().len() == told, "the module logged {:?}", host.log());
        let writes = ["proxy_replace_header_map_value", "proxy_remove_header_map_value"];
        let changes = host.journal().iter().filter(|name| writes.contains(&name.as_str())).count();
        host.tick(self.root)?;
        let (counted, requests) = counts(host.take_metrics());
        ensure!(requests == 1, "{requests} requests were counted");
        Ok(Run { outcome: outcome(case, left, action)?, counted, changes })
    }
}

fn outcome(case: &Case, left: Exchange, action: Action) -> Result<Outcome> {
    match (&left.replies[..], action) {
        ([], Action::Continue) => {
            let (pseudo, headers) = part(left.headers);
            ensure!(pseudo == case.pseudo_headers(), "the module changed {pseudo:?}");
            Ok(Outcome::upstream(headers, left.trailers))
        }
        ([reply], Action::Pause) => Ok(Outcome::answered(reply.status.try_into()?, reply.headers.clone())),
        (replies, action) => anyhow::bail!("{action:?} with {replies:?}"),
    }
}

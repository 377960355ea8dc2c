//! A small proxy-wasm host (ABI 0.2.1) for the compiled module, which counts its calls and can make them fail.

mod calls;
mod encoding;
mod foreign;
mod shared;
mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, bail, ensure};
use playground::module;
use wasmi::{Config, Engine, ExternType, Instance, Linker, Module, Store, WasmParams, WasmResults};

use state::{Faults, State};

pub use shared::Shared;
pub use state::{Exchange, Fault, Node, Reply};

/// A VM with the module in it, and everything that the module sees of a proxy.
pub struct WasmHost {
    module: Module,
    store: Store<State>,
    instance: Instance,
    next_context: i32,
}

/// A plugin configuration in a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootContext(i32);

/// One request in a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream(i32);

/// What the module wants to become of a request for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The request goes on.
    Continue,
    /// It waits.
    Pause,
}

impl WasmHost {
    /// Loads the module.
    pub fn start() -> Result<Self> {
        Self::start_with(&Shared::default())
    }

    /// Loads the module into a further VM of a proxy.
    pub fn start_with(shared: &Shared) -> Result<Self> {
        let engine = Engine::new(Config::default().consume_fuel(true));
        let module = Module::new(&engine, &fs::read(module()?)?)?;
        let mut linker = Linker::new(&engine);
        for import in module.imports() {
            let ExternType::Func(kind) = import.ty().clone() else { bail!("the module imports {}", import.name()) };
            let name = import.name().to_owned();
            linker.func_new(import.module(), import.name(), kind, move |caller, arguments, results| {
                calls::answer(&name, caller, arguments, results)
            })?;
        }
        let mut store = Store::new(&engine, State { shared: shared.clone(), ..State::default() });
        store.set_fuel(u64::MAX)?;
        let instance = linker.instantiate_and_start(&mut store, &module)?;
        let mut host = Self { module, store, instance, next_context: 0 };
        host.enter::<(), ()>("_initialize", 0, ())?;
        Ok(host)
    }

    /// What the module offers, by name.
    pub fn exports(&self) -> BTreeSet<String> {
        self.module.exports().map(|export| export.name().to_owned()).collect()
    }

    /// What the module asks for, as `module.name`.
    pub fn imports(&self) -> BTreeSet<String> {
        self.module.imports().map(|import| format!("{}.{}", import.module(), import.name())).collect()
    }

    /// Sets the properties of the proxy's node, before it is configured.
    pub fn set_node(&mut self, node: Node) {
        self.store.data_mut().node = node;
    }

    /// Sets a variable of the module's environment, before it is configured.
    pub fn set_variable(&mut self, name: &str, value: &str) {
        self.store.data_mut().environment.insert(name.into(), value.into());
    }

    /// Adds a plugin configuration; `None` if the module refuses it.
    pub fn configure(&mut self, configuration: &str) -> Result<Option<RootContext>> {
        let root = self.new_root()?;
        Ok(self.reconfigure(root, configuration)?.then_some(root))
    }

    /// Adds a plugin that has no configuration yet.
    pub fn new_root(&mut self) -> Result<RootContext> {
        let root = self.new_context();
        self.enter::<_, ()>("proxy_on_context_create", root, (root, 0))?;
        ensure!(self.enter("proxy_on_vm_start", root, (root, 0))? != Some(0), "the module refuses to start");
        Ok(RootContext(root))
    }

    /// Hands a configuration to a plugin, which may have one; says whether the module accepts it.
    pub fn reconfigure(&mut self, RootContext(root): RootContext, configuration: &str) -> Result<bool> {
        self.store.data_mut().configurations.insert(root, configuration.into());
        let size = i32::try_from(configuration.len())?;
        Ok(self.enter("proxy_on_configure", root, (root, size))? != Some(0))
    }

    /// Takes a plugin configuration away, as Envoy does when another replaces it.
    pub fn remove(&mut self, root: RootContext) -> Result<()> {
        self.enter::<_, i32>("proxy_on_done", root.0, root.0)?;
        self.enter::<_, ()>("proxy_on_delete", root.0, root.0).map(drop)
    }

    /// Whether a timer is set.
    pub fn has_timer(&self, root: RootContext) -> bool {
        self.store.data().tick_periods.get(&root.0).is_some_and(|milliseconds| *milliseconds > 0)
    }

    /// Begins a request.
    pub fn open(&mut self, root: RootContext, exchange: Exchange) -> Result<Stream> {
        let stream = self.new_context();
        self.store.data_mut().exchanges.insert(stream, exchange);
        self.enter::<_, ()>("proxy_on_context_create", stream, (stream, root.0))?;
        Ok(Stream(stream))
    }

    /// Hands the headers of a request to the module.
    pub fn on_request_headers(&mut self, stream: Stream) -> Result<Action> {
        let lines = i32::try_from(self.exchange(stream)?.headers.0.len())?;
        self.action("proxy_on_request_headers", stream, (stream.0, lines, 0))
    }

    /// Hands the trailers of a request to the module.
    pub fn on_request_trailers(&mut self, stream: Stream) -> Result<Action> {
        let lines = i32::try_from(self.exchange(stream)?.trailers.0.len())?;
        self.action("proxy_on_request_trailers", stream, (stream.0, lines))
    }

    /// Hands the headers of a response, the module's own local reply among them, to the module.
    pub fn on_response_headers(&mut self, stream: Stream) -> Result<Action> {
        self.action("proxy_on_response_headers", stream, (stream.0, 0, 0))
    }

    /// Says that a request is over, as far as its sender is concerned.
    pub fn on_done(&mut self, stream: Stream) -> Result<()> {
        self.enter::<_, i32>("proxy_on_done", stream.0, stream.0).map(drop)
    }

    /// Ends a request, and returns its result.
    pub fn on_delete(&mut self, stream: Stream) -> Result<Exchange> {
        self.enter::<_, ()>("proxy_on_delete", stream.0, stream.0)?;
        self.store.data_mut().exchanges.remove(&stream.0).context("a stream")
    }

    /// Ends a request as Envoy does: done, log, delete.
    pub fn close(&mut self, stream: Stream) -> Result<Exchange> {
        self.on_done(stream)?;
        self.enter::<_, ()>("proxy_on_log", stream.0, stream.0)?;
        self.on_delete(stream)
    }

    /// Lets the timer ring.
    pub fn tick(&mut self, root: RootContext) -> Result<()> {
        ensure!(self.has_timer(root), "the module set no timer");
        self.enter::<_, ()>("proxy_on_tick", root.0, root.0).map(drop)
    }

    /// Makes every call of a host function go wrong, after so many that do not.
    pub fn fail(&mut self, function: &str, after: usize, fault: Fault) {
        self.plan(function, Faults { good: after, bad: usize::MAX, fault });
    }

    /// Makes so many calls of a host function go wrong, and no later one.
    pub fn fail_times(&mut self, function: &str, times: usize, fault: Fault) {
        self.plan(function, Faults { good: 0, bad: times, fault });
    }

    fn plan(&mut self, function: &str, faults: Faults) {
        self.store.data_mut().faults.insert(function.into(), faults);
    }

    /// Lets all host functions work again.
    pub fn recover(&mut self) {
        self.store.data_mut().faults.clear();
    }

    /// The host calls since the last [`forget`](Self::forget), in order.
    pub fn journal(&self) -> &[String] {
        &self.store.data().journal
    }

    /// The same, counted by the name of the function.
    pub fn calls(&self) -> BTreeMap<&str, usize> {
        let mut calls = BTreeMap::new();
        self.journal().iter().for_each(|name| *calls.entry(name.as_str()).or_default() += 1);
        calls
    }

    /// Clears the journal.
    pub fn forget(&mut self) {
        self.store.data_mut().journal.clear();
    }

    /// The work that the module did so far, about one for each instruction of WebAssembly.
    pub fn fuel(&self) -> Result<u64> {
        Ok(u64::MAX - self.store.get_fuel()?)
    }

    /// The bytes of its memory, which never shrinks.
    pub fn memory(&self) -> Result<usize> {
        let memory = self.instance.get_memory(&self.store, "memory").context("no memory")?;
        Ok(memory.data_size(&self.store))
    }

    /// Chooses between the debug level of the log and the next higher one.
    pub fn debug(&mut self, is_debugging: bool) {
        self.store.data_mut().is_debugging = is_debugging;
    }

    /// What the module logged.
    pub fn log(&self) -> &[String] {
        &self.store.data().log
    }

    /// Returns the counts since the last call, by metric name.
    pub fn take_metrics(&mut self) -> BTreeMap<String, u64> {
        let metrics = self.store.data_mut().metrics.iter_mut();
        metrics.map(|(name, count)| (name.clone(), std::mem::take(count))).filter(|(_, count)| *count > 0).collect()
    }

    /// The current state of a request.
    pub fn exchange(&self, stream: Stream) -> Result<&Exchange> {
        self.store.data().exchanges.get(&stream.0).context("a stream that is open")
    }

    fn new_context(&mut self) -> i32 {
        self.next_context += 1;
        self.next_context
    }

    fn action(&mut self, callback: &str, stream: Stream, arguments: impl WasmParams) -> Result<Action> {
        Ok(match self.enter(callback, stream.0, arguments)? {
            None | Some(0) => Action::Continue,
            Some(1) => Action::Pause,
            Some(other) => bail!("{callback} answers {other}"),
        })
    }

    /// Calls a callback on behalf of a context; like a proxy not one that the module does not export.
    fn enter<P: WasmParams, R: WasmResults>(
        &mut self,
        callback: &str,
        context: i32,
        arguments: P,
    ) -> Result<Option<R>> {
        self.store.data_mut().context = context;
        let Some(function) = self.instance.get_func(&self.store, callback) else { return Ok(None) };
        let function = function.typed::<P, R>(&self.store)?;
        let answer = function.call(&mut self.store, arguments).map_err(|trap| anyhow::anyhow!("{callback}: {trap}"))?;
        Ok(Some(answer))
    }
}

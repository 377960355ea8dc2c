//! One plugin configuration.

use std::rc::Rc;
use std::time::Duration;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;
use tenancy_filter::{Filter, Parsed, Table};
use tenancy_filter_envoy::{Place, set_caller};

use crate::counters;
use crate::host::{self, Host, HostFailure};
use crate::logger;
use crate::remembered::{self, Memory};
use crate::seals::Seals;
use crate::story::Story;
use crate::stream::{Stream, Unconfigured};
use crate::told;

/// How often the counts go to the host: no call per request, and fresh enough for a scrape.
const FLUSH: Duration = Duration::from_secs(1);

const NO_SHARED_DATA: &str =
    "the proxy gives no access to its shared data or its clock; allow what the reference lists";
const OTHER_SLOTS: &str = "the proxy keeps the number that it started with; restart it to take another";

/// A plugin: the last configuration that was accepted, if any.
#[derive(Default)]
pub(crate) struct Root {
    plugin: Option<Rc<Plugin>>,
}

/// What all requests of a configuration share.
pub(crate) struct Plugin {
    pub(crate) filter: Filter,
    pub(crate) story: Story,
    pub(crate) place: Place,
    /// `None` without `repair`.
    table: Option<Table>,
    pub(crate) seals: Seals,
}

impl Plugin {
    /// What is missing, for the log.
    fn new(filter: Filter) -> Result<Self, String> {
        let table = filter.repair().map(remembered::table).transpose();
        let table = table.map_err(|HostFailure| format!("repair: {NO_SHARED_DATA}"))?;
        let seals = Seals::new(filter.seal())?;
        Ok(Self { filter, story: Story::default(), place: Place::default(), table, seals })
    }

    /// `None` without `repair`.
    pub(crate) fn memory(&self) -> Option<Memory<'_>> {
        Some(Memory { repair: self.filter.repair()?, table: self.table.as_ref()? })
    }
}

/// Runs when the configuration is replaced and its last request has ended.
impl Drop for Plugin {
    fn drop(&mut self) {
        counters::flush(&self.story.tally);
    }
}

/// Otherwise Envoy would keep the timer of a deleted context.
impl Drop for Root {
    fn drop(&mut self) {
        if self.plugin.is_some() {
            // A timer that does not stop calls nothing.
            let _ = host::set_tick_period(Duration::ZERO);
        }
    }
}

impl Root {
    fn start(&mut self, filter: Filter) -> bool {
        let plugin = match Plugin::new(filter) {
            Ok(plugin) => plugin,
            Err(why) => {
                log::error!("{why}");
                return false;
            }
        };
        if plugin.memory().is_some_and(|memory| !memory.repair.fits(memory.table)) {
            log::warn!("repair.slots: {OTHER_SLOTS}");
        }
        self.plugin = Some(Rc::new(plugin));
        counters::define();
        logger::follow_host();
        // Without a timer the counts go to the host when the configuration ends.
        let _ = host::set_tick_period(FLUSH);
        true
    }
}

impl Context for Root {}

impl RootContext for Root {
    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    /// Reads the configuration. Logs the findings; if the configuration is invalid, an earlier one stays.
    fn on_configure(&mut self, size: usize) -> bool {
        let json = host::plugin_configuration(size).ok().flatten().unwrap_or_default();
        match Filter::from_config(&json) {
            Ok(Parsed { mut filter, warnings }) => {
                told::tell_once(&json, &warnings);
                // If the host does not name the caller, no condition on the caller holds, and each is counted.
                let _ = set_caller(&mut filter, &Host);
                self.start(filter)
            }
            Err(findings) => {
                told::tell(&findings);
                false
            }
        }
    }

    fn on_tick(&mut self) {
        logger::follow_host();
        if let Some(plugin) = &self.plugin {
            counters::flush(&plugin.story.tally);
        }
    }

    /// Always returns one, because the SDK traps on `None`.
    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(match &self.plugin {
            Some(plugin) => Box::new(Stream::new(Rc::clone(plugin))),
            None => Box::new(Unconfigured),
        })
    }
}

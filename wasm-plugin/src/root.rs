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

/// How often counts are handed to the host: no call a request, and no older than a scrape.
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
    /// `None` where nothing is repaired.
    table: Option<Table>,
    pub(crate) seals: Seals,
}

impl Plugin {
    /// What stands in the way, for the log.
    fn new(filter: Filter) -> Result<Self, String> {
        let table = filter.repair().map(remembered::table).transpose();
        let table = table.map_err(|HostFailure| format!("repair: {NO_SHARED_DATA}"))?;
        let seals = Seals::new(filter.seal())?;
        Ok(Self { filter, story: Story::default(), place: Place::default(), table, seals })
    }

    /// `None` where nothing is repaired.
    pub(crate) fn memory(&self) -> Option<Memory<'_>> {
        Some(Memory { repair: self.filter.repair()?, table: self.table.as_ref()? })
    }
}

/// When the configuration is replaced and its last request is over.
impl Drop for Plugin {
    fn drop(&mut self) {
        counters::flush(&self.story.tally);
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
        // Without a timer the counts are handed on with the configuration's end.
        let _ = host::set_tick_period(FLUSH);
        true
    }
}

impl Context for Root {}

impl RootContext for Root {
    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    /// Takes the configuration, of this many bytes. The log says what was found; if it is refused, an earlier one
    /// stays.
    fn on_configure(&mut self, size: usize) -> bool {
        let json = host::plugin_configuration(size).ok().flatten().unwrap_or_default();
        match Filter::from_config(&json) {
            Ok(Parsed { mut filter, warnings }) => {
                told::tell_once(&json, &warnings);
                // Where the host does not say who calls, no condition on the caller holds, and each is counted.
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

    /// Always one: the SDK traps on none.
    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(match &self.plugin {
            Some(plugin) => Box::new(Stream::new(Rc::clone(plugin))),
            None => Box::new(Unconfigured),
        })
    }
}

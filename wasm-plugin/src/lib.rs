//! The tenancy filter as a proxy-wasm plugin: reads the request, asks the filter, applies its answer.
#![deny(unsafe_code)]

mod counters;
mod header_map;
#[allow(unsafe_code, reason = "the host calls whose failures the SDK would make traps")]
mod host;
mod logger;
mod remembered;
mod root;
mod seals;
mod story;
mod stream;
mod told;

use root::Root;

proxy_wasm::main! {{
    logger::install();
    proxy_wasm::set_root_context(|_| Box::new(Root::default()));
}}

//! Templates of clusters and a request as text (see laws/text.rs): the law of destinations holds, and the naive filter
//! offers the same clusters.
#![no_main]
#![allow(dead_code, reason = "each target uses a part")]

#[path = "../../tests/properties/laws/mod.rs"]
mod laws;
#[path = "../../tests/properties/naive/mod.rs"]
mod naive;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    laws::templates(input);
});

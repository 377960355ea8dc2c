//! A host pattern and hosts as text (see laws/text.rs): the naive filter finds the same tenant.
#![no_main]
#![allow(dead_code, reason = "each target uses a part")]

#[path = "../../tests/properties/laws/mod.rs"]
mod laws;
#[path = "../../tests/properties/naive/mod.rs"]
mod naive;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    laws::host(input);
});

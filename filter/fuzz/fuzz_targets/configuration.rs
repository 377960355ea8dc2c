//! Bytes as a plugin configuration: taken or refused, never fatal; what is taken does what it says.
#![no_main]
#![allow(dead_code, reason = "each target uses a part")]

#[path = "../../tests/properties/laws/mod.rs"]
mod laws;
#[path = "../../tests/properties/naive/mod.rs"]
mod naive;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    laws::configuration(input);
});

//! Seals as text (see laws/seal.rs): each is read as it was written, and counts when it should.
#![no_main]
#![allow(dead_code, reason = "each target uses a part")]

#[path = "../../tests/properties/laws/mod.rs"]
mod laws;
#[path = "../../tests/properties/naive/mod.rs"]
mod naive;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    laws::seal::hold(input);
});

//! Trace headers as text, see tests/repair/law.rs: no reader makes another id of a request than it is remembered by.
#![no_main]
#![allow(dead_code, reason = "each target uses a part")]

#[path = "../../tests/repair/law.rs"]
mod law;
#[path = "../../tests/repair/readers/mod.rs"]
mod readers;

libfuzzer_sys::fuzz_target!(|input: &[u8]| law::hold(&law::parse(input)));

//! A share link as text (see laws/text.rs): the laws hold, and the naive filter agrees.
#![no_main]
#![allow(dead_code, reason = "each target uses a part")]

#[path = "../../tests/properties/laws/mod.rs"]
mod laws;
#[path = "../../tests/properties/naive/mod.rs"]
mod naive;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let (subject, call) = laws::text::parse_link(input);
    laws::hold(subject, &call);
});

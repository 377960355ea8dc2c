//! Random hostile requests and configurations: the laws hold, and the naive filter agrees.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test may panic, and the naive filter is to be short"
)]

mod configurations;
mod laws;
mod naive;
mod requests;
mod vocabulary;

use std::fs;

use proptest::test_runner::Config;

/// What fails once becomes a seed of the fuzz targets, which is easier to read than a number of proptest's.
fn cases(cases: u32) -> Config {
    Config { cases, failure_persistence: None, ..Config::default() }
}

/// The seeds of a fuzz target, and what it once found.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = format!("{}/fuzz/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
    let seeds: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    assert!(!seeds.is_empty());
    seeds
}

#[test]
fn what_was_found_stays_found() {
    for seed in seeds("configuration") {
        laws::configuration(&seed);
    }
    for seed in seeds("request") {
        let (subject, call) = laws::text::parse(&seed);
        laws::hold(subject, &call);
    }
    for seed in seeds("conditions") {
        let (subject, call) = laws::text::parse_conditions(&seed);
        laws::hold(subject, &call);
    }
    for seed in seeds("link") {
        let (subject, call) = laws::text::parse_link(&seed);
        laws::hold(subject, &call);
    }
    seeds("host").iter().for_each(|seed| laws::host(seed));
    seeds("templates").iter().for_each(|seed| laws::templates(seed));
    seeds("seal").iter().for_each(|seed| laws::seal::hold(seed));
    for seed in seeds("baggage") {
        let (subject, call) = laws::text::parse_baggage(&seed);
        laws::hold(subject, &call);
    }
}

//! Who sends a victim's id in another spelling gets nothing of the victim's, whatever reads it.

use std::fs;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use tenancy_filter::Counter;

use crate::host::Host;
use crate::law::{self, ALL, forwarded, readings, received};
use crate::pair;
use crate::readers::{Id, READERS, TRACERS};

const SPAN: &str = "00f067aa0ba902b7";

/// A well-formed line of each header for the id of a trace.
fn lines_of(number: u64) -> [(String, String); 6] {
    [
        pair("traceparent", format!("00-{number:032x}-{SPAN}-01")),
        pair("b3", format!("{number:032x}-{SPAN}-1")),
        pair("x-b3-traceid", format!("{number:016x}")),
        pair("x-datadog-trace-id", number.to_string()),
        pair("uber-trace-id", format!("{number:x}:{SPAN}:0:1")),
        pair("x-cloud-trace-context", format!("{number:032x}/1;o=1")),
    ]
}

const UUID: &str = "0f3c2a1e-5b7d-4e0a-9a1d-0c8f7b6a5d4e";

#[test]
fn every_reader_reads_a_well_formed_line_as_the_filter_does() {
    let trace = Id::Trace(0x53ce_929d_0e0e_4736);
    let request = Id::Request(UUID.to_owned());
    for (readers, of_applications) in [(READERS, true), (TRACERS, false)] {
        for reader in readers {
            let lines = [&lines_of(0x53ce_929d_0e0e_4736)[..], &[pair("x-request-id", UUID)]].concat();
            let (_, line) = lines.iter().find(|(name, _)| *name == reader.header).unwrap();
            let expected = if reader.header == "x-request-id" { &request } else { &trace };
            let who = format!("{} ({}), {of_applications}", reader.who, reader.source);
            assert_eq!((reader.read)(line).as_ref(), Some(expected), "{who}");
            let (kept, ids) = received(&[pair(reader.header, line)]);
            assert_eq!((kept.len(), ids), (1, received(&[forwarded(expected)]).1), "{who}");
        }
    }
}

/// Each of these is a victim's id to somebody.
#[test]
fn a_line_that_somebody_reads_as_a_victims_id_goes() {
    let number = 0x03ce_929d_0e0e_4736_u64;
    let negative = format!("-{:x}", number.wrapping_neg());
    let escaped: String = format!("{number:x}").bytes().map(|byte| format!("%{byte:x}")).collect();
    for (who, name, line) in [
        ("Rails", "x-request-id", UUID.replacen("7b", " 7b", 1)),
        ("Rails", "x-request-id", UUID.replacen("7b", ",7b", 1)),
        ("Rails", "x-request-id", UUID.replacen("7b", ":7b", 1)),
        ("Rails", "x-request-id", format!("{}{UUID}", ".".repeat(60))),
        ("Python", "x-request-id", format!("{{{UUID}}}")),
        ("Python", "x-request-id", UUID.replace('-', "").replacen("0f3", "f_3", 1)),
        ("Python", "x-request-id", UUID.replacen("0f", "-f_", 1)),
        ("Java", "x-request-id", UUID.replacen("0c8f", "c8f", 1)),
        ("Go", "x-request-id", format!("urn:uuid:{UUID}")),
        ("Go", "x-request-id", format!("x{UUID}y")),
        ("Datadog JavaScript", "x-datadog-trace-id", format!("-{}", number.wrapping_neg())),
        ("Datadog JavaScript", "x-datadog-trace-id", format!("{number}, 1")),
        ("Datadog Go", "x-datadog-trace-id", format!("{number:025}")),
        ("Datadog Python", "x-datadog-trace-id", format!("+{number}")),
        ("OpenTelemetry JavaScript", "b3", format!("g{number:016x}-{SPAN}")),
        ("OpenTelemetry Rust", "b3", format!("+{number:015x}-{SPAN}")),
        ("OpenTelemetry JavaScript", "uber-trace-id", format!("{escaped}%3A1%3A0%3A1")),
        ("OpenTelemetry Python", "uber-trace-id", format!("0x{number:x}:1:0:1")),
        ("OpenTelemetry Python", "uber-trace-id", format!("3_{:x}:1:0:1", number - 0x0300_0000_0000_0000)),
        ("OpenTelemetry Rust", "traceparent", format!("00-+{number:x}-{SPAN}-01")),
        ("Datadog Python", "x-b3-traceid", format!("z{number:016x}")),
        ("Google Cloud Go", "x-cloud-trace-context", format!("!{number:x}/1;o=1")),
        ("Zipkin", "x-b3-traceid", negative),
        ("Zipkin", "b3", format!("+{number:015x}-{SPAN}")),
        ("Datadog", "x-datadog-trace-id", format!("{number:030}")),
        ("Datadog", "traceparent", format!("01-{number:032x}-{SPAN}-01-more")),
    ] {
        let victim = if name == "x-request-id" { Id::Request(UUID.to_owned()) } else { Id::Trace(number) };
        let all = READERS.iter().chain(TRACERS);
        let mut reads =
            all.filter(|reader| reader.who == who && reader.header == name).map(|reader| (reader.read)(&line));
        assert!(
            reads.any(|read| read == Some(victim.clone())),
            "{who} reads nothing of the victim's in {name}: {line}"
        );
        assert_eq!(received(&[pair(name, &line)]).0, [], "{who} {name}: {line}");
        law::hold(&[pair(name, line)]);
    }
}

/// The seeds of the fuzz target `trace`, and what it once found.
#[test]
fn what_was_found_stays_found() {
    let folder = format!("{}/fuzz/seeds/trace", env!("CARGO_MANIFEST_DIR"));
    let seeds: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    assert!(!seeds.is_empty());
    for seed in seeds {
        law::hold(&law::parse(&seed));
    }
}

/// An id with or without zeros in front, so that what drops them has a victim too.
fn number() -> impl Strategy<Value = u64> {
    (1..=u64::MAX, 0..64_u32).prop_map(|(number, zeros)| (number >> zeros).max(1))
}

/// What an attacker does to a line.
#[derive(Clone, Debug)]
enum Twist {
    Insert(Index, &'static str),
    Replace(Index, &'static str),
    Remove(Index),
    Escape(Index),
    Before(&'static str),
    Behind(&'static str),
    Upper,
    Trim,
}

const PIECES: &[&str] =
    &[",", ";", " ", "\t", "-", "_", ":", "/", "+", "@", ".", "!", "{", "}", "0", "00", "0x", "1", "f", "%", "\u{e9}"];

fn twist() -> impl Strategy<Value = Twist> {
    let piece = || select(PIECES);
    let around =
        select(&["-", "+", "0x", "0", "0000000000000000", "urn:uuid:", "a, ", ", a", "-1", " ", "01-", "_"][..]);
    prop_oneof![
        (any::<Index>(), piece()).prop_map(|(at, piece)| Twist::Insert(at, piece)),
        (any::<Index>(), piece()).prop_map(|(at, piece)| Twist::Replace(at, piece)),
        any::<Index>().prop_map(Twist::Remove),
        any::<Index>().prop_map(Twist::Escape),
        around.clone().prop_map(Twist::Before),
        around.prop_map(Twist::Behind),
        Just(Twist::Upper),
        Just(Twist::Trim),
    ]
}

impl Twist {
    fn apply(&self, line: &str) -> String {
        let mut characters: Vec<String> = line.chars().map(String::from).collect();
        let (Self::Insert(at, _) | Self::Replace(at, _) | Self::Remove(at) | Self::Escape(at)) = self else {
            return match self {
                Self::Before(piece) => format!("{piece}{line}"),
                Self::Behind(piece) => format!("{line}{piece}"),
                Self::Upper => line.to_uppercase(),
                _ => line.trim_start_matches('0').to_owned(),
            };
        };
        let at = at.index(characters.len() + 1);
        match (self, characters.get_mut(at)) {
            (Self::Replace(_, piece), Some(character)) => *character = (*piece).to_owned(),
            (Self::Remove(_), Some(character)) => character.clear(),
            (Self::Escape(_), Some(character)) => *character = format!("%{:02X}", character.as_bytes()[0]),
            (Self::Insert(_, piece) | Self::Replace(_, piece), _) => characters.insert(at, (*piece).to_owned()),
            _ => {}
        }
        characters.concat()
    }
}

/// The victim's line, and what an attacker makes of it and of other lines.
fn attack() -> impl Strategy<Value = ((String, String), Vec<(String, String)>)> {
    let uuid = (any::<u128>(), 0..96_u32, any::<bool>()).prop_map(|(number, zeros, is_plain)| {
        let digits = format!("{:032x}", number >> zeros);
        let fields = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
        vec![pair("x-request-id", if is_plain { digits.clone() } else { fields.join("-") })]
    });
    let opaque = "[A-Za-z0-9_-]{1,40}".prop_map(|id| vec![pair("x-request-id", id)]);
    let negative = number().prop_map(|number| {
        let line = pair("x-b3-traceid", format!("-{:x}", number.wrapping_neg()));
        vec![pair("x-datadog-trace-id", format!("-{}", number.wrapping_neg())), line, forwarded(&Id::Trace(number))]
    });
    let trace = number().prop_map(|number| lines_of(number).to_vec());
    let lines = prop_oneof![4 => trace, 2 => uuid, 1 => opaque, 1 => negative];
    let twisted = (any::<Index>(), vec(twist(), 0..4), option::weighted(0.1, select(&["_", "."][..])));
    (lines, any::<Index>(), vec(twisted, 1..4)).prop_map(|(lines, victim, twisted)| {
        let twisted = twisted.into_iter().map(|(at, twists, hyphen)| {
            let (name, line) = at.get(&lines);
            let line = twists.iter().fold(line.clone(), |line, twist| twist.apply(&line));
            (name.replace('-', hyphen.unwrap_or("-")), line)
        });
        (victim.get(&lines).clone(), twisted.collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Nobody makes anything else of a request than it is remembered by, and no call brings the victim's context.
    #[test]
    fn nobody_is_taken_for_a_victim((victim, lines) in attack()) {
        law::hold(&lines);
        let mut host = Host::default();
        let _victim = host.open(&ALL, vec![victim.clone()], vec![pair("x-tenant", "victim")]);
        let (_, remembered) = received(std::slice::from_ref(&victim));
        let _attacker = host.open(&ALL, lines.clone(), vec![pair("x-tenant", "attacker")]);
        for (who, id) in readings(&lines) {
            let (added, counted) = host.call(&ALL, &[forwarded(&id)]);
            prop_assert_ne!(&added, &vec![pair("x-tenant", "victim")], "{} reads {:?}", who, id);
            if received(&[forwarded(&id)]).1 == remembered && !remembered.is_empty() {
                prop_assert_eq!(counted, vec![Counter::ContextAmbiguous]);
            }
        }
    }
}

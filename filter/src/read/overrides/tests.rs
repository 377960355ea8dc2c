//! What overrides are made of lines, in which order, and what is dropped.

use super::*;
use crate::counters::{Counter, Tally};
use crate::names::{Lines, lines_of};
use crate::read::carried::{Asked, Carried};

fn format(list: &str, pair: &str) -> Format {
    // In no line of these tests stands another question mark.
    Format { list: list.to_owned().into(), pair: pair.to_owned().into(), when: "?".into() }
}

/// What the lines of one header say, under these rules, in a format; and what was counted.
fn resolved(
    values: &[&str],
    format: Format,
    on_duplicate: OnDuplicate,
    to: &Format,
) -> (Option<String>, Vec<(Counter, u64)>) {
    let values: Vec<_> = values.iter().map(|value| value.as_bytes()).collect();
    let owned = lines_of(Field::Target(0), &values);
    let lines = Lines { owned: &owned, ..Lines::default() };
    let place = OverridePlace::Header(Field::Target(0), format);
    let origin = Origin { list: "overrides.from", index: 0, kind: "header" };
    let rules = OverrideRules { sources: vec![Source::always(place, origin)], on_duplicate, ..OverrideRules::NONE };
    let tally = Tally::default();
    let asked = Asked::default();
    let carried = Carried::new(&lines, &asked);
    let evidence = Evidence { lines: &lines, carried: &carried, token: None, doubt: None };
    let mut overrides = Overrides::default();
    rules.resolve(&evidence, &mut overrides, &tally).unwrap();
    (overrides.line(to).map(|line| String::from_utf8(line).unwrap()), tally.take().collect())
}

/// What the lines say in one format, written in another.
fn translate(values: &[&str], from: Format, to: &Format) -> Option<String> {
    resolved(values, from, OnDuplicate::First, to).0
}

fn canonical(values: &[&str]) -> Option<String> {
    translate(values, format(",", ":"), &format(",", ":"))
}

#[test]
fn lists_one_version_a_service_in_order() {
    assert_eq!(canonical(&[]), None);
    assert_eq!(canonical(&["", " , "]), None);
    assert_eq!(canonical(&["foo:v1"]).as_deref(), Some("foo:v1"));
    assert_eq!(canonical(&["bar:v1, foo:v2"]).as_deref(), Some("bar:v1,foo:v2"));
    assert_eq!(canonical(&["foo:v1", "bar:v2, foo:v3"]).as_deref(), Some("foo:v1,bar:v2"));
    assert_eq!(canonical(&["\tfoo : v1 ,,"]).as_deref(), Some("foo:v1"));
    assert_eq!(canonical(&["Foo:v1,fOO:v2"]).as_deref(), Some("Foo:v1"), "services have no case");
}

#[test]
fn drops_what_is_no_entry_and_keeps_the_rest() {
    for malformed in ["foo", "foo:", ":v1", "foo:-v1", "fo o:v1", "foo:v1:v2", "f\u{e9}:v1", "foo:v\0"] {
        assert_eq!(canonical(&[malformed, "bar:v2"]).as_deref(), Some("bar:v2"), "{malformed:?}");
    }
    assert_eq!(canonical(&[&format!("{}:v1", "a".repeat(254))]), None);
    assert!(canonical(&[&format!("{}:v1", "a".repeat(253))]).is_some());
}

#[test]
fn translates_between_formats() {
    let miro = || format("::", ":");
    let line = "payment-service:mp-101::cart-service:mp-102";
    assert_eq!(
        translate(&[line], miro(), &format(",", ":")).as_deref(),
        Some("payment-service:mp-101,cart-service:mp-102")
    );
    assert_eq!(translate(&["foo:v1, bar:v2"], format(",", ":"), &miro()).as_deref(), Some("foo:v1::bar:v2"));
    assert_eq!(translate(&["foo=v1;bar=v2"], format(";", "="), &miro()).as_deref(), Some("foo:v1::bar:v2"));
    let joined = translate(&["a:1::b:2, c:3"], miro(), &miro());
    assert_eq!(joined.as_deref(), Some("a:1::b:2::c:3"), "lines that a proxy joined");
    let paired = translate(&["a,1;b,2"], format(";", ","), &miro());
    assert_eq!(paired.as_deref(), Some("a:1::b:2"), "a comma that pairs does not list");
}

#[test]
fn keeps_within_its_limits() {
    let many: Vec<_> = (0..100).map(|n| format!("s{n}:v")).collect();
    let kept = canonical(&[&many.join(",")]).unwrap();
    assert_eq!(kept, many[..MAX_ENTRIES].join(","));

    // 16 entries of 253 + 1 + 1 bytes and their 15 commas are 4,095 bytes.
    let long: Vec<_> = (0..17).map(|n| format!("{n:a>253}:v")).collect();
    let kept = canonical(&[&long.join(",")]).unwrap();
    assert_eq!(kept, long[..16].join(","));
    let exact = format!("{}:vv,{}", long[0].trim_end_matches(":v"), long[1..16].join(","));
    assert_eq!(exact.len(), MAX_LINE_BYTES);
    assert_eq!(canonical(&[&exact]).as_deref(), Some(exact.as_str()));
    let over = exact.replacen(":vv", ":vvv", 1);
    assert_eq!(canonical(&[&over]).unwrap(), over.rsplit_once(',').unwrap().0);
}

#[test]
fn the_last_version_keeps_the_first_ones_place() {
    let default = Format::CANONICAL;
    let last = |values: &[&str]| resolved(values, default.clone(), OnDuplicate::Last, &default);
    let counted = |duplicates| vec![(Counter::Overrides, 1), (Counter::OverrideDuplicate, duplicates)];
    assert_eq!(last(&["a:1,b:1", "a:2,b:1,a:3"]), (Some("a:3,b:1".into()), counted(2)), "equal ones are none");

    let nearly_full: Vec<_> = (0..16).map(|n| format!("{n:a>253}:v")).collect();
    let (line, counts) = last(&[&nearly_full.join(","), &format!("{:a>253}:vvv", 0)]);
    assert_eq!(line.unwrap(), nearly_full.join(","), "a version that has no room");
    assert!(counts.contains(&(Counter::OverrideLimit, 1)));

    // The next proxy reads what was written here, and then the same lines again.
    let lines = [&*nearly_full.join(","), "b:1", &nearly_full[0].replace(":v", ":w")];
    let first = last(&lines).0.unwrap();
    assert_eq!(first, nearly_full.join(","), "once an entry had no room, no version makes any");
}

#[test]
fn counts_what_it_drops() {
    let default = Format::CANONICAL;
    let many: Vec<_> = (0..70).map(|n| format!("s{n}:v")).collect();
    let (_, counts) = resolved(&["foo,:v,a:1", &many.join(",")], default.clone(), OnDuplicate::First, &default);
    let expected = [(Counter::Overrides, 1), (Counter::OverrideInvalid, 2), (Counter::OverrideLimit, 7)];
    assert_eq!(counts, expected);
}

#[test]
fn conditions_tell_entries_of_one_service_apart() {
    let default = Format::CANONICAL;
    let line = |value: &str, on_duplicate| resolved(&[value], default.clone(), on_duplicate, &default);
    let kept = "foo:v1;method=POST,foo:v2;caller=foo,foo:v3,bar:v1,foo:v4;method=PUT";
    for on_duplicate in [OnDuplicate::First, OnDuplicate::Last, OnDuplicate::Reject] {
        assert_eq!(line(kept, on_duplicate), (Some(kept.into()), vec![(Counter::Overrides, 1)]), "{on_duplicate:?}");
    }
    let (same, one) = ("foo:v1;method=POST,foo:v2 ; method = POST,foo:v3", vec![(Counter::Overrides, 1)]);
    let counted = [one, vec![(Counter::OverrideDuplicate, 1)]].concat();
    assert_eq!(line(same, OnDuplicate::First), (Some("foo:v1;method=POST,foo:v3".into()), counted.clone()));
    assert_eq!(line(same, OnDuplicate::Last), (Some("foo:v2;method=POST,foo:v3".into()), counted));
    // The same calls, but another text.
    let other = "foo:v1;method=POST|PUT,foo:v2;method=PUT|POST";
    assert_eq!(line(other, OnDuplicate::Reject).0.as_deref(), Some(other));
}

#[test]
fn an_entry_on_bad_conditions_is_none() {
    let default = Format::CANONICAL;
    let bad = "foo:v1;,foo:v1;method,foo:v1;tenant=a,foo:-v;method=POST,foo;method=POST:v1,:v1;method=POST,a:1";
    let (line, counts) = resolved(&[bad], default.clone(), OnDuplicate::First, &default);
    assert_eq!(line.as_deref(), Some("a:1"));
    assert_eq!(counts, [(Counter::Overrides, 1), (Counter::OverrideInvalid, 6)]);
}

#[test]
fn a_blank_parts_no_condition_from_its_entry() {
    let blank = Format { when: ";".into(), ..format(" ", ":") };
    let read = |line| translate(&[line], blank.clone(), &Format::CANONICAL);
    assert_eq!(read("a:1 ;method=POST \t ;caller=b c:1 , d:1").as_deref(), Some("a:1;method=POST;caller=b,c:1,d:1"));
    assert_eq!(read("a:1;caller=!b |c").as_deref(), Some("a:1;caller=!b|c"));
    assert_eq!(read("a:1,\u{e9} b:1").as_deref(), Some("a:1,b:1"), "a comma separates, whatever follows");
    for split in ["a:1; method=POST c:1", "a:1;method= POST c:1", "a:1;caller=!b| c c:1"] {
        assert_eq!(read(split).as_deref(), Some("c:1"), "{split}");
    }
}

/// With a look at all that follows each blank this would take hours.
#[test]
fn blanks_are_passed_over_once() {
    let blank = Format { when: ";".into(), ..format(" ", ":") };
    let blanks = " ".repeat(1_000_000);
    for (line, expected) in [("a:1_;method=POST_b:1", "a:1;method=POST,b:1"), ("a:1_b:1_", "a:1,b:1"), ("_a:1_:2", "")]
    {
        let read = translate(&[&line.replace('_', &blanks)], blank.clone(), &Format::CANONICAL);
        assert_eq!(read.unwrap_or_default(), expected, "{line}");
    }
}

#[test]
fn conditions_travel_in_every_format() {
    let (plain, odd) = (Format::CANONICAL, format(";", "="));
    let text = "foo:v1;method=POST|PUT;caller=!bar,baz:v2";
    let written = translate(&[text], plain.clone(), &odd);
    assert_eq!(written.as_deref(), Some("foo=v1?method=POST|PUT?caller=!bar;baz=v2"));
    assert_eq!(translate(&[&written.unwrap()], odd.clone(), &plain).as_deref(), Some(text));
    let spaced = translate(&["foo = v1 ? method = POST | PUT?caller =! bar ; baz=v2"], odd, &plain);
    assert_eq!(spaced.as_deref(), Some(text), "white space");
}

#[test]
fn the_first_entry_that_holds_gives_the_version() {
    let overrides = Overrides::parse(b"foo:v1;method=POST,bar:v9,Foo:v2;caller=web,foo:v3,foo:v4;method=GET");
    for (method, caller, expected) in
        [("POST", Some("web"), "v1"), ("GET", Some("web"), "v2"), ("GET", Some("api"), "v3"), ("GET", None, "v3")]
    {
        let call = Call { method: method.as_bytes(), caller: caller.map(str::as_bytes) };
        assert_eq!(overrides.version(b"fOO", &call, &()).as_deref(), Some(expected.as_bytes()), "{method} {caller:?}");
    }
    let conditional = Overrides::parse(b"foo:v1;method=POST");
    assert_eq!(conditional.version(b"foo", &Call { method: b"GET", caller: None }, &()), None);
}

#[test]
fn conditions_count_for_the_line_and_for_baggage() {
    let values = (0..MAX_VALUES).map(|n| n.to_string()).collect::<Vec<_>>().join("|");
    let entries: Vec<_> = (0..70).map(|n| format!("{n}:v;method=!{values};caller=!{values}")).collect();
    let line = canonical_line(&entries.join(","));
    assert_eq!(line, entries[..64].join(","));
    let mut encoded = Vec::new();
    crate::bytes::percent::encode(line.as_bytes(), &mut encoded);
    let marks = MAX_SEPARATORS * MAX_ENTRIES - 1;
    assert_eq!(encoded.len(), line.len() + 2 * marks, "as many separators as may be");

    let long = format!("a:v;caller={}", "a".repeat(253));
    let many: Vec<_> = (0..20).map(|n| format!("{long}|{n:02}")).collect();
    let kept = canonical_line(&many.join(","));
    assert!(kept.len() <= MAX_LINE_BYTES && kept.len() + many[0].len() + 1 > MAX_LINE_BYTES, "{}", kept.len());
}

fn canonical_line(value: &str) -> String {
    resolved(&[value], Format::CANONICAL, OnDuplicate::First, &Format::CANONICAL).0.unwrap()
}

use proptest::prelude::*;
use regex_lite::Regex;

use super::*;

fn fits(pattern: &str, name: &str) -> bool {
    Pattern::compile(pattern).expect(pattern).fits(name.as_bytes())
}

#[test]
fn reads_what_it_reads_as_others_do() {
    let long = "a".repeat(63);
    let names = [
        "a", "b", "ab", "ba", "abc", "A", "aB", "1", "a1", "a-b", "a.b", "a_b", "a-", "dev-1", "DEV-1", "pr-12", "aa",
        "aaa", "aaaa", "x-y-z", "acme", "globex", &long,
    ];
    for pattern in [
        "a",
        "a|b",
        "ab|a",
        "^ab$",
        "^a$|^b$",
        "a*",
        "a+",
        "a?b?",
        "a{2}",
        "a{2,}",
        "a{0,2}",
        "a{1,70}",
        "a{64}",
        "(a|b)*",
        "(?:a|b)+c?",
        "[a-c]+",
        "[^a-c]+",
        "[a-]+",
        "[-a]+",
        "[]a]+",
        "[a.]+",
        "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?",
        "(dev|mp|pr)-[a-z0-9-]+",
        "(?i)dev-[0-9]",
        "(?i:DEV)-1",
        "(?i:a)b",
        "a(?i)b|c",
        "(?i)",
        "(?i)a*",
        "(a(?i)b)c?",
        "(?i)[^a-z]+",
        r"\d+",
        r"\w+",
        r"\W",
        r"\D+",
        r"[\d.a]+",
        r"a\.b",
        r"\S+",
        "a.b",
        ".*",
        ".+-.*",
        "a**",
        "(a*)*",
        "(?:){0,9}a",
        "()a",
        "a||b",
        "",
        "a*?b??",
        "\u{e9}?a",
        "[\u{e9}a]",
        "a{0}b",
        "acme|globex",
        "((((a))))",
        "x-?y-?z|[x]-(?:y-){1,2}z",
    ] {
        let other = Regex::new(&format!("^(?:{pattern})$")).expect(pattern);
        for name in names {
            assert_eq!(fits(pattern, name), other.is_match(name), "{pattern} {name}");
        }
    }
}

#[test]
fn tells_where_a_pattern_goes_wrong() {
    for (pattern, head, why) in [
        ("(", "", "closing parenthesis"),
        ("a(b", "a", "closing parenthesis"),
        ("a)|(b", "a", "no opening one"),
        ("pr-[0-9+", "pr-", "closing bracket"),
        ("a[^", "a", "closing bracket"),
        ("[a-", "", "closing bracket"),
        ("(?!x)y", "", "look-around"),
        ("a(?<=x)", "a", "look-around"),
        ("(?<n>a)", "", "no name"),
        ("(?P<n>a)", "", "no name"),
        ("(?s)a", "", "no other flag"),
        ("a(?i)*", "a(?i)", "nothing before it"),
        ("a|*", "a|", "nothing before it"),
        ("{2}", "", "nothing before it"),
        ("a{2,1}", "a", "a count is"),
        ("a{x}", "a", "a count is"),
        ("a{", "a", "a count is"),
        ("a{256}", "a", "a count is"),
        ("a{+2}", "a", "a count is"),
        ("a{ 2}", "a", "a count is"),
        (r"a\<", "a", "escape is not known"),
        ("a^b", "a", "anchor"),
        ("(a$)", "(a", "anchor"),
        ("[z-a]", "[", "in their order"),
        (r"[\d-z]", "[", "a character itself"),
        (r"[a-\d]", "[", "a character itself"),
        ("[[:digit:]]", "[", "neither sets"),
        ("[a&&b]", "[a", "neither sets"),
        (r"a\b", "a", "escape is not known"),
        (r"(a)\1", "(a)", "backreferences"),
        ("a\\", "a", "escapes nothing"),
        ("\u{e9}(", "\u{e9}", "closing parenthesis"),
    ] {
        match Pattern::compile(pattern) {
            Err(Fault::Syntax { head: found, why: reason }) => {
                assert_eq!(found, head, "{pattern}");
                assert!(reason.contains(why), "{pattern}: {reason}");
            }
            other => panic!("{pattern}: {other:?}"),
        }
    }
    let deep = "(".repeat(1000);
    assert!(matches!(Pattern::compile(&deep), Err(Fault::Syntax { why, .. }) if why.contains("too deep")));
}

#[test]
fn what_takes_too_much_is_refused_at_once() {
    for large in
        ["(?:(?:[a-z0-9-]{0,30}){0,30}){0,5}", "(?:(?:(?:){0,64}){0,64}){0,64}", ".*a.{12}", "(?:.*a.{9}|b){1,9}"]
    {
        assert_eq!(Pattern::compile(large).err(), Some(Fault::Large), "{large}");
    }
    let names: Vec<_> = (0..93).map(|n| format!("tenant-{n:03}")).collect();
    assert!(fits(&names.join("|"), "tenant-092") && !fits(&names.join("|"), "tenant-093"), "a kilobyte of names");
    assert!(fits(&"a?".repeat(512), &"a".repeat(63)), "as many places as a kilobyte can hold");
}

fn patterns() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[ab1.-]{1,3}".prop_map(|text| text.replace('.', r"\.")),
        prop::sample::select(vec!["[ab]", "[^a]", r"\d", r"\w", ".", "(?i:a)", "[a-b1]"]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        let repetition = prop::sample::select(vec!["*", "+", "?", "{0,2}", "{2}", "{1,}", "{0,1}?", "{3,5}"]);
        prop_oneof![
            (inner.clone(), repetition).prop_map(|(one, times)| format!("(?:{one}){times}")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("(?:{one}|{other})")),
            (inner.clone(), inner).prop_map(|(one, other)| format!("{one}{other}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_pattern_fits_what_it_fits_for_others(pattern in patterns(), names in prop::collection::vec("[abAB1.-]{1,8}", 1..20)) {
        let Ok(ours) = Pattern::compile(&pattern) else { return Err(TestCaseError::reject("large")) };
        let other = Regex::new(&format!("^(?:{pattern})$")).unwrap();
        for name in names {
            prop_assert_eq!(ours.fits(name.as_bytes()), other.is_match(&name), "{} {}", pattern, name);
        }
    }
}

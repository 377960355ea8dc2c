//! Which tenant the sources of a request name.

use super::*;
use crate::counters::{Counter, Tally};
use crate::names::{Lines, Pseudo, lines_of};
use crate::read::carried::{Asked, Carried};
use crate::read::host::{HostPattern, HostPlace};

#[test]
fn a_tenant_is_a_kubernetes_label_value() {
    let rules = rules(Policy::Reject, Policy::Reject, None);
    for name in ["a", "feat-x", "Feat_X.1", "0", &"a".repeat(63)] {
        assert_eq!(rules.fault(name.as_bytes()), None, "{name}");
    }
    for name in ["", "-a", "a-", ".a", "a.", "_a", "a b", "a,b", "a%b", "a\0", "\u{e9}", &"a".repeat(64)] {
        assert_eq!(rules.fault(name.as_bytes()), Some(InvalidTenant::Malformed), "{name}");
    }
}

type Named = Result<Option<Vec<u8>>, Refusal>;

/// The tenant of a request whose header says this, and the counts.
fn resolve(rules: &TenantRules, values: &[&'static [u8]]) -> (Named, Vec<(Counter, u64)>) {
    let owned = lines_of(Field::Source(0), values);
    let lines = Lines { owned: &owned, ..Lines::default() };
    let tally = Tally::default();
    let asked = Asked::default();
    let carried = Carried::new(&lines, &asked);
    let evidence = Evidence { lines: &lines, carried: &carried, token: None, doubt: None };
    let tenant = rules.resolve(&evidence, &tally);
    (tenant.map(|tenant| Some(tenant?.name().into_owned())), tally.take().collect())
}

fn rules(on_conflict: Policy, on_invalid: Policy, pattern: Option<&str>) -> TenantRules {
    let origin = Origin { list: "tenant.from", index: 0, kind: "header" };
    let sources = vec![Source::always(TenantPlace::Header(Field::Source(0)), origin)];
    TenantRules {
        sources,
        links: Vec::new(),
        pattern: pattern.map(|pattern| Pattern::compile(pattern).unwrap()),
        on_conflict,
        on_invalid,
    }
}

#[test]
fn reads_every_line_and_every_element() {
    use Counter::{TenantConflict, TenantHeader, TenantInvalid};
    let strict = rules(Policy::Reject, Policy::Tolerate, None);
    let a = || Ok(Some(b"a".to_vec()));
    let one = || (a(), vec![(TenantHeader, 1)]);
    assert_eq!(resolve(&strict, &[]), (Ok(None), vec![]));
    assert_eq!(resolve(&strict, &[b"", b" , "]), (Ok(None), vec![]));
    assert_eq!(resolve(&strict, &[b"a", b"a"]), one(), "equal lines");
    assert_eq!(resolve(&strict, &[b" a ,, A"]), one(), "joined, and case tells nothing apart");
    let both = vec![(TenantHeader, 1), (TenantInvalid, 1)];
    assert_eq!(resolve(&strict, &[b"-", b"a"]), (a(), both), "an invalid value counts as absent");
    let refused = || (Err(Refusal::TenantConflict), vec![(TenantHeader, 1), (TenantConflict, 1)]);
    assert_eq!(resolve(&strict, &[b"a", b"b"]), refused());
    assert_eq!(resolve(&strict, &[b"a, b"]), refused());
    let lenient = rules(Policy::Tolerate, Policy::Reject, None);
    let first = (a(), vec![(TenantHeader, 1), (TenantConflict, 1)]);
    assert_eq!(resolve(&lenient, &[b"a", b"b,c"]), first, "first wins; one conflict a request");
    assert_eq!(resolve(&lenient, &[b"\xff", b"a"]), (Err(Refusal::TenantInvalid), vec![(TenantInvalid, 1)]));
}

/// Even if `tenant.pattern` refuses its name, or `except` holds it: the next one would read another name from the same host.
#[test]
fn the_first_pattern_that_fits_the_host_counts() {
    let mut rules = rules(Policy::Reject, Policy::Tolerate, Some("^(?:dev.*|a-admin)$"));
    let origin = Origin { list: "tenant.from", index: 0, kind: "host" };
    let host = |pattern| {
        let pattern = HostPattern::parse(pattern).unwrap();
        let rule = HostRule { pattern, except: vec!["dev-2".into()], of: HostPlace::Authority };
        Source::always(TenantPlace::Host(rule), origin)
    };
    rules.sources = vec![host("{tenant}-admin.a.com"), host("{tenant}.a.com")];
    for (authority, tenant) in [
        ("dev-admin.a.com", Some("dev")),
        ("dev.a.com", Some("dev")),
        ("a-admin.a.com", None),
        ("DEV-2-admin.a.com", None),
        ("Dev-2.a.com", None),
    ] {
        let pseudo = Pseudo { authority: authority.as_bytes(), ..Pseudo::default() };
        let lines = Lines { pseudo, ..Lines::default() };
        let asked = Asked::default();
        let carried = Carried::new(&lines, &asked);
        let evidence = Evidence { lines: &lines, carried: &carried, token: None, doubt: None };
        let found = rules.resolve(&evidence, &()).unwrap();
        assert_eq!(found.map(|found| found.name()), tenant.map(|tenant| tenant.as_bytes().into()), "{authority}");
    }
}

#[test]
fn reads_64_values_and_counts_one_more_against_the_request() {
    use Counter::{TenantHeader, TenantInvalid};
    let rejects = rules(Policy::Reject, Policy::Reject, None);
    let lenient = rules(Policy::Reject, Policy::Tolerate, None);
    let a = || Ok(Some(b"a".to_vec()));
    let spelled_again = |count| [&[&b"a"[..]][..], &vec![&b"A"[..]; count]].concat();
    let [fits, exceeds] = [63, 65].map(spelled_again);
    for fits in [fits, vec![b"a"; 1000]] {
        assert_eq!(resolve(&rejects, &fits), (a(), vec![(TenantHeader, 1)]));
    }
    assert_eq!(resolve(&rejects, &exceeds).0, Err(Refusal::TenantInvalid), "who looks at it all?");
    assert_eq!(resolve(&lenient, &exceeds), (a(), vec![(TenantHeader, 1), (TenantInvalid, 1)]));
    let invalid = [&[&b"-"[..]; 66][..], &[b"a"]].concat();
    assert_eq!(resolve(&lenient, &invalid), (Ok(None), vec![(TenantInvalid, 65)]), "64, and what exceeds them");
    assert_eq!(resolve(&rejects, &invalid).0, Err(Refusal::TenantInvalid));
}

#[test]
fn a_pattern_narrows_what_is_valid() {
    let rules = rules(Policy::Reject, Policy::Tolerate, Some("^(?:(dev|mp)-[a-z0-9-]+)$"));
    for (name, valid) in [("dev-1", true), ("mp-x", true), ("xmp-1", false), ("dev-", false), ("DEV-1", false)] {
        let name: &'static [u8] = name.as_bytes();
        assert_eq!(resolve(&rules, &[name]).0.unwrap().is_some(), valid, "{name:?}");
    }
}

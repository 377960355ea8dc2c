//! Which authorities are hosts, and which tenant a pattern finds in them.

use super::*;

fn tenant(pattern: &str, authority: &[u8]) -> Option<String> {
    let pattern = HostPattern::parse(pattern).expect(pattern);
    let found = pattern.tenant(authority)?;
    Some(String::from_utf8(found.into_owned()).unwrap())
}

#[test]
fn an_empty_label_makes_no_host() {
    for authority in ["", ".", ".foo", "foo..", "foo..ns", ":80"] {
        assert_eq!(Authority::parse(authority.as_bytes()).host, None, "{authority}");
    }
    assert_eq!(Authority::parse(b"foo.ns.:80").host, Some(&b"foo.ns"[..]));
}

#[test]
fn no_host_has_more_than_512_bytes() {
    for (zeros, is_host) in [(474, true), (475, false)] {
        let authority = format!("feat-x.{}.www.example.com:{}80", "a".repeat(12), "0".repeat(zeros));
        assert_eq!(authority.len(), if is_host { 512 } else { 513 });
        assert_eq!(Authority::parse(authority.as_bytes()).host.is_some(), is_host);
        assert_eq!(tenant("{tenant}.*.www.example.com", authority.as_bytes()).is_some(), is_host);
    }
}

#[test]
fn finds_the_tenant_of_a_wildcard_host() {
    for authority in [
        "feat-x.www.example.com",
        "feat-x.www.example.com:8443",
        "feat-x.www.example.com:",
        "FEAT-X.WWW.Example.COM",
        "feat-x.www.example.com.",
        "feat-x.www.example.com.:8443",
    ] {
        let found = tenant("{tenant}.www.example.com", authority.as_bytes());
        assert_eq!(found.as_deref(), Some("feat-x"), "{authority}");
    }
}

#[test]
fn matches_literally_and_at_the_stated_depth() {
    let long = format!("{}.www.example.com", "a".repeat(64));
    for authority in [
        "www.example.com",
        ".www.example.com",
        "a.b.www.example.com",
        "-x.www.example.com",
        "x-.www.example.com",
        "x_y.www.example.com",
        "feat-x.wwwXexample.com",
        "feat-x.www.example.com.evil.io",
        "feat-x.www.example.com..",
        "feat-x.www.example.com:80:80",
        "feat-x.www.example.com:http",
        "feat-x.www.example.com,feat-x.www.example.com",
        "user@feat-x.www.example.com",
        "feat%2dx.www.example.com",
        "feat-x\0.www.example.com",
        "feat-\u{fc}.www.example.com",
        "[::1]",
        "[::1]:80",
        "127.0.0.1",
        "",
        ":80",
        ".",
        &long,
    ] {
        assert_eq!(tenant("{tenant}.www.example.com", authority.as_bytes()), None, "{authority:?}");
    }
    let longest = "a".repeat(63);
    let found = tenant("{tenant}.www.example.com", format!("{longest}.www.example.com").as_bytes());
    assert_eq!(found, Some(longest));
}

#[test]
fn takes_text_around_the_placeholder_and_arbitrary_labels() {
    let cases = [
        ("{tenant}--www.example.com", "feat-x--WWW.example.com", Some("feat-x")),
        ("{tenant}--www.example.com", "--www.example.com", None),
        ("{tenant}--www.example.com", "www.example.com", None),
        ("pr-{tenant}-web.example.com", "pr-7-web.example.com", Some("7")),
        ("pr-{tenant}-web.example.com", "pr-web.example.com", None),
        ("{tenant}.*.example.com", "dev1.api.example.com", Some("dev1")),
        ("{tenant}.*.example.com", "dev1..example.com", None),
        ("{tenant}.*.example.com", "dev1.example.com", None),
        ("*.{tenant}.example.com", "api.dev1.example.com", Some("dev1")),
    ];
    for (pattern, authority, expected) in cases {
        assert_eq!(tenant(pattern, authority.as_bytes()).as_deref(), expected, "{pattern} {authority}");
    }
}

#[test]
fn a_star_inside_a_label_takes_as_little_as_it_can() {
    let long = format!("{}--{}.a.com", "t".repeat(30), "s".repeat(31));
    let longer = format!("{}--{}.a.com", "t".repeat(30), "s".repeat(32));
    let cases = [
        ("{tenant}--*.a.com", "feat-x--shop-api.A.com:80", Some("feat-x")),
        ("{tenant}--*.a.com", "feat--x--shop.a.com", Some("feat--x")),
        ("{tenant}--*.a.com", "feat-x--_~.a.com", Some("feat-x")),
        ("{tenant}--*.a.com", "feat-x--.a.com", None),
        ("{tenant}--*.a.com", "--shop.a.com", None),
        ("{tenant}--*.a.com", "feat-x.a.com", None),
        ("{tenant}--*.a.com", "feat-x--a.b.a.com", None),
        ("{tenant}--*.a.com", "feat-x--a@b.a.com", None),
        ("{tenant}--*.a.com", "feat-x--%61.a.com", None),
        ("{tenant}--*.a.com", &long, Some("tttttttttttttttttttttttttttttt")),
        ("{tenant}--*.a.com", &longer, None),
        // The rest is not a valid name, and the filter tries no other split.
        ("{tenant}--*.a.com", "feat---shop.a.com", None),
        ("*-{tenant}.a.com", "Shop-Feat-X.a.com", Some("feat-x")),
        ("*-{tenant}.a.com", "-feat.a.com", None),
        ("*-{tenant}.a.com", "--feat.a.com", Some("feat")),
        ("*-*-{tenant}-*.a.com", "a-b-c-d-e.a.com", Some("c-d")),
        ("*-*-{tenant}-*.a.com", "a-b-c.a.com", None),
        ("pr-*-{tenant}.a.com", "PR-7-feat-x.a.com", Some("feat-x")),
        ("pr-*-{tenant}.a.com", "pr--feat-x.a.com", Some("x")),
        ("{tenant}.*-svc.a.com", "dev.shop-SVC.a.com", Some("dev")),
        ("{tenant}.*-svc.a.com", "dev.-svc.a.com", None),
        ("{tenant}.a*b*c.a.com", "dev.axbbbc.a.com", Some("dev")),
        ("{tenant}.a*b*c.a.com", "dev.axbc.a.com", None),
        ("{tenant}.a*b*c.a.com", "dev.axbxcd.a.com", None),
    ];
    for (pattern, authority, expected) in cases {
        assert_eq!(tenant(pattern, authority.as_bytes()).as_deref(), expected, "{pattern} {authority}");
    }
}

#[test]
fn refuses_patterns_that_cannot_be_meant() {
    for pattern in [
        "",
        "www.example.com",
        "{tenant}",
        "{tenant}.*",
        "{tenant}.{tenant}.com",
        "{tenant}{tenant}.com",
        "{tenant}.example.com:8443",
        "{tenant}..com",
        "{tenant}.0.0.1",
        "{tenant}.com.",
        "{tenant}.exa mple.com",
        "{tenant}.*com",
        "{tenant}*.com",
        "*{tenant}.com",
        "a**-{tenant}.com",
        "{tenant}-**.com",
        "{tenant}.a**.com",
        "{tenant}*{tenant}.com",
        "{Tenant}.example.com",
        "{tenant}.b\u{fc}cher.de",
        "https://{tenant}.example.com/",
    ] {
        assert!(HostPattern::parse(pattern).is_err(), "{pattern}");
    }
}

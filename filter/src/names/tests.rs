use super::*;

#[test]
fn knows_a_name_in_every_spelling_and_tells_the_configured_one() {
    let mut names = Names::default();
    names.insert("x-tenant", Field::Target(0));
    names.insert("x_tenant", Field::Source(1));
    names.insert_prefix("x-debug-", Field::Stripped);

    assert_eq!(names.look_up(b"x-tenant"), Some((Field::Target(0), true)));
    assert_eq!(names.look_up(b"x_tenant"), Some((Field::Source(1), true)));
    for alias in ["X-Tenant", "x.tenant", "x~tenant", "x\u{1}tenant"] {
        assert!(matches!(names.look_up(alias.as_bytes()), Some((_, false))), "{alias}");
    }
    assert_eq!(names.look_up(b"x_debug_on"), Some((Field::Stripped, false)));
    names.insert_prefix("x-debug-on-", Field::BaggagePrefix);
    assert_eq!(names.look_up(b"x-debug-on-1"), Some((Field::Stripped, false)), "the first that was inserted");
    for other in ["x-tenan", "x-tenants", "xtenant", "x-debug", "", "-"] {
        assert_eq!(names.look_up(other.as_bytes()), None, "{other}");
    }
}

#[test]
fn length_and_first_byte_lose_no_name() {
    let mut names = Names::default();
    let long = "z".repeat(80);
    for name in ["a", "x-tenant", "1-up", "-odd", "_", &long] {
        names.insert(name, Field::Stripped);
    }
    names.insert_prefix("uberctx-", Field::BaggagePrefix);
    names.insert_prefix(&"y".repeat(70), Field::Stripped);
    let longer = ["uberctx-a".to_owned(), "uberctx-".repeat(20), "y".repeat(70), "y".repeat(71), "q".repeat(90)];
    let listed: Vec<_> = names.rows.iter().flat_map(|row| &row.names).map(|(name, _)| name.to_string()).collect();
    for name in listed.into_iter().chain(longer) {
        for first in 0..=u8::MAX {
            let mut name = name.clone().into_bytes();
            name[0] = first;
            let found = names.find(&names.rows[row(name.len())], &name);
            assert_eq!(names.look_up(&name), found, "{}", String::from_utf8_lossy(&name));
        }
    }
    let passing = |name: &&str| {
        let (row, first) = (&names.rows[row(name.len())], name.bytes().next());
        first.is_some_and(|first| row.firsts.admits(first))
    };
    let strangers = ["accept", "accept-language", "referer", "cookie", ""];
    assert_eq!(strangers.iter().filter(|name| passing(name)).count(), 0);
}

#[test]
fn tells_tunnels_from_requests() {
    let names = Names::default();
    for (method, protocol, is_tunnel) in [
        ("GET", None, false),
        ("CONNECT", None, true),
        ("CONNECT", Some("websocket"), false),
        ("CONNECT", Some("bytestream"), true),
        ("CONNECT", Some("ByteStream"), true),
        ("CONNECT", Some(""), true),
    ] {
        let mut headers = vec![Header { name: b":method", value: method.as_bytes() }];
        headers.extend(protocol.map(|value: &str| Header { name: b":protocol", value: value.as_bytes() }));
        let mut scanned = Scanned::default();
        names.scan(&headers, &mut scanned);
        assert_eq!(scanned.pseudo.is_tunnel, is_tunnel, "{method} {protocol:?}");
    }
}

#[test]
fn keeps_every_line_in_order_and_the_authority_aside() {
    let mut names = Names::default();
    names.insert("x-tenant", Field::Target(0));
    names.insert_prefix("-", Field::Stripped);
    let header = |name: &'static str, value: &'static str| Header { name: name.as_bytes(), value: value.as_bytes() };
    let headers = [
        header(":authority", "example.com"),
        header(":scheme", "https"),
        header("x-tenant", "a"),
        header("accept", "*/*"),
        header("x_tenant", "b"),
        header("x-tenant", "c"),
    ];
    let mut scanned = Scanned::default();
    names.scan(&headers, &mut scanned);
    assert_eq!(scanned.pseudo.authority, b"example.com");
    assert_eq!(scanned.owned.len(), 3);
    assert!(scanned.lines().values(Field::Target(0)).eq([&b"a"[..], b"c"]));
}

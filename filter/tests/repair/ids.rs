//! Which ids a request is remembered by, in whatever header and spelling.

use tenancy_filter::{Counter, Filter, Memo};

use crate::{CONFIG, Host, decide, filter, headers, pair, traceparent};

/// One request of 60 KiB would occupy every slot, and what it is not remembered by it could smuggle.
#[test]
fn a_request_of_too_many_ids_brings_none_of_them() {
    let filter = filter();
    let numbered = |number: u32| -> String { (1..=number).map(|id| format!("{id:x},")).collect() };
    for (lines, is_disarmed) in [
        (vec![pair("x-b3-traceid", numbered(128))], false),
        (vec![pair("x-b3-traceid", numbered(129))], true),
        (vec![pair("x-request-id", numbered(14_000)), pair("traceparent", "x")], true),
        (vec![pair("x-datadog-trace-id", "1".repeat(513)), traceparent(1)], true),
        ((1..=129).map(|id| pair("x_b3_traceid", format!("{id:x}"))).collect(), true),
    ] {
        let headers = headers(&lines);
        let (removed, Memo { ids, .. }) = decide(&filter, &headers);
        let mut names: Vec<_> =
            lines.iter().filter(|_| is_disarmed).map(|(name, _)| name.clone().into_bytes()).collect();
        names.sort_unstable();
        names.dedup();
        // A proxy that traces writes a well-formed id again.
        let expected = if is_disarmed { usize::from(lines.contains(&traceparent(1))) } else { 128 };
        assert_eq!((removed, ids.len()), (names, expected), "{:?}", lines[0].0);
    }
}

/// What was seen in one header alone is not restored by another; it only contradicts.
#[test]
fn ids_of_different_headers_never_meet() {
    let config = CONFIG.replace("\"x-request-id\"", "\"x-b3-traceid\", \"x-request-id\"");
    let filter = Filter::from_config(config.as_bytes()).unwrap().filter;
    let id = format!("{:032x}", 2);
    let b3 = || pair("x-b3-traceid", &id);
    let tenant = |name: &str| vec![pair("x-tenant", name)];
    let mut host = Host::default();
    let _one = host.open(&filter, vec![traceparent(1)], tenant("dev1"));
    for other in [b3(), pair("x-request-id", &id)] {
        assert_eq!(host.call(&filter, &[other]), (vec![], vec![Counter::ContextUnknown]));
    }
    assert_eq!(host.call(&filter, &[traceparent(1), b3()]).0, tenant("dev1"));
    let _same = host.open(&filter, vec![b3()], tenant("dev1"));
    for either in [b3(), traceparent(1)] {
        assert_eq!(host.call(&filter, &[either]).0, tenant("dev1"));
    }
    let _other = host.open(&filter, vec![b3()], tenant("dev2"));
    for either in [b3(), traceparent(1)] {
        assert_eq!(host.call(&filter, &[either]).1, [Counter::ContextAmbiguous]);
    }
}

/// An application reads an id in its own way and writes it in the header's format: what it may read is remembered.
#[test]
fn an_id_that_an_application_tidies_up_is_known_as_it_came() {
    const HEX: &str = "0bf92f3577b34da60e4736ce929d0e0b";
    const UUID: &str = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";
    let (high, low) = HEX.split_at(16);
    let decimal = u64::from_str_radix(low, 16).unwrap().to_string();
    let [uber, traceparent] = [format!("{low}:1:0:1"), format!("00-{HEX}-00000000000000aa-01")];
    let escaped: String = low.bytes().map(|byte| format!("%{byte:x}")).collect();
    for (way, (name, sent), (forwarded, value)) in [
        ("decodes", ("uber-trace-id", format!("{escaped}%3A1%3A0%3A1")), ("uber-trace-id", &uber)),
        ("Python's int", ("uber-trace-id", format!("0x{low}:1:0:1")), ("uber-trace-id", &uber)),
        ("Python's int", ("uber-trace-id", uber.replacen('6', "6_", 1)), ("uber-trace-id", &uber)),
        ("leading zeros", ("uber-trace-id", format!("{:040}{low}:1:0:1", 0)), ("uber-trace-id", &uber)),
        ("leading zeros", ("x-datadog-trace-id", format!("{:020}{decimal}", 0)), ("x-datadog-trace-id", &decimal)),
        ("pads", ("x-b3-traceid", low.trim_start_matches('0').into()), ("x-b3-traceid", &low.into())),
        ("the low 64 bits", ("x-b3-traceid", format!("{:016x}{low}", 7)), ("x-b3-traceid", &low.into())),
        ("the second field", ("traceparent", format!("{:032x}-{HEX}-aa-01", 7)), ("traceparent", &traceparent)),
        ("by place", ("traceparent", format!("00a{HEX}a00000000000000aa-01")), ("traceparent", &traceparent)),
        ("another propagator", ("b3", format!("{HEX}-00000000000000aa-1")), ("traceparent", &traceparent)),
        ("another propagator", ("x-datadog-trace-id", decimal.clone()), ("traceparent", &traceparent)),
        ("another propagator", ("traceparent", traceparent.clone()), ("x-b3-traceid", &format!("{high}{low}"))),
        ("a parsed UUID", ("x-request-id", format!("{{{UUID}}}")), ("x-request-id", &UUID.into())),
        ("a parsed UUID", ("x-request-id", format!("urn:uuid:{UUID}")), ("x-request-id", &UUID.into())),
        ("a parsed UUID", ("x-request-id", UUID.replace('-', "")), ("x-request-id", &UUID.into())),
        ("Rails", ("x-request-id", format!("{}{UUID}", ".".repeat(200))), ("x-request-id", &UUID.into())),
    ] {
        let config = CONFIG.replace("\"traceparent\", \"x-request-id\"", &format!("{forwarded:?}"));
        let (filter, mut host) = (Filter::from_config(config.as_bytes()).unwrap().filter, Host::default());
        let _victim = host.open(&filter, vec![pair(forwarded, value)], vec![pair("x-tenant", "victim")]);
        let call = [pair(forwarded, value)];
        assert_eq!(host.call(&filter, &call).0, [pair("x-tenant", "victim")], "{way} {forwarded}");
        let _attacker = host.open(&filter, vec![pair(name, &sent)], vec![pair("x-tenant", "attacker")]);
        assert_eq!(host.call(&filter, &call).1, [Counter::ContextAmbiguous], "{way} {name}: {sent}");
    }
}

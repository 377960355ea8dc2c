//! Which ids a request is remembered by.

use tenancy_filter::{Counter, Direction, Filter, Gathered, Memo, Peer, Recalled, Tally};

use crate::host::Host;
use crate::law::{ALL, Recalling, decide, headers};
use crate::{CONFIG, filter, pair, traceparent};

const SPAN: &str = "00000000000000aa";

/// A request is remembered by one id of each header at most, and a header that could bring more brings none.
#[test]
fn a_header_that_is_not_well_formed_goes_whole_and_is_counted() {
    let long = |text: &str| text.repeat(505 / text.len());
    let ours = || pair("x-b3-traceid", "4bf92f3577b34da6");
    for (what, lines, removed, ids) in [
        ("one of each kind", vec![traceparent(1), pair("x-request-id", "r1")], &[][..], 2),
        ("one id in two headers", vec![traceparent(1), pair("b3", format!("{:032x}-{SPAN}", 2))], &[], 1),
        ("no id", vec![pair("b3", "0")], &[], 0),
        ("two lines", vec![ours(), ours()], &["x-b3-traceid"], 1),
        ("two spellings", vec![ours(), pair("x_b3_traceid", "1")], &["x-b3-traceid", "x_b3_traceid"], 1),
        ("another spelling", vec![pair("X-B3.TraceId", "4bf92f3577b34da6")], &["X-B3.TraceId"], 0),
        ("a list", vec![pair("x-b3-traceid", long("1,"))], &["x-b3-traceid"], 0),
        ("an endless number", vec![pair("x-datadog-trace-id", long("1"))], &["x-datadog-trace-id"], 0),
        ("an empty line", vec![pair("traceparent", ""), pair("x-request-id", "")], &["traceparent", "x-request-id"], 0),
        ("others beside it", vec![pair("b3", "x"), traceparent(1), pair("tracestate", "x")], &["b3"], 1),
    ] {
        let headers = headers(&lines);
        let (names, memo) = decide(&ALL, &headers);
        let names: Vec<_> = names.into_iter().map(|name| String::from_utf8(name).unwrap()).collect();
        assert_eq!(
            (names.iter().map(String::as_str).collect::<Vec<_>>(), memo.ids.len()),
            (removed.to_vec(), ids),
            "{what}"
        );

        let tally = Tally::default();
        let gathered = Gathered { token: None, direction: Direction::Inbound };
        ALL.scan(&headers, Peer::Known).decide(&gathered, (), &tally).unwrap();
        let counted = tally.take().filter(|(counter, _)| *counter == Counter::TraceMalformed);
        let is_repeated = what == "an empty line";
        let expected = u64::try_from(removed.len().min(1) + usize::from(is_repeated)).unwrap();
        assert_eq!(counted.map(|(_, count)| count).sum::<u64>(), expected, "{what}");
    }
}

/// What no application of this configuration forwards is left to it.
#[test]
fn a_header_of_another_kind_is_left_alone() {
    let config = CONFIG.replace("\"traceparent\", \"x-request-id\"", "\"b3\"");
    let traces = Filter::from_config(config.as_bytes()).unwrap().filter;
    let requests = Filter::from_config(config.replace("\"b3\"", "\"x-request-id\"").as_bytes()).unwrap().filter;
    let lines = [pair("x-request-id", "a, b"), pair("traceparent", "x"), pair("grpc-trace-bin", "x"), pair("sw8", "x")];
    let removed = |filter| decide(filter, &headers(&lines)).0;
    assert_eq!(removed(&traces), [b"traceparent"]);
    assert_eq!(removed(&requests), [b"x-request-id"]);
    assert_eq!(removed(&filter()), [&b"traceparent"[..], b"x-request-id"]);
}

/// All trace headers speak of one trace, by the low 64 bits of its id. The id of a request is another kind.
#[test]
fn an_id_is_known_in_whatever_trace_header_it_leaves() {
    let (high, low) = ("463ac35c9f6413ad", "48485a3953bb6124");
    let number = u64::from_str_radix(low, 16).unwrap();
    let single = |id: &str| pair("b3", format!("{id}-{SPAN}-1"));
    let multiple = |id: &str| pair("x-b3-traceid", id);
    let w3c = |id: &str| pair("traceparent", format!("00-{id:0>32}-{SPAN}-01"));
    let wide = format!("{high}{low}");
    for (came, leaves) in [
        (multiple(&wide), single(&wide)),
        (single(&wide), multiple(&wide)),
        (single(low), multiple(low)),
        (multiple(low), w3c(low)),
        (w3c(low), multiple(low)),
        (w3c(&wide), multiple(low)),
        (w3c(&wide), pair("x-datadog-trace-id", number.to_string())),
        (pair("x-datadog-trace-id", number.to_string()), w3c(&wide)),
        (w3c(&wide), pair("uber-trace-id", format!("{wide}:1:0:1"))),
        (w3c(&wide), pair("x-cloud-trace-context", format!("{wide}/1;o=1"))),
    ] {
        let mut host = Host::default();
        let tenant = |name: &str| vec![pair("x-tenant", name)];
        let _victim = host.open(&ALL, vec![came.clone()], tenant("dev1"));
        assert_eq!(
            host.call(&ALL, std::slice::from_ref(&leaves)),
            (tenant("dev1"), vec![Counter::ContextRestored]),
            "{came:?}"
        );
        // Poisoning reaches as far, and no further: nothing is restored.
        let _attacker = host.open(&ALL, vec![leaves.clone()], tenant("attacker"));
        for line in [&came, &leaves] {
            assert_eq!(
                host.call(&ALL, std::slice::from_ref(line)),
                (vec![], vec![Counter::ContextAmbiguous]),
                "{came:?}"
            );
        }
        let digits = format!("{wide:0>32}");
        assert_eq!(host.call(&ALL, &[pair("x-request-id", digits)]).1, [Counter::ContextUnknown]);
    }
}

/// Not even where the bytes of both are the same.
#[test]
fn the_id_of_a_request_is_none_of_a_trace() {
    let number = u64::from_le_bytes(*b"abcdefgh");
    let ids = |line| decide(&ALL, &headers(&[line])).1.ids;
    assert_ne!(ids(pair("x-request-id", "abcdefgh")), ids(pair("x-b3-traceid", format!("{number:016x}"))));
}

/// An id that leaves in two headers is looked up once.
#[test]
fn an_id_is_looked_up_once() {
    let id = format!("{:032x}", 7);
    let lines = [
        pair("traceparent", format!("00-{id}-{SPAN}-01")),
        pair("b3", format!("{id}-{SPAN}")),
        pair("x-b3-traceid", &id),
    ];
    let gathered = Gathered { token: None, direction: Direction::Outbound { cluster: b"" } };
    let mut asked = 0;
    let recall = |_: &_| {
        asked += 1;
        Recalled::Unknown
    };
    ALL.scan(&headers(&lines), Peer::Known).decide(&gathered, Recalling(recall), &()).unwrap();
    let Memo { ids, .. } = decide(&ALL, &headers(&lines)).1;
    assert_eq!((asked, ids.len()), (1, 1));
}

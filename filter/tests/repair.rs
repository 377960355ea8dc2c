//! The laws of repair, over random histories of several streams that share trace ids, buckets and a clock.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

use std::collections::HashMap;

use proptest::collection::vec;
use proptest::prelude::*;
use tenancy_filter::{
    Counter, Decision, Direction, EncodedContext, Filter, Found, Gathered, Header, Lease, Memo, Mutation, Peer,
    Recalled, Repair, Tally, TraceId,
};

const CONFIG: &str = r#"{
    "version": 1,
    "role": "mesh",
    "tenant": {"to": [{"header": "x-tenant"}]},
    "overrides": {"to": [{"header": "x-override"}]},
    "repair": {"by": ["traceparent", "x-request-id"], "slots": 64, "lingerSeconds": 5}
}"#;
const LINGER: u64 = 5_000;

/// What a host keeps, and its clock.
#[derive(Default)]
struct Host {
    buckets: HashMap<u32, Vec<u8>>,
    now: u64,
}

/// An inbound request whose application is at work.
struct Stream {
    lines: Vec<(String, String)>,
    context: Vec<(String, String)>,
    leases: Vec<Lease>,
}

/// The headers of a request within the mesh.
fn headers(lines: &[(String, String)]) -> Vec<Header<'_>> {
    let authority = Header { name: b":authority", value: b"shop" };
    let lines = lines.iter().map(|(name, value)| Header { name: name.as_bytes(), value: value.as_bytes() });
    [authority].into_iter().chain(lines).collect()
}

/// The names that are removed from an inbound request, and what to remember of it.
fn decide(filter: &Filter, headers: &[Header<'_>]) -> (Vec<Vec<u8>>, Memo) {
    let gathered = Gathered { token: None, direction: Direction::Inbound };
    let scan = filter.scan(headers, Peer::Known);
    let decision = scan.decide(&gathered, |_| panic!("asks for an id"), &());
    let Decision { mutations, memo } = decision.expect("nothing is refused");
    let removed = mutations.iter().map(|mutation| match mutation {
        Mutation::Remove { name } => name.to_vec(),
        Mutation::Set { name, value } => panic!("sets {name:?} to {value:?}"),
    });
    (removed.collect(), memo.expect("is configured"))
}

impl Host {
    fn bucket(&self, repair: &Repair, id: &TraceId) -> &[u8] {
        self.buckets.get(&repair.bucket(id)).map_or(&[], |bytes| bytes)
    }

    /// The inbound request, as the proxy hands it to its application.
    fn open(&mut self, filter: &Filter, ids: Vec<(String, String)>, context: Vec<(String, String)>) -> Stream {
        let lines = [ids, context.clone()].concat();
        let headers = headers(&lines);
        let (_, memo) = decide(filter, &headers);
        let repair = filter.repair().expect("is configured");
        let ids = memo.ids.into_iter();
        let leases = ids.map(|(id, found)| self.remember(repair, &id, found, &memo.context)).collect();
        Stream { lines, context, leases }
    }

    fn remember(&mut self, repair: &Repair, id: &TraceId, found: Found, context: &EncodedContext) -> Lease {
        let (bucket, lease) = repair.remember(self.bucket(repair, id), (id, found), context, self.now);
        self.buckets.insert(repair.bucket(id), bucket);
        lease
    }

    fn close(&mut self, filter: &Filter, stream: Stream) {
        let repair = filter.repair().expect("is configured");
        for lease in stream.leases {
            let bucket = repair.release(self.bucket(repair, lease.id()), &lease, self.now);
            self.buckets.insert(repair.bucket(lease.id()), bucket);
        }
    }

    /// What the proxy adds to a call that its application makes with these headers, and what it counts.
    fn call(&self, filter: &Filter, lines: &[(String, String)]) -> (Vec<(String, String)>, Vec<Counter>) {
        let repair = filter.repair().expect("is configured");
        let headers = headers(lines);
        let gathered = Gathered { token: None, direction: Direction::Outbound { cluster: b"" } };
        let tally = Tally::default();
        let recall = |id: &TraceId| repair.recall(self.bucket(repair, id), id, self.now);
        let scan = filter.scan(&headers, Peer::Known);
        let mutations = scan.decide(&gathered, recall, &tally).expect("nothing is refused").mutations;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        let added = mutations.iter().map(|mutation| match mutation {
            Mutation::Set { name, value } => (text(name), text(value)),
            Mutation::Remove { name } => panic!("removes {name:?}"),
        });
        let counted = tally.take().map(|(counter, _)| counter);
        (added.collect(), counted.filter(|counter| counter.name().starts_with("tenancy.context")).collect())
    }
}

fn pair(name: &str, value: impl Into<String>) -> (String, String) {
    (name.into(), value.into())
}

fn traceparent(id: u8) -> (String, String) {
    pair("traceparent", format!("00-{:032x}-00000000000000aa-01", u128::from(id) + 1))
}

fn filter() -> Filter {
    Filter::from_config(CONFIG.as_bytes()).unwrap()
}

fn context(tenant: u8) -> Vec<(String, String)> {
    match tenant {
        0 => vec![],
        1 => vec![pair("x-override", "foo:v1,bar:v2")],
        _ => vec![pair("x-tenant", format!("t{tenant}")), pair("x-override", format!("foo:v{tenant}"))],
    }
}

#[derive(Clone, Debug)]
enum Step {
    Open {
        traceparent: u8,
        request: u8,
        tenant: u8,
    },
    Close(usize),
    /// A stream whose VM dies: it goes on, and nobody releases what it held.
    Forget(usize),
    Call(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..96u8, 0..96u8, 0..4u8).prop_map(|(traceparent, request, tenant)| Step::Open { traceparent, request, tenant }),
        2 => any::<usize>().prop_map(Step::Close),
        1 => any::<usize>().prop_map(Step::Forget),
        6 => any::<usize>().prop_map(Step::Call),
        1 => (0..2 * LINGER).prop_map(Step::Wait),
    ]
}

proptest! {
    /// Nobody gets a context that is not its own, whoever else sends its trace ids, before or after a flood.
    #[test]
    fn a_call_gets_the_context_of_its_own_request_or_none(steps in vec(step(), 1..400)) {
        let (filter, mut host, mut streams) = (filter(), Host::default(), Vec::new());
        for step in steps {
            let count = streams.len().max(1);
            match step {
                Step::Open { traceparent: id, request, tenant } => {
                    let ids = vec![traceparent(id), pair("x-request-id", format!("r{request}"))];
                    streams.push(host.open(&filter, ids, context(tenant)));
                }
                Step::Close(at) if !streams.is_empty() => {
                    let stream = streams.swap_remove(at % count);
                    host.close(&filter, stream);
                }
                Step::Forget(at) if !streams.is_empty() => streams[at % count].leases.clear(),
                Step::Call(at) if !streams.is_empty() => {
                    let stream: &Stream = &streams[at % count];
                    let mut own = stream.context.clone();
                    own.sort();
                    for forwarded in [&stream.lines[..1], &stream.lines[1..2], &stream.lines[..2]] {
                        let (mut added, _) = host.call(&filter, forwarded);
                        added.sort();
                        prop_assert!(added.is_empty() || added == own, "{forwarded:?} of {own:?} got {added:?}");
                    }
                }
                Step::Wait(milliseconds) => host.now += milliseconds,
                _ => {}
            }
        }
        let largest = host.buckets.values().map(Vec::len).max().unwrap_or_default();
        prop_assert!(host.buckets.len() <= 8 && largest < 8 * 700, "{} buckets, {largest} bytes", host.buckets.len());
    }
}

#[test]
fn restores_what_the_application_dropped_and_says_so() {
    let (filter, mut host) = (filter(), Host::default());
    let both = || vec![pair("x-tenant", "dev1"), pair("x-override", "foo:v1")];
    let ids = || vec![traceparent(1), pair("x-request-id", "r1")];
    let stream = host.open(&filter, ids(), both());
    host.open(&filter, vec![traceparent(2), pair("x-request-id", "r2")], vec![]);
    let large = (0..10).map(|n| format!("foo{n}:{}", "v".repeat(60))).collect::<Vec<_>>().join(",");
    host.open(&filter, vec![traceparent(3)], vec![pair("x-override", large)]);
    let with = |sent: &[(&str, &str)], ids: &[(String, String)]| {
        let sent: Vec<_> = sent.iter().map(|(name, value)| pair(name, *value)).collect();
        host.call(&filter, &[&sent, ids].concat())
    };
    for (sent, ids, added, counter) in [
        (&[][..], &ids()[..1], both(), Counter::ContextRestored),
        (&[], &ids()[1..], both(), Counter::ContextRestored),
        (&[], &ids(), both(), Counter::ContextRestored),
        (&[], &[traceparent(1), pair("x-request-id", "new")], both(), Counter::ContextRestored),
        (&[("x-tenant", "own")], &ids(), both()[1..].to_vec(), Counter::ContextRestored),
        (&[("x-override", "bar:v2")], &ids(), both()[..1].to_vec(), Counter::ContextRestored),
        (&[("x-tenant", "own"), ("x-override", "bar:v2")], &ids(), vec![], Counter::ContextForwarded),
        (&[("x-tenant", "own")], &[], vec![], Counter::ContextForwarded),
        (&[], &[traceparent(2)], vec![], Counter::ContextNone),
        (&[], &[traceparent(1), pair("x-request-id", "r2")], vec![], Counter::ContextAmbiguous),
        (&[], &[ids()[0].clone(), ids()[0].clone()], vec![], Counter::ContextAmbiguous),
        (&[], &[traceparent(3)], vec![], Counter::ContextLarge),
        (&[], &[traceparent(9)], vec![], Counter::ContextUnknown),
        (&[], &[], vec![], Counter::ContextUnknown),
        (&[], &[pair("x-b3-traceid", format!("{:032x}", 2))], vec![], Counter::ContextUnknown),
        (&[], &[pair("x-request-id", format!("{:032x}", 2))], vec![], Counter::ContextUnknown),
    ] {
        let (got, counted) = with(sent, ids);
        assert_eq!((got, &counted[..]), (added, &[counter][..]), "{sent:?} {ids:?}");
    }
    host.close(&filter, stream);
    host.now += LINGER;
    assert_eq!(host.call(&filter, &ids()).1, [Counter::ContextUnknown]);
}

#[test]
fn an_attacker_who_sends_a_victims_id_in_any_guise_gets_and_gives_nothing() {
    let guises = |id: &(String, String)| {
        let (name, value) = id;
        let upper = value.to_uppercase();
        [
            vec![pair(name, value)],
            vec![pair(name, &upper)],
            vec![pair(name, "other"), pair(name, value)],
            vec![pair(name, format!("other, {upper}"))],
            vec![pair(&name.replace('-', "_").to_uppercase(), value)],
        ]
    };
    for id in [traceparent(1), pair("x-request-id", "6ba7b810-9dad-11d1-80b4-00c04fd430c8")] {
        for guise in guises(&id) {
            for victim_first in [true, false] {
                let (filter, mut host) = (filter(), Host::default());
                let victim = (vec![id.clone()], vec![pair("x-tenant", "victim")]);
                let attacker = (guise.clone(), vec![pair("x-tenant", "attacker")]);
                let order = if victim_first { [victim, attacker] } else { [attacker, victim] };
                let _open = order.map(|(ids, context)| host.open(&filter, ids, context));
                let (added, counted) = host.call(&filter, std::slice::from_ref(&id));
                assert_eq!((added, &counted[..]), (vec![], &[Counter::ContextAmbiguous][..]), "{guise:?}");
            }
        }
    }
}

#[test]
fn a_bucket_that_was_closed_or_is_none_tells_nothing() {
    let filter = filter();
    let repair = filter.repair().unwrap();
    let lines = [traceparent(1)];
    let request = headers(&lines);
    for bucket in [repair.closed(0), b"not a bucket".to_vec()] {
        let (_, Memo { context, ids }) = decide(&filter, &request);
        let (id, found) = &ids[0];
        let (bucket, _) = repair.remember(&bucket, (id, *found), &context, 1);
        assert_eq!(repair.recall(&bucket, id, 1), Recalled::Full);
    }
}

/// What came in before an update contradicts what comes in after it, and is restored.
#[test]
fn an_update_forgets_nothing() {
    let update = CONFIG.replace("x-tenant", "x-team");
    let [before, after] = [CONFIG, &update].map(|config| Filter::from_config(config.as_bytes()).unwrap());
    let mut host = Host::default();
    let _open = host.open(&before, vec![traceparent(1)], vec![pair("x-tenant", "dev1")]);
    assert_eq!(host.call(&after, &[traceparent(1)]).0, [pair("x-team", "dev1")]);
    let _other = host.open(&after, vec![traceparent(1)], vec![pair("x-team", "dev2")]);
    assert_eq!(host.call(&after, &[traceparent(1)]).1, [Counter::ContextAmbiguous]);
}

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
    let filter = Filter::from_config(config.as_bytes()).unwrap();
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
        let (filter, mut host) = (Filter::from_config(config.as_bytes()).unwrap(), Host::default());
        let _victim = host.open(&filter, vec![pair(forwarded, value)], vec![pair("x-tenant", "victim")]);
        let call = [pair(forwarded, value)];
        assert_eq!(host.call(&filter, &call).0, [pair("x-tenant", "victim")], "{way} {forwarded}");
        let _attacker = host.open(&filter, vec![pair(name, &sent)], vec![pair("x-tenant", "attacker")]);
        assert_eq!(host.call(&filter, &call).1, [Counter::ContextAmbiguous], "{way} {name}: {sent}");
    }
}

//! The laws of repair, over random histories of several streams that share trace ids, buckets and a clock.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod ids;

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
    Filter::from_config(CONFIG.as_bytes()).unwrap().filter
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
    let [before, after] = [CONFIG, &update].map(|config| Filter::from_config(config.as_bytes()).unwrap().filter);
    let mut host = Host::default();
    let _open = host.open(&before, vec![traceparent(1)], vec![pair("x-tenant", "dev1")]);
    assert_eq!(host.call(&after, &[traceparent(1)]).0, [pair("x-team", "dev1")]);
    let _other = host.open(&after, vec![traceparent(1)], vec![pair("x-team", "dev2")]);
    assert_eq!(host.call(&after, &[traceparent(1)]).1, [Counter::ContextAmbiguous]);
}

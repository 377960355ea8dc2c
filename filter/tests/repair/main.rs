//! The laws of repair, over random histories of several streams that share trace ids, buckets and a clock.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod attacks;
mod host;
mod ids;
mod law;
mod readers;
mod seals;

use proptest::collection::vec;
use proptest::prelude::*;
use tenancy_filter::{Counter, Filter, Memo, Recalled};

use host::{Host, Stream};
use law::{decide, headers};

const CONFIG: &str = r#"{
    "version": 1,
    "role": "mesh",
    "tenant": {"to": [{"header": "x-tenant"}]},
    "overrides": {"to": [{"header": "x-override"}]},
    "repair": {"by": ["traceparent", "x-request-id"], "slots": 64, "lingerSeconds": 5}
}"#;
const LINGER: u64 = 5_000;

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
    for id in [traceparent(1), pair("x-request-id", "6ba7b810-9dad-11d1-80b4-00c04fd430c8")] {
        let (name, value) = &id;
        let upper = value.to_uppercase();
        let goes = Counter::ContextRestored;
        for (guise, counter) in [
            (vec![pair(name, value)], Counter::ContextAmbiguous),
            (vec![pair(name, &upper)], Counter::ContextAmbiguous),
            // What goes is nothing to the attacker, and contradicts nobody, unless the proxy's tracer reads it.
            (vec![pair(name, "other"), pair(name, value)], goes),
            (vec![pair(name, format!("other, {upper}"))], goes),
            (vec![pair(&name.to_uppercase(), value), pair(name, "other")], goes),
        ] {
            for victim_first in [true, false] {
                let (filter, mut host) = (filter(), Host::default());
                let victim = (vec![id.clone()], vec![pair("x-tenant", "victim")]);
                let attacker = (guise.clone(), vec![pair("x-tenant", "attacker")]);
                let order = if victim_first { [victim, attacker] } else { [attacker, victim] };
                let _open = order.map(|(ids, context)| host.open(&filter, ids, context));
                let (added, counted) = host.call(&filter, std::slice::from_ref(&id));
                let expected = if counter == goes { vec![pair("x-tenant", "victim")] } else { vec![] };
                assert_eq!((added, &counted[..]), (expected, &[counter][..]), "{guise:?}");
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
        let (bucket, _) = repair.remember(&bucket, &ids[0], &context, 1);
        assert_eq!(repair.recall(&bucket, &ids[0], 1), Recalled::Full);
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

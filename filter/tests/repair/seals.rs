//! A remembered seal: verified again before it is restored.

use tenancy_filter::{
    Counter, Direction, Filter, Gathered, Lookup, Memo, Mutation, Peer, Recalled, Route, Tally, TraceId, Unsealed,
};

use crate::law::headers;
use crate::{pair, traceparent};

const KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQva9rvytDLFTpUagwpJaQDPHfY8pNyg2Ye4bAwBPVPx1PN5fqzZVqtUnI9rRaQx11mi0z7kgxoteRNw0E6vYDw==";

/// Of dev1 with foo:v1, until 100 and until 200, and of dev2.
const EARLY: &str = "v1.k1.100.ZGV2MQpmb286djE.MEUCIQ";
const LATE: &str = "v1.k0.200.ZGV2MQpmb286djE.MEUCIR";
const OTHER: &str = "v1.k1.200.ZGV2Mgo.MEUCIQ";

fn filter(seal: &str) -> Filter {
    let config = format!(
        r#"{{"version": 1, "role": "mesh", "tenant": {{"to": [{{"header": "x-tenant"}}]}},
        "overrides": {{"to": [{{"header": "x-override"}}]}}, "repair": {{"by": ["traceparent", "x-request-id"]}} {seal}}}"#
    );
    Filter::from_config(config.as_bytes()).unwrap().filter
}

fn verifying(unsealed: &str) -> Filter {
    filter(&format!(r#", "seal": {{"verify": {{"k1": "{KEY}", "k0": "{KEY}"}}, "unsealed": "{unsealed}"}}"#))
}

/// A proxy that finds every seal right in its time.
#[derive(Default)]
struct Host {
    bucket: Vec<u8>,
    now: u64,
}

/// The host, as a filter asks it.
struct Asked<'h>(&'h Filter, &'h Host);

impl Lookup for Asked<'_> {
    fn recall(&mut self, id: &TraceId) -> Recalled {
        self.0.repair().unwrap().recall(&self.1.bucket, id, self.1.now)
    }

    fn route(&mut self) -> Option<Route> {
        panic!("asks for a route")
    }

    fn unseal(&mut self, seal: &[u8]) -> Result<Vec<u8>, Unsealed> {
        let seal = tenancy_filter::SealText::parse(seal).ok_or(Unsealed::Malformed)?;
        if seal.expiry < self.1.now { Err(Unsealed::Expired) } else { seal.context().ok_or(Unsealed::Malformed) }
    }
}

type Lines = Vec<(String, String)>;

impl Host {
    /// A request comes in with this seal, or with this plain tenant.
    fn open(&mut self, filter: &Filter, ids: &[(String, String)], context: (&str, &str)) {
        let lines = [ids, &[pair(context.0, context.1)]].concat();
        let headers = headers(&lines);
        let gathered = Gathered { token: None, direction: Direction::Inbound };
        let scan = filter.scan(&headers, Peer::Known);
        let Memo { context, ids } = scan.decide(&gathered, Asked(filter, self), &()).unwrap().memo.unwrap();
        for id in &ids {
            self.bucket = filter.repair().unwrap().remember(&self.bucket, id, &context, self.now).0;
        }
    }

    /// What a call leaves with beside its trace ids, and what is counted of it.
    fn call(&self, filter: &Filter, lines: &[(String, String)]) -> (Lines, Vec<Counter>) {
        let headers = headers(lines);
        let gathered = Gathered { token: None, direction: Direction::Outbound { cluster: b"" } };
        let (scan, tally) = (filter.scan(&headers, Peer::Known), Tally::default());
        let mutations = scan.decide(&gathered, Asked(filter, self), &tally).unwrap().mutations;
        let mut left: Lines =
            lines.iter().filter(|(name, _)| name.starts_with("x-") && name != "x-request-id").cloned().collect();
        for mutation in &mutations {
            let (Mutation::Remove { name } | Mutation::Set { name, .. }) = mutation;
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            left.retain(|(other, _)| *other != text(name));
            if let Mutation::Set { value, .. } = mutation {
                left.push((text(name), text(value)));
            }
        }
        left.sort();
        let told = [Counter::Requests, Counter::Overrides, Counter::TenantHeader];
        (left, tally.take().map(|(counter, _)| counter).filter(|counter| !told.contains(counter)).collect())
    }
}

/// All that stands for a seal of dev1.
fn whole(seal: &str) -> Lines {
    vec![pair("x-override", "foo:v1"), pair("x-tenancy-seal", seal), pair("x-tenant", "dev1")]
}

const SEAL: &str = "x-tenancy-seal";

#[test]
fn a_seal_is_remembered_and_verified_again() {
    for unsealed in ["drop", "count"] {
        let (filter, mut host) = (verifying(unsealed), Host::default());
        host.open(&filter, &[traceparent(1)], (SEAL, EARLY));
        let restored = (whole(EARLY), vec![Counter::Sealed, Counter::ContextRestored]);
        assert_eq!(host.call(&filter, &[traceparent(1)]), restored, "{unsealed}");
        host.now = 101;
        let expected = match unsealed {
            "drop" => (vec![], vec![Counter::UnsealedExpired, Counter::ContextNone]),
            // As without seals.
            _ => (
                vec![pair("x-override", "foo:v1"), pair("x-tenant", "dev1")],
                vec![Counter::UnsealedExpired, Counter::ContextRestored],
            ),
        };
        assert_eq!(host.call(&filter, &[traceparent(1)]), expected, "{unsealed}");
    }
}

/// What an application hands on without the seal.
#[test]
fn a_plain_context_gets_its_seal_back() {
    let both = [traceparent(1), pair("x-tenant", "dev1"), pair("x-override", "foo:v1")];
    let other = [traceparent(1), pair("x-tenant", "dev2")];
    for unsealed in ["drop", "count"] {
        let (filter, mut host) = (verifying(unsealed), Host::default());
        host.open(&filter, &[traceparent(1)], (SEAL, LATE));
        assert_eq!(host.call(&filter, &both), (whole(LATE), vec![Counter::Sealed, Counter::ContextRestored]));
    }
    let (drop, count, mut host) = (verifying("drop"), verifying("count"), Host::default());
    host.open(&drop, &[traceparent(1)], (SEAL, LATE));
    let overruled = vec![Counter::Sealed, Counter::SealOverruled, Counter::ContextRestored];
    assert_eq!(host.call(&drop, &other), (whole(LATE), overruled));
    let as_without = (
        vec![pair("x-override", "foo:v1"), pair("x-tenant", "dev2")],
        vec![Counter::UnsealedAbsent, Counter::ContextRestored],
    );
    assert_eq!(host.call(&count, &other), as_without);
}

#[test]
fn another_configuration_may_have_remembered_it() {
    let (plain, drop, count) = (filter(""), verifying("drop"), verifying("count"));
    let mut host = Host::default();
    host.open(&drop, &[traceparent(1)], (SEAL, LATE));
    let unsealed = vec![pair("x-override", "foo:v1"), pair("x-tenant", "dev1")];
    assert_eq!(host.call(&plain, &[traceparent(1)]).0, unsealed, "what it holds was valid");
    host.open(&plain, &[traceparent(2)], ("x-tenant", "dev1"));
    assert_eq!(host.call(&drop, &[traceparent(2)]), (vec![], vec![Counter::ContextNone]), "without a seal");
    let counted = vec![Counter::UnsealedAbsent, Counter::ContextRestored];
    assert_eq!(host.call(&count, &[traceparent(2)]), (vec![pair("x-tenant", "dev1")], counted));
}

/// A gateway seals the requests of a trace at different times.
#[test]
fn two_seals_of_one_context_agree_and_the_later_one_counts() {
    for order in [[EARLY, LATE], [LATE, EARLY]] {
        let (filter, mut host) = (verifying("drop"), Host::default());
        order.iter().for_each(|seal| host.open(&filter, &[traceparent(1)], (SEAL, seal)));
        assert_eq!(host.call(&filter, &[traceparent(1)]).0, whole(LATE), "{order:?}");
        // By two ids, each of which stands for one of them.
        let [first, second] = order;
        host.open(&filter, &[pair("x-request-id", "r1")], (SEAL, first));
        host.open(&filter, &[traceparent(2)], (SEAL, second));
        assert_eq!(host.call(&filter, &[pair("x-request-id", "r1"), traceparent(2)]).0, whole(LATE), "{order:?}");
        host.open(&filter, &[traceparent(1)], (SEAL, OTHER));
        assert_eq!(host.call(&filter, &[traceparent(1)]), (vec![], vec![Counter::ContextAmbiguous]));
    }
}

/// Who has no seal gets none, whoever else sends its trace id.
#[test]
fn a_seal_and_no_seal_do_not_agree() {
    for unsealed in ["drop", "count"] {
        for order in [[(SEAL, LATE), ("x-tenant", "dev1")], [("x-tenant", "dev1"), (SEAL, LATE)]] {
            let (filter, mut host) = (verifying(unsealed), Host::default());
            order.into_iter().for_each(|context| host.open(&filter, &[traceparent(1)], context));
            assert_eq!(host.call(&filter, &[traceparent(1)]), (vec![], vec![Counter::ContextAmbiguous]));
        }
    }
}

#[test]
fn a_seal_has_the_room_of_a_context() {
    let (filter, mut host) = (verifying("drop"), Host::default());
    // Behind two separators.
    for (bytes, counter) in [(510, Counter::ContextRestored), (511, Counter::ContextLarge)] {
        let head = "v1.k1.200.ZGV2MQpmb286djE.";
        let seal = format!("{head}{}", "A".repeat(bytes - head.len()));
        host.open(&filter, &[pair("x-request-id", bytes.to_string())], (SEAL, &seal));
        assert_eq!(host.call(&filter, &[pair("x-request-id", bytes.to_string())]).1.last(), Some(&counter));
    }
}

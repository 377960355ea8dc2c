//! What is read of a host, in which order, and what becomes of it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::cell::RefCell;
use std::collections::BTreeMap;

use tenancy_filter::{Claim, Direction, Filter, Gathered, Header, Mutation, Peer, Wants};
use tenancy_filter_envoy::{Attributes, Facts, peer, set_caller};

const PAYLOAD: &str = "metadata/filter_metadata/envoy.filters.http.jwt_authn/payload";
const DIRECTION: &str = "xds/listener_direction";
const NOTHING: Wants = Wants { token: false, direction: false, cluster: false };

/// Attributes by their paths, with every look-up written down. It fails at paths that hold `broken`.
#[derive(Default)]
struct Host {
    attributes: BTreeMap<String, Vec<u8>>,
    asked: RefCell<Vec<String>>,
}

#[derive(Debug, PartialEq, Eq)]
struct Broken;

impl Attributes for Host {
    type Failure = Broken;

    fn property(&self, path: &[&str]) -> Result<Option<Vec<u8>>, Broken> {
        let path = path.join("/");
        self.asked.borrow_mut().push(path.clone());
        match self.attributes.get(&path).map(Vec::as_slice) {
            Some(b"broken") => Err(Broken),
            found => Ok(found.map(<[u8]>::to_vec)),
        }
    }
}

impl Host {
    fn with(mut self, path: &str, value: impl Into<Vec<u8>>) -> Self {
        self.attributes.insert(path.into(), value.into());
        self
    }

    /// With a claim of the verified payload.
    fn claim(self, path: &str, value: impl Into<Vec<u8>>) -> Self {
        self.with(&format!("{PAYLOAD}/{path}"), value)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.take()
    }
}

/// A list of these elements, or a map with this value for each key, as Envoy serialises both.
fn pairs(elements: &[&str], value: &str) -> Vec<u8> {
    let size = |text: &str| u32::try_from(text.len()).unwrap().to_le_bytes();
    let mut bytes = u32::try_from(elements.len()).unwrap().to_le_bytes().to_vec();
    elements.iter().for_each(|element| bytes.extend([size(element), size(value)].concat()));
    elements.iter().for_each(|element| bytes.extend(format!("{element}\0{value}\0").bytes()));
    bytes
}

/// What is gathered for a filter with these claims.
fn gather(host: &Host, wants: Wants, claims: &[&[&str]]) -> Result<Facts, Broken> {
    let sources: Vec<_> = claims.iter().map(|path| format!(r#"{{"claim": {path:?}}}"#)).collect();
    let sources = if sources.is_empty() { r#"{"host": "{tenant}.a.com"}"#.into() } else { sources.join(", ") };
    let json = format!(
        r#"{{"version": 1, "role": "edge", "tenant": {{"from": [{sources}], "to": [{{"header": "x"}}]}},
            "verified": {{"issuers": ["i"]}}}}"#
    );
    Facts::gather(host, wants, &Filter::from_config(json.as_bytes()).unwrap().filter)
}

#[test]
fn reads_what_is_wanted_and_no_more() {
    let token = Wants { token: true, ..NOTHING };
    let direction = Wants { direction: true, ..NOTHING };
    let cluster = Wants { cluster: true, ..direction };
    let outbound = || Host::default().with(DIRECTION, 2u64.to_le_bytes()).with("xds/cluster_name", "outbound|80||foo");
    let iss = format!("{PAYLOAD}/iss");
    for (host, wants, expected) in [
        (outbound(), NOTHING, vec![]),
        (outbound(), direction, vec![DIRECTION]),
        (outbound(), cluster, vec![DIRECTION, "xds/cluster_name"]),
        (Host::default().with(DIRECTION, 1u64.to_le_bytes()), cluster, vec![DIRECTION]),
        (outbound(), Wants { cluster: true, ..NOTHING }, vec!["xds/cluster_name"]),
        (Host::default(), token, vec![iss.as_str()]),
    ] {
        gather(&host, wants, &[&["tenant"]]).unwrap();
        assert_eq!(host.asked(), expected, "{wants:?}");
    }
}

#[test]
fn a_listener_says_which_way_a_request_goes() {
    let wants = Wants { direction: true, cluster: true, ..NOTHING };
    let with = |direction: &[u8]| Host::default().with(DIRECTION, direction).with("xds/cluster_name", "a|b");
    for (host, expected) in [
        (with(&1u64.to_le_bytes()), Direction::Inbound),
        (with(&2u64.to_le_bytes()), Direction::Outbound { cluster: b"a|b" }),
        (with(&0u64.to_le_bytes()), Direction::Unspecified),
        (with(b"\x02"), Direction::Unspecified),
        (Host::default(), Direction::Unspecified),
    ] {
        assert_eq!(gather(&host, wants, &[]).unwrap().gathered().direction, expected);
    }
}

#[test]
fn a_claim_is_a_list_where_its_first_element_is_found_by_index() {
    let wants = Wants { token: true, ..NOTHING };
    let (list, map) = (pairs(&["a", "b"], ""), pairs(&["a"], "x"));
    let host = Host::default()
        .claim("iss", "https://idp.example.com")
        .claim("list", list.clone())
        .claim("list/0", "a")
        .claim("unlike", list.clone())
        .claim("unlike/0", "b")
        .claim("map", map.clone())
        .claim("text", "feat-x")
        .claim("empty", pairs(&[], ""));
    let claims: [&[&str]; 6] = [&["list"], &["unlike"], &["map"], &["text"], &["none"], &["empty"]];
    let facts = gather(&host, wants, &claims).unwrap();
    let token = facts.gathered().token.unwrap();
    assert_eq!(token.issuer, b"https://idp.example.com");
    let expected = [
        Claim::List(vec![b"a", b"b"]),
        Claim::Single(&list),
        Claim::Single(&map),
        Claim::Single(b"feat-x"),
        Claim::Absent,
        Claim::List(vec![]),
    ];
    assert_eq!(token.claims, expected);
}

#[test]
fn a_payload_without_issuer_is_no_token_and_a_failure_is_one() {
    let wants = Wants { token: true, ..NOTHING };
    assert!(gather(&Host::default().claim("tenant", "a"), wants, &[&["tenant"]]).unwrap().gathered().token.is_none());
    for broken in ["iss", "tenant", "tenant/0"] {
        let host = Host::default().claim("iss", "i").claim("tenant", pairs(&["a"], "")).claim(broken, "broken");
        assert_eq!(gather(&host, wants, &[&["tenant"]]).unwrap_err(), Broken, "{broken}");
    }
    let host = Host::default().with(DIRECTION, "broken");
    assert_eq!(gather(&host, Wants { direction: true, ..NOTHING }, &[]).unwrap_err(), Broken);
}

#[test]
fn a_peer_is_known_by_its_certificate_or_by_going_out() {
    let filter = |peers: &str| {
        let json = format!(
            r#"{{"version": 1, "role": "mesh", "tenant": {{"to": [{{"header": "x-t"}}]}}, "peers": "{peers}"}}"#
        );
        Filter::from_config(json.as_bytes()).unwrap().filter
    };
    let certificate = |value: &[u8]| Host::default().with("connection/mtls", value);
    for (host, expected) in [
        (certificate(&[1]), Peer::Known),
        (certificate(&[0]), Peer::Unknown),
        (certificate(&[0]).with(DIRECTION, 2u64.to_le_bytes()), Peer::Known),
        (certificate(&[0]).with(DIRECTION, 1u64.to_le_bytes()), Peer::Unknown),
        (certificate(b"broken"), Peer::Unknown),
        (Host::default(), Peer::Unknown),
    ] {
        assert_eq!(peer(&filter("mtls"), &host), expected, "{:?}", host.attributes);
        host.asked();
        assert_eq!(peer(&filter("any"), &host), Peer::Known);
        assert_eq!(host.asked(), [""; 0], "nobody asked for a peer");
    }
}

#[test]
fn the_node_tells_which_workload_calls() {
    const NAME: &str = "xds/node/metadata/LABELS/service.istio.io/canonical-name";
    let filter = |more: &str| {
        let json =
            format!(r#"{{"version": 1, "role": "mesh", "overrides": {{"to": [{{"header": "x-override"}}]}}{more}}}"#);
        Filter::from_config(json.as_bytes()).unwrap().filter
    };
    let projects = r#", "projections": [{"header": "x-version", "service": "cart"}]"#;
    let calls = |filter: &Filter| {
        let lines = [("x-override", "cart:v2;caller=web"), (":method", "GET")];
        let headers = lines.map(|(name, value)| Header { name: name.as_bytes(), value: value.as_bytes() });
        let gathered = Gathered { token: None, direction: Direction::Unspecified };
        let scan = filter.scan(&headers, Peer::Known);
        scan.decide(&gathered, (), &()).unwrap().mutations == [Mutation::set(b"x-version", b"v2")]
    };
    for (name, expected) in
        [(Some("web"), true), (Some("Web"), true), (Some("api"), false), (Some("a/b"), false), (None, false)]
    {
        let host = name.map_or_else(Host::default, |name| Host::default().with(NAME, name));
        let mut filter = filter(projects);
        assert_eq!((set_caller(&mut filter, &host), host.asked()), (Ok(()), vec![NAME.to_owned()]));
        assert_eq!(calls(&filter), expected, "{name:?}");
    }

    let mut known = filter(projects);
    set_caller(&mut known, &Host::default().with(NAME, "web")).unwrap();
    assert_eq!(set_caller(&mut known, &Host::default().with(NAME, "broken")), Err(Broken));
    assert!(!calls(&known), "nobody knows any more");

    let host = Host::default().with(NAME, "web");
    let mut configured = filter(&format!(r#"{projects}, "caller": "api""#));
    for filter in [&mut configured, &mut filter("")] {
        assert_eq!(set_caller(filter, &host), Ok(()));
        assert!(!calls(filter), "the configuration says who calls, or nothing depends on it");
    }
    assert_eq!(host.asked(), [""; 0], "nobody asked the node");
}

//! R4: the memory that a request takes.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a test may panic")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use tenancy_filter::{Direction, Filter, Gathered, Header, Peer, Tally};

/// Counts the bytes that this thread holds, a block that grows in its old and in its new size.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

fn count(layout: Layout, sign: isize) {
    HELD.set(HELD.get() + sign * isize::try_from(layout.size()).unwrap());
    MOST.set(MOST.get().max(HELD.get()));
}

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: the system's allocator does everything; a cell without a destructor allocates nothing itself.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout, 1);
        // SAFETY: the caller keeps the contract of `GlobalAlloc`, which is also the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(layout, -1);
        // SAFETY: as above; the system's allocator gave the pointer.
        unsafe { System.dealloc(pointer, layout) }
    }
}

const CONFIGS: [&str; 5] = [
    r#"{
        "version": 1, "role": "edge",
        "tenant": {
            "from": [
                {"host": "{tenant}.www.example.com"}, {"header": "tenantID", "trust": "anyone"},
                {"baggage": "sd-routing-key"}, {"cookie": "tenant", "trust": "anyone"}, {"query": "tenant", "trust": "anyone"}
            ],
            "to": [{"header": "x-tenant"}, {"baggage": "tenant"}], "onConflict": "first"
        },
        "overrides": {
            "from": [
                {"header": "x-override", "trust": "anyone"}, {"header": "x-service-route", "list": "::", "trust": "anyone"},
                {"baggage": "overrides", "trust": "anyone"}
            ],
            "to": [{"header": "x-override"}, {"baggage": "overrides"}], "onDuplicate": "last"
        },
        "projections": [{"header": "x-version", "service": "called"}],
        "strip": ["x-debug-*"], "foreignBaggage": "keep"
    }"#,
    r#"{
        "version": 1, "role": "edge",
        "tenant": {"from": [{"host": "{tenant}.www.example.com"}], "to": [{"header": "x-tenant"}, {"baggage": "tenant"}]}
    }"#,
    r#"{
        "version": 1, "role": "edge",
        "tenant": {
            "from": [
                {"cookie": "k", "trust": "anyone"}, {"query": "k", "trust": "anyone"}, {"baggage": "k", "trust": "anyone"},
                {"header": "tenantid", "trust": "anyone"}
            ],
            "to": [{"header": "x-tenant"}], "onConflict": "first", "pattern": "[a-z]{1,63}1"
        },
        "foreignBaggage": "keep"
    }"#,
    r#"{
        "version": 1, "role": "mesh",
        "tenant": {"to": [{"header": "x-tenant"}]},
        "repair": {"by": [
            "traceparent", "b3", "x-b3-traceid", "x-request-id",
            "x-datadog-trace-id", "uber-trace-id", "x-cloud-trace-context"
        ]}
    }"#,
    r#"{
        "version": 1, "role": "mesh",
        "tenant": {"from": [{"header": "tenantID"}, {"baggage": "sd-routing-key"}], "to": [{"header": "x-tenant"}, {"baggage": "tenant"}]},
        "overrides": {"from": [{"header": "x-service-route", "list": "::"}], "to": [{"header": "x-override"}, {"baggage": "overrides"}]},
        "projections": [{"header": "x-version", "service": "called"}]
    }"#,
];

fn filters() -> impl Iterator<Item = Filter> {
    CONFIGS.into_iter().map(|config| Filter::from_config(config.as_bytes()).unwrap().filter)
}

/// The most bytes that are held while a request is decided, and how many changes come of it.
fn held(filter: &Filter, direction: Direction<'_>, lines: &[(String, String)]) -> (usize, usize) {
    let headers: Vec<_> =
        lines.iter().map(|(name, value)| Header { name: name.as_bytes(), value: value.as_bytes() }).collect();
    let gathered = Gathered { token: None, direction };
    let tally = Tally::default();
    let before = HELD.get();
    MOST.set(before);
    let scan = filter.scan(&headers, Peer::Known);
    let changes = scan.decide(&gathered, (), &tally).unwrap().mutations;
    (usize::try_from(MOST.get() - before).unwrap(), changes.len())
}

#[test]
fn an_ordinary_request_allocates_nothing() {
    let browser = [
        (":method", "GET"),
        (":scheme", "https"),
        (":authority", "www.example.com"),
        (":path", "/account/orders?page=2&sort=date"),
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        ("accept-language", "en-US,en;q=0.5"),
        ("accept-encoding", "gzip, deflate, br, zstd"),
        ("cookie", "session=8f14e45fceea167a5a36dedd4bea2543; theme=dark"),
        ("x-request-id", "7f0f3c52-6f5e-4f0e-9a53-1c2b64e4f5ad"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    for filter in filters() {
        assert_eq!(held(&filter, Direction::Unspecified, &browser), (0, 0), "{filter:?}");
    }
    let strangers = [&browser[..], &[("baggage".to_owned(), "a=1,b=2;p".to_owned())]].concat();
    let mesh = filters().last().unwrap();
    assert_eq!(held(&mesh, Direction::Unspecified, &strangers), (0, 0), "third-party baggage in the mesh");
}

/// Envoy takes 60 KiB of headers, and a hundred of them, unless told otherwise.
const KIB_60: usize = 60 * 1024;

fn repeated(text: &str) -> String {
    text.repeat(KIB_60 / text.len())
}

/// The same with a number in each, so that no two are alike.
fn numbered(before: &str, after: &str) -> String {
    (0..)
        .map(|n| format!("{before}{n}{after}"))
        .scan(0, |bytes, part| {
            *bytes += part.len();
            (*bytes <= KIB_60).then_some(part)
        })
        .collect()
}

/// A spelling of a name for each number, by the case of its letters.
fn spelled(name: &str, number: usize) -> String {
    let respell = |(at, c): (usize, char)| if number >> at & 1 == 1 { c.to_ascii_uppercase() } else { c };
    name.chars().enumerate().map(respell).collect()
}

#[test]
fn the_worst_request_holds_at_most_four_times_its_bytes() {
    let one = |name: &str, value: String| vec![(name.to_owned(), value)];
    let many = |name: &str, lines: usize, value: &str| -> Vec<_> {
        (0..lines).map(|number| (spelled(name, number), value.to_owned())).collect()
    };
    let hundred = |name: &str, part: &str| many(name, 100, &part.repeat(KIB_60 / 100 / part.len()));
    for (what, lines) in [
        ("many members", one("baggage", repeated("a=1,"))),
        ("many members and ours", one("baggage", format!("tenant=a,{}", repeated("a=1,")))),
        ("ours many times", one("baggage", repeated("tenant=a,"))),
        ("ours escaped", one("baggage", repeated("tenant=%61,"))),
        ("one override, escaped", one("baggage", format!("overrides={}", repeated("a%3A1%2C")))),
        ("many overrides, escaped", one("baggage", format!("overrides={}", numbered("a", "%3Ab%2C")))),
        ("many lists of overrides, escaped", one("baggage", numbered("overrides=a", "%3Ab,"))),
        ("a large member", one("baggage", format!("tenant=a,k={}", repeated("v")))),
        ("many overrides", one("x-override", numbered("a", ":b,"))),
        ("long overrides", one("x-override", numbered(&"a".repeat(240), ":b,"))),
        ("one override on many conditions", one("x-override", format!("a:b;{}", repeated("method=A;")))),
        ("many overrides on conditions", one("x-override", numbered("a:b;method=", ","))),
        ("conditions with white space", one("x-override", numbered("a:b; method =", " ,"))),
        ("conditions in baggage", one("baggage", format!("overrides={}", numbered("a:b;method=", "%2C")))),
        ("many versions", one("x-override", numbered("a:b", ","))),
        ("no overrides", one("x-service-route", repeated("::,"))),
        ("many tenants", one("tenantid", repeated("a,"))),
        ("many cookies", one("cookie", repeated("tenant=a;"))),
        ("short cookies", one("cookie", repeated("k=;"))),
        ("short parameters", one(":path", format!("/?{}", repeated("k&")))),
        ("short members", one("baggage", repeated("k=,"))),
        ("values that a pattern refuses late", one("tenantid", numbered(&"a".repeat(50), ","))),
        ("many parameters", one(":path", format!("/?{}", repeated("tenant=%61&")))),
        ("escaped parameters", one(":path", format!("/?{}", repeated("%74=%61&")))),
        ("many tokens", one("connection", format!("x-tenant,{}", repeated("a,")))),
        ("tokens of ours", one("connection", repeated("x_tenant,"))),
        ("many older members", one("correlation-context", format!("tenant=a,{}", repeated("a=1,")))),
        ("a hundred older lists", hundred("correlation-context", "tenant=a,a=1,")),
        ("a hundred spellings", hundred("x-service-route", "a:1::")),
        ("a hundred lines", vec![("x-override".to_owned(), "a:1,".repeat(KIB_60 / 400)); 100]),
        ("empty lines of ours", many("x-debug-extended-tracing-", 2000, "")),
        ("a list of ids", one("x-b3-traceid", repeated("1,"))),
        ("an endless id", one("x-datadog-trace-id", repeated("1"))),
        ("an endless opaque id", one("x-request-id", repeated("a"))),
        ("many fields", one("uber-trace-id", repeated("1:"))),
        ("many lines of ids", vec![("x-b3-traceid".to_owned(), "1,".repeat(252)); 85]),
        ("a thousand empty traces", vec![("traceparent".to_owned(), String::new()); 5000]),
        ("spellings of a trace header", many("x-cloud-trace-context", 2000, "1-1")),
    ] {
        let bytes: usize = lines.iter().map(|(name, value)| name.len() + value.len()).sum();
        for filter in filters() {
            for direction in [Direction::Unspecified, Direction::Inbound, Direction::Outbound { cluster: b"" }] {
                let (held, _) = held(&filter, direction, &lines);
                assert!(held <= 4 * bytes, "{what}: {held} for {bytes} bytes, {filter:?}");
            }
        }
    }
}

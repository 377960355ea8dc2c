//! What hostile requests are made of: what laws/configurations.json names, and what resembles it.

/// Names of headers, the parts of what they hold, and what stands between these.
pub(crate) type Kind = (&'static [&'static str], &'static [&'static str], &'static [&'static str]);

pub(crate) const KINDS: &[Kind] = &[
    (&["x-tenant", "x_tenant", "tenantid"], TENANTS, &[",", ", "]),
    (&["x-override"], ENTRIES, &[",", ", ", ",,", ";", "; "]),
    (&["x-service-route", "uberctx-overrides"], ENTRIES, &["::", "::", ",", ", ", " "]),
    (&["baggage"], MEMBERS, &[",", ", ", ",,"]),
    (&["correlation-context", "jaeger-baggage"], MEMBERS, &[","]),
    (&["ot-baggage-tenant", "ot-baggage-Sd.Key_1", "uberctx-k"], TENANTS, &[""]),
    (&["baggage-tenant", "baggage-k"], TENANTS, &[""]),
    (&["cookie"], COOKIES, &[";", "; "]),
    (&["connection"], &["close", "X-Tenant", "x_override", "baggage", "upgrade", "\u{ff}", "a b"], &[",", ", "]),
    (&["x-clusters", "X_clusters"], &["shop-dev1", "shop", "outbound|80||evil.ns.svc.cluster.local", "\u{ff}"], &[","]),
    (&["x-version", "x-foo-version", "x-debug-on", "x-internal", "authorization"], TENANTS, &[","]),
    (&["traceparent", "b3", "x-b3-traceid"], TRACES, &["", "-", ","]),
    (&["x-datadog-trace-id", "uber-trace-id", "x-cloud-trace-context", "x-request-id"], TRACES, &["", "-", ":"]),
    (&["traceparent", "tracestate", "accept", "x-tenants", "x-tenan", "tenant"], NASTY, &[",", "=", ""]),
    (&["b3", "x-b3-traceid", "x-datadog-trace-id", "uber-trace-id", "grpc-trace-bin", "x-request-id"], NASTY, &["-"]),
];

const TENANTS: &[&str] = &[
    "dev1",
    "dev1",
    "DEV1",
    "feat-x",
    "Feat_X.1",
    "-x",
    "",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "d%65v1",
    "\u{ff}",
];

const COOKIES: &[&str] = &[
    "tenant=dev1",
    "tenant = dev2",
    "tenant=\"dev1\"",
    "tenant=\"\"dev1\"\"",
    "tenant=\"",
    "Tenant=evil",
    "tenant",
    "a=1",
    "tenant=",
];

const ENTRIES: &[&str] = &[
    "foo:v1",
    "foo:v2",
    "foo:v3",
    "Foo:v1",
    "bar : v1",
    "bar:v2",
    "foo.ns:v3",
    "baz:v1",
    "foo",
    ":v1",
    "foo:v1::bar:v2",
    "a:1:2",
    "foo=v1",
    "bar=v2",
    "foo,v1",
    "bar,v2",
    "foo => v1",
    "foo :v1",
    "foo:-",
    "",
];

const MEMBERS: &[&str] = &[
    "tenant=dev1",
    "tenant=dev2;p=1",
    "tenant = dev1 ",
    "Tenant=evil",
    "%74enant=evil",
    "+tenant+=evil",
    "ten ant=evil",
    "tenant%C2%A0=evil",
    "tenant=d%65v1",
    "tenant=\"dev1\"",
    "tenant",
    "tenant=",
    "sd-routing-key=dev1",
    "sd_routing_key=evil",
    "Sd.Key_1=dev1",
    "sd-key-1=evil",
    "overrides=foo%3Av1%2Cbar%3Av2",
    "overrides=foo:v2",
    "OVERRIDES=evil",
    "k1=v",
    "k2=v;p;q=1",
    "k3 = v ; p = 1",
    "a=1;p=%2Ctenant%3Devil",
    "b=1==2",
    "c=%zz",
    "d=\\",
    "e",
    "f=\u{e9}",
    "g=1;",
    "h=1;p q",
];

const TRACES: &[&str] = &[
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "4BF92f3577b34da6a3ce929d0e0e4736",
    "00f067aa0ba902b7",
    "0f3c2a1e-5b7d-4e0a-9a1d-0c8f7b6a5d4e",
    "0000000000000000",
    "18446744073709551615",
    "1f:2:0:1",
    "/1;o=1",
    "1",
    "d",
    "_",
    "x",
];

/// What belongs nowhere.
pub(crate) const NASTY: &[&str] = &["", " ", "\t", "%", "%2C", "\u{0}", "\u{ff}", "a;b", "=", ",", ";", ":", "::"];

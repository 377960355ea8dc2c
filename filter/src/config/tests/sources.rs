//! One mistake at a time, in a source of the tenant.

use super::mistakes::{have_one_mistake, source};
use super::{ISSUERS, edge, mesh};

#[test]
fn names_the_mistake_in_a_source_of_the_tenant() {
    have_one_mistake([
        (edge(r#""tenant": {"to": [{"header": "x"}]}"#), "tenant.from: missing; at an edge nothing else is read"),
        (edge(r#""tenant": {"from": [], "to": [{"header": "x"}]}"#), "tenant.from: is empty"),
        (
            source(r#"{"header": "X-Forwarded-Host", "trust": "anyone"}"#, ""),
            "tenant.from[0].header: \"x-forwarded-host\" has a meaning of its own: proxies write and believe it; match the host, as in {host: \"{tenant}.www.example.com\"}, or the one in x-forwarded-host, by adding of: x-forwarded-host",
        ),
        (
            edge(r#""tenant": {"from": [{"host": "{tenant}.a.com", "trust": "anyone"}], "to": [{"header": "x"}]}"#),
            "tenant.from[0].trust: host needs no trust; leave it out, or add of",
        ),
        (
            edge(r#""tenant": {"from": [{"header": "x", "trust": "client"}], "to": [{"header": "x"}]}"#),
            "tenant.from[0].trust: expected \"mesh\" or \"verified\" or \"anyone\"",
        ),
        (source(r#"{"header": "y"}, {"header": "y"}"#, ""), "tenant.from[1]: is read already; name a source once"),
        (
            source(r#"{"claim": "https://acme.dev/tenant"}"#, ISSUERS),
            "tenant.from[0].claim: \"https://acme.dev/tenant\" would be split at its dots; write [\"https://acme.dev/tenant\"]",
        ),
        (source(r#"{"claim": "urn:a.b"}"#, ISSUERS), "tenant.from[0].claim: \"urn:a.b\" would be split at its dots"),
        (
            source(r#"{"host": "{tenant}*.preview.acme.dev"}"#, ""),
            "tenant.from[0].host: \"{tenant}*.preview.acme.dev\" has \"*\" beside another \"*\" or {tenant}; write text",
        ),
        (
            source(r#"{"host": "{tenant}.a.com", "except": ["www", "a b"]}"#, ""),
            "tenant.from[0].except[1]: expected a name that a host could give, of letters, digits and hyphens",
        ),
        (
            source(r#"{"host": "{tenant}.a.com", "except": []}"#, ""),
            "tenant.from[0].except: is empty; leave it out, or",
        ),
        (
            source(r#"{"cookie": "c", "trust": "anyone", "except": ["www"]}"#, ""),
            "tenant.from[0].except: belongs to a host, not to a cookie; leave it out",
        ),
        (
            source(r#"{"host": "{tenant}.a.com", "of": "x-forwarded-host"}"#, ""),
            "tenant.from[0].of: is never believed under trust: mesh, the default; write trust: verified",
        ),
        (
            source(r#"{"host": "{tenant}.a.com", "of": "Forwarded", "trust": "anyone"}"#, ""),
            "tenant.from[0].of: expected \"x-forwarded-host\" or \"origin\", found \"Forwarded\"",
        ),
        (
            mesh(
                r#""tenant": {"from": [{"host": "{tenant}.a.com", "of": "origin", "trust": "anyone"}],
                    "to": [{"header": "x"}]}"#,
            ),
            "tenant.from[0].of: only an edge reads the host of another header: it does not remove it, so in the mesh any",
        ),
        (
            source(r#"{"header": "y", "trust": "anyone", "of": "origin"}"#, ""),
            "tenant.from[0].of: belongs to a host, not to a header; leave it out",
        ),
        (
            source(
                r#"{"host": "{tenant}.a.com", "of": "origin", "trust": "anyone"},
                    {"host": "{tenant}.a.com", "of": "origin", "trust": "verified"}"#,
                ISSUERS,
            ),
            "tenant.from[1]: is read already; name a source once",
        ),
        (source(r#"{"claim": "a..b"}"#, ISSUERS), "tenant.from[0].claim: expected a claim as in tenancy.name"),
        (source(r#"{"claim": ["a", -1]}"#, ISSUERS), "tenant.from[0].claim: expected a claim as in tenancy.name"),
        (source(r#"{"claim": ["a", 0.5]}"#, ISSUERS), "tenant.from[0].claim: expected a claim as in tenancy.name"),
        (source(r#"{"claim": []}"#, ISSUERS), "tenant.from[0].claim: expected a claim as in tenancy.name"),
        (source(r#"{"claim": "a", "trust": "anyone"}"#, ISSUERS), "tenant.from[0].trust: claim needs no trust"),
        (source(r#"{"cookie": "a b", "trust": "anyone"}"#, ""), "tenant.from[0].cookie: expected the name of a cookie"),
        (source(r#"{"query": "", "trust": "anyone"}"#, ""), "tenant.from[0].query: is empty"),
        (source(r#"{"baggage": "k", "header": "y"}"#, ""), "tenant.from[0]: expected exactly one of host, claim"),
        (
            mesh(r#""tenant": {"from": [{"cookie": "x"}], "to": [{"header": "x"}]}"#),
            "tenant.from[0].cookie: only an edge reads a cookie: it does not remove it",
        ),
        (
            mesh(r#""tenant": {"from": [{"query": "x"}], "to": [{"header": "x"}]}"#),
            "tenant.from[0].query: only an edge reads a query: it does not remove it",
        ),
    ]);
}

#[test]
fn names_the_mistake_in_a_link() {
    let linked = |link: &str| {
        let query = format!(r#"{{"query": "q", "trust": "anyone", "link": {link}}}"#);
        source(&format!(r#"{query}, {{"cookie": "c", "trust": "anyone"}}"#), "")
    };
    have_one_mistake([
        (
            linked(r#"{"cookie": "c", "maxAge": "8 h"}"#),
            "tenant.from[0].link.maxAge: expected a duration of up to 400d, as in 90s, 30m, 8h or 7d, found \"8 h\"",
        ),
        (linked(r#"{"cookie": "c", "maxAge": 8}"#), "tenant.from[0].link.maxAge: expected a string, found 8"),
        (linked(r#"{"cookie": "c"}"#), "tenant.from[0].link.maxAge: missing; say for how long the cookie counts"),
        (linked(r#"{"maxAge": "8h"}"#), "tenant.from[0].link.cookie: missing; name one that tenant.from reads"),
        (
            linked(r#"{"cookie": "C", "maxAge": "8h"}"#),
            "tenant.from[0].link.cookie: \"C\" is no source; add it to tenant.from, as in {cookie: C, trust: anyone}",
        ),
        (
            linked(r#"{"cookie": "c", "maxAge": "8h", "path": "/"}"#),
            "tenant.from[0].link.path: unknown field; known here: cookie, maxAge",
        ),
        (
            source(r#"{"header": "y", "trust": "anyone", "link": {"cookie": "c", "maxAge": "8h"}}"#, ""),
            "tenant.from[0].link: belongs to a query, not to a header; leave it out",
        ),
        (
            source(
                r#"{"cookie": "c", "trust": "anyone"},
                    {"query": "q", "trust": "anyone", "link": {"cookie": "c", "maxAge": "8h"}}"#,
                r#", "strip": ["sec-p*"]"#,
            ),
            "strip[0]: \"sec-p*\" would remove \"sec-purpose\", which tenant.from reads",
        ),
    ]);
}

#[test]
fn names_the_mistake_in_an_issuer_of_the_tenant() {
    have_one_mistake([
        (
            source(r#"{"issuer": "https://{tenant}"}"#, ""),
            "tenant.from[0].issuer: \"https://{tenant}\" has to name a domain",
        ),
        (
            source(r#"{"issuer": "https://a.com/t"}"#, ISSUERS),
            "tenant.from[0].issuer: \"https://a.com/t\" needs exactly one",
        ),
        (
            source(r#"{"issuer": "https://a.com/{tenant}", "trust": "anyone"}"#, ""),
            "tenant.from[0].trust: issuer needs no trust",
        ),
        (
            source(r#"{"claim": "a"}, {"issuer": "https://a.com/{tenant}"}"#, ISSUERS),
            "tenant.from[1].issuer: stands behind tenant.from[0].claim, by which one issuer could",
        ),
        (
            mesh(
                r#""tenant": {"from": [{"header": "a", "trust": "verified"}, {"issuer": "https://a.com/{tenant}"}],
                    "to": [{"header": "x"}]}"#,
            ),
            "tenant.from[1].issuer: stands behind tenant.from[0].trust",
        ),
        (
            source(r#"{"issuer": "https://a.com/{tenant}"}"#, r#", "verified": {"issuers": []}"#),
            "verified.issuers: is empty; name the accepted",
        ),
    ]);
}

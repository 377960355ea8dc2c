//! Signed tokens through a real `jwt_authn`: what a verified one says counts, whatever else comes as one does not.

mod unnamed;
mod unverified;

use std::collections::BTreeMap;

use anyhow::Result;
use integration::token::{Issuer, jwt_authn, jwt_authn_under};
use integration::{Bootstrap, Hop, Request};
use serde_json::{Value, json};

const HOST: &str = "www.example.com";
const IDP: &str = "https://idp.example.com";
const PARTNER: &str = "https://partner.example.com";
const TENANT: &str = "dev1";

/// An edge behind `jwt_authn`, and both issuers that it verifies; only tokens of the first may decide anything.
struct Edge {
    hop: Hop,
    idp: Issuer,
    partner: Issuer,
}

impl Edge {
    async fn start(configuration: Value) -> Result<Self> {
        let (idp, partner) = (Issuer::new(IDP), Issuer::new(PARTNER));
        let verifier = jwt_authn(&[&idp, &partner]);
        Self::behind(verifier, configuration, idp, partner).await
    }

    async fn behind(verifier: Value, configuration: Value, idp: Issuer, partner: Issuer) -> Result<Self> {
        let bootstrap = Bootstrap::gateway()?.configuration(configuration).behind(verifier);
        Ok(Self { hop: Hop::start(bootstrap).await?, idp, partner })
    }

    /// What the service gets, but for the token itself, which `jwt_authn` leaves where it failed.
    async fn pass(&self, request: &Request) -> Result<Vec<String>> {
        let mut lines = self.hop.pass(request).await?;
        lines.retain(|line| !line.starts_with("authorization: "));
        Ok(lines)
    }
}

fn bearing(token: &str) -> Request {
    Request::to(HOST).header("authorization", format!("Bearer {token}"))
}

fn tenant_from(sources: &Value) -> Value {
    json!({
        "version": 1,
        "role": "edge",
        "tenant": {"from": sources, "to": [{"header": "x-tenant"}]},
        "verified": {"issuers": [IDP]},
    })
}

#[tokio::test]
async fn a_claim_names_the_tenant() -> Result<()> {
    let sources = json!([
        {"claim": "tenancy.name"}, {"claim": ["https://example.com/tenant"]}, {"claim": "tenants.1"},
        {"claim": ["teams", 0, "name"]},
    ]);
    let edge = Edge::start(tenant_from(&sources)).await?;
    for (claims, expected) in [
        (json!({"tenancy": {"name": "dev1"}}), &["x-tenant: dev1"][..]),
        (json!({"tenancy": {"name": "Dev_1.b"}}), &["x-tenant: Dev_1.b"]),
        (json!({"https://example.com/tenant": "dev2"}), &["x-tenant: dev2"]),
        (json!({"tenants": ["dev3", "dev4"]}), &["x-tenant: dev4"]),
        (json!({"teams": [{"name": "dev5"}, {"name": "dev6"}]}), &["x-tenant: dev5"]),
        (json!({"tenancy": {"name": "x".repeat(63)}}), &[&format!("x-tenant: {}", "x".repeat(63))]),
        (json!({"tenancy.name": "dev1", "name": "dev1", "tenants": ["dev1"], "teams": {"name": "dev1"}}), &[]),
        (json!({}), &[]),
    ] {
        assert_eq!(edge.pass(&bearing(&edge.idp.sign(&claims))).await?, expected, "{claims}");
    }
    Ok(())
}

/// Claims that are no tenant, with something of each that must be seen nowhere.
fn invalid_claims() -> Vec<(Value, &'static str)> {
    vec![
        (json!(4_711_471_147_u64), "4711471147"),
        (json!(-0.5), "-0.5"),
        (json!(true), "true"),
        (json!(["listed-secret"]), "listed-secret"),
        (json!(["listed-secret", "b"]), "listed-secret"),
        (json!([["nested-secret"]]), "nested-secret"),
        (json!([]), "[]"),
        (json!({"mapped-secret": "a"}), "mapped-secret"),
        (json!({"0": "mapped-secret"}), "mapped-secret"),
        (json!({}), "{}"),
        (json!(""), "\"\""),
        (json!("s".repeat(64)), "ssssssssss"),
        (json!("spaced secret"), "spaced secret"),
        (json!("comma-secret,b"), "comma-secret"),
        (json!("-hyphen-secret"), "hyphen-secret"),
        (json!("line-secret\r\nx-tenant: evil"), "line-secret"),
        (json!("zero-secret\0"), "zero-secret"),
        (json!("s\u{e9}cret"), "s\u{e9}cret"),
    ]
}

#[tokio::test]
async fn a_claim_that_is_no_tenant_is_counted_and_not_printed() -> Result<()> {
    for (on_invalid, refused) in [("ignore", 0), ("reject", 1)] {
        let mut configuration = tenant_from(&json!([{"claim": "tenant"}]));
        configuration["tenant"]["onInvalid"] = on_invalid.into();
        let edge = Edge::start(configuration).await?;
        let claims = invalid_claims();
        for (claim, secret) in &claims {
            let request = bearing(&edge.idp.sign(&json!({"tenant": claim})));
            if refused == 0 {
                assert_eq!(edge.pass(&request).await?, [""; 0], "{claim}");
            } else {
                let reply = edge.hop.refuse(&request).await?;
                assert_eq!((reply.status, reply.text().contains(secret)), (400, false), "{claim}: {}", reply.text());
            }
        }
        let count = claims.len() as u64;
        edge.hop.envoy.stats_become("wasmcustom.tenancy", &counts(count, count, refused * count)).await?;
        let log = edge.hop.envoy.log()?;
        assert!(claims.iter().all(|(_, secret)| !log.contains(secret)), "{log}");
    }
    Ok(())
}

/// The counters after so many requests.
fn counts(requests: u64, invalid: u64, refused: u64) -> BTreeMap<String, u64> {
    [("requests", requests), ("tenant_invalid", invalid), ("refused", refused)]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| (format!("wasmcustom.tenancy.{name}"), count))
        .collect()
}

#[tokio::test]
async fn only_the_named_issuers_count() -> Result<()> {
    let sources = json!([{"claim": "tenant"}, {"header": "x-want", "trust": "verified"}]);
    let edge = Edge::start(tenant_from(&sources)).await?;
    for (claims, expected) in [(json!({"tenant": "dev1"}), ["x-tenant: dev1"]), (json!({}), ["x-tenant: wanted"])] {
        let request = |issuer: &Issuer| {
            let request = bearing(&issuer.sign(&claims));
            if claims["tenant"].is_null() { request.header("x-want", "wanted") } else { request }
        };
        assert_eq!(edge.pass(&request(&edge.idp)).await?, expected, "{claims}");
        assert_eq!(edge.pass(&request(&edge.partner)).await?, [""; 0], "{claims}");
    }
    // The partner's own key does not make it the other issuer.
    let forged = edge.partner.sign(&json!({"iss": IDP, "tenant": "dev1"}));
    assert_eq!(edge.pass(&bearing(&forged)).await?, [""; 0]);
    Ok(())
}

/// Envoy Gateway has a key for each provider.
#[tokio::test]
async fn the_payload_has_a_key() -> Result<()> {
    for (key, expected) in [(None, [&[][..], &["x-tenant: dev1"]]), (Some(IDP), [&["x-tenant: dev1"][..], &[]])] {
        let mut configuration = tenant_from(&json!([{"claim": "tenant"}, {"header": "x-want", "trust": "verified"}]));
        configuration["verified"] = json!({"issuers": [IDP, PARTNER]});
        if let Some(key) = key {
            configuration["verified"]["payload"] = key.into();
        }
        let (idp, partner) = (Issuer::new(IDP), Issuer::new(PARTNER));
        let verifier = jwt_authn_under(&[(&idp, IDP), (&partner, "payload")]);
        let edge = Edge::behind(verifier, configuration, idp, partner).await?;
        for (issuer, expected) in [&edge.idp, &edge.partner].into_iter().zip(expected) {
            let request = bearing(&issuer.sign(&json!({"tenant": TENANT})));
            assert_eq!(edge.pass(&request).await?, expected, "{key:?} {}", issuer.name());
        }
        let counts = [("requests", 2), ("tenant_claim", 1), ("token_absent", 1)];
        let counts = counts.map(|(name, count)| (format!("wasmcustom.tenancy.{name}"), count));
        edge.hop.envoy.stats_become("wasmcustom.tenancy", &counts.into()).await?;
    }
    Ok(())
}

/// Who the client is, and what it may do: whichever Envoy verifies last.
#[tokio::test]
async fn of_two_tokens_the_named_one_counts() -> Result<()> {
    for order in [[IDP, PARTNER], [PARTNER, IDP]] {
        let mut configuration = tenant_from(&json!([{"claim": "tenant"}]));
        configuration["verified"] = json!({"issuers": [IDP, PARTNER], "payload": "identity"});
        let (idp, partner) = (Issuer::new(IDP), Issuer::new(PARTNER));
        let mut verifier = jwt_authn_under(&[(&idp, "identity"), (&partner, "scope")]);
        verifier["typed_config"]["providers"][PARTNER]["from_headers"] = json!([{"name": "x-scope"}]);
        let all = order.map(|name| json!({"provider_name": name}));
        verifier["typed_config"]["rules"][0]["requires"] = json!({"requires_all": {"requirements": all}});
        let edge = Edge::behind(verifier, configuration, idp, partner).await?;
        let [identity, scope] =
            [(&edge.idp, TENANT), (&edge.partner, "evil")].map(|(issuer, name)| issuer.sign(&json!({"tenant": name})));
        let request = bearing(&identity).header("x-scope", scope);
        assert_eq!(edge.pass(&request).await?, ["x-tenant: dev1"], "{order:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_claim_narrows_who_may_choose() -> Result<()> {
    let mut configuration = tenant_from(&json!([{"header": "x-want", "trust": "verified"}]));
    configuration["verified"] = json!({"issuers": [IDP], "claim": "groups", "anyOf": ["developers", "testers"]});
    let edge = Edge::start(configuration).await?;
    for (groups, expected) in [
        (json!(["sales", "testers"]), &["x-tenant: dev1"][..]),
        (json!("developers"), &["x-tenant: dev1"]),
        (json!(["sales"]), &[]),
        (json!("developers testers"), &[]),
        (json!("developer"), &[]),
        (json!([["developers"]]), &[]),
        (json!({"developers": true}), &[]),
        (json!(true), &[]),
        (json!([]), &[]),
        (Value::Null, &[]),
    ] {
        let request = bearing(&edge.idp.sign(&json!({"groups": groups}))).header("x-want", TENANT);
        assert_eq!(edge.pass(&request).await?, expected, "{groups}");
        let request = bearing(&edge.partner.sign(&json!({"groups": groups}))).header("x-want", TENANT);
        assert_eq!(edge.pass(&request).await?, [""; 0], "{groups}");
    }
    Ok(())
}

#[tokio::test]
async fn a_claim_brings_overrides() -> Result<()> {
    let edge = Edge::start(json!({
        "version": 1,
        "role": "edge",
        "overrides": {"from": [{"claim": "overrides"}], "to": [{"header": "x-override"}]},
        "verified": {"issuers": [IDP]},
    }))
    .await?;
    for (claim, expected) in [
        (json!("foo:v1, bar:v2"), &["x-override: foo:v1,bar:v2"][..]),
        (json!(["foo:v1", "bar:v2,baz:v3"]), &["x-override: foo:v1,bar:v2,baz:v3"]),
        (json!(["foo:v1", 7, "foo:v2"]), &[]),
        (json!(["foo:v1", ["a,bar:v2,b"]]), &[]),
        (json!([]), &[]),
        (json!({"foo": "v1"}), &[]),
        (json!(1), &[]),
    ] {
        let token = |issuer: &Issuer| issuer.sign(&json!({"overrides": claim}));
        assert_eq!(edge.pass(&bearing(&token(&edge.idp))).await?, expected, "{claim}");
        assert_eq!(edge.pass(&bearing(&token(&edge.partner))).await?, [""; 0], "{claim}");
    }
    Ok(())
}

#[tokio::test]
async fn a_host_and_a_token_that_disagree() -> Result<()> {
    let host = "feat-x.www.example.com";
    let sources = json!([{"host": "{tenant}.www.example.com"}, {"claim": "tenant"}]);
    for (on_conflict, refused) in [(None, true), (Some("reject"), true), (Some("first"), false)] {
        let mut configuration = tenant_from(&sources);
        if let Some(on_conflict) = on_conflict {
            configuration["tenant"]["onConflict"] = on_conflict.into();
        }
        let edge = Edge::start(configuration).await?;
        let with = |tenant| {
            let token = edge.idp.sign(&json!({"tenant": tenant}));
            Request::to(host).header("authorization", format!("Bearer {token}"))
        };
        assert_eq!(edge.pass(&with("FEAT-X")).await?, ["x-tenant: feat-x"]);
        if refused {
            let reply = edge.hop.refuse(&with("dev1")).await?;
            let body = reply.text();
            assert_eq!((reply.status, body.len() < 200), (400, true), "{body}");
            assert!(!body.contains("feat-x") && !body.contains("dev1"), "{body}");
        } else {
            assert_eq!(edge.pass(&with("dev1")).await?, ["x-tenant: feat-x"]);
        }
    }
    Ok(())
}

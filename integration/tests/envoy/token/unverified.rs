//! What comes in the place of a verified token.

use anyhow::Result;
use integration::Request;
use integration::token::{Issuer, encode, now, unsigned};
use serde_json::{Value, json};

use super::{Edge, HOST, IDP, TENANT, bearing, tenant_from};

/// What a request may bring in the place of a verified token, each with the claim that would count.
fn unverified(idp: &Issuer) -> Vec<(&'static str, String)> {
    let es256 = json!({"alg": "ES256"});
    let claims = json!({"iss": IDP, "exp": now() + 60, "tenant": TENANT});
    let with = |claim: &str, value: Value| {
        let mut claims = claims.clone();
        claims[claim] = value;
        claims
    };
    let good = idp.sign(&claims);
    let (signed, signature) = good.rsplit_once('.').expect("a signature");
    let none = |alg: &str| unsigned(&json!({"alg": alg}), &claims);
    let payload = unsigned(&es256, &with("admin", json!(true)));
    vec![
        ("expired", idp.sign(&with("exp", json!(now() - 3600)))),
        ("not valid yet", idp.sign(&with("nbf", json!(now() + 3600)))),
        ("the wrong key", Issuer::new(IDP).sign(&claims)),
        ("a stranger's", Issuer::new("https://evil.example.com").sign(&json!({"tenant": TENANT}))),
        ("no issuer", idp.sign(&with("iss", Value::Null))),
        ("alg none", format!("{}.", none("none"))),
        ("alg none, two parts", none("none")),
        ("alg None, signed", format!("{}.{signature}", none("None"))),
        ("alg NONE", format!("{}.", none("NONE"))),
        ("alg HS256", format!("{}.{}", none("HS256"), encode(&[0; 32]))),
        ("another alg", idp.sign_as(&json!({"alg": "RS256"}), &claims)),
        ("another payload", format!("{payload}.{signature}")),
        ("a signature of zeros", format!("{signed}.{}", encode(&[0; 64]))),
        ("no signature", format!("{signed}.")),
        ("the payload alone", encode(claims.to_string().as_bytes())),
        ("plain JSON", claims.to_string()),
        ("nothing", String::new()),
    ]
}

#[tokio::test]
async fn a_token_that_is_not_verified_says_nothing() -> Result<()> {
    let edge =
        Edge::start(tenant_from(&json!([{"claim": "tenant"}, {"header": "x-want", "trust": "verified"}]))).await?;
    let good = edge.idp.sign(&json!({"tenant": TENANT}));
    assert_eq!(edge.pass(&bearing(&good)).await?, ["x-tenant: dev1"]);
    let without = edge.pass(&Request::to(HOST).header("x-want", TENANT)).await?;
    assert_eq!(without, [""; 0]);
    for (name, token) in unverified(&edge.idp) {
        let seen = edge.pass(&bearing(&token).header("x-want", TENANT)).await?;
        assert_eq!(seen, without, "{name}");
    }
    for header in ["x-jwt-payload", "x-forwarded-access-token", "envoy.filters.http.jwt_authn"] {
        let seen = edge.pass(&Request::to(HOST).header(header, &good)).await?;
        assert_eq!(seen, [format!("{header}: {good}")]);
    }
    Ok(())
}

/// Every part of a good token in turn: gone, doubled, cut, and each of some of its characters changed.
fn damaged(good: &str) -> Vec<String> {
    let parts: Vec<&str> = good.split('.').collect();
    let part = |number: usize, change: String| {
        let mut parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        parts[number] = change;
        parts.join(".")
    };
    // A superfluous dot is none of these: Envoy passes over empty parts, and verifies the rest.
    let mut tokens = vec![good.replace('.', ""), format!("{good}.{good}"), format!("a.{good}"), format!("{good}=")];
    for (number, text) in parts.iter().enumerate() {
        tokens.extend([String::new(), text.repeat(2), format!("{text}\u{e9}")].map(|change| part(number, change)));
        // The last character may hold bits that no byte takes.
        for at in (0..text.len() - 1).step_by(2) {
            let other = if &text[at..=at] == "A" { "B" } else { "A" };
            tokens.push(part(number, format!("{}{other}{}", &text[..at], &text[at + 1..])));
            tokens.push(part(number, text[..at].to_owned()));
        }
    }
    tokens
}

/// The signatures of Wycheproof's `json_web_signature_test.json`, if `JWT_VECTORS` names that file.
fn wycheproof() -> Result<Vec<String>> {
    let Some(path) = std::env::var_os("JWT_VECTORS") else { return Ok(Vec::new()) };
    let vectors: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    let groups = vectors["testGroups"].as_array().into_iter().flatten();
    let tests = groups.flat_map(|group| group["tests"].as_array().into_iter().flatten());
    Ok(tests.filter_map(|test| test["jws"].as_str().map(str::to_owned)).collect())
}

#[tokio::test]
async fn forged_tokens_change_nothing() -> Result<()> {
    let edge =
        Edge::start(tenant_from(&json!([{"claim": "tenant"}, {"header": "x-want", "trust": "verified"}]))).await?;
    let good = edge.idp.sign(&json!({"tenant": TENANT}));
    let mut tokens = damaged(&good);
    assert!(tokens.len() > 200, "{}", tokens.len());
    tokens.extend(wycheproof()?);
    let without = edge.pass(&Request::to(HOST).header("x-want", TENANT)).await?;
    assert_eq!(without, [""; 0]);
    for token in &tokens {
        for scheme in ["Bearer ", "bearer ", ""] {
            let request = Request::to(HOST).header("authorization", format!("{scheme}{token}"));
            assert_eq!(edge.pass(&request.header("x-want", TENANT)).await?, without, "{scheme}{token}");
        }
    }
    assert_eq!(edge.pass(&bearing(&good)).await?, ["x-tenant: dev1"]);
    println!("{} tokens", tokens.len());
    Ok(())
}

//! Tokens that a test signs itself (RFC 7519), and the configuration that makes Envoy verify them.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

const HOUR: u64 = 3600;

/// Who signs tokens, with a key of its own (ES256, RFC 7518 §3.4).
#[derive(Debug)]
pub struct Issuer {
    name: String,
    key: EcdsaKeyPair,
}

impl Issuer {
    /// An issuer of this name with a new key.
    pub fn new(name: &str) -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random);
        Self { name: name.into(), key: key.expect("the same key") }
    }

    /// What it writes into `iss`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A valid token with these claims; `iss`, and `exp` in an hour, are added unless they are given.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_as(&json!({"alg": "ES256", "typ": "JWT"}), claims)
    }

    /// The same under another header, which need not be true.
    pub fn sign_as(&self, header: &Value, claims: &Value) -> String {
        let mut payload = json!({"iss": self.name, "exp": now() + HOUR});
        let added = payload.as_object_mut().expect("an object");
        added.extend(claims.as_object().expect("claims").clone());
        let signed = unsigned(header, &payload);
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).expect("a signature");
        format!("{signed}.{}", encode(signature.as_ref()))
    }

    /// Its public key (RFC 7517).
    fn jwks(&self) -> Value {
        // SEC 1 §2.3.3: 4, then both coordinates.
        let (x, y) = self.key.public_key().as_ref()[1..].split_at(32);
        json!({"keys": [{"kty": "EC", "crv": "P-256", "alg": "ES256", "x": encode(x), "y": encode(y)}]})
    }

    /// A provider of `jwt_authn` as Istio writes it, but for the key of the payload.
    fn provider(&self, payload: &str) -> Value {
        json!({
            "issuer": self.name,
            "local_jwks": {"inline_string": self.jwks().to_string()},
            "payload_in_metadata": payload,
            // A token that failed leaves its trace beside the payloads of those that did not.
            "failed_status_in_metadata": "failed",
        })
    }
}

/// An `envoy.filters.http.jwt_authn` that verifies tokens of these issuers, and lets every request pass.
pub fn jwt_authn(issuers: &[&Issuer]) -> Value {
    let usual: Vec<_> = issuers.iter().map(|issuer| (*issuer, "payload")).collect();
    jwt_authn_under(&usual)
}

/// The same, which leaves the payload of each under a key of its own.
pub fn jwt_authn_under(issuers: &[(&Issuer, &str)]) -> Value {
    let providers: serde_json::Map<_, _> =
        issuers.iter().map(|(issuer, key)| (issuer.name.clone(), issuer.provider(key))).collect();
    let mut either: Vec<_> = issuers.iter().map(|(issuer, _)| json!({"provider_name": issuer.name})).collect();
    either.push(json!({"allow_missing_or_failed": {}}));
    json!({
        "name": "envoy.filters.http.jwt_authn",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
            "providers": providers,
            "rules": [{"match": {"prefix": "/"}, "requires": {"requires_any": {"requirements": either}}}],
        },
    })
}

/// The header and the payload of a token, without a signature (RFC 7515 §3.1).
pub fn unsigned(header: &Value, payload: &Value) -> String {
    [header, payload].map(|part| encode(part.to_string().as_bytes())).join(".")
}

/// Base64 as tokens use it (RFC 7515 §2).
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The seconds since 1970, for `exp` and `nbf`.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a date after 1970").as_secs()
}

//! Signed tokens (JWS, RFC 7515) and the filter of Envoy that verifies them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// What the issuer of all test tokens signs with.
const KEY: &[u8] = b"known to the tests and to nobody.";

/// A payload as a token, signed with HS256 (RFC 7518 §3.2).
pub(super) fn sign(payload: &Value) -> String {
    let part = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let signed = format!("{}.{}", part(&json!({"alg": "HS256", "typ": "JWT"})), part(payload));
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY).expect("a key of any length");
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// `jwt_authn`, which verifies a token of any issuer where there is one, and lets every request go on: what the
/// filter makes of the result is what the cases show.
pub(super) fn jwt_authn() -> Value {
    let keys = json!({"keys": [{"kty": "oct", "alg": "HS256", "k": URL_SAFE_NO_PAD.encode(KEY)}]}).to_string();
    let provider = json!({"local_jwks": {"inline_string": keys}, "payload_in_metadata": "payload"});
    let either = json!([{"provider_name": "idp"}, {"allow_missing_or_failed": {}}]);
    json!({
        "name": "envoy.filters.http.jwt_authn",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
            "providers": {"idp": provider},
            "rules": [{"match": {"prefix": "/"}, "requires": {"requires_any": {"requirements": either}}}],
        },
    })
}

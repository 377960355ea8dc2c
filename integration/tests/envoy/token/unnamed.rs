//! A provider of `jwt_authn` without `issuer`: Envoy does not compare `iss`, so its key speaks for every issuer.

use anyhow::Result;
use integration::token::{Issuer, jwt_authn};
use serde_json::{Value, json};

use super::{Edge, IDP, PARTNER, bearing, tenant_from};

/// An edge that lets in who shows a token of either provider, of which the partner's says so much of its issuer.
async fn start(issuer: Option<&str>) -> Result<Edge> {
    let (idp, partner) = (Issuer::new(IDP), Issuer::new(PARTNER));
    let mut verifier = jwt_authn(&[&idp, &partner]);
    let config = &mut verifier["typed_config"];
    config["providers"][PARTNER]["issuer"] = issuer.map_or(Value::Null, Value::from);
    let either = [IDP, PARTNER].map(|name| json!({"provider_name": name}));
    config["rules"][0]["requires"] = json!({"requires_any": {"requirements": either}});
    Edge::behind(verifier, tenant_from(&json!([{"claim": "tenant"}])), idp, partner).await
}

#[tokio::test]
async fn whoever_has_its_key_names_any_issuer() -> Result<()> {
    for (issuer, forged) in [(Some(PARTNER), None), (None, Some("x-tenant: evil"))] {
        let edge = start(issuer).await?;
        assert_eq!(edge.pass(&bearing(&edge.idp.sign(&json!({"tenant": "dev1"})))).await?, ["x-tenant: dev1"]);
        assert_eq!(edge.pass(&bearing(&edge.partner.sign(&json!({"tenant": "evil"})))).await?, [""; 0]);
        let request = bearing(&edge.partner.sign(&json!({"iss": IDP, "tenant": "evil"})));
        match forged {
            Some(line) => assert_eq!(edge.pass(&request).await?, [line]),
            None => assert_eq!(edge.hop.refuse(&request).await?.status, 401),
        }
    }
    Ok(())
}

//! R27: a header chooses a route, the route chooses how strictly a request is authorised. A header that is removed
//! behind that has been believed by then, and the request goes on to another route than it was authorised for.

use anyhow::{Context, Result};
use integration::token::{Issuer, jwt_authn};
use integration::{Bootstrap, Hop, Request};
use serde_json::{Value, json};

use super::gateway::{HOST, gateway, instance, plugin};

const ISSUER: &str = "https://idp.example.com";

/// A filter that authorises, and what switches it off on one route.
struct Authoriser {
    /// Those before it that it depends on, and itself.
    filters: Vec<Value>,
    off: (&'static str, Value),
    /// What a request gets that it does not let pass.
    refusal: u16,
}

pub(crate) fn typed(kind: &str, mut config: Value) -> Value {
    config["@type"] = format!("type.googleapis.com/envoy.extensions.filters.http.{kind}").into();
    config
}

pub(crate) fn named(name: &str, config: Value) -> Value {
    json!({"name": name, "typed_config": config})
}

/// Asks for a token, by its verified payload.
fn rbac(issuer: &Issuer) -> Authoriser {
    let verified = json!({
        "filter": "envoy.filters.http.jwt_authn",
        "path": [{"key": "payload"}, {"key": "iss"}],
        "value": {"string_match": {"exact": ISSUER}},
    });
    let policy = json!({"permissions": [{"any": true}], "principals": [{"metadata": verified}]});
    let config = typed("rbac.v3.RBAC", json!({"rules": {"action": "ALLOW", "policies": {"token": policy}}}));
    Authoriser {
        filters: vec![jwt_authn(&[issuer]), named("envoy.filters.http.rbac", config)],
        off: ("envoy.filters.http.rbac", typed("rbac.v3.RBACPerRoute", json!({}))),
        refusal: 403,
    }
}

/// Asks for a token itself.
fn required(issuer: &Issuer) -> Authoriser {
    let mut filter = jwt_authn(&[issuer]);
    filter["typed_config"]["rules"] = json!([{"match": {"prefix": "/"}, "requires": {"provider_name": ISSUER}}]);
    Authoriser {
        filters: vec![filter],
        off: ("envoy.filters.http.jwt_authn", typed("jwt_authn.v3.PerRouteConfig", json!({"disabled": true}))),
        refusal: 401,
    }
}

/// Asks a service that is not there, and so refuses everything.
fn ext_authz() -> Authoriser {
    let uri = json!({"uri": "http://127.0.0.1:1", "cluster": "nobody", "timeout": "1s"});
    let config = typed("ext_authz.v3.ExtAuthz", json!({"http_service": {"server_uri": uri}}));
    Authoriser {
        filters: vec![named("envoy.filters.http.ext_authz", config)],
        off: ("envoy.filters.http.ext_authz", typed("ext_authz.v3.ExtAuthzPerRoute", json!({"disabled": true}))),
        refusal: 403,
    }
}

/// Two routes, which tell the service which of them it was: the tenant `open` needs no authorisation.
fn routes(mut bootstrap: Bootstrap, (filter, off): (&str, Value)) -> Bootstrap {
    let marked = |route: &str| json!([{"header": {"key": "x-route", "value": route}}]);
    let (open, guarded) = (marked("open"), marked("guarded"));
    *bootstrap.routes() = json!([
        {
            "match": {"prefix": "/", "headers": [{"name": "x-tenant", "string_match": {"exact": "open"}}]},
            "route": {"cluster": "sidecar"},
            "request_headers_to_add": open,
            "typed_per_filter_config": {filter: off},
        },
        {"match": {"prefix": "/"}, "route": {"cluster": "sidecar"}, "request_headers_to_add": guarded},
    ]);
    bootstrap
        .at("/static_resources/clusters")
        .as_array_mut()
        .expect("a list")
        .push(json!({"name": "nobody", "type": "STATIC"}));
    bootstrap
}

/// The gateway with these filters, and two routes.
async fn start(filters: Vec<Value>, per_route: (&str, Value)) -> Result<Hop> {
    let service = integration::Echo::start("service").await?;
    let bootstrap = routes(gateway(filters)?, per_route).cluster("sidecar", service.address());
    let envoy = integration::Envoy::start(&bootstrap).await?;
    Ok(Hop { envoy, service })
}

/// The shipped gateway around an authoriser.
async fn shipped(authoriser: &Authoriser) -> Result<Hop> {
    let [first, second] = [vec![instance("tenancy-strip")?], vec![instance("tenancy")?]];
    start([first, authoriser.filters.clone(), second].concat(), authoriser.off.clone()).await
}

pub(crate) fn forged() -> Request {
    Request::to(HOST).header("x-tenant", "open")
}

/// The route that a request was sent on.
pub(crate) async fn route(hop: &Hop, request: &Request) -> Result<String> {
    let lines = hop.pass(request).await?;
    lines.iter().find_map(|line| line.strip_prefix("x-route: ")).map(str::to_owned).context("a route")
}

#[tokio::test]
async fn a_forged_header_gets_nobody_past_an_authoriser() -> Result<()> {
    let issuer = Issuer::new(ISSUER);
    for authoriser in [rbac(&issuer), required(&issuer), ext_authz()] {
        let (name, _) = authoriser.off;
        let hop = shipped(&authoriser).await?;
        for request in [Request::to(HOST), forged(), forged().header("x_tenant", "open")] {
            assert_eq!(hop.refuse(&request).await?.status, authoriser.refusal, "{name}");
        }

        // With one instance that decides all it does, to the guarded route: this is what the first one is for.
        let behind = [authoriser.filters.clone(), vec![plugin("tenancy")?]].concat();
        let hop = start(behind, authoriser.off.clone()).await?;
        assert_eq!(hop.refuse(&Request::to(HOST)).await?.status, authoriser.refusal, "{name}");
        assert_eq!(route(&hop, &forged()).await?, "guarded", "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn who_shows_a_token_is_let_in() -> Result<()> {
    let issuer = Issuer::new(ISSUER);
    let token = format!("Bearer {}", issuer.sign(&json!({})));
    for authoriser in [rbac(&issuer), required(&issuer)] {
        let hop = shipped(&authoriser).await?;
        assert_eq!(route(&hop, &forged().header("authorization", &token)).await?, "guarded");
    }
    Ok(())
}

/// A gateway without RequestAuthentication, where the second instance stands behind what authorises.
#[tokio::test]
async fn a_tenant_by_host_is_authorised_for_its_own_route() -> Result<()> {
    let everybody = json!({"permissions": [{"any": true}], "principals": [{"any": true}]});
    let rbac = typed("rbac.v3.RBAC", json!({"rules": {"action": "ALLOW", "policies": {"everybody": everybody}}}));
    let rbac = named("envoy.filters.http.rbac", rbac);
    let nobody = typed("rbac.v3.RBACPerRoute", json!({"rbac": {"rules": {}}}));
    let closed = ("envoy.filters.http.rbac", nobody);
    let tenant = Request::to("open.www.example.com");

    let hop = start(vec![instance("tenancy-strip")?, rbac.clone(), instance("tenancy")?], closed.clone()).await?;
    assert_eq!(hop.refuse(&tenant).await?.status, 403);
    assert_eq!(route(&hop, &Request::to(HOST)).await?, "guarded");

    // Decided behind it, the tenant chooses a route that nobody has authorised.
    let hop = start(vec![plugin("tenancy-strip")?, rbac, plugin("tenancy")?], closed).await?;
    assert_eq!(route(&hop, &tenant).await?, "open");
    Ok(())
}

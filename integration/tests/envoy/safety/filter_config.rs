//! R27: by the route Envoy also chooses the filters that a request passes, before any of them has run
//! (`envoy.config.route.v3.FilterConfig`). What a forged header must not choose is gone before that.

use anyhow::{Context, Result};
use integration::{Hop, Request};
use serde_json::{Map, Value, json};

use super::gateway::{HOST, early_strip, gateway, instance};
use super::reroute::{forged, named, route, typed};

const RBAC: &str = "envoy.filters.http.rbac";
const OURS: [&str; 2] = ["tenancy-strip", "tenancy"];

/// How routes choose filters.
#[derive(Clone, Copy, Debug)]
enum Style {
    /// Every route has them, and the route of the tenant `open` has not.
    OptOut,
    /// No route has them but the other one.
    OptIn,
}

const STYLES: [Style; 2] = [Style::OptOut, Style::OptIn];

/// Both instances around an authoriser that refuses everybody, of which routes choose these filters.
async fn start(style: Style, chosen: &[&str], early: bool) -> Result<Hop> {
    let rbac = named(RBAC, typed("rbac.v3.RBAC", json!({"rules": {}})));
    let mut filters = vec![instance("tenancy-strip")?, instance("tenancy")?];
    // With it nothing passes: it is there where it is what the test is about.
    if chosen.contains(&RBAC) {
        filters.insert(1, rbac);
    }
    for filter in &mut filters {
        let is_chosen = chosen.iter().any(|name| filter["name"] == *name);
        filter["disabled"] = (is_chosen && matches!(style, Style::OptIn)).into();
    }
    let mut bootstrap = gateway(filters)?;
    if early {
        bootstrap = bootstrap.removing_early(early_strip()?);
    }
    *bootstrap.routes() = routes(style, chosen);
    Hop::start(bootstrap).await
}

/// Two routes, which tell the service which of them it was.
fn routes(style: Style, chosen: &[&str]) -> Value {
    let of_all = |mut config: Value| -> Value {
        config["@type"] = "type.googleapis.com/envoy.config.route.v3.FilterConfig".into();
        chosen.iter().map(|name| ((*name).to_owned(), config.clone())).collect::<Map<_, _>>().into()
    };
    let (open, guarded) = match style {
        Style::OptOut => (of_all(json!({"disabled": true})), json!({})),
        Style::OptIn => (json!({}), of_all(json!({"config": {}}))),
    };
    let marked = |name: &str, per_filter: Value, headers: Value| {
        json!({
            "match": {"prefix": "/", "headers": headers},
            "route": {"cluster": "sidecar"},
            "request_headers_to_add": [{"header": {"key": "x-route", "value": name}}],
            "typed_per_filter_config": per_filter,
        })
    };
    let tenant = json!([{"name": "x-tenant", "string_match": {"exact": "open"}}]);
    json!([marked("open", open, tenant), marked("guarded", guarded, json!([]))])
}

#[tokio::test]
async fn a_forged_header_skips_no_authoriser() -> Result<()> {
    for style in STYLES {
        let hop = start(style, &[RBAC], true).await?;
        for request in [Request::to(HOST), forged(), forged().header("X-Tenant", "open")] {
            assert_eq!(hop.refuse(&request).await?.status, 403, "{style:?}");
        }

        // Stripping comes too late: the request goes on to the guarded route, unauthorised.
        let hop = start(style, &[RBAC], false).await?;
        assert_eq!(hop.refuse(&Request::to(HOST)).await?.status, 403, "{style:?}");
        assert_eq!(route(&hop, &forged()).await?, "guarded", "{style:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_forged_header_does_not_skip_our_own_instances() -> Result<()> {
    for style in STYLES {
        for (early, expected) in [(true, &["x-route: guarded"][..]), (false, &["x-tenant: open", "x-route: open"])] {
            let hop = start(style, &OURS, early).await?;
            assert_eq!(hop.pass(&forged()).await?, expected, "{style:?}, early: {early}");
        }
    }
    Ok(())
}

/// What is removed early is never what an edge believes: a host's tenant and a token's overrides pass.
#[tokio::test]
async fn nothing_that_is_believed_is_removed_early() -> Result<()> {
    let early = early_strip()?;
    let removed = early[0]["typed_config"]["mutations"].as_array().context("mutations")?;
    assert!(!removed.is_empty() && removed.iter().all(|mutation| mutation["remove"] != "x-override"), "{removed:?}");
    let hop = start(Style::OptOut, &[], true).await?;
    let lines = hop.pass(&Request::to("dev1.www.example.com").header("baggage", "tenant=open,a=1")).await?;
    assert_eq!(lines, ["x-tenant: dev1", "baggage: tenant=dev1", "x-route: guarded"]);
    Ok(())
}

/// Envoy decides by the route of the request as it came, before the tenant is known. So the tenant's own route neither
/// leaves a filter out nor brings one in.
#[tokio::test]
async fn the_route_of_a_tenant_by_host_chooses_no_filters() -> Result<()> {
    let tenant = Request::to("open.www.example.com");
    let hop = start(Style::OptOut, &[RBAC], true).await?;
    assert_eq!(hop.refuse(&tenant).await?.status, 403);

    let mut bootstrap =
        gateway([instance("tenancy-strip")?, named(RBAC, typed("rbac.v3.RBAC", json!({"rules": {}})))])?;
    bootstrap.http_filters()[1]["disabled"] = true.into();
    let mut routes = routes(Style::OptIn, &[RBAC]);
    routes[0]["typed_per_filter_config"] = routes[1]["typed_per_filter_config"].take();
    routes[1]["typed_per_filter_config"] = json!({});
    *bootstrap.routes() = routes;
    let hop = Hop::start(bootstrap).await?;
    assert_eq!(route(&hop, &tenant).await?, "open");
    assert_eq!(hop.refuse(&forged()).await?.status, 403, "without early removal a client's own header brings it in");
    Ok(())
}

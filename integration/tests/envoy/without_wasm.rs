//! `docs/security.md`: an edge of native Envoy alone, and what that loses.

use anyhow::{Context, Result};
use integration::markdown::blocks_of;
use integration::{Bootstrap, Hop, Request};
use serde_json::Value;

const PAGE: &str = "docs/security.md";

/// A configuration of the page by one of its fields.
fn block(field: &str) -> Result<Value> {
    let blocks = blocks_of(PAGE, "yaml")?;
    let mut values = blocks.iter().filter_map(|block| serde_norway::from_str::<Value>(block).ok());
    values.find(|value| value.get(field).is_some()).with_context(|| format!("no block with {field}"))
}

#[tokio::test]
async fn the_gateway_strips_and_the_sidecar_resolves() -> Result<()> {
    const EARLY: &str = "early_header_mutation_extensions";
    let gateway = Bootstrap::gateway()?.without_filter().removing_early(block(EARLY)?[EARLY].take());
    let gateway = Hop::start(gateway).await?;
    let sidecar = Hop::start(Bootstrap::sidecar()?.configuration(block("role")?)).await?;
    let forged = [
        ("X-Tenant", "evil"),
        ("x-override", "shop:evil"),
        ("baggage", "tenant=evil,a=1"),
        ("correlation-context", "tenant=evil"),
        ("jaeger-baggage", "tenant=evil"),
    ];
    for (host, tenant) in
        [("dev1.www.example.com", &["x-tenant: dev1", "baggage: tenant=dev1"][..]), ("www.example.com", &[])]
    {
        let request = forged.iter().fold(Request::to(host), |request, (name, value)| request.header(name, value));
        // What the page says that it loses.
        let lines = gateway.pass(&request.header("x_tenant", "evil").header("baggage-tenant", "evil")).await?;
        assert_eq!(lines, ["x_tenant: evil", "baggage-tenant: evil"], "{host}");
        let onward = lines.iter().filter_map(|line| line.split_once(": "));
        let onward = onward.fold(Request::to(host), |request, (name, value)| request.header(name, value));
        assert_eq!(
            sidecar.pass(&onward).await?,
            [&["x_tenant: evil", "baggage-tenant: evil"], tenant].concat(),
            "{host}"
        );
    }
    Ok(())
}

//! The module of the remote variants is fetched by Envoy itself, by its hash.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use anyhow::{Context, Result};
use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use integration::{Bootstrap, Echo, Envoy, Hop, Request};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use super::gateway::{HOST, gateway, module, shipped};

const CLUSTER: &str = "outbound|80||tenancy-module.istio-system.svc.cluster.local";

/// Serves the module over HTTP; dropping it stops it.
struct Registry {
    address: std::net::SocketAddr,
    asked: Arc<AtomicUsize>,
    server: AbortHandle,
}

impl Registry {
    /// One that hangs up on so many connections before it answers.
    async fn start(module: Bytes, hangs_up: usize) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, asked) = (listener.local_addr()?, Arc::new(AtomicUsize::new(0)));
        let server = tokio::spawn(serve(listener, module, hangs_up, asked.clone())).abort_handle();
        Ok(Self { address, asked, server })
    }

    fn asked(&self) -> usize {
        self.asked.load(Relaxed)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, module: Bytes, hangs_up: usize, asked: Arc<AtomicUsize>) {
    while let Ok((stream, _)) = listener.accept().await {
        if asked.fetch_add(1, Relaxed) < hangs_up {
            continue;
        }
        let module = module.clone();
        let answer = service_fn(move |_| {
            let response = Response::new(Full::new(module.clone()));
            async { Ok::<_, Infallible>(response) }
        });
        // Envoy hangs up when it has what it wants.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    }
}

/// An Envoy with the filters that a manifest inserts, whose module comes from here and has to have this hash.
fn bootstrap(filters: &[Value], registry: &Registry, sha256: &str) -> Result<Bootstrap> {
    let mut filters = filters.to_vec();
    for filter in &mut filters {
        let remote = &mut filter["typed_config"]["config"]["vm_config"]["code"]["remote"];
        assert_eq!(remote["http_uri"]["cluster"], CLUSTER);
        remote["sha256"] = sha256.into();
    }
    let mut bootstrap = gateway(filters)?;
    let mut cluster = bootstrap.at("/static_resources/clusters/0").clone();
    cluster["name"] = CLUSTER.into();
    cluster["load_assignment"]["cluster_name"] = CLUSTER.into();
    bootstrap.at("/static_resources/clusters").as_array_mut().context("a list")?.push(cluster);
    Ok(bootstrap.cluster(CLUSTER, registry.address))
}

async fn hop(bootstrap: Bootstrap) -> Result<Hop> {
    let service = Echo::start("service").await?;
    let envoy = Envoy::start(&bootstrap.cluster("sidecar", service.address())).await?;
    Ok(Hop { envoy, service })
}

fn read() -> Result<(Bytes, String)> {
    let module = std::fs::read(module()?)?;
    let sha256 = Sha256::digest(&module).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((module.into(), sha256))
}

fn gateways() -> Result<Vec<Value>> {
    Ok(vec![shipped("gateway-remote", "tenancy-strip")?, shipped("gateway-remote", "tenancy")?])
}

#[tokio::test]
async fn the_module_is_fetched() -> Result<()> {
    let (module, sha256) = read()?;
    let registry = Registry::start(module, 0).await?;
    let gateway = hop(bootstrap(&gateways()?, &registry, &sha256)?).await?;
    let forged = Request::to("dev1.www.example.com").header("x-tenant", "dev2").header("x-version", "v2");
    assert_eq!(gateway.pass(&forged).await?, ["x-tenant: dev1", "baggage: tenant=dev1"]);

    let sidecar = hop(bootstrap(&[shipped("sidecar-remote", "tenancy")?], &registry, &sha256)?).await?;
    let request = Request::to("shop").header("x-override", "shop:v2").header("x-override", "cart:v3");
    let lines = sidecar.pass(&request).await?;
    assert!(
        lines.contains(&"x-override: shop:v2,cart:v3".into()) && lines.contains(&"x-version: v2".into()),
        "{lines:?}"
    );
    Ok(())
}

/// The server is not there yet when the proxy starts; the manifest's retries wait for it.
#[tokio::test]
async fn a_server_that_comes_later_is_waited_for() -> Result<()> {
    let (module, sha256) = read()?;
    let registry = Registry::start(module, 2).await?;
    let gateway = hop(bootstrap(&gateways()?, &registry, &sha256)?).await?;
    assert!(registry.asked() > 2, "{}", registry.asked());
    assert_eq!(gateway.pass(&Request::to(HOST).header("x-tenant", "dev2")).await?, [""; 0]);
    Ok(())
}

/// Of another module, or of none: whoever serves it, nothing runs that was not named, and nothing passes without it.
#[tokio::test]
async fn a_module_with_another_hash_lets_nothing_through() -> Result<()> {
    let (module, sha256) = read()?;
    let other = "0".repeat(64);
    for (served, expected) in [(module, &other), (Bytes::from_static(b"\0asm"), &sha256)] {
        let registry = Registry::start(served, 0).await?;
        let mut filters = gateways()?;
        for filter in &mut filters {
            // As shipped, but for the patience: ten retries take a minute.
            filter["typed_config"]["config"]["vm_config"]["code"]["remote"]["retry_policy"] = json!({"num_retries": 1});
        }
        let hop = hop(bootstrap(&filters, &registry, expected)?).await?;
        for request in [Request::to(HOST), Request::to(HOST).header("x-tenant", "dev2")] {
            let status = hop.refuse(&request).await?.status;
            assert!([500, 503].contains(&status), "{status}");
        }
        assert!(registry.asked() > 0);
    }
    Ok(())
}

/// As Envoy Gateway has it, which knows `failOpen` alone: `docs/envoy-gateway.md` says what then becomes of requests.
#[tokio::test]
async fn a_wrong_configuration_of_a_fetched_module_passes_only_under_fail_open() -> Result<()> {
    let (module, sha256) = read()?;
    for opens in [false, true] {
        let registry = Registry::start(module.clone(), 0).await?;
        let mut filter = shipped("gateway-remote", "tenancy")?;
        let plugin = filter["typed_config"]["config"].as_object_mut().context("a plugin")?;
        plugin.remove("failure_policy");
        plugin.insert("fail_open".into(), opens.into());
        plugin["configuration"]["value"] = r#"{"version": 1}"#.into();
        let hop = hop(bootstrap(&[filter], &registry, &sha256)?).await?;
        let request = Request::to(HOST).header("x-override", "shop:v2");
        if opens {
            assert_eq!(hop.pass(&request).await?, ["x-override: shop:v2"]);
        } else {
            assert_eq!(hop.refuse(&request).await?.status, 503);
        }
        assert!(hop.envoy.log()?.contains("tenancy-filter: role: missing"), "failOpen: {opens}");
    }
    Ok(())
}

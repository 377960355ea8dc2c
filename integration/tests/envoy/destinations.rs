//! Routing without rules, on Envoy: a request reaches what its tenant deployed, by one route for all.
//!
//! The cart of `envoyfilter/bootstrap/sidecar.yaml`, whose clusters come and go as istiod would send them.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use integration::{Bootstrap, Echo, Envoy, Protocol, Reply, Request};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);
const CLUSTERS: &str = "/static_resources/clusters";
const VIRTUAL_HOSTS: &str =
    "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/route_config/virtual_hosts";

/// How the route takes clusters from the list.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// A route before all others, as in sidecars.
    First,
    /// The route that there is anyhow, as at gateways.
    Merged,
}

/// What is spoken.
#[derive(Clone, Copy, Debug)]
enum Wire {
    Http1,
    Http2,
    Grpc,
    WebSocket,
}

/// A proxy in front of the cart.
struct Mesh {
    envoy: Envoy,
    folder: TempDir,
    /// That of the tenant's cart, as CDS has it.
    sandbox: Value,
    carts: [Echo; 2],
}

impl Mesh {
    /// With the usual cart alone.
    async fn start(shape: Shape) -> Result<Self> {
        Self::start_as(shape, Bootstrap::sidecar()?).await
    }

    async fn start_as(shape: Shape, bootstrap: Bootstrap) -> Result<Self> {
        let carts = [Echo::start("stable").await?, Echo::start("feat-x").await?];
        let [stable, feat_x] = carts.each_ref().map(Echo::address);
        let mut bootstrap = bootstrap.cluster("cart", stable).cluster("cart-feat-x", feat_x);
        match shape {
            Shape::First => {}
            Shape::Merged => merge(bootstrap.at(VIRTUAL_HOSTS))?,
        }
        let all = bootstrap.at(CLUSTERS).as_array_mut().context("a list")?;
        let place = all.iter().position(|cluster| cluster["name"] == "cart-feat-x").context("a cluster")?;
        let mut sandbox = all.remove(place);
        sandbox["@type"] = "type.googleapis.com/envoy.config.cluster.v3.Cluster".into();
        let folder = TempDir::new()?;
        publish(&folder, None)?;
        let mut json = bootstrap.json().clone();
        let source = json!({"path_config_source": {"path": path(&folder)}, "resource_api_version": "V3"});
        json["dynamic_resources"] = json!({"cds_config": source});
        json["node"] = json!({"id": "sidecar", "cluster": "mesh"});
        let envoy = Envoy::start(&Bootstrap::from(json)).await?;
        Ok(Self { envoy, folder, sandbox, carts })
    }

    /// With the cart of feat-x, too.
    async fn with_sandbox(shape: Shape) -> Result<Self> {
        Self::with_sandbox_as(shape, Bootstrap::sidecar()?).await
    }

    async fn with_sandbox_as(shape: Shape, bootstrap: Bootstrap) -> Result<Self> {
        let mesh = Self::start_as(shape, bootstrap).await?;
        publish(&mesh.folder, Some(&mesh.sandbox))?;
        mesh.until("feat-x", Wire::Http1).await?;
        Ok(mesh)
    }

    async fn send(&self, request: Request, wire: Wire) -> Result<Reply> {
        let (request, protocol) = match wire {
            Wire::Http1 => (request, Protocol::Http1),
            Wire::Http2 => (request, Protocol::Http2),
            Wire::Grpc => {
                let request = request.method("POST").header("content-type", "application/grpc");
                (request.header("te", "trailers"), Protocol::Http2)
            }
            Wire::WebSocket => {
                (request.header("connection", "upgrade").header("upgrade", "websocket"), Protocol::Http1)
            }
        };
        request.send(self.envoy.listener(), protocol).await
    }

    /// The cart that a request reaches.
    async fn reached(&self, request: Request, wire: Wire) -> Result<&str> {
        self.carts.iter().for_each(|cart| drop(cart.take()));
        self.send(request, wire).await?;
        let reached: Vec<_> = self.carts.iter().filter(|cart| !cart.take().is_empty()).map(Echo::name).collect();
        let [cart] = reached[..] else { bail!("{wire:?} reached {reached:?}") };
        Ok(cart)
    }

    /// Waits until the requests of feat-x reach this cart.
    async fn until(&self, cart: &str, wire: Wire) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let reached = self.reached(of_tenant("feat-x"), wire).await?;
            if reached == cart {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "{wire:?} reaches {reached}, not {cart}");
            sleep(POLL).await;
        }
    }
}

fn of_tenant(tenant: &str) -> Request {
    Request::to("cart").header("c-tenancy", tenant)
}

fn path(folder: &TempDir) -> PathBuf {
    folder.path().join("clusters.json")
}

/// Gives Envoy the cluster of a sandbox, or takes it away; Envoy watches for files that are moved.
fn publish(folder: &TempDir, sandbox: Option<&Value>) -> Result<()> {
    let new = folder.path().join("new.json");
    fs::write(&new, json!({"resources": Vec::from_iter(sandbox)}).to_string())?;
    Ok(fs::rename(new, path(folder))?)
}

/// Makes one route of both: the usual one, which takes clusters from the list where there is one.
fn merge(virtual_hosts: &mut Value) -> Result<()> {
    let carts = virtual_hosts.as_array_mut().context("a list")?.iter_mut().find(|host| host["name"] == "cart");
    let routes = carts.context("a cart")?["routes"].as_array_mut().context("a list")?;
    let first = routes.remove(0);
    routes[0]["request_headers_to_remove"] = first["request_headers_to_remove"].clone();
    routes[0]["route"] = first["route"].clone();
    Ok(())
}

#[tokio::test]
async fn a_sandbox_is_what_is_deployed_and_nothing_else() -> Result<()> {
    for shape in [Shape::First, Shape::Merged] {
        let mesh = Mesh::start(shape).await?;
        for wire in [Wire::Http1, Wire::Http2, Wire::Grpc, Wire::WebSocket] {
            publish(&mesh.folder, None)?;
            mesh.until("stable", wire).await.with_context(|| format!("{shape:?}, before"))?;
            publish(&mesh.folder, Some(&mesh.sandbox))?;
            mesh.until("feat-x", wire).await.with_context(|| format!("{shape:?}, deployed"))?;
            for request in [Request::to("cart"), of_tenant("feat-y")] {
                assert_eq!(mesh.reached(request, wire).await?, "stable", "{shape:?}, {wire:?}");
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_service_sees_neither_list_nor_another_host() -> Result<()> {
    for shape in [Shape::First, Shape::Merged] {
        let mesh = Mesh::with_sandbox(shape).await?;
        for tenant in ["feat-x", "feat-y"] {
            let reply = mesh.send(of_tenant(tenant), Wire::Http1).await?.text();
            let lines: Vec<_> = reply.lines().skip(1).collect();
            assert!(lines.contains(&"host: cart"), "{shape:?}: {reply}");
            assert!(!reply.contains("x-tenancy-clusters"), "{shape:?}: {reply}");
        }
    }
    Ok(())
}

/// R38. What removes it before Envoy chooses a route keeps a tenant's own sandbox; without that the filter alone has to
/// take away what chose the route, and gives no list.
#[tokio::test]
async fn a_forged_list_chooses_nothing() -> Result<()> {
    let late = || Ok::<_, anyhow::Error>(Bootstrap::sidecar()?.removing_early(json!([])));
    for (shape, bootstrap, own) in [
        (Shape::First, Bootstrap::sidecar()?, "feat-x"),
        (Shape::Merged, Bootstrap::sidecar()?, "feat-x"),
        (Shape::First, late()?, "stable"),
        (Shape::Merged, late()?, "stable"),
    ] {
        let mesh = Mesh::with_sandbox_as(shape, bootstrap).await?;
        for spelling in ["x-tenancy-clusters", "X-Tenancy-Clusters", "x_tenancy_clusters", "x.tenancy.clusters"] {
            for (request, wire) in [
                (Request::to("cart"), Wire::Http1),
                (of_tenant("feat-y"), Wire::Http1),
                (of_tenant("feat-y"), Wire::Http2),
                (of_tenant("feat-y"), Wire::Grpc),
                (of_tenant("feat-y").header(spelling, "cart"), Wire::Http1),
            ] {
                let reached = mesh.reached(request.header(spelling, "cart-feat-x"), wire).await?;
                assert_eq!(reached, "stable", "{shape:?}, {wire:?}, {spelling}");
            }
        }
        let tenant = of_tenant("feat-x").header("x-tenancy-clusters", "shop-feat-x");
        assert_eq!(mesh.reached(tenant, Wire::Http1).await?, own, "{shape:?}: its own");
    }
    Ok(())
}

/// As the guide says: the usual version does not stand in for a sandbox that is down.
#[tokio::test]
async fn a_sandbox_without_endpoints_answers_503() -> Result<()> {
    let mut mesh = Mesh::with_sandbox(Shape::First).await?;
    mesh.sandbox["load_assignment"]["endpoints"] = json!([]);
    publish(&mesh.folder, Some(&mesh.sandbox))?;
    let deadline = Instant::now() + PATIENCE;
    while mesh.send(of_tenant("feat-x"), Wire::Http1).await?.status != 503 {
        ensure!(Instant::now() < deadline, "no 503");
        sleep(POLL).await;
    }
    assert_eq!(mesh.reached(of_tenant("feat-y"), Wire::Http1).await?, "stable");
    Ok(())
}

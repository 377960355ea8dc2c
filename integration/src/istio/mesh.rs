//! A scenario that runs: its services, and an Envoy for every proxy.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use playground::{Bootstrap, Echo, Envoy, Forward, Protocol, Request};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::agent::Agent;
use super::istiod::{Istiod, Running};
use super::recording::Recording;
use super::replay::{Files, internal_listeners};
use super::resources::Resources;
use super::scenario::{Kind, Outcome, Place, Row, Scenario, Service};
use super::site::Site;
use super::waypoint::{discovering, listen_at, stand_in, undiscovered};

const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);

/// The services and proxies of a scenario; dropping it stops them.
#[derive(Debug)]
pub struct Mesh<'a> {
    scenario: &'a Scenario,
    release: String,
    site: Site,
    services: Vec<Echo>,
    envoys: BTreeMap<String, Envoy>,
    source: Source,
}

/// Where the proxies have their configuration from.
#[derive(Debug)]
enum Source {
    Istiod { running: Running, _agent: Agent },
    Files { _files: Vec<Files> },
}

impl<'a> Mesh<'a> {
    /// Starts it on a real istiod.
    pub async fn live(scenario: &'a Scenario, istiod: &Istiod) -> Result<Self> {
        let site = Site::claim()?;
        let running = istiod.start(&site, scenario).await?;
        let agent = Agent::start(site.address(3, 15012)).await?;
        let control = ControlPlane { istiod: running.address, agent: agent.address };
        let node = |name: &str| scenario.node(name, &site, &istiod.release);
        scout(scenario, &site, &running, &control, &istiod.release).await?;
        let bootstraps = scenario.proxies.keys().map(|name| (name.clone(), control.bootstrap(node(name))));
        let mut envoys = start(scenario, bootstraps.collect()).await?;
        if let Some(name) = scenario.waypoint() {
            let filters = undiscovered(&resources(&envoys[name]).await?.refused);
            let again = discovering(control.bootstrap(node(name)), filters);
            envoys.extend(start(scenario, vec![(name.to_owned(), again)]).await?);
        }
        Self::new(scenario, &istiod.release, site, envoys, Source::Istiod { running, _agent: agent }).await
    }

    /// Starts it with the configuration that an istiod pushed.
    pub async fn replay(scenario: &'a Scenario, recording: &Recording) -> Result<Self> {
        let site = Site::claim()?;
        let (mut files, mut bootstraps) = (Vec::new(), Vec::new());
        for (name, resources) in &recording.proxies {
            let mut resources = resources.here(&site)?;
            match scenario.proxy(name).kind {
                Kind::Router | Kind::Sidecar => {}
                Kind::Gateway => listen_at(&mut resources, site.address(scenario.proxy(name).at, scenario.port)),
                Kind::Waypoint => {
                    resources.listeners.append(&mut resources.refused);
                    stand_in(&mut resources, &site, &scenario.vips(), scenario.port)?;
                }
            }
            let written = Files::write(resources).with_context(|| name.clone())?;
            bootstraps.push((name.clone(), written.bootstrap(scenario.node(name, &site, &recording.release))));
            files.push(written);
        }
        let envoys = start(scenario, bootstraps).await?;
        Self::new(scenario, &recording.release, site, envoys, Source::Files { _files: files }).await
    }

    async fn new(
        scenario: &'a Scenario,
        release: &str,
        site: Site,
        envoys: BTreeMap<String, Envoy>,
        source: Source,
    ) -> Result<Self> {
        let mut services = Vec::new();
        let runs = match &source {
            Source::Istiod { .. } => !scenario.needs_stand_in(),
            Source::Files { .. } => true,
        };
        for service in scenario.services.iter().filter(|_| runs) {
            let forward = scenario.forward(service, &site);
            services.push(Echo::start_at(scenario.address(service, &site), &service.name, forward).await?);
        }
        Ok(Self { scenario, release: release.into(), site, services, envoys, source })
    }

    /// What istiod pushed, to replay it later.
    pub async fn record(&self) -> Result<Recording> {
        let mut proxies = BTreeMap::new();
        for (name, envoy) in &self.envoys {
            proxies.insert(name.clone(), resources(envoy).await.with_context(|| name.clone())?);
        }
        Recording::new(&self.release, self.scenario, proxies, &self.site)
    }

    /// Tells istiod of all services but those of some hosts; its proxies hear of it a while later. Fails on a recording.
    pub fn deploy_all_but(&self, hosts: &[&str]) -> Result<()> {
        let Source::Istiod { running, .. } = &self.source else { bail!("a recording does not change") };
        let mut services = self.scenario.service_entries();
        services.retain(|entry| !hosts.iter().any(|host| entry["spec"]["hosts"][0] == *host));
        running.publish(&services, &self.site)
    }

    /// Sends a request until it reaches these services.
    pub async fn until(&self, row: &Row, reaches: &[&str]) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let outcome = self.send(row).await?;
            if outcome.reaches == reaches {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "{}: {outcome:?}, not {reaches:?} after {PATIENCE:?}", row.name);
            sleep(POLL).await;
        }
    }

    /// Sends a request and returns its result.
    pub async fn send(&self, row: &Row) -> Result<Outcome> {
        let mut request = Request::to(&row.host).method(&row.method).path(&row.path);
        for line in &row.headers {
            let (name, value) = line.split_once(": ").with_context(|| format!("{line:?} is no header line"))?;
            request = request.header(name, value);
        }
        let at = match self.scenario.proxy(&row.to).kind {
            Kind::Router | Kind::Gateway | Kind::Sidecar => self.scenario.proxy(&row.to).at,
            Kind::Waypoint => self.scenario.vip(row.called()).context("no address is called")?,
        };
        let entry = self.site.address(at, self.scenario.port);
        let reply = request.send(entry, Protocol::Http1).await?;
        let received = self.services.iter().flat_map(|service| service.take().into_iter().map(move |it| (service, it)));
        let received: Vec<_> = received.collect();
        let reaches = received.iter().map(|(service, _)| service.name().to_owned()).collect();
        let last = received.last().filter(|_| row.minds_headers());
        let brings =
            last.map(|(_, received)| self.scenario.seen(received.headers.only(self.scenario.watched()).lines()));
        Ok(Outcome { status: reply.status, reaches, brings })
    }
}

impl Scenario {
    fn node(&self, name: &str, site: &Site, release: &str) -> Value {
        let proxy = self.proxy(name);
        proxy.node(name, site.address(proxy.pod(), 0).ip(), release)
    }

    fn address(&self, service: &Service, site: &Site) -> SocketAddr {
        let last = match &service.at {
            Place::Alone(at) => *at,
            Place::Behind(sidecar) => self.proxy(sidecar).pod(),
        };
        site.address(last, self.port)
    }

    fn forward(&self, service: &Service, site: &Site) -> Option<Forward> {
        let Place::Behind(sidecar) = &service.at else { return None };
        let through = site.address(self.proxy(sidecar).at, self.port);
        Some(Forward { through, calls: service.calls.clone(), headers: service.forwards.clone() })
    }
}

/// Waits until istiod knows all services, so that proxies which come later get everything at once.
async fn scout(
    scenario: &Scenario,
    site: &Site,
    istiod: &Running,
    control: &ControlPlane,
    release: &str,
) -> Result<()> {
    let (name, proxy) = scenario.proxies.first_key_value().context("a proxy")?;
    let node = proxy.node(name, site.address(proxy.pod(), 0).ip(), release);
    let envoy = Envoy::start_in(&proxy.environment, &control.bootstrap(node)).await?;
    let deadline = Instant::now() + PATIENCE;
    let hosts: Vec<_> = scenario.services.iter().map(|service| format!("|{}", service.host)).collect();
    loop {
        let known = resources(&envoy).await?.endpoints;
        let knows =
            |host: &String| known.iter().any(|(name, it)| name.ends_with(host) && it.get("endpoints").is_some());
        if hosts.iter().all(knows) {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "istiod lacks services after {PATIENCE:?}:\n{}", istiod.log()?);
        sleep(POLL).await;
    }
}

async fn resources(envoy: &Envoy) -> Result<Resources> {
    Resources::from_dump(&envoy.admin("/config_dump?include_eds").await?)
}

/// Starts all Envoys at once.
async fn start(scenario: &Scenario, bootstraps: Vec<(String, Bootstrap)>) -> Result<BTreeMap<String, Envoy>> {
    let starting = bootstraps.into_iter().map(|(name, bootstrap)| {
        let environment = scenario.proxy(&name).environment.clone();
        tokio::spawn(async move {
            let envoy = Envoy::start_in(&environment, &bootstrap).await.with_context(|| name.clone())?;
            Ok::<_, anyhow::Error>((name, envoy))
        })
    });
    let mut envoys = BTreeMap::new();
    for envoy in starting.collect::<Vec<_>>() {
        envoys.extend([envoy.await??]);
    }
    Ok(envoys)
}

/// Whom a proxy asks.
struct ControlPlane {
    istiod: SocketAddr,
    agent: SocketAddr,
}

impl ControlPlane {
    /// A bootstrap that has everything from there.
    fn bootstrap(&self, node: Value) -> Bootstrap {
        let ads = json!({"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"});
        Bootstrap::from(json!({
            "node": node,
            "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
            "bootstrap_extensions": [internal_listeners()],
            "dynamic_resources": {
                "lds_config": ads,
                "cds_config": ads,
                "ads_config": {
                    "api_type": "GRPC",
                    "transport_api_version": "V3",
                    "grpc_services": [{"envoy_grpc": {"cluster_name": "xds-grpc"}}],
                },
            },
            "static_resources": {
                "clusters": [cluster("xds-grpc", self.istiod), cluster("sds-grpc", self.agent)],
                // An Envoy is up once it listens, which a waypoint does not that lacks a filter of Istio's.
                "listeners": [{
                    "name": "up",
                    "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
                    "filter_chains": [{"filters": [{
                        "name": "envoy.filters.network.echo",
                        "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo"},
                    }]}],
                }],
            },
        }))
    }
}

/// A cluster of one gRPC server.
fn cluster(name: &str, at: SocketAddr) -> Value {
    let address = json!({"address": at.ip(), "port_value": at.port()});
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            "explicit_http_config": {"http2_protocol_options": {}},
        }},
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": {"socket_address": address}}}]}],
        },
    })
}

//! The alerts and the dashboard of `wasm-plugin/manifests/monitoring`: a Prometheus scrapes real Envoys, and each of their
//! queries, and of `docs/seal.md`, finds something there.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};
use integration::token::now;
use integration::{Bootstrap, Envoy, Hop, Keys, Protocol, Request, root};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

const FOLDER: &str = "wasm-plugin/manifests/monitoring";
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(200);
/// What every sample has in a cluster.
const NAMESPACE: &str = "istio-system";

/// A Prometheus that scrapes Envoys, until it is dropped.
struct Prometheus {
    process: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _either = self.process.kill().and_then(|()| self.process.wait());
    }
}

impl Prometheus {
    /// `None` if there is no Prometheus here.
    fn start(envoys: [&Envoy; 2], rules: &Value) -> Result<Option<Self>> {
        if Command::new("prometheus").arg("--version").output().is_err() {
            ensure!(env::var_os("CI").is_none_or(|ci| ci != "true"), "no prometheus: apt-get install prometheus");
            return Ok(None);
        }
        let folder = TempDir::with_prefix("prometheus-")?;
        let targets = envoys.map(|envoy| envoy.admin_address().to_string());
        let labels = json!({"namespace": NAMESPACE, "pod": "istio-ingressgateway-1"});
        let job = json!({
            "job_name": "envoy",
            "metrics_path": "/stats/prometheus",
            "static_configs": [{"targets": targets, "labels": labels}],
        });
        let configuration = json!({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": ["rules.json"],
            "scrape_configs": [job],
        });
        fs::write(folder.path().join("rules.json"), rules.to_string())?;
        fs::write(folder.path().join("prometheus.json"), configuration.to_string())?;
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut command = Command::new("prometheus");
        command.arg("--config.file=prometheus.json").arg("--storage.tsdb.path=data");
        command.arg(format!("--web.listen-address={address}")).current_dir(folder.path());
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        Ok(Some(Self { process, address, _folder: folder }))
    }

    async fn get(&self, path: &str) -> Result<Value> {
        let request = Request::to("prometheus").path(path);
        let reply = request.send(self.address, Protocol::Http1).await?;
        serde_json::from_str(&reply.text()).with_context(|| format!("{path}: {}", reply.text()))
    }

    /// The values that a query finds now.
    async fn query(&self, query: &str) -> Result<Vec<f64>> {
        let answer = self.get(&format!("/api/v1/query?query={}", escaped(query))).await?;
        ensure!(answer["status"] == "success", "{query}: {answer}");
        let samples = answer.pointer("/data/result").and_then(Value::as_array).context("a vector")?;
        samples.iter().map(|sample| Ok(sample["value"][1].as_str().context("a value")?.parse()?)).collect()
    }

    /// Waits until a query finds a value that fits.
    async fn until(&self, query: &str, fits: impl Fn(f64) -> bool) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // It does not listen at once.
            let values = self.query(query).await;
            if values.as_ref().is_ok_and(|values| values.iter().any(|value| fits(*value))) {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "{query} gives {values:?} after {PATIENCE:?}");
            sleep(POLL).await;
        }
    }
}

fn escaped(query: &str) -> String {
    let byte = |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).into() } else { format!("%{byte:02X}") };
    query.bytes().map(byte).collect()
}

fn rules() -> Result<Value> {
    let rule: Value = serde_norway::from_str(&fs::read_to_string(root().join(FOLDER).join("rules.yaml"))?)?;
    Ok(json!({"groups": rule.pointer("/spec/groups").context("groups")?}))
}

/// The query of `docs/seal.md` that says whether unsealed context may be dropped.
fn roll_out() -> Result<String> {
    let page = fs::read_to_string(root().join("docs/seal.md"))?;
    let query = page.split_once("```promql\n").and_then(|(_, rest)| rest.split_once("```"));
    Ok(query.context("a query")?.0.to_owned())
}

/// The queries of the alerts without their thresholds, and those of the dashboard with its variables filled in.
fn queries(rules: &Value) -> Result<Vec<String>> {
    let dashboard: Value = serde_json::from_str(&fs::read_to_string(root().join(FOLDER).join("dashboard.json"))?)?;
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let alerts = list(&rules["groups"]).into_iter().flat_map(|group| list(&group["rules"]));
    let panels = list(&dashboard["panels"]).into_iter().flat_map(|panel| list(&panel["targets"]));
    let text = |entry: Value| entry["expr"].as_str().context("an expression").map(str::to_owned);
    let mut queries = Vec::new();
    for alert in alerts.map(text) {
        let alert = alert?;
        queries.push(alert.rsplit_once(" > ").context("a threshold")?.0.to_owned());
    }
    for panel in panels.map(text) {
        queries.push(panel?.replace("$__rate_interval", "1m").replace("$namespace", ".*"));
    }
    Ok(queries)
}

/// A sidecar that counts what is not sealed.
fn verifying() -> Result<Value> {
    Ok(json!({
        "version": 1,
        "role": "mesh",
        "tenant": {"to": [{"header": "x-tenant"}]},
        "seal": {"verify": {"k1": Keys::number(1)?.public()}, "unsealed": "count"},
    }))
}

/// A seal by another key than the sidecar's, under its name.
fn forged() -> Result<String> {
    Keys::number(2)?.seal("k1", now() + 60, "feat-x\n")
}

/// All counters are there from the start, so that a query finds a zero and no gap.
#[tokio::test]
async fn each_query_finds_something_and_the_alerts_fire() -> Result<()> {
    let configuration = json!({
        "version": 1,
        "role": "edge",
        "tenant": {"from": [{"host": "{tenant}.www.example.com"}, {"header": "x-want", "trust": "anyone"}], "to": [{"header": "x-tenant"}]},
        "strip": ["x-debug"],
    });
    let hop = Hop::start(Bootstrap::gateway()?.configuration(configuration)).await?;
    let sidecar = Hop::start(Bootstrap::sidecar()?.configuration(verifying()?)).await?;
    let rules = rules()?;
    let Some(prometheus) = Prometheus::start([&hop.envoy, &sidecar.envoy], &rules)? else {
        println!("left out: the queries of the dashboard; needs prometheus (apt-get install prometheus)");
        return Ok(());
    };
    let refused = Request::to("dev1.www.example.com").header("x-want", "dev2");
    prometheus.until("count(tenancy_requests)", |envoys| envoys == 2.0).await?;
    assert!(prometheus.query(&roll_out()?).await?.is_empty(), "nothing came");
    assert_eq!(hop.refuse(&refused).await?.status, 400);
    sidecar.pass(&Request::to("cart").header("x-tenant", "feat-x").header("x-tenancy-seal", forged()?)).await?;
    prometheus.until("count(rate(tenancy_requests[1m]) > 0)", |envoys| envoys == 2.0).await?;
    let queries = queries(&rules)?;
    assert!(queries.len() > 30, "{queries:#?}");
    for query in &queries {
        let found = prometheus.query(query).await?;
        // Where nothing was forwarded or restored, a share is no number.
        assert_eq!(found.len(), 1, "{query}");
    }
    for alert in ["TenancyRefusesRequests", "TenancySealsForged"] {
        prometheus.until(&format!("ALERTS{{alertname=\"{alert}\"}}"), |value| value > 0.0).await?;
    }
    prometheus.until(&roll_out()?, |unsealed| unsealed > 0.0).await?;
    let groups = prometheus.get("/api/v1/rules").await?;
    let rules = groups.pointer("/data/groups/0/rules").and_then(Value::as_array).context("rules")?;
    if let Some(broken) = rules.iter().find(|rule| rule["health"] != "ok") {
        bail!("{broken}");
    }
    Ok(())
}

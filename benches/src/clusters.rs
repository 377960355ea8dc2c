//! What the clusters of sandboxes take of Envoy's memory.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use integration::{Bootstrap, Envoy};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::chain::{Chain, UPSTREAM, bootstrap, cluster};
use crate::destinations;
use crate::inside::NONE;

/// How many sandboxes have a cluster in the measurement.
const SANDBOXES: usize = 5000;
/// Nobody asks there.
const ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 80);
const PATIENCE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(100);

/// The bytes that Envoy has allocated for each of so many clusters.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Clusters {
    pub(crate) count: usize,
    pub(crate) bytes_each: u64,
}

/// Gives an Envoy with one worker the clusters by CDS, static ones with one endpoint each.
pub(crate) async fn measure() -> Result<Clusters> {
    let folder = TempDir::with_prefix("clusters-")?;
    let file = folder.path().join("clusters.json");
    publish(&folder, 0)?;
    let upstream = [(UPSTREAM.to_owned(), ADDRESS)].into_iter();
    let mut bootstrap = bootstrap(&[Chain::new(NONE, vec![])], upstream).json().clone();
    let source = json!({"path_config_source": {"path": file}, "resource_api_version": "V3"});
    bootstrap["dynamic_resources"] = json!({"cds_config": source});
    bootstrap["node"] = json!({"id": "bench", "cluster": "bench"});
    let envoy = Envoy::start(&Bootstrap::from(bootstrap)).await?;
    let before = allocated(&envoy).await?;
    publish(&folder, SANDBOXES)?;
    until_there(&envoy).await?;
    let bytes = allocated(&envoy).await?.saturating_sub(before);
    let clusters = Clusters { count: SANDBOXES, bytes_each: bytes / u64::try_from(SANDBOXES)? };
    println!("  {clusters:?}");
    Ok(clusters)
}

/// Envoy watches for files that are moved.
fn publish(folder: &TempDir, count: usize) -> Result<()> {
    let resource = |number| {
        let mut cluster = cluster(&destinations::cluster(number), ADDRESS);
        cluster["@type"] = "type.googleapis.com/envoy.config.cluster.v3.Cluster".into();
        cluster
    };
    let new = folder.path().join("new.json");
    fs::write(&new, json!({"resources": (1..=count).map(resource).collect::<Vec<_>>()}).to_string())?;
    Ok(fs::rename(new, folder.path().join("clusters.json"))?)
}

async fn until_there(envoy: &Envoy) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let stats = envoy.stats("^cluster_manager.active_clusters$").await?;
        // And the one of the bootstrap.
        if stats.values().sum::<u64>() == u64::try_from(SANDBOXES)? + 1 {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{stats:?} after {PATIENCE:?}");
        sleep(POLL).await;
    }
}

/// What the admin port says of the heap, in bytes.
async fn allocated(envoy: &Envoy) -> Result<u64> {
    let memory: Value = serde_json::from_str(&envoy.admin("/memory").await?)?;
    Ok(memory["allocated"].as_str().context("no allocated")?.parse()?)
}

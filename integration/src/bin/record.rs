//! Records what the istiod that `PILOT_DISCOVERY` names pushes for each scenario, or for those named, for tests to
//! replay.

use anyhow::{Context, Result};
use integration::istio::{Istiod, Mesh, Scenario};

#[tokio::main]
async fn main() -> Result<()> {
    let how = "PILOT_DISCOVERY names no istiod: PILOT_DISCOVERY=…/pilot-discovery make record";
    let istiod = Istiod::from_env()?.context(how)?;
    let named: Vec<_> = std::env::args().skip(1).collect();
    let mut scenarios = Scenario::all(&istiod.release)?;
    scenarios.retain(|scenario| named.is_empty() || named.contains(&scenario.name));
    for scenario in scenarios {
        let mesh = Mesh::live(&scenario, &istiod).await.with_context(|| scenario.name.clone())?;
        println!("{}", mesh.record().await?.write(&scenario)?.display());
    }
    Ok(())
}

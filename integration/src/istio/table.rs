//! The table of requests, on whatever configures the proxies.

use anyhow::{Context, Result, ensure};

use super::istiod::Istiod;
use super::mesh::Mesh;
use super::recording::Recording;
use super::scenario::Scenario;

impl Scenario {
    /// Sends every request, on each recording and on the istiod that `PILOT_DISCOVERY` names; fails at the first of
    /// which something else becomes. Leaves it out, and says so, where it takes another Envoy.
    pub async fn run(&self) -> Result<()> {
        if self.signs() && !playground::signs(&self.name)? {
            return Ok(());
        }
        let mut releases = Recording::releases()?;
        releases.retain(|release| self.runs_on(release));
        ensure!(!releases.is_empty(), "no release is recorded: make record");
        for release in releases {
            let recording = Recording::read(&release, self)?;
            let mesh = Mesh::replay(self, &recording).await?;
            self.expect(&mesh).await.with_context(|| format!("replayed from {release}"))?;
        }
        if let Some(istiod) = Istiod::from_env()?.filter(|istiod| self.runs_on(&istiod.release)) {
            let live = Mesh::live(self, &istiod).await?;
            let mesh = match self.needs_stand_in() {
                true => Mesh::replay(self, &live.record().await?).await?,
                false => live,
            };
            self.expect(&mesh).await.with_context(|| format!("live on {}", istiod.release))?;
        }
        Ok(())
    }

    pub(crate) async fn expect(&self, mesh: &Mesh<'_>) -> Result<()> {
        for row in &self.requests {
            let outcome = mesh.send(row).await.with_context(|| row.name.clone())?;
            let expected = self.expected(row);
            ensure!(outcome == expected, "{}: {}:\n {outcome:?}, not\n {expected:?}", self.name, row.name);
        }
        Ok(())
    }
}

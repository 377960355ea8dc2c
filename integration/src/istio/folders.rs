//! Where scenarios lie: a folder holds `scenario.yaml` and `manifests/`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use playground::root;

use super::manifests::{documents, files};
use super::scenario::{Scenario, TRAFFIC_EXTENSION};
use super::shipped::Shipped;
use super::waypoint::WAYPOINTS;

/// What a seed has of its gateway, whether its sandboxes have rules or not.
const SHARED: [&str; 2] = ["authentication.yaml", "gateway.yaml"];

impl Scenario {
    /// All that a release can run: the folders of `integration/seeds`, one of them with TrafficExtensions too, and what
    /// we ship.
    pub fn all(release: &str) -> Result<Vec<Self>> {
        let folders = files(&root().join("integration/seeds"))?;
        let names = folders.iter().filter(|path| path.is_dir()).filter_map(|path| path.file_name()?.to_str());
        let names: Vec<_> = names.collect();
        let mut scenarios = names.iter().map(|name| Self::read(name)).collect::<Result<Vec<_>>>()?;
        let without_rules = names.iter().filter(|name| Self::folder_without_rules(name).is_dir());
        scenarios.extend(without_rules.map(|name| Self::without_rules(name)).collect::<Result<Vec<_>>>()?);
        scenarios.push(Self::read("turner")?.with_traffic_extensions());
        scenarios.push(Self::sealed("turner")?);
        scenarios.push(Self::destinations()?);
        scenarios.push(Self::routes()?);
        scenarios.push(Self::match_tree_of_routes()?);
        scenarios.push(Self::http_routes()?);
        scenarios.extend(Shipped::ALL.into_iter().map(Self::shipped).collect::<Result<Vec<_>>>()?);
        scenarios.push(Self::gateway_api()?);
        scenarios.extend(WAYPOINTS.iter().map(|folder| Self::behind_waypoint(folder)).collect::<Result<Vec<_>>>()?);
        scenarios.retain(|scenario| scenario.runs_on(release));
        Ok(scenarios)
    }

    /// `integration/istio/shipped`, with our filter deployed in this way.
    pub fn shipped(way: Shipped) -> Result<Self> {
        let mut scenario = Self::open(&root().join("integration/istio/shipped"))?;
        scenario.name = way.name().into();
        scenario.requests.retain(|row| row.by.is_none_or(|by| by == way));
        scenario.manifests.extend(way.manifests()?);
        if way == Shipped::TrafficExtension {
            scenario.since = TRAFFIC_EXTENSION;
        }
        Ok(scenario)
    }

    /// `integration/istio/destinations`, with the routes that we ship.
    pub fn destinations() -> Result<Self> {
        let folder = root().join("integration/istio/destinations");
        let manifests = files(&folder.join("manifests"))?;
        Self::open_with_destinations(&folder, manifests, "destinations".into())
    }

    /// One folder of `integration/seeds`, without a rule for a sandbox: its `destinations`, and of the seed's own manifests
    /// the gateway's.
    pub fn without_rules(seed: &str) -> Result<Self> {
        let folder = Self::folder_without_rules(seed);
        let mut manifests = files(&root().join("integration/seeds").join(seed).join("manifests"))?;
        manifests.retain(|file| SHARED.iter().any(|name| file.ends_with(name)));
        manifests.extend(files(&folder.join("manifests"))?);
        manifests.sort_by(|one, other| one.file_name().cmp(&other.file_name()));
        Self::open_with_destinations(&folder, manifests, format!("{seed}-destinations"))
    }

    /// One folder of `integration/seeds` with sealed context: its `sealed`, whose manifests take the place of the seed's of
    /// the same name.
    pub fn sealed(seed: &str) -> Result<Self> {
        let seeds = root().join("integration/seeds").join(seed);
        let folder = seeds.join("sealed");
        let own = files(&folder.join("manifests"))?;
        let mut manifests = files(&seeds.join("manifests"))?;
        manifests.retain(|file| own.iter().all(|own| own.file_name() != file.file_name()));
        manifests.extend(own);
        manifests.sort_by(|one, other| one.file_name().cmp(&other.file_name()));
        Ok(Self::open_with(&folder, &manifests)?.named(format!("{seed}-sealed")))
    }

    fn folder_without_rules(seed: &str) -> PathBuf {
        root().join("integration/seeds").join(seed).join("destinations")
    }

    fn open_with_destinations(folder: &Path, manifests: Vec<PathBuf>, name: String) -> Result<Self> {
        let mut scenario = Self::open_with(folder, &manifests)?.named(name);
        for file in ["destinations.yaml", "destinations-gateway.yaml"] {
            scenario.manifests.extend(documents(&root().join("envoyfilter").join(file))?);
        }
        Ok(scenario)
    }

    /// One folder of `integration/seeds`.
    pub fn read(name: &str) -> Result<Self> {
        Ok(Self::open(&root().join("integration/seeds").join(name))?.named(name.into()))
    }

    /// A folder, without a name, with what every scenario on Istio has.
    pub(super) fn open(folder: &Path) -> Result<Self> {
        Self::open_with(folder, &files(&folder.join("manifests"))?)
    }

    /// The same with these manifests.
    fn open_with(folder: &Path, manifests: &[PathBuf]) -> Result<Self> {
        let mut scenario = Self::open_files(folder, manifests)?;
        scenario.manifests.splice(0..0, documents(&root().join("integration/istio/plaintext.yaml"))?);
        scenario.manifests.extend(scenario.sidecars());
        Ok(scenario)
    }

    /// What a folder holds, without a name.
    pub(crate) fn open_folder(folder: &Path) -> Result<Self> {
        Self::open_files(folder, &files(&folder.join("manifests"))?)
    }

    fn open_files(folder: &Path, manifests: &[PathBuf]) -> Result<Self> {
        let path = folder.join("scenario.yaml");
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let mut scenario: Self = serde_norway::from_str(&text).with_context(|| path.display().to_string())?;
        for file in manifests {
            scenario.manifests.extend(documents(file)?);
        }
        ensure!(!scenario.requests.is_empty(), "{} sends no request", path.display());
        Ok(scenario)
    }

    fn named(mut self, name: String) -> Self {
        self.name = name;
        self
    }
}

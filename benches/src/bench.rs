//! Runs requests through chains in a counted Envoy, and checks what comes out.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use integration::Envoy;
use workload::Get;

use crate::callgrind::Counted;
use crate::chain::{Chain, FORWARDED, OTHER_TENANT, SANDBOX, STABLE, UPSTREAM, bootstrap};
use crate::client::Client;
use crate::upstream::Upstream;

/// Until V8 has compiled what it will.
pub(crate) const WARM_UP: usize = 200;
pub(crate) const REQUESTS: usize = 500;

/// What Envoy itself adds.
const PLUMBING: [&str; 3] = ["x-forwarded-proto", "x-request-id", "x-envoy-expected-rq-timeout-ms"];

/// Header names with the value that they have to leave with, or without one, in place of what came in.
pub(crate) type Changes = Vec<(String, Option<String>)>;

/// An Envoy with chains, under callgrind, between a client and an upstream.
pub(crate) struct Bench {
    counted: Counted,
    upstream: Upstream,
}

/// A request, what becomes of it, and how often it is sent.
pub(crate) struct Task<'a> {
    pub(crate) get: &'a Get,
    pub(crate) changes: Changes,
    /// Who answers.
    pub(crate) from: &'static str,
    pub(crate) warm_up: usize,
    pub(crate) requests: usize,
}

impl<'a> Task<'a> {
    /// One that [`STABLE`] answers, with these changes.
    pub(crate) fn new(get: &'a Get, changes: Changes) -> Self {
        Self { get, changes, from: STABLE, warm_up: WARM_UP, requests: REQUESTS }
    }
}

/// Fails if a chain runs without its module: without address space for its VM a filter lets everything pass, and would
/// look cheap.
pub(crate) async fn ensure_vms(envoy: &Envoy, chains: &[Chain]) -> Result<()> {
    let modules: BTreeSet<_> = chains.iter().flat_map(Chain::modules).collect();
    let stats = envoy.stats("wasm.envoy.wasm.runtime.v8.active").await?;
    let vms = stats.values().sum::<u64>();
    // One to begin with, one in the main thread and one in the worker.
    let expected = 3 * u64::try_from(modules.len())?;
    ensure!(vms == expected, "{vms} VMs instead of {expected}:\n{}", envoy.log()?);
    Ok(())
}

impl Bench {
    /// The first chain has no filter.
    pub(crate) async fn start(chains: &[Chain]) -> Result<Self> {
        let bench = Self::start_with(chains, std::iter::empty()).await?;
        bench.ensure_matched(&chains.first().context("a chain")?.name).await?;
        Ok(bench)
    }

    /// One with further clusters, each with who answers there: [`UPSTREAM`], or [`SANDBOX`].
    pub(crate) async fn start_with(
        chains: &[Chain],
        clusters: impl Iterator<Item = (String, &'static str)>,
    ) -> Result<Self> {
        let (upstream, sandbox) = (Upstream::start(UPSTREAM)?, Upstream::start(SANDBOX)?);
        let address = |who| if who == SANDBOX { sandbox.address() } else { upstream.address() };
        let clusters = [(UPSTREAM.to_owned(), UPSTREAM)].into_iter().chain(clusters);
        let counted = Counted::start(&bootstrap(chains, clusters.map(|(name, who)| (name, address(who))))).await?;
        ensure_vms(&counted.envoy, chains).await?;
        Ok(Self { counted, upstream })
    }

    /// A route that never matched could be one that matches no header.
    async fn ensure_matched(&self, chain: &str) -> Result<()> {
        let (header, value) = OTHER_TENANT;
        let get = Get::ordinary().line(header, value);
        Client::connect(self.counted.envoy.address_of(chain).await?)?.send(&get.to_http1(""), 1, SANDBOX)
    }

    /// The instructions of one request; fails if it arrived with wrong headers, or at the wrong upstream.
    pub(crate) async fn run(&self, chain: &str, task: &Task<'_>) -> Result<u64> {
        let mut client = Client::connect(self.counted.envoy.address_of(chain).await?)?;
        let total = self.count(&mut client, task).with_context(|| format!("{chain}, {}", task.get.name))?;
        Ok(total / u64::try_from(task.requests)?)
    }

    /// The instructions of one of these requests, each another one; the first of them warm up. Whether they arrive as they
    /// should, [`Self::run`] says of one.
    pub(crate) async fn run_each(&self, chain: &str, gets: &[Get]) -> Result<u64> {
        let mut client = Client::connect(self.counted.envoy.address_of(chain).await?)?;
        let (warm_up, counted) = gets.split_at(WARM_UP);
        let mut send = |gets: &[Get]| gets.iter().try_for_each(|get| client.send(&get.to_http1(""), 1, STABLE));
        send(warm_up)?;
        let total = self.counted.instructions(|| send(counted))?;
        Ok(total / u64::try_from(counted.len())?)
    }

    fn count(&self, client: &mut Client, task: &Task<'_>) -> Result<u64> {
        if task.from == STABLE {
            client.send(&task.get.to_http1(FORWARDED), 1, UPSTREAM)?;
            check(&self.upstream.take(1)?, task)?;
        }
        let request = task.get.to_http1("");
        client.send(&request, task.warm_up, task.from)?;
        self.counted.instructions(|| client.send(&request, task.requests, task.from))
    }
}

/// Fails if the upstream received header lines other than the expected ones.
pub(crate) fn check(head: &[String], task: &Task<'_>) -> Result<()> {
    let lines = head.iter().filter_map(|line| line.split_once(": "));
    let lines = lines.filter(|(name, _)| !PLUMBING.contains(name)).map(|(name, value)| (name.into(), value.into()));
    let mut got: Vec<(String, String)> = lines.collect();
    let mut expected = task.get.lines.clone();
    expected.retain(|(name, _)| !PLUMBING.contains(&name.as_str()));
    expected.retain(|(name, _)| !task.changes.iter().any(|(changed, _)| changed == name));
    expected.push(("host".into(), task.get.authority.clone()));
    expected.extend(task.changes.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?))));
    got.sort();
    expected.sort();
    ensure!(got == expected, "the answer is wrong: {got:#?} instead of {expected:#?}");
    Ok(())
}

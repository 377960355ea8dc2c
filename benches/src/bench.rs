//! Runs requests through chains in a counted Envoy, and checks what comes out.

use anyhow::{Context, Result, ensure};
use workload::Get;

use crate::callgrind::Counted;
use crate::chain::{Chain, SANDBOX, STABLE, bootstrap};
use crate::client::Client;
use crate::upstream::Upstream;

/// Until V8 has compiled what it will.
pub(crate) const WARM_UP: usize = 200;
pub(crate) const REQUESTS: usize = 1000;

/// What Envoy itself adds.
const PLUMBING: [&str; 3] = ["x-forwarded-proto", "x-request-id", "x-envoy-expected-rq-timeout-ms"];

/// Header names with the value that they have to leave with, or without one, in place of what came in.
pub(crate) type Changes = Vec<(String, Option<String>)>;

/// An Envoy with chains, under callgrind, between a client and upstreams.
pub(crate) struct Bench {
    counted: Counted,
    upstreams: [(&'static str, Upstream); 2],
}

/// A request, what becomes of it, and how often it is sent.
pub(crate) struct Task<'a> {
    pub(crate) get: &'a Get,
    pub(crate) changes: Changes,
    pub(crate) upstream: &'static str,
    pub(crate) warm_up: usize,
    pub(crate) requests: usize,
}

impl<'a> Task<'a> {
    /// One that goes to [`STABLE`] with these changes.
    pub(crate) fn new(get: &'a Get, changes: Changes) -> Self {
        Self { get, changes, upstream: STABLE, warm_up: WARM_UP, requests: REQUESTS }
    }
}

impl Bench {
    pub(crate) async fn start(chains: &[Chain]) -> Result<Self> {
        let upstreams = upstreams()?;
        let clusters = upstreams.each_ref().map(|(name, upstream)| (*name, upstream.address()));
        Ok(Self { counted: Counted::start(&bootstrap(chains, &clusters)).await?, upstreams })
    }

    /// The instructions of one request.
    pub(crate) async fn run(&self, chain: &str, task: &Task<'_>) -> Result<u64> {
        let address = self.counted.envoy.address_of(chain).await?;
        let mut client = Client::connect(address)?;
        let (request, Task { get, upstream, requests, .. }) = (task.get.to_http1(), task);
        let measured = || {
            client.send(&request, task.warm_up, upstream)?;
            self.check(task, task.warm_up)?;
            let total = self.counted.instructions(|| client.send(&request, *requests, upstream))?;
            self.check(task, *requests)?;
            Ok::<_, anyhow::Error>(total)
        };
        let total = { measured }().with_context(|| format!("{chain}, {}", get.name))?;
        Ok(total / u64::try_from(*requests)?)
    }

    fn check(&self, task: &Task<'_>, count: usize) -> Result<()> {
        let (_, upstream) = self.upstreams.iter().find(|(name, _)| *name == task.upstream).context("an upstream")?;
        check(&upstream.take(count)?, task)
    }
}

/// The two that routes know.
pub(crate) fn upstreams() -> Result<[(&'static str, Upstream); 2]> {
    Ok([(STABLE, Upstream::start(STABLE)?), (SANDBOX, Upstream::start(SANDBOX)?)])
}

/// Fails where the header lines that an upstream got are not those that the request has to have.
pub(crate) fn check(head: &[String], task: &Task<'_>) -> Result<()> {
    let lines = head.iter().filter_map(|line| line.split_once(": "));
    let lines = lines.filter(|(name, _)| !PLUMBING.contains(name)).map(|(name, value)| (name.into(), value.into()));
    let mut got: Vec<(String, String)> = lines.collect();
    let mut expected = task.get.lines.clone();
    expected.retain(|(name, _)| !task.changes.iter().any(|(changed, _)| changed == name));
    expected.push(("host".into(), task.get.authority.clone()));
    expected.extend(task.changes.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?))));
    got.sort();
    expected.sort();
    ensure!(got == expected, "the answer is wrong: {got:#?} instead of {expected:#?}");
    Ok(())
}

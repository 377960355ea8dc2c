//! `docs/seal.md` on Envoys: its configurations, its steps in their order and out of it.

mod variables;

use anyhow::{Context, Result, anyhow, bail, ensure};
use integration::{Bootstrap, Discovery, Envoy, Hop, Keys, Request};
use serde_json::{Map, Value, json};

use crate::pages::Page;

const PAGE: &str = "docs/seal.md";
/// The keys of the page by their names, each with the gateway's variable that holds it.
const KEYS: [(&str, &str); 2] = [("k1", "TENANCY_SEAL_KEY"), ("k2", "TENANCY_SEAL_KEY_2")];

/// The keys of this number, from 0 on.
fn pair(number: usize) -> Result<Keys> {
    Keys::number(u8::try_from(number + 1)?)
}

/// The configurations of the page: the gateway's and the sidecar's.
pub(crate) fn configurations() -> Result<[Value; 2]> {
    let page = Page::read(PAGE)?;
    let blocks: Vec<Value> = page.blocks("yaml").map(serde_norway::from_str).collect::<Result<_, _>>()?;
    blocks.try_into().map_err(|blocks: Vec<_>| anyhow!("{} configurations", blocks.len()))
}

/// The page's gateway, which signs with the key of this name.
fn edge(name: &str) -> Result<Value> {
    let [mut edge, _] = configurations()?;
    let (_, variable) = KEYS.iter().find(|(key, _)| *key == name).with_context(|| name.to_owned())?;
    edge["seal"]["sign"] = json!({"key": name, "privateKeyEnv": variable});
    Ok(edge)
}

/// The page's sidecar, which lists these names, each with the public key of this number.
fn mesh<'n>(keys: impl IntoIterator<Item = (&'n str, usize)>) -> Result<Value> {
    let [_, mut mesh] = configurations()?;
    let keys = keys.into_iter().map(|(name, number)| Ok((name.to_owned(), pair(number)?.public().into())));
    mesh["seal"]["verify"] = keys.collect::<Result<Map<_, _>>>()?.into();
    Ok(mesh)
}

/// Names with their own keys.
fn numbered<'n>(names: impl IntoIterator<Item = &'n str>) -> impl Iterator<Item = (&'n str, usize)> {
    names.into_iter().filter_map(|name| Some((name, KEYS.iter().position(|(key, _)| *key == name)?)))
}

/// A gateway that was given both private keys.
fn gateway(configuration: Value) -> Result<Bootstrap> {
    let mut gateway = Bootstrap::gateway()?.configuration(configuration);
    let values = KEYS.iter().enumerate().map(|(number, (_, variable))| {
        let private = pair(number)?.private();
        Ok(((*variable).to_owned(), private.into()))
    });
    let values: Map<_, _> = values.collect::<Result<_>>()?;
    gateway.plugin()["vm_config"]["environment_variables"] = json!({"key_values": values});
    Ok(gateway)
}

/// A proxy that gets configurations while it runs.
struct Side {
    hop: Hop,
    discovery: Discovery,
    last: Value,
    updates: u64,
}

impl Side {
    async fn start(mut bootstrap: Bootstrap) -> Result<Self> {
        let last = bootstrap.plugin_configuration()?;
        let (discovery, bootstrap) = Discovery::of(bootstrap)?;
        Ok(Self { hop: Hop::start(bootstrap).await?, discovery, last, updates: 1 })
    }

    /// Envoy takes no notice of what it has.
    async fn configure(&mut self, configuration: &Value) -> Result<()> {
        if self.last == *configuration {
            return Ok(());
        }
        self.discovery.configure(configuration)?;
        self.last = configuration.clone();
        self.updates += 1;
        let name = "extension_config_discovery.http_filter.tenancy.update_success".to_owned();
        self.hop.envoy.stats_become("tenancy.update_success", &[(name, self.updates)].into()).await
    }

    /// The seal that a gateway makes, without what stands beside it; `None` if it makes none.
    async fn seal(&self) -> Result<Option<String>> {
        let request = Request::to("feat-x.www.example.com").header("x-override", "cart:v2");
        let lines = self.hop.pass(&request).await?;
        ensure!(lines.iter().any(|line| line == "x-tenant: feat-x"), "{lines:?}");
        Ok(lines.iter().find_map(|line| line.strip_prefix("x-tenancy-seal: ")).map(str::to_owned))
    }

    /// What a sidecar lets arrive of a request with this header line: tenant and overrides.
    async fn arrives(&self, name: &str, value: &str) -> Result<Vec<String>> {
        let lines = self.hop.pass(&Request::to("cart").header(name, value)).await?;
        let is_context = |line: &String| line.starts_with("x-tenant: ") || line.starts_with("x-override: ");
        Ok(lines.into_iter().filter(is_context).collect())
    }

    async fn counted(&self, expected: &[(&str, u64)]) -> Result<()> {
        let named = expected.iter().map(|(name, count)| (format!("wasmcustom.tenancy.{name}"), *count));
        self.hop.envoy.stats_become("wasmcustom.tenancy.(seal|unseal)", &named.collect()).await
    }
}

const SEALED: [&str; 2] = ["x-tenant: feat-x", "x-override: cart:v2"];
const NOTHING: [&str; 0] = [];

/// The page's gateway and sidecar, with keys of this test; `None` where Envoy is too old to sign, and says so.
async fn both(edge: Value, mesh: Value) -> Result<Option<[Side; 2]>> {
    let sidecar = Side::start(Bootstrap::sidecar()?.configuration(mesh)).await?;
    if sidecar.hop.envoy.line().await? == "1.36" {
        let log = Envoy::validate(&gateway(configurations()?[0].clone())?)?.log;
        ensure!(log.contains("seal.sign: this Envoy signs nothing; it takes Envoy 1.37 or later"), "{log}");
        return Ok(None);
    }
    Ok(Some([Side::start(gateway(edge)?).await?, sidecar]))
}

/// The rows of a table of the page, without its first column: what each cell quotes as code.
fn table(head: &str) -> Result<Vec<Vec<Vec<String>>>> {
    let page = Page::read(PAGE)?;
    let code = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let rows = page.prose.iter().skip_while(|line| !line.starts_with(head)).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    Ok(rows.map(|row| row.trim_matches('|').split('|').skip(1).map(code).collect()).collect())
}

/// R44.
#[tokio::test]
async fn the_configurations_of_the_page_work_with_keys_of_ones_own_and_with_no_other() -> Result<()> {
    let [_, copied] = configurations()?;
    let Some([gateway, mut sidecar]) = both(configurations()?[0].clone(), copied).await? else { return Ok(()) };
    let seal = gateway.seal().await?.context("a seal")?;
    assert_eq!(sidecar.arrives("x-tenancy-seal", &seal).await?, NOTHING, "somebody has the key of the example");
    sidecar.configure(&mesh([("k1", 0)])?).await?;
    assert_eq!(sidecar.arrives("x-tenancy-seal", &seal).await?, SEALED);
    assert_eq!(sidecar.arrives("baggage", &format!("tenancy-seal={seal}")).await?, SEALED);
    sidecar.counted(&[("sealed", 2), ("unsealed_false", 1)]).await
}

/// Whoever copies a page believes nobody. The keys of tests stand in this repository.
#[test]
fn each_page_of_the_docs_has_the_key_that_nobody_has() -> Result<()> {
    let [_, mesh] = configurations()?;
    let mut pages = 0;
    for page in Page::all()?.into_iter().filter(|page| page.path.starts_with("docs")) {
        for block in page.blocks("yaml").filter(|block| block.contains("verify:")) {
            let configuration: Value = serde_norway::from_str(block)?;
            assert_eq!(configuration["seal"]["verify"], mesh["seal"]["verify"], "{}", page.path.display());
            pages += 1;
        }
    }
    assert!(pages >= 2, "{pages} pages");
    Ok(())
}

/// Why there are as many seals as contexts times workers of gateways.
#[tokio::test]
async fn gateways_make_different_seals_of_one_context() -> Result<()> {
    let Some([one, _]) = both(edge("k1")?, mesh([("k1", 0)])?).await? else { return Ok(()) };
    let other = Side::start(gateway(edge("k1")?)?).await?;
    let seals = [one.seal().await?.context("a seal")?, other.seal().await?.context("a seal")?];
    let [first, second] = seals.each_ref().map(|seal| seal.split('.').nth(3));
    assert!(first == second && first.is_some(), "one context: {seals:?}");
    assert_ne!(seals[0], seals[1]);
    Ok(())
}

/// R44: a header that only `from` names decides nothing, and stays.
#[tokio::test]
async fn what_only_from_names_stays_on_the_request() -> Result<()> {
    let mut configuration = mesh([("k1", 0)])?;
    configuration["overrides"]["from"] = json!([{"header": "x-service-route"}]);
    let hop = Hop::start(Bootstrap::sidecar()?.configuration(configuration)).await?;
    let lines = hop.pass(&Request::to("cart").header("x-service-route", "cart:evil")).await?;
    assert_eq!(lines, ["x-service-route: cart:evil"]);
    Ok(())
}

/// R44.
#[tokio::test]
async fn the_rotation_of_the_page_loses_no_context() -> Result<()> {
    let Some([mut gateway, mut sidecar]) = both(edge("k1")?, mesh([("k1", 0)])?).await? else { return Ok(()) };
    let (mut under_way, steps) = (None, table("| step | the gateway signs with | the mesh lists |")?);
    assert_eq!(steps.len(), 4);
    for step in &steps {
        let [signs, lists, ..] = &step[..] else { bail!("{step:?}") };
        gateway.configure(&edge(&signs[0])?).await?;
        sidecar.configure(&mesh(numbered(lists.iter().map(String::as_str)))?).await?;
        let seal = gateway.seal().await?.context("a seal")?;
        assert!(seal.starts_with(&format!("v1.{}.", signs[0])), "{seal}");
        for seal in under_way.iter().chain([&seal]) {
            assert_eq!(sidecar.arrives("x-tenancy-seal", seal).await?, SEALED, "{step:?}");
        }
        under_way = Some(seal);
    }
    sidecar.counted(&[("sealed", 7)]).await
}

/// R44.
#[tokio::test]
async fn out_of_order_the_context_is_lost_and_the_counters_of_the_page_tell() -> Result<()> {
    let Some([mut gateway, mut sidecar]) = both(edge("k1")?, mesh([("k1", 0)])?).await? else { return Ok(()) };
    let rows = table("| out of order | what happens | counter |")?;
    let counters: Vec<_> = rows.iter().filter_map(|row| row[1].first()).map(String::as_str).collect();
    let [key, false_one] = ["wasmcustom.tenancy.unsealed_key", "wasmcustom.tenancy.unsealed_false"];
    assert_eq!(counters, [key, key, false_one]);

    let old = gateway.seal().await?.context("a seal")?;
    assert_eq!(sidecar.arrives("x-tenancy-seal", &old).await?, SEALED);
    gateway.configure(&edge("k2")?).await?;
    let early = gateway.seal().await?.context("a seal")?;
    assert_eq!(sidecar.arrives("x-tenancy-seal", &early).await?, NOTHING);
    sidecar.counted(&[("sealed", 1), ("unsealed_key", 1)]).await?;
    sidecar.configure(&mesh([("k2", 1)])?).await?;
    assert_eq!(sidecar.arrives("x-tenancy-seal", &old).await?, NOTHING, "it was known, and its key is gone");
    sidecar.counted(&[("sealed", 1), ("unsealed_key", 2)]).await?;
    sidecar.configure(&mesh([("k1", 1)])?).await?;
    assert_eq!(sidecar.arrives("x-tenancy-seal", &old).await?, NOTHING);
    sidecar.counted(&[("sealed", 1), ("unsealed_false", 1), ("unsealed_key", 2)]).await?;

    let mut without = edge("k2")?;
    without["seal"]["sign"]["privateKeyEnv"] = "TENANCY_SEAL_KEY_3".into();
    gateway.discovery.configure(&without)?;
    let rejected = "extension_config_discovery.http_filter.tenancy.update_rejected".to_owned();
    gateway.hop.envoy.stats_become("tenancy.update_rejected", &[(rejected, 1)].into()).await?;
    assert!(gateway.seal().await?.is_some_and(|seal| seal.starts_with("v1.k2.")));
    Ok(())
}

/// R44.
#[tokio::test]
async fn the_roll_out_of_the_page_takes_context_from_none_before_its_last_step() -> Result<()> {
    let Some([mut gateway, mut sidecar]) = both(edge("k1")?, mesh([("k1", 0)])?).await? else { return Ok(()) };
    let steps = table("| step | the gateway | sidecars and waypoints |")?;
    assert_eq!(steps.len(), 3);
    let expected: [&[_]; 3] =
        [&[("unsealed_absent", 2)], &[("sealed", 1), ("unsealed_absent", 3)], &[("sealed", 2), ("unsealed_absent", 4)]];
    for (number, (step, counted)) in steps.iter().zip(expected).enumerate() {
        let mut edge = edge("k1")?;
        if step[0] == ["seal"] {
            edge.as_object_mut().context("an object")?.remove("seal");
        }
        gateway.configure(&edge).await?;
        let mut mesh = mesh([("k1", 0)])?;
        let word = step[1][0].strip_prefix("unsealed: ").context("a word")?;
        mesh["seal"]["unsealed"] = word.into();
        sidecar.configure(&mesh).await?;

        let seal = gateway.seal().await?;
        assert_eq!(seal.is_some(), step[0] == ["sign"], "{step:?}");
        let (name, value) = seal.as_ref().map_or(("x-tenant", "feat-x"), |seal| ("x-tenancy-seal", seal));
        let whole: &[_] = if seal.is_some() { &SEALED } else { &SEALED[..1] };
        assert_eq!(sidecar.arrives(name, value).await?, whole, "{step:?}");
        let alone: &[_] = if number == 2 { &NOTHING } else { &SEALED[..1] };
        assert_eq!(sidecar.arrives("x-tenant", "feat-x").await?, alone, "{step:?}");
        sidecar.counted(counted).await?;
    }
    Ok(())
}

/// R15: why sidecars come first.
#[tokio::test]
async fn a_sidecar_that_knows_no_seals_lets_them_leave_the_mesh() -> Result<()> {
    let mut plain = mesh([("k1", 0)])?;
    plain.as_object_mut().context("an object")?.remove("seal");
    for (configuration, leaves) in [(plain, true), (mesh([("k1", 0)])?, false)] {
        let mut bootstrap = Bootstrap::sidecar()?.configuration(configuration);
        bootstrap.listener()["traffic_direction"] = "OUTBOUND".into();
        let hop = Hop::start(bootstrap).await?;
        let request = Request::to("api.partner.example").header("x-tenant", "feat-x");
        let lines = hop.pass(&request.header("x-tenancy-seal", "v1.k1.1.Cg.MEUCIQ")).await?;
        let expected: &[_] = if leaves { &["x-tenancy-seal: v1.k1.1.Cg.MEUCIQ"] } else { &[] };
        assert_eq!(lines, expected);
    }
    Ok(())
}

//! R44: what a gateway sealed is the one context there is, from sidecar to sidecar, on real Envoys.

mod parties;
mod vectors;
mod wycheproof;

use std::collections::BTreeMap;

use self::parties::{before, gateway, in_an_hour, only, plain_sidecar, seals, sidecar, verifying};
use anyhow::{Context, Result, bail};
use integration::markdown::capabilities;
use integration::{Echo, Envoy, Keys, Protocol, Received, Request, signs};
use serde_json::json;

/// Tenant, overrides and baggage, without the member of the seal.
type Carried = [Vec<String>; 3];

const FEAT_X: &str = "feat-x\nshop:v1,cart:v2;method=POST";

fn carried(received: &Received) -> Carried {
    let baggage = received.headers.values("baggage").into_iter().map(|line| {
        let members = line.split(',').filter(|member| !member.starts_with("tenancy-seal="));
        members.collect::<Vec<_>>().join(",")
    });
    let baggage = baggage.filter(|line| !line.is_empty()).collect();
    [received.headers.values("x-tenant"), received.headers.values("x-override"), baggage]
}

fn of_feat_x() -> Carried {
    let baggage = "tenant=feat-x,overrides=shop%3Av1%2Ccart%3Av2%3Bmethod%3DPOST";
    [vec!["feat-x".into()], vec!["shop:v1,cart:v2;method=POST".into()], vec![baggage.into()]]
}

fn nothing() -> Carried {
    [vec![], vec![], vec![]]
}

/// Waits until the counters of seals are these, and no other one moved.
async fn counted(envoy: &Envoy, expected: &[(&str, u64)]) -> Result<()> {
    let named = expected.iter().map(|(name, count)| (format!("wasmcustom.tenancy.{name}"), *count));
    envoy.stats_become("wasmcustom.tenancy.(seal|unseal)", &named.collect()).await
}

#[tokio::test]
async fn the_context_arrives_by_the_seal_alone() -> Result<()> {
    if !signs("a seal from a gateway to the second sidecar")? {
        return Ok(());
    }
    let keys = Keys::number(1)?;
    let last = Echo::start("last").await?;
    let inbound = before(sidecar("INBOUND", verifying(&keys, &json!({})))?, &last).await?;
    let middle = Echo::start("middle").await?;
    let outbound =
        Envoy::start(&sidecar("OUTBOUND", verifying(&keys, &json!({})))?.clusters(inbound.listener())).await?;
    let edge = before(gateway(&keys)?, &middle).await?;

    let request = Request::to("feat-x.www.example.com").header("x-override", "shop:v1, cart:v2;method=POST");
    let forged = request.header("x-tenancy-seal", "v1.k1.9.Zg.Zg").header("X_Tenancy_Seal", "1");
    let forged = forged.header("baggage", "tenancy-seal=v1.k1.9.Zg.Zg");
    assert_eq!(forged.send(edge.listener(), Protocol::Http1).await?.status, 200);
    let decided = only(&middle)?;
    assert_eq!(carried(&decided), of_feat_x());
    let seal = seals(&decided).pop().context("a seal")?;
    assert!(seal.starts_with("v1.k1.") && seals(&decided).len() == 1 && !seal.contains("Zg.Zg"), "{seal}");
    assert!(decided.headers.values("baggage")[0].ends_with(&format!(",tenancy-seal={seal}")));
    assert_eq!(decided.headers.values("x_tenancy_seal"), [""; 0]);

    // An application that hands on one of the two, in front of a sidecar in front of another.
    for (name, value) in [("x-tenancy-seal", seal.clone()), ("baggage", format!("userId=7,tenancy-seal={seal};p=1"))] {
        let call = Request::to("shop").header(name, &value);
        assert_eq!(call.send(outbound.listener(), Protocol::Http2).await?.status, 200);
        let arrived = only(&last)?;
        let third_party = |line: String| if name == "baggage" { format!("{line},userId=7") } else { line };
        let [tenant, overrides, baggage] = of_feat_x();
        let [got_tenant, got_overrides, got_baggage] = carried(&arrived);
        assert_eq!([got_tenant, got_overrides], [tenant, overrides], "{name}");
        let baggage: Vec<_> = baggage.into_iter().map(third_party).collect();
        assert_eq!(got_baggage, baggage, "{name}");
        assert_eq!(seals(&arrived), [&*seal], "{name}");
    }
    counted(&edge, &[("seal_made", 1)]).await?;
    for sidecar in [&inbound, &outbound] {
        counted(sidecar, &[("sealed", 2)]).await?;
    }
    Ok(())
}

/// A request of an attacker: what it brings, what arrives by right, and the counters that tell.
struct Attack {
    name: &'static str,
    lines: Vec<(&'static str, String)>,
    arrives: Carried,
    counted: &'static [(&'static str, u64)],
}

fn attack(name: &'static str, lines: Vec<(&'static str, String)>, counted: &'static [(&'static str, u64)]) -> Attack {
    Attack { name, lines, arrives: nothing(), counted }
}

/// A seal with one bit changed in this part, which stays well-formed.
fn altered(seal: &str, part: usize) -> String {
    let mut parts: Vec<_> = seal.split('.').map(str::to_owned).collect();
    let part = &mut parts[part];
    let (head, last) = part.split_at(part.len() / 2);
    let (letter, tail) = last.split_at(1);
    let letter = char::from(letter.as_bytes()[0] ^ 1);
    *part = format!("{head}{letter}{tail}");
    parts.join(".")
}

fn attacks(keys: &Keys, others: &Keys) -> Result<Vec<Attack>> {
    let seal = |line: String| vec![("x-tenancy-seal", line)];
    // In 2100: with its middle digit altered it still lies ahead, on whatever day that is.
    let right = keys.seal("k1", 4_102_444_800, FEAT_X)?;
    let victim = keys.seal("k1", in_an_hour(), "victim\n")?;
    let parts: Vec<_> = right.split('.').collect();
    let victims: Vec<_> = victim.split('.').collect();
    let spliced = [parts[0], parts[1], parts[2], victims[3], parts[4]].join(".");
    let absent: &[_] = &[("unsealed_absent", 1)];
    let overruled: &[_] = &[("sealed", 1), ("seal_overruled", 1)];
    let alters = |part, counted| -> Attack { attack("altered", seal(altered(&right, part)), counted) };
    let own = [("x-override", "shop:evil".to_owned()), ("x-tenant", "evil".to_owned())];
    let of_victim = || [vec!["victim".to_owned()], vec![], vec!["tenant=victim".to_owned()]];
    let with = |lines: &[(&'static str, String)]| [seal(victim.clone()), lines.to_vec()].concat();
    Ok(vec![
        attack("a tenant", vec![own[1].clone()], absent),
        attack("an override", vec![own[0].clone()], absent),
        attack("a baggage member", vec![("baggage", "tenant=evil".into())], absent),
        attack("an older list", vec![("correlation-context", "tenant=evil,overrides=shop%3Aevil".into())], absent),
        attack("another older list", vec![("jaeger-baggage", "tenant=evil".into())], absent),
        attack("an older member", vec![("ot-baggage-tenant", "evil".into())], absent),
        attack("another spelling", vec![("x_tenant", "evil".into())], absent),
        attack("a member in another spelling", vec![("baggage", "Tenant=evil".into())], absent),
        alters(0, &[("unsealed_malformed", 1)]),
        alters(1, &[("unsealed_key", 1)]),
        alters(2, &[("unsealed_false", 1)]),
        alters(3, &[("unsealed_false", 1)]),
        alters(4, &[("unsealed_false", 1)]),
        attack("spliced", seal(spliced), &[("unsealed_false", 1)]),
        attack("over", seal(keys.seal("k1", in_an_hour() - 3600 - 40, FEAT_X)?), &[("unsealed_expired", 1)]),
        attack("of a key that nobody lists", seal(others.seal("k9", in_an_hour(), FEAT_X)?), &[("unsealed_key", 1)]),
        attack("of another's key", seal(others.seal("k1", in_an_hour(), FEAT_X)?), &[("unsealed_false", 1)]),
        attack("garbage in baggage", vec![("baggage", "tenancy-seal=%0D%0Aa".into())], &[("unsealed_malformed", 1)]),
        Attack {
            arrives: of_victim(),
            ..attack("another's, with an override of one's own", with(&own[..1]), overruled)
        },
        Attack { arrives: of_victim(), ..attack("another's, with a tenant of one's own", with(&own[1..]), overruled) },
        Attack {
            arrives: of_victim(),
            ..attack("another's, with a member of one's own", with(&[("baggage", "tenant=evil".into())]), overruled)
        },
    ])
}

#[tokio::test]
async fn nothing_but_a_seal_gives_context() -> Result<()> {
    let (keys, others) = (Keys::number(1)?, Keys::number(2)?);
    let service = Echo::start("service").await?;
    let envoy = before(sidecar("INBOUND", verifying(&keys, &json!({})))?, &service).await?;
    let mut totals = BTreeMap::new();
    for Attack { name, lines, arrives, counted } in attacks(&keys, &others)? {
        let request = lines.iter().fold(Request::to("shop"), |request, (name, value)| request.header(name, value));
        assert_eq!(request.send(envoy.listener(), Protocol::Http1).await?.status, 200);
        let received = only(&service)?;
        assert_eq!(carried(&received), arrives, "{name}: {lines:?}");
        let evil: Vec<_> = received.headers.lines().into_iter().filter(|line| line.contains("evil")).collect();
        assert_eq!(evil, [""; 0], "{name}: in no other form either");
        let is_valid = counted[0].0 == "sealed";
        assert_eq!(seals(&received).len(), usize::from(is_valid), "{name}: no false seal goes on");
        for (counter, count) in counted {
            *totals.entry(*counter).or_insert(0) += count;
        }
    }
    self::counted(&envoy, &totals.into_iter().collect::<Vec<_>>()).await
}

/// For the roll-out: everything goes on as without seals, and is counted.
#[tokio::test]
async fn unsealed_context_can_be_counted_first() -> Result<()> {
    let (keys, others) = (Keys::number(1)?, Keys::number(2)?);
    let service = Echo::start("service").await?;
    let sealed = before(sidecar("INBOUND", verifying(&keys, &json!({"unsealed": "count"})))?, &service).await?;
    let plain = before(plain_sidecar("INBOUND")?, &service).await?;
    for lines in [
        vec![("x-tenant", "dev1".to_owned())],
        vec![("baggage", "a=1,tenant=dev1,overrides=shop%3Av1".to_owned())],
        vec![("x-tenant", "dev1".to_owned()), ("x-tenancy-seal", others.seal("k1", in_an_hour(), FEAT_X)?)],
        vec![("accept", "*/*".to_owned())],
    ] {
        let request = lines.iter().fold(Request::to("shop"), |request, (name, value)| request.header(name, value));
        let mut arrived = Vec::new();
        for envoy in [&sealed, &plain] {
            assert_eq!(request.send(envoy.listener(), Protocol::Http1).await?.status, 200);
            arrived.push(carried(&only(&service)?));
        }
        assert_eq!(arrived[0], arrived[1], "{lines:?}");
    }
    let request = Request::to("shop").header("x-tenant", "evil");
    let request = request.header("x-tenancy-seal", keys.seal("k1", in_an_hour(), FEAT_X)?);
    assert_eq!(request.send(sealed.listener(), Protocol::Http1).await?.status, 200);
    assert_eq!(carried(&only(&service)?), of_feat_x());
    counted(&sealed, &[("seal_overruled", 1), ("sealed", 1), ("unsealed_absent", 2), ("unsealed_false", 1)]).await
}

/// A key that cannot sign or verify is told with the configuration, with the field and the remedy.
#[tokio::test]
async fn keys_are_tried_before_the_first_request() -> Result<()> {
    let keys = Keys::number(1)?;
    let log = |bootstrap| async move {
        Envoy::start(&bootstrap).await.map_or_else(|why| Ok(format!("{why:#}")), |_| anyhow::bail!("it started"))
    };
    let mut gateway = gateway(&keys)?;
    let tried = match signs("a key that signs nothing, which no key does here")? {
        true => "seal.sign: the key is none on P-256",
        false => "seal.sign: this Envoy signs nothing; it takes Envoy 1.37 or later",
    };
    for (value, expected) in [
        (json!({}), "has no TENANCY_SEAL_KEY; set it in vmConfig.env"),
        (json!({"TENANCY_SEAL_KEY": "x"}), "holds no private key on P-256"),
        (json!({"TENANCY_SEAL_KEY": "MEA".repeat(40)}), tried),
    ] {
        gateway.plugin()["vm_config"]["environment_variables"] = json!({"key_values": value});
        let log = log(gateway.clone()).await?;
        assert!(log.contains(expected), "{expected}: {log}");
    }
    let log = log(sidecar("INBOUND", json!({"verify": {"k1": keys.off_the_curve()?}}))?).await?;
    assert!(log.contains("seal.verify.k1: is no point on P-256"), "{log}");
    Ok(())
}

/// A capability that seals need is missed with the configuration.
#[tokio::test]
async fn seals_need_their_capabilities() -> Result<()> {
    let (keys, all) = (Keys::number(1)?, capabilities()?);
    let verifies = sidecar("INBOUND", verifying(&keys, &json!({})))?;
    let mut cases = vec![(&verifies, "proxy_call_foreign_function", "seal.verify.k1: the proxy gives no access")];
    let gateway = gateway(&keys)?;
    if signs("the capabilities of an edge that signs")? {
        cases.extend([
            (&gateway, "proxy_call_foreign_function", "seal.sign: the proxy gives no access"),
            (&gateway, "environ_get", "seal.sign.privateKeyEnv: "),
            (&gateway, "environ_sizes_get", "seal.sign.privateKeyEnv: "),
        ]);
    }
    for (bootstrap, dropped, expected) in cases {
        let rest: Vec<_> = all.iter().filter(|name| *name != dropped).cloned().collect();
        Envoy::start(&bootstrap.clone().restricted(&all)).await?;
        let Err(why) = Envoy::start(&bootstrap.clone().restricted(&rest)).await else {
            bail!("nothing misses {dropped}")
        };
        assert!(format!("{why:#}").contains(expected), "without {dropped}: {why:#}");
    }
    Ok(())
}

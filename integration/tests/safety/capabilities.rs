//! R28: what the module needs of Envoy, as `wasm-plugin/README.md` publishes it. The whole table of cases runs under that
//! restriction; here nothing of it is too much.

use std::fs;

use anyhow::{Context, Result};
use integration::markdown::capabilities;
use integration::token::{Issuer, jwt_authn};
use integration::{Bootstrap, Envoy, Hop, Protocol, Request, restriction};
use serde_json::json;
use wasmi::{Engine, Module};

use crate::gateway::{gateway, instance, module};

/// Without it the module keeps every request in its memory, which no request shows; `make soak` does.
const MEMORY: &str = "proxy_on_delete";

fn edge(issuer: &Issuer) -> Result<Bootstrap> {
    let configuration = json!({
        "version": 1,
        "role": "edge",
        "tenant": {
            "from": [{"claim": "tenant"}, {"host": "{tenant}.www.example.com"}],
            "to": [{"header": "x-tenant"}],
        },
        "strip": ["x-debug"],
        "verified": {"issuers": [issuer.name()]},
    });
    Ok(Bootstrap::gateway()?.configuration(configuration).behind(jwt_authn(&[issuer])))
}

/// Whether everything works under a restriction; what is seen soonest comes first.
async fn works(issuer: &Issuer, allowed: &[String]) -> Result<bool> {
    let Ok(hop) = Hop::start(edge(issuer)?.restricted(allowed)).await else { return Ok(false) };
    Ok(rewrites(issuer, &hop).await? && refuses(issuer, &hop).await && counts(&hop).await && tells(allowed)?)
}

fn with_token(issuer: &Issuer, host: &str) -> Request {
    Request::to(host).header("authorization", format!("Bearer {}", issuer.sign(&json!({"tenant": "dev1"}))))
}

async fn rewrites(issuer: &Issuer, hop: &Hop) -> Result<bool> {
    let request = with_token(issuer, "www.example.com").header("x-tenant", "dev2").header("x-debug", "1");
    let reply = request.trailer("x-tenant", "dev2").send(hop.envoy.listener(), Protocol::Http1).await?;
    let Ok(received) = hop.received(&reply) else { return Ok(false) };
    Ok(received.lines() == ["x-tenant: dev1"] && received.trailers.0.is_empty())
}

/// A module that may not answer leaves the client waiting.
async fn refuses(issuer: &Issuer, hop: &Hop) -> bool {
    let conflict = with_token(issuer, "dev2.www.example.com").send(hop.envoy.listener(), Protocol::Http1).await;
    conflict.is_ok_and(|reply| reply.status == 400)
}

async fn counts(hop: &Hop) -> bool {
    let requests = "wasmcustom.tenancy.requests";
    hop.envoy.stats_become(requests, &[(requests.to_owned(), 2)].into()).await.is_ok()
}

fn tells(allowed: &[String]) -> Result<bool> {
    let wrong = Bootstrap::gateway()?.configuration(json!({})).restricted(allowed);
    Ok(Envoy::validate(&wrong)?.log.contains("tenancy-filter: role: missing"))
}

#[tokio::test]
async fn none_of_the_published_capabilities_is_too_much() -> Result<()> {
    let (issuer, all) = (Issuer::new("https://idp.example.com"), capabilities()?);
    assert!(works(&issuer, &all).await?);
    for dropped in all.iter().filter(|name| *name != MEMORY) {
        let rest: Vec<_> = all.iter().filter(|name| *name != dropped).cloned().collect();
        assert!(!works(&issuer, &rest).await?, "nothing misses {dropped}");
    }
    Ok(())
}

/// A neighbour with the same module takes none away, and gives none.
#[tokio::test]
async fn each_instance_has_a_list_of_its_own() -> Result<()> {
    let all = capabilities()?;
    let deaf: Vec<_> = all.iter().filter(|name| *name != "proxy_on_request_headers").cloned().collect();
    let forged = Request::to("dev1.www.example.com").header("x-version", "v2");
    for (lists, expected) in
        [([&all, &deaf], &[][..]), ([&deaf, &all], &["x-version: v2", "x-tenant: dev1", "baggage: tenant=dev1"])]
    {
        let mut instances = [instance("tenancy-strip")?, instance("tenancy")?];
        for (instance, list) in instances.iter_mut().zip(lists) {
            instance["typed_config"]["config"]["capability_restriction_config"] = restriction(list);
        }
        let hop = Hop::start(gateway(instances)?).await?;
        assert_eq!(hop.pass(&forged).await?, expected);
    }
    Ok(())
}

/// A name that the module does not have would restrict nothing.
#[test]
fn the_module_has_all_of_them() -> Result<()> {
    let module = Module::new(&Engine::default(), fs::read(module()?)?)?;
    let imports = module.imports().map(|import| import.name().to_owned());
    let names: Vec<_> = imports.chain(module.exports().map(|export| export.name().to_owned())).collect();
    for name in capabilities()? {
        names.contains(&name).then_some(()).with_context(|| format!("the module neither calls nor has {name}"))?;
    }
    Ok(())
}

//! The vectors of seals through a sidecar on a real Envoy, so that the next release reads the seals of this one.

use std::collections::BTreeMap;

use anyhow::Result;
use integration::{Bootstrap, Echo, Protocol, Request};

use super::counted;
use super::parties::{before, only};

#[tokio::test]
async fn each_vector_counts_or_is_refused_for_its_reason() -> Result<()> {
    let (seals, service) = (integration::seals()?, Echo::start("service").await?);
    let sidecar = before(Bootstrap::sidecar()?.configuration(seals.sidecar()), &service).await?;
    let valid = seals.valid.iter().map(|vector| (&vector.name, &vector.seal, [&*vector.tenant, &*vector.overrides]));
    let refused = seals.refused.iter().map(|vector| (&vector.name, &vector.seal, ["", ""]));
    for (name, seal, expected) in valid.chain(refused) {
        let request = Request::to("shop").header("x-tenancy-seal", seal).header("x-tenant", "forged");
        assert_eq!(request.send(sidecar.listener(), Protocol::Http1).await?.status, 200, "{name}");
        let received = only(&service)?;
        let held = ["x-tenant", "x-override"].map(|header| received.headers.values(header).join("|"));
        assert_eq!(held, expected, "{name}");
    }
    let mut counts = BTreeMap::from([("sealed".to_owned(), seals.valid.len() as u64)]);
    counts.insert("seal_overruled".to_owned(), seals.valid.len() as u64);
    for vector in &seals.refused {
        // The counter has a shorter name than the word of the event.
        let why = if vector.why == "unknown_key" { "key" } else { &vector.why };
        *counts.entry(format!("unsealed_{why}")).or_default() += 1;
    }
    counted(&sidecar, &counts.iter().map(|(name, count)| (name.as_str(), *count)).collect::<Vec<_>>()).await
}

//! Prints what a release of Envoy Gateway gets for the scenario, or keeps the configuration dump of its proxy for tests
//! to replay.

use anyhow::{Result, bail};
use integration::envoy_gateway::{manifests, record};

fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [release] => print!("{}", manifests(release)?),
        [release, dump] => println!("{}", record(release, &std::fs::read_to_string(dump)?)?.display()),
        _ => bail!("usage: record-envoy-gateway RELEASE [DUMP]"),
    }
    Ok(())
}

//! Without arguments prints the manifests of the scenario on Envoy Gateway. With a release and a configuration dump of
//! the proxy, keeps that for tests to replay.

use anyhow::{Result, bail};
use integration::envoy_gateway::{manifests, record};

fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => print!("{}", manifests()?),
        [release, dump] => println!("{}", record(release, &std::fs::read_to_string(dump)?)?.display()),
        _ => bail!("usage: record-envoy-gateway [RELEASE DUMP]"),
    }
    Ok(())
}

//! `make bench`, or with the argument `baseline` `make baseline`.

use anyhow::{Result, bail};

#[tokio::main]
async fn main() -> Result<()> {
    match std::env::args().nth(1).as_deref() {
        None => benches::run().await,
        Some("baseline") => benches::update_baseline(),
        Some(other) => bail!("{other}: only `baseline` is known"),
    }
}

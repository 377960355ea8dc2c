//! The playground: a gateway, a sidecar and a shop in two versions on this machine, until Ctrl-C.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::num::NonZeroU16;
use std::process::ExitCode;
use std::{env, io};

use anyhow::{Context, Result, bail, ensure};
use playground::{Bootstrap, CARTS, Chain, Echo, Envoy, FEAT_X, Page, Protocol, Request, STABLE, Sending, root};
use tokio::signal::unix::{SignalKind, signal};

const HOST: &str = "www.carouselltenancy.com";
const FEAT_X_HOST: &str = "feat-x.www.carouselltenancy.com";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let (mut interrupted, mut terminated) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let session = async {
        let playground = Running::start().await?;
        playground.show().await?;
        std::future::pending::<Result<()>>().await
    };
    tokio::select! {
        outcome = session => outcome?,
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
    println!("\nstopped");
    Ok(())
}

/// What runs until Ctrl-C.
struct Running {
    chain: Chain,
    carts: Vec<Echo>,
    page: Page,
}

impl Running {
    async fn start() -> Result<Self> {
        let port = gateway_port()?;
        println!("starting the gateway, the sidecar and the shop");
        let beside = |other| if other == port { 0 } else { usual(other) };
        let shops = [Echo::start_on(beside(10010), STABLE).await?, Echo::start_on(beside(10011), FEAT_X).await?];
        let mut sidecar = Bootstrap::sidecar()?.listen_on(beside(10001)).admin_on(beside(9902));
        let mut carts = Vec::new();
        for (port, (cluster, name)) in [10012, 10013].into_iter().zip(CARTS) {
            let cart = Echo::start_on(beside(port), name).await?;
            sidecar = sidecar.cluster(cluster, cart.address());
            carts.push(cart);
        }
        let mut gateway = Bootstrap::gateway()?.listen_on(port).admin_on(beside(9901));
        let configurations = vec![gateway.plugin_configuration()?, sidecar.plugin_configuration()?];
        let chain = Chain::before(shops, gateway, sidecar).await?;
        let sending = Sending { gateway: chain.gateway.listener(), configurations };
        let page = Page::start(beside(10080), root().join("target/page"), Some(sending)).await?;
        Ok(Self { chain, carts, page })
    }

    /// Prints what is running and what to try, with actual answers.
    async fn show(&self) -> Result<()> {
        let Self { chain, carts, page } = self;
        let [stable, feat_x] = chain.shops.each_ref().map(Echo::address);
        let (gateway, sidecar) = (&chain.gateway, &chain.sidecar);
        println!("\ngateway   http://{}  (edge; admin http://{})", gateway.listener(), gateway.admin_address());
        println!("sidecar   http://{}  (mesh; admin http://{})", sidecar.listener(), sidecar.admin_address());
        println!("shop      http://{stable}  (stable)\n          http://{feat_x}  (feat-x)");
        for (cart, (title, version)) in carts.iter().zip([("cart", "stable"), ("", "feat-x")]) {
            println!("{title:10}http://{}  ({version})", cart.address());
        }
        for (title, entry, host, headers) in [
            ("A host name chooses the version:", gateway, FEAT_X_HOST, &[][..]),
            ("What a client claims does not count:", gateway, HOST, &[("c-tenancy", "feat-x")]),
            (
                "No rule names the tenant's cart, which is reached because it is there:",
                sidecar,
                "cart",
                &[("c-tenancy", "feat-x")],
            ),
            (
                "Overrides become one line:",
                sidecar,
                "shop",
                &[("x-override", "foo:v1"), ("x-override", "bar:v2, foo:v3")],
            ),
        ] {
            println!("\n{title}\n\n{}", example(entry, host, headers).await?);
        }
        println!("\nThe page explains each step, and sends what you write: http://{}/", page.address());
        println!("\nCtrl-C stops everything.");
        Ok(())
    }
}

/// The port that was asked for; else the usual one, or a free one.
fn gateway_port() -> Result<u16> {
    let asked = env::var("PORT").unwrap_or_default();
    if asked.is_empty() {
        return Ok(usual(10000));
    }
    let port: NonZeroU16 = asked
        .parse()
        .ok()
        .with_context(|| format!("PORT is {asked:?}; expected a number, as in: make run PORT=10100"))?;
    match claim(port.get()) {
        Ok(()) => Ok(port.get()),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            bail!("port {port} is taken; choose another: make run PORT=…")
        }
        Err(error) => bail!("port {port} cannot be used ({error}); choose another: make run PORT=…"),
    }
}

/// This port, or 0 for a free one.
fn usual(port: u16) -> u16 {
    if claim(port).is_ok() {
        return port;
    }
    println!("port {port} is taken; using a free one");
    0
}

fn claim(port: u16) -> io::Result<()> {
    TcpListener::bind(("127.0.0.1", port)).map(drop)
}

/// A curl command and its output.
async fn example(entry: &Envoy, host: &str, headers: &[(&str, &str)]) -> Result<String> {
    let mut text = format!("  $ curl -A playground -H 'Host: {host}'");
    let mut request = Request::to(host).header("user-agent", "playground").header("accept", "*/*");
    for (name, value) in headers {
        text += &format!(" -H '{name}: {value}'");
        request = request.header(name, value);
    }
    text += &format!(" http://{}/", entry.listener());
    let reply = request.send(entry.listener(), Protocol::Http1).await?;
    ensure!(reply.status == 200, "{}: {}", reply.status, reply.text());
    let answer = reply.text();
    Ok(answer.lines().fold(text, |text, line| text + "\n  " + line))
}

//! Where one test takes place.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::{Context, Result};
use playground::module;

/// The network and the module that manifests and recordings are written for.
const WRITTEN: [&str; 2] = ["127.0.0.", "/tenancy_filter.wasm"];
const ATTEMPTS: u8 = 100;

/// A network that no other test uses, and the module.
///
/// Istio writes ports into the names of routes, clusters and hosts. So the ports are those of the manifests, and what
/// is free for each test is a /24 of 127.0.0.0/8.
#[derive(Debug)]
pub(super) struct Site {
    /// The local replacement of [`WRITTEN`].
    here: [String; 2],
    /// Held, so that no other test takes the network.
    _claim: TcpListener,
}

impl Site {
    /// Claims a network.
    pub(super) fn claim() -> Result<Self> {
        let claimed = (0..ATTEMPTS).find_map(|attempt| {
            let [a, b, ..] = RandomState::new().hash_one(attempt).to_ne_bytes();
            let claim = TcpListener::bind((Ipv4Addr::new(127, a.max(1), b, 1), 15010)).ok()?;
            Some((format!("127.{}.{b}.", a.max(1)), claim))
        });
        let why = "no network within 127.0.0.0/8 can be used: only Linux gives all of it to every program";
        let (network, claim) = claimed.context(why)?;
        Ok(Self { here: [network, module()?.display().to_string()], _claim: claim })
    }

    /// A text as it has to be here.
    pub(super) fn translate(&self, text: &str) -> String {
        WRITTEN.iter().zip(&self.here).fold(text.to_owned(), |text, (written, here)| text.replace(written, here))
    }

    /// A local text in its written form.
    pub(super) fn normalise(&self, text: &str) -> String {
        WRITTEN.iter().zip(&self.here).fold(text.to_owned(), |text, (written, here)| text.replace(here, written))
    }

    /// An address of the network, by its last number.
    pub(super) fn address(&self, last: u8, port: u16) -> SocketAddr {
        format!("{}{last}:{port}", self.here[0]).parse().expect("four numbers and a port")
    }
}

//! The calls that a service makes before it answers, with only the headers that it forwards.

use std::net::SocketAddr;

use anyhow::{Result, ensure};

use crate::client::{Protocol, Request};
use crate::headers::Headers;

/// The calls that a service makes for each request that it gets.
#[derive(Clone, Debug)]
pub struct Forward {
    /// Where it sends them, as to a sidecar.
    pub through: SocketAddr,
    /// The hosts that it calls, in turn.
    pub calls: Vec<String>,
    /// The headers that it forwards, line by line.
    pub headers: Vec<String>,
}

impl Forward {
    pub(crate) async fn call(&self, received: &Headers) -> Result<()> {
        for host in &self.calls {
            let mut request = Request::to(host);
            for (name, value) in received.only(&self.headers).0 {
                request = request.header(std::str::from_utf8(&name)?, value);
            }
            let reply = request.send(self.through, Protocol::Http1).await?;
            ensure!(reply.status == 200, "{host}: {} {}", reply.status, reply.text());
        }
        Ok(())
    }
}

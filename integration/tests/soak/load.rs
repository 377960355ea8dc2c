//! Requests as fast as Envoy takes them: a few connections, one request after the other on each.
//! (Envoy closes a connection on which it answers by itself while the next request has arrived.)

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::requests::{self, Expected};

const CONNECTIONS: u64 = 16;
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends the requests of these numbers, which `write` appends, and compares each answer.
pub(crate) async fn send<W>(address: SocketAddr, write: &W, first: u64, count: u64) -> Result<()>
where
    W: Fn(u64, &mut Vec<u8>) -> Expected + Clone + Send + 'static,
{
    let mut connections = JoinSet::new();
    let share = count.div_ceil(CONNECTIONS);
    for start in (first..first + count).step_by(usize::try_from(share)?) {
        connections.spawn(converse(address, write.clone(), start, (start + share).min(first + count)));
    }
    while let Some(outcome) = connections.join_next().await {
        outcome??;
    }
    Ok(())
}

async fn converse(
    address: SocketAddr,
    write: impl Fn(u64, &mut Vec<u8>) -> Expected,
    start: u64,
    end: u64,
) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let (mut request, mut reply) = (Vec::new(), Vec::new());
    for number in start..end {
        request.clear();
        let expected = write(number, &mut request);
        stream.write_all(&request).await?;
        reply.clear();
        let read = timeout(PATIENCE, read(&mut stream, &mut reply, &expected)).await?;
        let stays_open = read.with_context(|| format!("request {number}"))?;
        if !stays_open {
            stream = TcpStream::connect(address).await?;
        }
    }
    Ok(())
}

/// Reads one answer, and no byte more; tells whether the connection takes another request.
async fn read(stream: &mut TcpStream, reply: &mut Vec<u8>, expected: &Expected) -> Result<bool> {
    loop {
        ensure!(stream.read_buf(reply).await? > 0, "Envoy hung up");
        if let Some((head, length)) = requests::head(reply)?
            && reply.len() >= length
        {
            ensure!(reply.len() == length, "more than one answer");
            ensure!(expected.fits(head), "{head}");
            return Ok(requests::header(head, "connection") != Some("close"));
        }
    }
}

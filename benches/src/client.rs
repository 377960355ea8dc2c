//! A client with one connection: one request after the other, or at a fixed rate.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

/// Longer than valgrind lets any request take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A connection that stays open.
pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// Sends a request this number of times, each after the answer to the last.
    pub(crate) fn send(&mut self, request: &[u8], times: usize, from: &str) -> Result<()> {
        (0..times).try_for_each(|_| self.exchange(request, from))
    }

    /// Sends requests at this rate per second, for this long; returns the time from when each was due to its answer.
    pub(crate) fn pace(&mut self, request: &[u8], rate: u32, length: Duration, from: &str) -> Result<Vec<Duration>> {
        let (start, gap) = (Instant::now(), Duration::from_secs(1) / rate);
        let due = (0..).map(|turn| start + gap * turn).take_while(|due| *due < start + length);
        let wait = |due: Instant| thread::sleep(due.saturating_duration_since(Instant::now()));
        due.map(|due| {
            wait(due);
            self.exchange(request, from)?;
            Ok(due.elapsed())
        })
        .collect()
    }

    /// One request and its answer, which must have this name and no body.
    fn exchange(&mut self, request: &[u8], from: &str) -> Result<()> {
        self.stream.write_all(request)?;
        self.buffer.clear();
        while !self.buffer.ends_with(b"\r\n\r\n") {
            let mut part = [0; 4096];
            let size = self.stream.read(&mut part)?;
            ensure!(size > 0, "the connection ended after {:?}", String::from_utf8_lossy(&self.buffer));
            self.buffer.extend_from_slice(&part[..size]);
        }
        let reply = std::str::from_utf8(&self.buffer)?;
        let told = reply.lines().find_map(|line| line.strip_prefix("x-from: "));
        ensure!(reply.starts_with("HTTP/1.1 200 ") && told == Some(from), "not from {from}: {reply}");
        Ok(())
    }
}

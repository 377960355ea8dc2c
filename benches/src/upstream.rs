//! The upstream of Envoy: it answers at once, and remembers the request.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Result, ensure};

/// An HTTP/1.1 server for requests without a body, which returns its name in a header.
pub(crate) struct Upstream {
    address: SocketAddr,
    heads: Arc<Mutex<HashMap<String, usize>>>,
}

impl Upstream {
    /// Starts one on a free port; it serves until the program ends.
    pub(crate) fn start(name: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let upstream = Self { address: listener.local_addr()?, heads: Arc::default() };
        let heads = upstream.heads.clone();
        let reply = format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-from: {name}\r\n\r\n");
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (heads, reply) = (heads.clone(), reply.clone());
                // A connection that breaks off is Envoy's end.
                thread::spawn(move || drop(serve(&stream, &heads, &reply)));
            }
        });
        Ok(upstream)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The header lines of the requests since the last call, which have to be this number and all alike.
    pub(crate) fn take(&self, count: usize) -> Result<Vec<String>> {
        let heads = std::mem::take(&mut *self.heads.lock().expect("no holder panics"));
        let counts: Vec<_> = heads.values().collect();
        ensure!(counts == [&count], "{count} requests came in as {counts:?} of one kind each: {heads:#?}");
        Ok(heads.keys().flat_map(|head| head.lines()).map(str::to_owned).collect())
    }
}

fn serve(stream: &TcpStream, heads: &Mutex<HashMap<String, usize>>, reply: &str) -> Result<()> {
    stream.set_nodelay(true)?;
    let (mut reader, mut writer) = (BufReader::with_capacity(1 << 17, stream), stream);
    let mut head = String::new();
    while reader.read_line(&mut head)? > 0 {
        if head.ends_with("\r\n\r\n") {
            count(heads, &head);
            writer.write_all(reply.as_bytes())?;
            head.clear();
        }
    }
    Ok(())
}

fn count(heads: &Mutex<HashMap<String, usize>>, head: &str) {
    let mut heads = heads.lock().expect("no holder panics");
    match heads.get_mut(head) {
        Some(count) => *count += 1,
        None => drop(heads.insert(head.into(), 1)),
    }
}

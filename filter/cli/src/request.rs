//! A request, and what the proxy knows of it.

use std::fmt;

use serde_json::Value;
use tenancy_filter::Peer;

/// A header line: its name, in lower case, and its value.
pub type Line = (Vec<u8>, Vec<u8>);

/// The most header lines of a request that is read; Envoy takes 100.
const MAX_LINES: usize = 1000;

/// A request as the first proxy gets it.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The header lines, pseudo-headers included, in order.
    pub headers: Vec<Line>,
    /// The trailer lines.
    pub trailers: Vec<Line>,
    /// The payload of the token that `jwt_authn` verified.
    pub token: Option<Value>,
    /// Who sends it.
    pub peer: Peer,
    /// The direction of the listener.
    pub direction: Direction,
    /// The cluster that the route chooses; empty if it does not matter.
    pub cluster: String,
    /// The name of the route; Istio calls those that it makes itself `default`.
    pub route: String,
    /// When it comes, in seconds since 1970; it matters for seals alone.
    pub time: u64,
}

/// The direction of a listener.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Not said, as at a gateway of Envoy alone.
    #[default]
    Unspecified,
    /// To the workload beside the proxy.
    Inbound,
    /// From the workload beside the proxy.
    Outbound,
}

/// Why text is no request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRequest(pub String);

impl fmt::Display for BadRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadRequest {}

impl Request {
    /// The default name of a route.
    pub const ROUTE: &str = "default";

    /// A request without any header of its own, from a known peer.
    pub fn new(method: &str, authority: &str, path: &str) -> Self {
        let mut request = Self {
            headers: Vec::new(),
            trailers: Vec::new(),
            token: None,
            peer: Peer::Known,
            direction: Direction::Unspecified,
            cluster: String::new(),
            route: Self::ROUTE.into(),
            time: 0,
        };
        let pseudo_headers = [(":authority", authority), (":method", method), (":path", path), (":scheme", "http")];
        pseudo_headers.iter().for_each(|(name, value)| request.push(name, value.as_bytes()));
        request
    }

    /// The same without a host, which is still to come.
    pub fn without_authority(method: &str, path: &str) -> Self {
        let mut request = Self::new(method, "", path);
        request.headers.retain(|(name, _)| name != b":authority");
        request
    }

    /// Adds a header line.
    pub fn push(&mut self, name: &str, value: &[u8]) {
        self.headers.push((name.to_ascii_lowercase().into_bytes(), value.to_vec()));
    }

    /// Adds a line `name: value`. A pseudo-header, or `host`, takes the place of the one that is there. One without a
    /// value is removed; only a host may be empty.
    ///
    /// # Errors
    /// It has no colon behind a name.
    pub fn push_line(&mut self, line: &[u8]) -> Result<(), BadRequest> {
        let (name, value) = parse_line(line)?;
        let name = if name == b"host" { b":authority".to_vec() } else { name };
        if name.starts_with(b":") {
            self.headers.retain(|(known, _)| *known != name);
            if !value.is_empty() || name == b":authority" {
                self.headers.insert(0, (name, value));
            }
        } else {
            self.headers.push((name, value));
        }
        Ok(())
    }

    /// Adds a trailer line `name: value`.
    ///
    /// # Errors
    /// It has no colon behind a name.
    pub fn push_trailer(&mut self, line: &[u8]) -> Result<(), BadRequest> {
        self.trailers.push(parse_line(line)?);
        Ok(())
    }

    /// Reads the head of a request as HTTP/1.1 has it on the wire (RFC 9112 §2.1); lines may end in LF alone, and the
    /// body is not looked at.
    ///
    /// # Errors
    /// It is no such head.
    pub fn parse(text: &[u8]) -> Result<Self, BadRequest> {
        let text = [text.trim_ascii_start().trim_ascii_end(), b"\r\n\r\n"].concat();
        let mut lines = vec![httparse::EMPTY_HEADER; MAX_LINES];
        let mut head = httparse::Request::new(&mut lines);
        let bad = |why: &str| {
            let expected = "expected a request line as in GET / HTTP/1.1, then headers";
            BadRequest(format!("is no HTTP/1.1 request ({why}); {expected}"))
        };
        match head.parse(&text) {
            Ok(status) if status.is_complete() => {}
            Ok(_) => return Err(bad("it ends early")),
            Err(why) => return Err(bad(&why.to_string())),
        }
        let mut request = Self::without_authority(head.method.unwrap_or_default(), head.path.unwrap_or_default());
        for line in head.headers.iter() {
            let name = if line.name.eq_ignore_ascii_case("host") { ":authority" } else { line.name };
            request.push(name, line.value);
        }
        Ok(request)
    }

    /// Whether it says whom it is for.
    pub fn has_authority(&self) -> bool {
        self.headers.iter().any(|(name, _)| name == b":authority")
    }
}

fn parse_line(line: &[u8]) -> Result<Line, BadRequest> {
    let colon = line.iter().skip(1).position(|byte| *byte == b':').and_then(|at| at.checked_add(1));
    let parts = colon.and_then(|colon| Some((line.get(..colon)?, line.get(colon.checked_add(1)?..)?)));
    let Some((name, value)) = parts else {
        let line = String::from_utf8_lossy(line);
        return Err(BadRequest(format!("expected a header as in \"x-tenant: dev1\", found {line:?}")));
    };
    Ok((name.trim_ascii().to_ascii_lowercase(), value.trim_ascii().to_vec()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn lines(request: &Request) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        request.headers.iter().map(|(name, value)| format!("{}: {}", text(name), text(value))).collect()
    }

    #[test]
    fn a_head_becomes_the_lines_that_envoy_makes_of_it() {
        for text in [
            "GET /a?b HTTP/1.1\r\nHost: shop:80\r\nX-Tenant:  a \r\n\r\nbody",
            "GET /a?b HTTP/1.1\nHost: shop:80\nX-Tenant: a",
        ] {
            let request = Request::parse(text.as_bytes()).unwrap();
            let expected = [":method: GET", ":path: /a?b", ":scheme: http", ":authority: shop:80", "x-tenant: a"];
            assert_eq!(lines(&request), expected, "{text}");
        }
        for text in ["", "GET /", "x-tenant: a"] {
            assert!(Request::parse(text.as_bytes()).unwrap_err().0.starts_with("is no HTTP/1.1 request ("), "{text}");
        }
    }

    #[test]
    fn a_line_adds_or_replaces() {
        let mut request = Request::new("GET", "shop", "/");
        for line in ["Host: cart", "X-Tenant: a", "x-tenant: b:c", ":protocol: websocket", ":scheme:"] {
            request.push_line(line.as_bytes()).unwrap();
        }
        let expected =
            [":protocol: websocket", ":authority: cart", ":method: GET", ":path: /", "x-tenant: a", "x-tenant: b:c"];
        assert_eq!(lines(&request), expected);
        let bad = request.push_line(b"x-tenant").unwrap_err();
        assert_eq!(bad.0, "expected a header as in \"x-tenant: dev1\", found \"x-tenant\"");
    }
}

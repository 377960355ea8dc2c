//! The compiled configuration.

use crate::config::{self, Compiled, Findings};
use crate::repair::Repair;
use crate::request::{ClaimPath, Header, Peer, Role};
use crate::rules::Rules;
use crate::scan::Scan;
use crate::seal::Seal;
use crate::trailers::TrailerScan;

/// The plugin configuration, compiled once and asked for every request.
///
/// All requests of a worker share it.
#[derive(Debug)]
pub struct Filter {
    rules: Rules,
    /// The rules for callers without a certificate, if the configuration distinguishes them.
    unknown_peer: Option<Rules>,
    claims: Vec<ClaimPath>,
    /// `None` at an edge, which never repairs.
    repair: Option<Repair>,
}

/// A configuration that was taken.
#[derive(Debug)]
#[must_use = "whoever configures a proxy has to see the warnings"]
pub struct Parsed {
    /// The filter, which works whatever the warnings say.
    pub filter: Filter,
    /// Settings that have no effect, or hardly the intended one; none of them is an error.
    pub warnings: Findings,
}

impl Filter {
    /// Compiles a plugin configuration: JSON, at most [`MAX_CONFIG_BYTES`](crate::MAX_CONFIG_BYTES).
    ///
    /// # Errors
    /// Everything that was found, errors and warnings, each with the path of its field and the remedy:
    ///
    /// ```
    /// # use tenancy_filter::Filter;
    /// let json = br#"{"version": 1, "role": "edge", "tenant": {"from": [{"host": "a.com"}], "too": []}}"#;
    /// let errors = Filter::from_config(json).unwrap_err();
    ///
    /// let paths: Vec<_> = errors.iter().map(|error| error.path.as_str()).collect();
    /// assert_eq!(paths, ["tenant.too", "tenant.to", "tenant.from[0].host"]);
    /// assert!(errors.to_string().contains(r#"tenant.from[0].host: "a.com" needs exactly one {tenant}"#));
    /// ```
    pub fn from_config(json: &[u8]) -> Result<Parsed, Findings> {
        let (Compiled { rules, unknown_peer, claims, repair }, warnings) = config::compile(json)?;
        Ok(Parsed { filter: Self { rules, unknown_peer, claims, repair }, warnings })
    }

    /// Whether [`set_caller`](Self::set_caller) decides anything: something depends on a version, the configuration
    /// says no `caller`, and the proxy stands beside one workload.
    pub fn wants_caller(&self) -> bool {
        !self.rules.caller.is_settled() && self.rules.reads_versions()
    }

    /// Sets the workload that calls through the proxy, for conditions of overrides; `None`, the initial value, if it is
    /// unknown.
    ///
    /// What the configuration says counts more. A name that no service may have is unknown. Where the caller is
    /// unknown, no condition on it holds.
    ///
    /// ```
    /// # use tenancy_filter::{Direction, Filter, Gathered, Header, Mutation, Peer};
    /// let mut filter = Filter::from_config(br#"{
    ///     "version": 1,
    ///     "role": "mesh",
    ///     "overrides": {"to": [{"header": "x-override"}]},
    ///     "projections": [{"header": "x-version", "service": "called"}]
    /// }"#)?.filter;
    /// assert!(filter.wants_caller());
    ///
    /// let headers = [
    ///     Header { name: b":authority", value: b"service-3" },
    ///     Header { name: b"x-override", value: b"service-3:v2;caller=foo" },
    /// ];
    /// let gathered = Gathered { token: None, direction: Direction::Unspecified };
    /// for (caller, expected) in [
    ///     (Some(&b"foo"[..]), &[Mutation::set(b"x-version", b"v2")][..]),
    ///     (Some(b"bar"), &[]),
    ///     (None, &[]),
    /// ] {
    ///     filter.set_caller(caller);
    ///     let decision = filter.scan(&headers, Peer::Known);
    ///     let decision = decision.decide(&gathered, (), &())?;
    ///     assert_eq!(decision.mutations, expected);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(never)]
    pub fn set_caller(&mut self, name: Option<&[u8]>) {
        for rules in [Some(&mut self.rules), self.unknown_peer.as_mut()].into_iter().flatten() {
            rules.caller.tell(name);
        }
    }

    /// Whether the decision depends on the [`Peer`]. If `false`, both give the same result.
    pub fn tells_peers_apart(&self) -> bool {
        self.unknown_peer.is_some()
    }

    /// Whom the proxy faces in this peer: [`Role::Edge`] in an unknown one, under `peers: mtls`.
    pub fn role(&self, peer: Peer) -> Role {
        self.rules(peer).role
    }

    /// The claims that a [`Token`](crate::Token) has to bring, in this order.
    pub fn claims(&self) -> &[ClaimPath] {
        &self.claims
    }

    /// The key under which the host left the payload of a verified token (`verified.payload`).
    pub fn payload(&self) -> &str {
        &self.rules.verified.payload
    }

    /// What to do with seals; `None` unless configured. [`Made`](crate::Made) and [`Verdicts`](crate::Verdicts) do it.
    pub fn seal(&self) -> Option<&Seal> {
        self.rules.seal.as_ref().map(|(_, seal)| seal)
    }

    /// Whether a request may pass if the host fails before the filter saw it: in the mesh, unless only a valid seal gives
    /// context there.
    pub fn passes_unseen(&self, peer: Peer) -> bool {
        let rules = self.rules(peer);
        !rules.role.is_edge() && !rules.drops_unsealed()
    }

    /// How to remember requests by their trace ids; `None` unless configured.
    pub fn repair(&self) -> Option<&Repair> {
        self.repair.as_ref()
    }

    /// Looks at a request: all its header lines, pseudo-headers included, a repeated header once a line.
    ///
    /// It is the only door: the [`Scan`] says what else decides, and decides.
    #[inline(always)]
    pub fn scan<'a>(&'a self, headers: &'a [Header<'a>], peer: Peer) -> Scan<'a> {
        Scan::new(self.rules(peer), self.repair.as_ref(), headers)
    }

    /// Looks at a request's trailers (RFC 9110 §6.5), a line each.
    pub fn scan_trailers<'a>(&'a self, trailers: &'a [Header<'a>], peer: Peer) -> TrailerScan<'a> {
        TrailerScan::new(self.rules(peer), trailers)
    }

    fn rules(&self, peer: Peer) -> &Rules {
        match peer {
            Peer::Known => &self.rules,
            Peer::Unknown => self.unknown_peer.as_ref().unwrap_or(&self.rules),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_for_what_decides_something_alone() {
        let edge = |from: &str| format!(r#""role": "edge", "tenant": {{"from": [{from}], "to": [{{"header": "x"}}]}}"#);
        let mesh = |from: &str| format!(r#""role": "mesh", "tenant": {{"from": [{from}], "to": [{{"header": "x"}}]}}"#);
        let mtls = |from: &str| mesh(from) + r#", "peers": "mtls""#;
        let [host, claim, vouched] =
            [r#"{"host": "{tenant}.a"}"#, r#"{"claim": "t"}"#, r#"{"header": "y", "trust": "verified"}"#];
        for (config, reads_token, reads_peer) in [
            (edge(host), false, false),
            (edge(claim), true, false),
            (edge(vouched), true, false),
            (mesh(claim), true, false),
            (mesh(vouched), false, false),
            (mtls(host), false, true),
            (mtls(vouched), true, true),
        ] {
            let json = format!(r#"{{"version": 1, {config}, "verified": {{"issuers": ["i"]}}}}"#);
            let filter = Filter::from_config(json.as_bytes()).unwrap().filter;
            let wants_token = |peer| filter.scan(&[], peer).wants().token;
            assert_eq!((wants_token(Peer::Unknown), filter.tells_peers_apart()), (reads_token, reads_peer), "{config}");
            let differs = filter.role(Peer::Known) != filter.role(Peer::Unknown);
            assert_eq!((differs, filter.rules.role == Role::Mesh), (reads_peer, config.contains("mesh")), "{config}");
        }
    }

    #[test]
    fn what_nobody_saw_passes_where_the_mesh_believes_its_peers() {
        const KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQva9rvytDLFTpUagwpJaQDPHfY8pNyg2Ye4bAwBPVPx1PN5fqzZVqtUnI9rRaQx11mi0z7kgxoteRNw0E6vYDw==";
        let seal = |unsealed: &str| format!(r#", "seal": {{"verify": {{"k1": "{KEY}"}}, "unsealed": "{unsealed}"}}"#);
        for (more, known, unknown) in [
            (String::new(), true, true),
            (r#", "peers": "mtls""#.into(), true, false),
            (seal("count"), true, true),
            (seal("drop"), false, false),
        ] {
            let json = format!(r#"{{"version": 1, "role": "mesh", "tenant": {{"to": [{{"header": "x"}}]}}{more}}}"#);
            let filter = Filter::from_config(json.as_bytes()).unwrap().filter;
            let passes = [Peer::Known, Peer::Unknown].map(|peer| filter.passes_unseen(peer));
            assert_eq!(passes, [known, unknown], "{more}");
        }
    }
}

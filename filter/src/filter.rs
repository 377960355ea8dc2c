//! The configuration, compiled, and what it is asked: one request, a straight line.

use crate::config::{self, ConfigErrors};
use crate::decision::{Decision, Mutation, Refusal};
use crate::events::{Counter, Tally};
use crate::mesh::Place;
use crate::repair::{Context, Inbound, Recalled, Repair, TraceId};
use crate::request::{ClaimPath, Header, Peer, Request};
use crate::rules::{Carried, Role, Rules, counted};
use crate::write::strip;
use crate::write::withhold::Egress;

/// The plugin configuration, compiled once and asked for every request.
///
/// It never changes, so all requests of a worker share it.
#[derive(Debug)]
pub struct Filter {
    pub(crate) rules: Rules,
    /// For callers that presented no certificate, where the configuration tells them apart.
    pub(crate) unknown_peer: Option<Rules>,
    pub(crate) claims: Vec<ClaimPath>,
    pub(crate) reads_token: bool,
    /// Nothing at an edge, which never repairs.
    pub(crate) repair: Option<Repair>,
}

impl Filter {
    /// Compiles a plugin configuration: JSON, at most [`MAX_CONFIG_BYTES`](crate::MAX_CONFIG_BYTES).
    ///
    /// # Errors
    /// Everything that is wrong with it, each with the path of its field and the remedy:
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
    pub fn from_config(json: &[u8]) -> Result<Self, ConfigErrors> {
        config::compile(json)
    }

    /// Whom the proxy faces in this peer: [`Role::Edge`] in an unknown one, under `peers: mtls`.
    pub fn role(&self, peer: Peer) -> Role {
        self.rules(peer).role
    }

    /// Whether [`Request::token`] decides anything; without need the proxy spares itself the look-up.
    pub fn reads_token(&self) -> bool {
        self.reads_token
    }

    /// Whether [`Request::peer`] decides anything; likewise.
    pub fn reads_peer(&self) -> bool {
        self.unknown_peer.is_some()
    }

    /// Whether [`Request::passage`] decides anything for a request with these headers; likewise.
    pub fn reads_passage(&self, headers: &[Header<'_>], peer: Peer) -> bool {
        let rules = self.rules(peer);
        let leaves = |egress: &Egress| rules.place(headers) != Place::Mesh && egress.concerns(&rules.names, headers);
        self.repair.is_some() || rules.egress.as_ref().is_some_and(leaves)
    }

    /// Whether the cluster of a [`Passage::Outbound`](crate::Passage::Outbound) decides anything; likewise.
    pub fn reads_cluster(&self, headers: &[Header<'_>]) -> bool {
        self.rules.place(headers) == Place::Unclear
    }

    /// How to remember the context of requests by their trace ids; nothing unless configured.
    pub fn repair(&self) -> Option<&Repair> {
        self.repair.as_ref()
    }

    /// The claims that a [`Token`](crate::Token) has to bring, in this order.
    pub fn claims(&self) -> &[ClaimPath] {
        &self.claims
    }

    /// What to change in a request, or why to refuse it.
    ///
    /// # Errors
    /// A [`Refusal`] where the configuration says `reject` or `refuse`:
    ///
    /// ```
    /// # use tenancy_filter::{Counter, Filter, Header, Refusal, Request, Tally};
    /// let filter = Filter::from_config(br#"{
    ///     "version": 1,
    ///     "role": "edge",
    ///     "tenant": {
    ///         "from": [{"host": "{tenant}.www.example.com"}, {"cookie": "tenant", "trust": "anyone"}],
    ///         "to": [{"header": "x-tenant"}]
    ///     }
    /// }"#)?;
    /// let headers = [
    ///     Header { name: b":authority", value: b"feat-x.www.example.com" },
    ///     Header { name: b"cookie", value: b"a=1; tenant=dev1" },
    /// ];
    /// let tally = Tally::default();
    /// let refusal = filter.on_request(&Request { headers: &headers, ..Request::default() }, &tally).unwrap_err();
    ///
    /// assert_eq!(refusal, Refusal::TenantConflict);
    /// assert_eq!(refusal.status(), 400);
    /// assert_eq!(refusal.to_string(), "the request names two different tenants (tenant.onConflict)\n");
    /// assert!(tally.take().any(|counted| counted == (Counter::Refused, 1)));
    /// # Ok::<(), tenancy_filter::ConfigErrors>(())
    /// ```
    pub fn on_request<'a>(&'a self, request: &Request<'a>, tally: &Tally) -> Decision<'a> {
        self.decide(request, &mut Carried::default(), tally, |_, _| {})
    }

    /// Like [`Filter::on_request`], with the context that the request then carries: to be remembered by
    /// its trace ids, where [`Filter::repair`] says so and it is [`Passage::Inbound`](crate::Passage::Inbound).
    ///
    /// # Errors
    /// Those of [`Filter::on_request`]; a refused request reaches no application, so nothing is to be remembered.
    pub fn on_inbound<'a>(&'a self, request: &Request<'a>, tally: &Tally) -> Result<Inbound<'a>, Refusal> {
        let mut carried = Carried::default();
        let mut mutations = self.decide(request, &mut carried, tally, |_, _| {})?;
        let taken_in = self.repair.as_ref().map(|repair| repair.take_in(request.headers));
        let (ids, removed) = taken_in.unwrap_or_default();
        mutations.extend(removed);
        Ok(Inbound { mutations, context: Context::new(&carried), ids })
    }

    /// Like [`Filter::on_request`], where the request is [`Passage::Outbound`](crate::Passage::Outbound):
    /// what the application did not send is written back as it was remembered.
    ///
    /// `recall` looks each trace id up; it is called only where something is missing and nothing contradicts.
    ///
    /// # Errors
    /// Those of [`Filter::on_request`].
    pub fn on_outbound<'a>(
        &'a self,
        request: &Request<'a>,
        tally: &Tally,
        recall: impl FnMut(&TraceId) -> Recalled,
    ) -> Decision<'a> {
        let restore = |carried: &mut Carried<'a>, rules: &Rules| {
            if let Some(repair) = &self.repair {
                repair.restore(carried, rules, request.headers, tally, recall);
            }
        };
        self.decide(request, &mut Carried::default(), tally, restore)
    }

    /// The straight line. What the request carries is filled in; `complete` may add to it, before it is written.
    fn decide<'a>(
        &'a self,
        request: &Request<'a>,
        carried: &mut Carried<'a>,
        tally: &Tally,
        complete: impl FnOnce(&mut Carried<'a>, &Rules),
    ) -> Decision<'a> {
        tally.count(Counter::Requests);
        let rules = self.rules(request.peer);
        let lines = rules.names.scan(request.headers);
        let refused = |refusal| {
            tally.count(Counter::Refused);
            refusal
        };
        if rules.passes_tunnel(&lines).map_err(refused)? {
            return Ok(Vec::new());
        }
        if let Some(egress) = rules.egress.as_ref().filter(|_| rules.internal.leaves(lines.authority, request.passage))
        {
            return Ok(egress.withhold(&lines, tally));
        }
        rules.resolve(&lines, request.token, carried, tally).map_err(refused)?;
        complete(carried, rules);
        Ok(rules.write(&lines, carried, tally))
    }

    /// What to remove from the request's trailers (RFC 9110 §6.5): at an edge, everything that is ours.
    ///
    /// ```
    /// # use tenancy_filter::{Filter, Header, Mutation, Peer, Tally};
    /// let filter = Filter::from_config(br#"{"version": 1, "role": "edge", "strip": ["x-tenant"]}"#)?;
    /// let trailers = [
    ///     Header { name: b"x_tenant", value: b"evil" },
    ///     Header { name: b"checksum", value: b"1" },
    /// ];
    /// let mutations = filter.on_request_trailers(&trailers, Peer::Known, &Tally::default());
    ///
    /// assert_eq!(mutations, [Mutation::remove(b"x_tenant")]);
    /// # Ok::<(), tenancy_filter::ConfigErrors>(())
    /// ```
    pub fn on_request_trailers<'a>(&self, trailers: &'a [Header<'a>], peer: Peer, tally: &Tally) -> Vec<Mutation<'a>> {
        let rules = self.rules(peer);
        match rules.role {
            Role::Edge => counted(strip::strip_trailers(&rules.names, trailers), tally),
            Role::Mesh => Vec::new(),
        }
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
            let filter = Filter::from_config(json.as_bytes()).unwrap();
            assert_eq!((filter.reads_token(), filter.reads_peer()), (reads_token, reads_peer), "{config}");
            let differs = filter.role(Peer::Known) != filter.role(Peer::Unknown);
            assert_eq!((differs, filter.rules.role == Role::Mesh), (reads_peer, config.contains("mesh")), "{config}");
        }
    }
}

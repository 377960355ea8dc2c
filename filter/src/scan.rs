//! One request, scanned once: asked what else decides, and decided, by the same scan.

use crate::answer::Answer;
use crate::context::Context;
use crate::decision::Mutation;
use crate::events::{Event, Events};
use crate::lookup::Lookup;
use crate::mesh::Destination;
use crate::names::Scanned;
use crate::read::host::Authority;
use crate::repair::{Memo, Repair};
use crate::request::{Direction, Gathered, Header, Role, Wants};
use crate::rules::Rules;
use crate::write::withhold::Withholding;

/// What becomes of a request that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision<'a> {
    /// The smallest list of header changes, in the order to apply them; an empty one leaves the request as it is.
    pub mutations: Vec<Mutation<'a>>,
    /// What to remember of the request until it ends; `None` unless it is inbound and
    /// [`Filter::repair`](crate::Filter::repair) says how.
    pub memo: Option<Memo>,
}

/// A request whose owned names were looked up, and whose authority was parsed.
///
/// ```
/// use tenancy_filter::{Direction, Filter, Gathered, Header, Mutation, Peer};
///
/// let filter = Filter::from_config(br#"{
///     "version": 1,
///     "role": "mesh",
///     "tenant": {"to": [{"header": "x-tenant"}]}
/// }"#)?.filter;
/// let headers = [
///     Header { name: b":authority", value: b"api.example.com" },
///     Header { name: b"x-tenant", value: b"feat-x" },
/// ];
/// let scan = filter.scan(&headers, Peer::Known);
/// assert!(scan.wants().direction, "does it leave the mesh?");
///
/// let gathered = Gathered { token: None, direction: Direction::Outbound { cluster: b"" } };
/// let decision = scan.decide(&gathered, (), &())?;
/// assert_eq!(decision.mutations, [Mutation::remove(b"x-tenant")]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Scan<'a> {
    rules: &'a Rules,
    repair: Option<&'a Repair>,
    headers: &'a [Header<'a>],
    scanned: Scanned<'a>,
    /// `None` if it decides nothing.
    authority: Option<Authority<'a>>,
    /// Where the request goes; `None` if that decides nothing.
    destination: Option<Destination>,
}

impl<'a> Scan<'a> {
    #[inline(always)]
    pub(crate) fn new(rules: &'a Rules, repair: Option<&'a Repair>, headers: &'a [Header<'a>]) -> Self {
        let mut scan = Self { rules, repair, headers, scanned: Scanned::default(), authority: None, destination: None };
        rules.names.scan(headers, &mut scan.scanned);
        let carries = repair.is_some() || !scan.scanned.owned.is_empty();
        let may_leave = rules.withholding.as_ref().is_some_and(|withholding| carries || withholding.gives);
        let may_call = (carries || rules.reads_token) && rules.reads_called();
        if may_leave || may_call {
            scan.authority = Some(Authority::parse(scan.scanned.pseudo.authority));
        }
        if may_leave {
            scan.destination = scan.authority.map(|authority| rules.mesh.destination(authority));
        }
        scan
    }

    /// What else decides. What it does not want, it does not use.
    pub fn wants(&self) -> Wants {
        let may_leave = self.destination.is_some_and(|destination| destination != Destination::Inside);
        let (direction, cluster) = match self.rules.role {
            Role::Edge | Role::Mesh => {
                (self.repair.is_some() || may_leave, self.destination == Some(Destination::Unclear))
            }
            Role::Waypoint => (false, may_leave),
        };
        Wants { token: self.rules.reads_token, direction, cluster }
    }

    /// What to change in the request, or what to answer it.
    ///
    /// `lookup` recalls trace ids: of an outbound request alone, under `repair`, if something is missing and nothing
    /// contradicts. It tells the route of a request with a tenant or overrides, under `destinations`.
    ///
    /// # Errors
    /// An [`Answer`] if the configuration says `reject` or `refuse`, or the request follows a share link:
    ///
    /// ```
    /// # use tenancy_filter::{Answer, Counter, Direction, Filter, Gathered, Header, Peer, Refusal, Tally};
    /// let filter = Filter::from_config(br#"{
    ///     "version": 1,
    ///     "role": "edge",
    ///     "tenant": {
    ///         "from": [{"host": "{tenant}.www.example.com"}, {"cookie": "tenant", "trust": "anyone"}],
    ///         "to": [{"header": "x-tenant"}]
    ///     }
    /// }"#)?.filter;
    /// let headers = [
    ///     Header { name: b":authority", value: b"feat-x.www.example.com" },
    ///     Header { name: b"cookie", value: b"a=1; tenant=dev1" },
    /// ];
    /// let gathered = Gathered { token: None, direction: Direction::Unspecified };
    /// let tally = Tally::default();
    /// let scan = filter.scan(&headers, Peer::Unknown);
    /// let answer = scan.decide(&gathered, (), &tally).unwrap_err();
    ///
    /// assert_eq!(answer, Answer::Refused(Refusal::TenantConflict));
    /// assert_eq!(answer.status(), 400);
    /// assert_eq!(answer.to_string(), "the request names two different tenants (tenant.onConflict)\n");
    /// assert!(tally.take().any(|counted| counted == (Counter::Refused, 1)));
    /// # Ok::<(), tenancy_filter::Findings>(())
    /// ```
    #[inline(always)]
    pub fn decide<'g>(
        &'g self,
        gathered: &'g Gathered<'g>,
        lookup: impl Lookup,
        events: &impl Events,
    ) -> Result<Decision<'g>, Answer> {
        events.record(Event::Request);
        let mut context = Context::default();
        let mutations = self.mutations(gathered, &mut context, lookup, events);
        let mutations = mutations.inspect_err(|answer| match answer {
            Answer::Refused(refusal) => events.record(Event::Refused(*refusal)),
            Answer::Redirected(_) => {}
        })?;
        Ok(self.remember(mutations, &context, gathered.direction, events))
    }

    /// The straight line: a tunnel, a way out of the mesh, or what is believed, restored and written.
    fn mutations<'g>(
        &'g self,
        gathered: &'g Gathered<'g>,
        context: &mut Context<'g>,
        mut lookup: impl Lookup,
        events: &impl Events,
    ) -> Result<Vec<Mutation<'g>>, Answer> {
        let lines = self.scanned.lines();
        if self.rules.passes_tunnel(&lines.pseudo)? {
            return Ok(self.rules.clear_destinations(&lines).into_iter().collect());
        }
        if let Some(withholding) = self.leaves(gathered.direction) {
            return Ok(withholding.withhold(&lines, events));
        }
        self.rules.resolve(&lines, gathered.token.as_ref(), context, &mut lookup, events)?;
        if let (Some(repair), Direction::Outbound { .. }) = (self.repair, gathered.direction) {
            repair.restore(context, self.rules, self.headers, &mut lookup, events);
        }
        if lines.owned.is_empty() && context.is_empty() {
            // Most requests bring no context and get none.
            return Ok(Vec::new());
        }
        let host = self.authority.and_then(|authority| authority.host);
        let destinations = match &self.rules.destinations {
            Some(destinations) if !context.is_empty() => {
                self.rules.offer(destinations, &lines, host, context, &mut lookup, events)
            }
            Some(_) | None => None,
        };
        let mutations = self.rules.write(&lines, host, context, destinations, events);
        self.rules.tell_seal(context, &lines, &mutations, events);
        Ok(mutations)
    }

    /// What to withhold, if the request leaves the mesh.
    fn leaves(&self, direction: Direction<'_>) -> Option<&'a Withholding> {
        let leaves = self.rules.mesh.leaves(self.destination?, direction);
        self.rules.withholding.as_ref().filter(|_| leaves)
    }

    /// Adds what is remembered of an inbound request.
    fn remember<'g>(
        &'g self,
        mut mutations: Vec<Mutation<'g>>,
        context: &Context<'g>,
        direction: Direction<'_>,
        events: &impl Events,
    ) -> Decision<'g> {
        let (Some(repair), Direction::Inbound) = (self.repair, direction) else {
            return Decision { mutations, memo: None };
        };
        let (ids, removed) = repair.take_in(self.headers, events);
        mutations.extend(removed);
        Decision { mutations, memo: Some(Memo::new(context, ids)) }
    }
}

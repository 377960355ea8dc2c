//! Events of the filter, in words.

use tenancy_filter::{Disbelief, Event, InvalidTenant, Mutation, Origin, Recollection, Unmet, Unoffered, Unsealed};

use crate::told::latin1;

/// A sentence about something.
pub(crate) struct Sentence {
    pub(crate) subject: String,
    pub(crate) text: String,
}

impl Sentence {
    pub(crate) fn of(event: &Event<'_>) -> Self {
        let text = text(event);
        let subject = match event {
            Event::SourceAbsent { source }
            | Event::SourceNotBelieved { source, .. }
            | Event::HostSettled { source }
            | Event::HostExcepted { source, .. }
            | Event::Linked { source, .. }
            | Event::TenantChosen { source, .. }
            | Event::TenantRepeated { source }
            | Event::TenantConflict { source, .. }
            | Event::TenantInvalid { source, .. }
            | Event::OverrideTaken { source, .. }
            | Event::OverrideSettled { source, .. }
            | Event::OverrideDuplicate { source, .. }
            | Event::OverrideInvalid { source, .. }
            | Event::OverrideLimit { source, .. } => source.to_string(),
            Event::ConditionUnmet { service, .. } => shown(service),
            Event::Projected { header, .. } | Event::Destinations { header, .. } => (*header).to_owned(),
            Event::Stripped { name } => shown(name),
            Event::TraceMalformed { header } => (*header).to_owned(),
            Event::TokenNotBelieved { .. } => "token".into(),
            Event::MemberInvalid { .. } | Event::MemberLimit { .. } => "baggage".into(),
            Event::Recalled(_) => "repair".into(),
            Event::Misplaced => "role".into(),
            Event::Sealed { .. }
            | Event::Unsealed { .. }
            | Event::SealOverruled
            | Event::SealMade
            | Event::SealTooLarge { .. }
            | Event::SealFailed => "seal".into(),
            Event::Request
            | Event::Overrides { .. }
            | Event::Withheld { .. }
            | Event::Refused(_)
            | Event::HostFailed => String::new(),
        };
        Self { subject, text }
    }
}

fn text(event: &Event<'_>) -> String {
    match event {
        Event::Request => "the filter reads the request".into(),
        Event::TokenNotBelieved { why } => disbelieved_token(*why).into(),
        Event::SourceAbsent { source } => absent(*source).into(),
        Event::SourceNotBelieved { why, .. } => format!("not believed: {}", disbelieved(*why)),
        Event::HostSettled { .. } => "not tried: an earlier pattern matches the host".into(),
        Event::HostExcepted { name, .. } => format!("no tenant: {} is in except", shown(name)),
        Event::TenantChosen { name, .. } => format!("chosen: {}", shown(name)),
        Event::TenantRepeated { .. } => "names the same tenant".into(),
        Event::TenantConflict { name, .. } => format!("names another tenant, {}: a conflict", shown(name)),
        Event::TenantInvalid { value, why, .. } => format!("invalid: {}", invalid(value, *why)),
        Event::Linked { name: Some(name), .. } => {
            format!("a share link: answered with a cookie for {} and a redirect", shown(name))
        }
        Event::Linked { name: None, .. } => "a share link: answered without the cookie and with a redirect".into(),
        Event::Sealed { key, tenant, overrides } => sealed(key, tenant, *overrides),
        Event::Unsealed { why } => unsealed(*why).into(),
        Event::SealOverruled => "the request says something else beside its seal, which counts alone".into(),
        Event::SealMade => "made, of what was decided".into(),
        Event::SealTooLarge { bytes } => format!("not made: the context has {bytes} bytes, and a seal holds 512"),
        Event::SealFailed => "not made: the proxy did not sign".into(),
        Event::Overrides { count } => format!("overrides: {count}"),
        Event::OverrideTaken { service, version, conditions, .. } => {
            format!("taken: {}", entry(service, version, conditions))
        }
        Event::OverrideSettled { service, version, conditions, .. } => {
            format!("not taken: {}; the previous proxy decided", entry(service, version, conditions))
        }
        Event::OverrideDuplicate { service, version, conditions, .. } => {
            format!("a second version of one service: {}", entry(service, version, conditions))
        }
        Event::OverrideInvalid { entry, .. } => {
            format!("dropped: {} is not a service and version, or its conditions are invalid", shown(entry))
        }
        Event::OverrideLimit { service, version, conditions, .. } => {
            format!("dropped: {} is over 64 entries or 4,096 bytes", entry(service, version, conditions))
        }
        Event::ConditionUnmet { service, version, conditions, why } => {
            format!("does not count here: {}; {}", entry(service, version, conditions), unmet(*why))
        }
        Event::Projected { service, version, .. } => projected(*service, *version),
        Event::Destinations { offered: Ok(clusters), .. } => {
            format!("offers {}; the proxy takes the first that it has", listed(clusters))
        }
        Event::Destinations { offered: Err(why), .. } => unoffered(*why),
        Event::Stripped { .. } => "removed: a client may not send it".into(),
        Event::MemberInvalid { member } => format!("dropped: {} is outside the grammar of W3C Baggage", shown(member)),
        Event::MemberLimit { member } => format!("dropped: {} is over 64 members or 8,192 bytes", shown(member)),
        Event::Withheld { mutations } => format!("leaves the mesh without our context: {}", names(mutations)),
        Event::TraceMalformed { .. } => "removed: repeated or malformed".into(),
        Event::Recalled(recollection) => recalled(*recollection).into(),
        Event::Misplaced => {
            "the request is inbound and goes on to a service, as at a waypoint: role: mesh takes it for the workload's own; write role: waypoint".into()
        }
        Event::Refused(refusal) => format!("refused: {}", refusal.to_string().trim_end()),
        Event::HostFailed => "a host call failed".into(),
    }
}

fn sealed(key: &str, tenant: &[u8], overrides: usize) -> String {
    let tenant = if tenant.is_empty() { "no tenant".into() } else { format!("tenant {}", shown(tenant)) };
    let overrides = if overrides == 1 { "1 override".into() } else { format!("{overrides} overrides") };
    format!("valid, of key {key}: {tenant} and {overrides}, whatever else the request says")
}

/// What it means that a seal fails where the environment of the proxy is unknown.
pub(crate) fn key_unknown(variable: &str) -> String {
    let variable = shown(variable.as_bytes());
    format!("not made here: the private key stands in {variable} of the proxy's environment; the command reads its own")
}

fn unsealed(why: Unsealed) -> &'static str {
    match why {
        Unsealed::Absent => "none came with this context",
        Unsealed::Malformed => "does not count: it is no seal of a form that the filter knows",
        Unsealed::UnknownKey => "does not count: seal.verify does not list its key",
        Unsealed::Expired => "does not count: its time is over",
        Unsealed::False => "does not count: its signature is not that of its key",
        Unsealed::Limit => "does not count: it was not verified, because seal.verificationsPerSecond was reached",
        Unsealed::HostFailed => "does not count: the proxy could not verify it",
    }
}

/// What it means that a source is absent, by its kind.
fn absent(source: Origin) -> &'static str {
    match source.kind {
        "host" => "absent: the host does not match the pattern",
        "claim" => "absent: the token has no such claim",
        "issuer" => "absent: the issuer does not match the pattern",
        "baggage" => "absent: no such member",
        "cookie" => "absent: no such cookie",
        "query" => "absent: no such parameter",
        _ => "absent: no such header",
    }
}

fn disbelieved(why: Disbelief) -> &'static str {
    match why {
        Disbelief::Untrusted => "a client can write it, and trust is mesh",
        Disbelief::NoToken => "there is no verified token",
        Disbelief::Issuer => "the token's issuer does not count",
        Disbelief::Claim => "verified.claim of the token holds none of verified.anyOf",
    }
}

fn disbelieved_token(why: Disbelief) -> &'static str {
    match why {
        Disbelief::Untrusted => "not believed",
        Disbelief::NoToken => "jwt_authn verified none, or its payload is not under verified.payload",
        Disbelief::Issuer => "does not count: verified.issuers does not list its issuer",
        Disbelief::Claim => "does not count for trust: verified, because verified.claim holds none of verified.anyOf",
    }
}

fn invalid(value: &[u8], why: InvalidTenant) -> String {
    match why {
        InvalidTenant::Malformed => format!("{} is not a name of 1 to 63 of A-Za-z0-9._-", shown(value)),
        InvalidTenant::Pattern => format!("{} does not match tenant.pattern", shown(value)),
        InvalidTenant::List => "a list is not a tenant".into(),
        InvalidTenant::Excess => "more than 64 values".into(),
    }
}

fn projected(service: Option<&str>, version: Option<&[u8]>) -> String {
    match (service, version) {
        (None, Some(version)) => format!("the called service's version, {}", shown(version)),
        (Some(service), Some(version)) => format!("the version of {service}, {}", shown(version)),
        (None, None) => "none: no override for the called service counts".into(),
        (Some(service), None) => format!("none: no override for {service} counts"),
    }
}

fn unmet(why: Unmet) -> &'static str {
    match why {
        Unmet::Method => "the method differs",
        Unmet::Caller => "the caller differs",
        Unmet::CallerUnknown => {
            "the caller is unknown: the configuration has no caller, and the node names none, or the proxy is a waypoint"
        }
    }
}

/// Clusters with room between them.
fn listed(clusters: &[u8]) -> String {
    clusters.split(|byte| *byte == b',').map(shown).collect::<Vec<_>>().join(", ")
}

fn unoffered(why: Unoffered<'_>) -> String {
    match why {
        Unoffered::NoRoute => "none: the cluster of the route is not known here".into(),
        Unoffered::Route(name) => {
            format!("none: the route is called {}, which is not in destinations.routes", shown(name))
        }
        Unoffered::Brought => {
            "none: the request brought what may have chosen its route: a list, or at an edge a header that the edge removes"
                .into()
        }
        Unoffered::Cluster => "none: the route's cluster is the workload itself, or fits in no list".into(),
        Unoffered::NoOther => "none: no template makes another cluster than the route's own".into(),
    }
}

fn recalled(recollection: Recollection) -> &'static str {
    match recollection {
        Recollection::Forwarded => "not needed: the application forwarded the context",
        Recollection::Restored => "restored the context that the application dropped",
        Recollection::None => "nothing to restore: the inbound request had no context",
        Recollection::Ambiguous => "restored nothing: the trace ids stand for several contexts",
        Recollection::Large => "restored nothing: the context was too large to remember",
        Recollection::Full => "restored nothing: no slot may have been free",
        Recollection::Unknown => "restored nothing: no trace id is known",
    }
}

fn entry(service: &[u8], version: &[u8], conditions: &[u8]) -> String {
    let conditions = if conditions.is_empty() { String::new() } else { format!(";{}", shown(conditions)) };
    format!("{}:{}{conditions}", shown(service), shown(version))
}

fn names(mutations: &[Mutation<'_>]) -> String {
    let name = |mutation: &Mutation<'_>| match mutation {
        Mutation::Remove { name } | Mutation::Set { name, .. } => shown(name),
    };
    mutations.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// Bytes as they are if that is one word of visible ASCII, else in quotes and with escapes.
fn shown(bytes: &[u8]) -> String {
    let is_plain = !bytes.is_empty() && bytes.iter().all(u8::is_ascii_graphic) && !bytes.contains(&b'"');
    if is_plain { latin1(bytes) } else { format!("\"{}\"", bytes.escape_ascii()) }
}

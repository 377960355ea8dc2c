//! Each event as a short text.

use std::cell::RefCell;

use tenancy_filter::{Disbelief, Event, Events, InvalidTenant, Tally};

/// Keeps the events that a sentence is made of.
#[derive(Default)]
pub(crate) struct Story {
    pub(crate) lines: RefCell<Vec<String>>,
    pub(crate) tally: Tally,
}

impl Events for Story {
    fn record(&self, event: Event<'_>) {
        self.tally.record(event);
        self.lines.borrow_mut().push(told(&event));
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Service, version and conditions as one text.
fn entry(parts: [&[u8]; 3]) -> String {
    let [service, version, conditions] = parts.map(text);
    let conditions = if conditions.is_empty() { conditions } else { format!(";{conditions}") };
    format!("{service}:{version}{conditions}")
}

fn told(event: &Event<'_>) -> String {
    match event {
        Event::Request => "request".into(),
        Event::TokenNotBelieved { why } => format!("token not believed: {}", doubted(*why)),
        Event::SourceAbsent { source } => format!("{source} absent"),
        Event::HostSettled { source } => format!("{source} settled"),
        Event::HostExcepted { source, name } => format!("{source} excepts {}", text(name)),
        Event::SourceNotBelieved { source, why } => format!("{source} not believed: {}", doubted(*why)),
        Event::TenantChosen { source, name, .. } => format!("{source} gives {}", text(name)),
        Event::TenantRepeated { source } => format!("{source} agrees"),
        Event::TenantConflict { source, name, is_first } => format!("{source} disagrees: {} {is_first}", text(name)),
        Event::TenantInvalid { source, value, why } => format!("{source} invalid: {:?} {}", text(value), wrong(*why)),
        Event::Linked { source, name } => format!("{source} linked {:?}", name.map(text)),
        Event::Sealed { key, tenant, overrides } => format!("sealed by {key}: {} {overrides}", text(tenant)),
        Event::Unsealed { why } => format!("unsealed: {why:?}"),
        Event::SealOverruled => "seal overruled".into(),
        Event::SealMade => "seal made".into(),
        Event::SealTooLarge { bytes } => format!("seal too large: {bytes}"),
        Event::SealFailed => "seal failed".into(),
        Event::Overrides { count } => format!("{count} overrides"),
        Event::OverrideTaken { source, service, version, conditions } => {
            format!("{source} {}", entry([service, version, conditions]))
        }
        Event::OverrideSettled { source, service, .. } => format!("{source} settled: {}", text(service)),
        Event::OverrideDuplicate { source, service, version, conditions } => {
            format!("{source} duplicate: {}", entry([service, version, conditions]))
        }
        Event::OverrideInvalid { source, entry } => format!("{source} invalid: {}", text(entry)),
        Event::OverrideLimit { source, service, .. } => format!("{source} limit: {}", text(service)),
        Event::ConditionUnmet { service, version, conditions, why } => {
            format!("{why:?} unmet: {}", entry([service, version, conditions]))
        }
        Event::Projected { header, service, version } => {
            format!("{header}: {} {:?}", service.unwrap_or("called"), version.map(text))
        }
        Event::Destinations { header, offered } => format!("{header}: {:?}", offered.map(text)),
        Event::Stripped { name } => format!("stripped {}", text(name)),
        Event::MemberInvalid { member } => format!("member invalid: {}", text(member)),
        Event::MemberLimit { member } => format!("member limit: {}", text(member)),
        Event::Withheld { mutations } => format!("withheld {}", mutations.len()),
        Event::TraceMalformed { header } => format!("malformed {header}"),
        Event::Recalled(recollection) => format!("recalled: {recollection:?}"),
        Event::Refused(refusal) => format!("refused: {}", refusal.to_string().trim_end()),
        Event::Misplaced => "misplaced".into(),
        Event::HostFailed => "host failed".into(),
    }
}

fn doubted(why: Disbelief) -> &'static str {
    match why {
        Disbelief::Untrusted => "untrusted",
        Disbelief::NoToken => "no token",
        Disbelief::Issuer => "issuer",
        Disbelief::Claim => "claim",
    }
}

fn wrong(why: InvalidTenant) -> &'static str {
    match why {
        InvalidTenant::Malformed => "malformed",
        InvalidTenant::Pattern => "pattern",
        InvalidTenant::List => "list",
        InvalidTenant::Excess => "excess",
    }
}

//! `repair`: the memory of contexts by trace id.

use crate::repair::{Repair, TraceHeader};
use crate::request::Role;

use super::node::{Node, Object};

/// 512 slots of a kilobyte at most, to 65,536: a proxy's concurrent requests, with room for those that linger.
const SLOTS: std::ops::RangeInclusive<u64> = 64..=65_536;
const DEFAULT_SLOTS: u64 = 4096;
/// Seconds: from zero to the longest time that a call may follow its request.
const LINGER: std::ops::RangeInclusive<u64> = 0..=300;
const DEFAULT_LINGER: u64 = 5;

/// `None` at an edge, where clients choose trace ids, and at a waypoint, which has no outbound requests.
pub(super) fn read(config: &Object<'_>, role: Role) -> Option<Repair> {
    let node = config.field("repair")?;
    let why = match role {
        Role::Edge => Some("repairs nothing at an edge, where clients choose the trace ids; move it to the mesh"),
        Role::Waypoint => Some(
            "repairs nothing at a waypoint: no request is outbound there, and its replicas share no memory; let applications forward the context, or repair at sidecars, with role: mesh",
        ),
        Role::Mesh => None,
    };
    if let Some(why) = why {
        node.mistake(why);
        return None;
    }
    let repair = node.object(&["by", "slots", "lingerSeconds"])?;
    let by = repair.required_list("by", "name headers that applications forward, as in [traceparent, x-request-id]");
    let mut headers = Vec::new();
    for entry in by {
        read_header(&entry, &mut headers);
    }
    let slots = repair.field("slots").map_or(Some(DEFAULT_SLOTS), |node| node.whole(&SLOTS));
    let linger = repair.field("lingerSeconds").map_or(Some(DEFAULT_LINGER), |node| node.whole(&LINGER));
    Some(Repair::new(headers, slots?, linger?))
}

fn read_header(entry: &Node<'_>, headers: &mut Vec<TraceHeader>) {
    let Some(header) = entry.word(&TraceHeader::words()) else { return };
    if headers.contains(&header) {
        entry.mistake("is named already; leave it out");
    }
    headers.push(header);
}

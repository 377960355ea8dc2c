//! `verified`.

use crate::read::evidence::Verified;

use super::draft::Draft;
use super::node::{Node, Object};

/// The key under which Istio's RequestAuthentication stores the payload.
const PAYLOAD: &str = "payload";

/// The tokens that count; required if a source needs one.
pub(super) fn read(config: &Object<'_>, draft: &mut Draft) -> Verified {
    let Some(node) = config.field("verified") else {
        if let (Some(path), false) = (&draft.needs_verified, draft.admits_issuers) {
            let remedy =
                format!("{path} needs it; name the issuers that count, as in {{issuers: [https://idp.example.com]}}");
            config.required("verified", &remedy);
        }
        return none();
    };
    warn_of_idle(&node, draft);
    read_object(&node, draft).unwrap_or_else(none)
}

/// Warns of settings that no source needs, in any role.
fn warn_of_idle(node: &Node<'_>, draft: &Draft) {
    if draft.needs_verified.is_none() && !draft.admits_issuers {
        node.warn("decides nothing, because no source needs a token; leave it out");
    } else if !draft.trusts_verified && node.value.get("claim").is_some() {
        node.warn("narrows nothing by its claim, which is for sources with trust: verified and not for claims; leave out claim and anyOf");
    }
}

/// Without `verified` no token counts.
fn none() -> Verified {
    Verified { payload: PAYLOAD.into(), issuers: Vec::new(), narrowed: None }
}

fn read_object(node: &Node<'_>, draft: &mut Draft) -> Option<Verified> {
    let verified = node.object(&["payload", "issuers", "claim", "anyOf"])?;
    let payload = verified.field("payload").map_or(Some(PAYLOAD), |node| read_key(&node));
    let remedy = "name the accepted values of iss, as in [https://idp.example.com]";
    let issuers = match draft.admits_issuers && verified.field("issuers").is_none() {
        true => Vec::new(),
        false => verified.required_list("issuers", remedy),
    };
    for issuer in issuers
        .iter()
        .filter(|issuer| issuer.value.as_str().is_some_and(|text| text.bytes().any(|byte| b"*{".contains(&byte))))
    {
        issuer.warn("is compared byte for byte; a pattern for issuers is a source, as in tenant.from: [{issuer: \"https://a.com/{tenant}\"}]");
    }
    let issuers = texts(&issuers);
    let narrowed = match (verified.field("claim"), verified.field("anyOf")) {
        (None, None) => None,
        (Some(claim), Some(_)) => {
            let any_of = verified.required_list("anyOf", "name the values of which the claim has to hold one");
            draft.claim(&claim).zip(Some(texts(&any_of)))
        }
        _ => {
            node.mistake("claim and anyOf go together; write both or neither");
            None
        }
    };
    Some(Verified { payload: payload?.into(), issuers, narrowed })
}

fn read_key<'c>(node: &Node<'c>) -> Option<&'c str> {
    let key = node.text()?;
    // The host separates segments by a zero byte.
    let fits = !key.is_empty() && !key.contains('\0');
    if !fits {
        node.mistake(format!("expected the value of payload_in_metadata, found {key:?}"));
    }
    fits.then_some(key)
}

fn texts(nodes: &[Node<'_>]) -> Vec<Box<str>> {
    let text = |node: &Node<'_>| {
        let text = node.text()?;
        if text.is_empty() {
            node.mistake("is empty; name a value");
        }
        Some(text.into())
    };
    nodes.iter().filter_map(text).collect()
}

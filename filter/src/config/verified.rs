//! `verified`.

use crate::read::evidence::Verified;

use super::draft::Draft;
use super::node::{Node, Object};

/// Which tokens count; has to be said where one of them decides anything.
pub(super) fn read(config: &Object<'_>, draft: &mut Draft) -> Verified {
    let Some(node) = config.field("verified") else {
        if let Some(path) = &draft.needs_verified {
            let remedy =
                format!("{path} needs it; name the issuers that count, as in {{issuers: [https://idp.example.com]}}");
            config.required("verified", &remedy);
        }
        return Verified::default();
    };
    read_object(&node, draft).unwrap_or_default()
}

fn read_object(node: &Node<'_>, draft: &mut Draft) -> Option<Verified> {
    let verified = node.object(&["issuers", "claim", "anyOf"])?;
    let issuers = verified.required_list("issuers", "name the accepted values of iss, as in [https://idp.example.com]");
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
    Some(Verified { issuers, narrowed })
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

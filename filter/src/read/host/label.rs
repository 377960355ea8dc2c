//! One label of a host pattern.

use crate::bytes::text::cut;

use super::is_label;

/// The longest label of a name (RFC 1035 §2.3.4). It bounds what a search for text behind a `*` costs.
const MAX_LABEL_BYTES: usize = 63;

const PLACEHOLDER: &[u8] = b"{tenant}";

/// A label of a host pattern.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Label {
    /// In lower case.
    Literal(Box<[u8]>),
    /// A variable middle between two texts, which may be empty and may contain `*` themselves.
    Open { before: Affix, middle: Middle, after: Affix },
}

/// The text between the affixes of a label: everything that they leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Middle {
    /// `{tenant}`.
    Tenant,
    /// The last `*` of a label without it.
    Any,
}

/// A beginning or an end of a label, in lower case: one piece, and more towards the middle, a `*` before each. A `*` takes at
/// least one byte, and as little as it can.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Affix {
    outer: Box<[u8]>,
    /// From the outer one on; none of them is empty.
    inner: Vec<Box<[u8]>>,
}

impl Label {
    pub(super) fn parse(label: &[u8]) -> Result<Self, &'static str> {
        let (before, after) = cut(label, PLACEHOLDER);
        let text = [before, after.unwrap_or_default()].concat();
        if !text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_*".contains(byte)) {
            return Err(
                "has a label of other bytes than letters, digits and hyphens; the placeholder is {tenant}, in lower case",
            );
        }
        let (before, middle, after) = match (after, label.iter().rposition(|byte| *byte == b'*')) {
            (Some(after), _) => (before, Middle::Tenant, after),
            (None, Some(at)) => {
                let (before, after) = label.split_at_checked(at).unwrap_or_default();
                (before, Middle::Any, after.get(1..).unwrap_or_default())
            }
            (None, None) if label.is_empty() => {
                return Err("has an empty label; write the name without a leading, double or trailing dot");
            }
            (None, None) => return Ok(Self::Literal(lower(label))),
        };
        let pieces = |text: &'_ [u8]| text.split(|byte| *byte == b'*').map(lower).collect::<Vec<_>>();
        let (before, mut after) = (pieces(before), pieces(after));
        after.reverse();
        Ok(Self::Open { before: Affix::new(before)?, middle, after: Affix::new(after)? })
    }

    pub(super) fn names_tenant(&self) -> bool {
        matches!(self, Self::Open { middle: Middle::Tenant, .. })
    }
}

fn lower(text: &[u8]) -> Box<[u8]> {
    text.to_ascii_lowercase().into_boxed_slice()
}

impl Affix {
    /// Text with a `*` between its pieces, the outer one first.
    fn new(pieces: Vec<Box<[u8]>>) -> Result<Self, &'static str> {
        let mut pieces = pieces.into_iter();
        let (outer, inner) = (pieces.next().unwrap_or_default(), pieces.collect::<Vec<_>>());
        if inner.iter().any(|piece| piece.is_empty()) {
            // Nothing would tell where the one ends and the other begins.
            return Err(
                "has \"*\" beside another \"*\" or {tenant}; write text between them, as in \"{tenant}--*.example.com\"",
            );
        }
        Ok(Self { outer, inner })
    }

    fn is_empty(&self) -> bool {
        self.outer.is_empty() && self.inner.is_empty()
    }

    /// What is left of a text that begins so.
    fn strip_front<'a>(&self, text: &'a [u8]) -> Option<&'a [u8]> {
        let (head, mut rest) = text.split_at_checked(self.outer.len())?;
        for piece in &self.inner {
            let behind = rest.get(1..)?;
            let at = behind.windows(piece.len().max(1)).position(|window| window.eq_ignore_ascii_case(piece))?;
            rest = behind.get(at..)?.get(piece.len()..)?;
        }
        head.eq_ignore_ascii_case(&self.outer).then_some(rest)
    }

    /// The same of one that ends so.
    fn strip_back<'a>(&self, text: &'a [u8]) -> Option<&'a [u8]> {
        let (mut rest, tail) = text.split_at_checked(text.len().checked_sub(self.outer.len())?)?;
        for piece in &self.inner {
            let (_, before) = rest.split_last()?;
            let at = before.windows(piece.len().max(1)).rposition(|window| window.eq_ignore_ascii_case(piece))?;
            rest = before.get(..at)?;
        }
        tail.eq_ignore_ascii_case(&self.outer).then_some(rest)
    }
}

impl Middle {
    /// What stands between these texts in a label; `None` if they are not there, or a `*` would take what no host holds.
    pub(super) fn of<'a>(self, label: &'a [u8], before: &Affix, after: &Affix) -> Option<&'a [u8]> {
        if before.is_empty() && after.is_empty() {
            return self.checked(label);
        }
        let is_searched = !before.inner.is_empty() || !after.inner.is_empty();
        if is_searched && (label.len() > MAX_LABEL_BYTES || !is_label(label)) {
            return None;
        }
        self.checked(after.strip_back(before.strip_front(label)?)?)
    }

    /// What a `*` takes is a label by itself; a tenant is looked at once it is known.
    fn checked(self, middle: &[u8]) -> Option<&[u8]> {
        match self {
            Self::Tenant => Some(middle),
            Self::Any => is_label(middle).then_some(middle),
        }
    }
}

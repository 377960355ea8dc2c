//! What became of each header line between two places on the way.

use tenancy::Line;

/// What became of a header line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It goes on unchanged.
    Kept,
    /// It ends here.
    Stripped,
    /// It begins here.
    Written,
}

impl Change {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Stripped => "stripped",
            Self::Written => "written",
        }
    }
}

/// The lines of both places: those before in their order, then those that are only there afterwards.
pub(crate) fn changes<'l>(before: &'l [Line], after: &'l [Line]) -> Vec<(Change, &'l Line)> {
    let mut left: Vec<_> = after.iter().collect();
    let mut changes = Vec::new();
    for line in before {
        match left.iter().position(|other| *other == line) {
            Some(at) => {
                left.remove(at);
                changes.push((Change::Kept, line));
            }
            None => changes.push((Change::Stripped, line)),
        }
    }
    changes.extend(left.into_iter().map(|line| (Change::Written, line)));
    changes
}

#[cfg(test)]
mod tests {
    use super::Change::{Kept, Stripped, Written};
    use super::*;

    #[test]
    fn each_line_counts_once() {
        let line = |text: &str| (b"x-a".to_vec(), text.as_bytes().to_vec());
        let (before, after) = ([line("1"), line("1"), line("2")], [line("1"), line("3")]);
        let told: Vec<_> = changes(&before, &after).into_iter().map(|(change, line)| (change, &line.1[..])).collect();
        assert_eq!(told, [(Kept, &b"1"[..]), (Stripped, b"1"), (Stripped, b"2"), (Written, b"3")]);
    }
}

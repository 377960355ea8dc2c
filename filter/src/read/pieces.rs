//! Values that share a line with others: cookies, parameters of a query, members of baggage.
//!
//! However many of them sources ask for, each line is read once.

use std::borrow::Cow;
use std::collections::BinaryHeap;

use smallvec::SmallVec;

use crate::bytes::text::cut;

/// Names that sources ask for, each with a number.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    /// In order.
    numbered: Vec<(Box<str>, u16)>,
    /// A bit for each length, the last for 63 bytes and more: most names are nobody's.
    lengths: u64,
}

impl Keys {
    /// The number of a name, which it gets if it has none.
    pub(crate) fn number(&mut self, name: &str) -> u16 {
        match self.place(name.as_bytes()) {
            Ok(place) => self.numbered.get(place).map_or(0, |(_, number)| *number),
            Err(place) => {
                let number = u16::try_from(self.numbered.len()).unwrap_or(u16::MAX);
                self.numbered.insert(place, (name.into(), number));
                self.lengths |= Self::bit(name.len());
                number
            }
        }
    }

    fn find(&self, name: &[u8]) -> Option<u16> {
        if self.lengths & Self::bit(name.len()) == 0 {
            return None;
        }
        self.numbered.get(self.place(name).ok()?).map(|(_, number)| *number)
    }

    fn place(&self, name: &[u8]) -> Result<usize, usize> {
        let order = |known: &[u8]| known.len().cmp(&name.len()).then_with(|| known.cmp(name));
        self.numbered.binary_search_by(|(known, _)| order(known.as_bytes()))
    }

    fn bit(length: usize) -> u64 {
        1 << length.min(63)
    }
}

/// What the pieces of a line look like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    pub(crate) separator: &'static [u8],
    /// The name of a piece; `None` if it has none.
    pub(crate) name: for<'p> fn(&'p [u8]) -> Option<Cow<'p, [u8]>>,
}

/// Where a piece stands. In the order of these, the values of each key are together, as they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    key: u16,
    line: u16,
    at: u32,
}

/// The pieces with names that are asked for.
#[derive(Debug)]
pub(crate) struct Pieces<'a> {
    form: Form,
    places: SmallVec<[Place; 4]>,
    lines: SmallVec<[&'a [u8]; 2]>,
}

impl<'a> Pieces<'a> {
    /// Reads lines, in the order of whose values matters.
    pub(crate) fn read(keys: &Keys, form: Form, lines: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut pieces = Self { form, places: SmallVec::new(), lines: lines.collect() };
        for number in 0..pieces.lines.len() {
            pieces.read_line(keys, number);
        }
        pieces.sort();
        pieces
    }

    /// Lines after the first 65,535 and bytes after the first 4 GiB are not read.
    fn read_line(&mut self, keys: &Keys, number: usize) {
        let Some(line) = self.lines.get(number).copied() else { return };
        let mut rest = Some(line);
        while let Some(text) = rest {
            let (piece, after) = cut(text, self.form.separator);
            rest = after;
            let Some(key) = (self.form.name)(piece).and_then(|name| keys.find(&name)) else { continue };
            let at = line.len().saturating_sub(text.len());
            if let (Ok(line), Ok(at)) = (u16::try_from(number), u32::try_from(at)) {
                self.push(Place { key, line, at });
            }
        }
    }

    /// Most requests bring their pieces in order. A heap sorts the others in the same time as `sort_unstable`, with a
    /// twentieth of its code.
    fn sort(&mut self) {
        if !self.places.is_sorted() {
            let places = std::mem::take(&mut self.places).into_vec();
            self.places = BinaryHeap::from(places).into_sorted_vec().into();
        }
    }

    /// What grows by doubling holds three times as much at the worst moment; all that may come is not more than twice the
    /// bytes of the lines.
    fn push(&mut self, place: Place) {
        if self.places.len() == self.places.capacity() {
            let separators = |line: &&[u8]| line.iter().filter(|byte| self.form.separator.contains(byte)).count();
            let most: usize = self.lines.iter().map(separators).fold(self.lines.len(), usize::saturating_add);
            self.places.reserve_exact(most.saturating_sub(self.places.len()));
        }
        self.places.push(place);
    }

    /// The pieces of a key, in order, each with the number of its line.
    pub(crate) fn of(&self, key: u16) -> impl Iterator<Item = (usize, &'a [u8])> {
        let start = self.places.partition_point(|place| place.key < key);
        let places = self.places.get(start..).unwrap_or_default().iter().take_while(move |place| place.key == key);
        places.filter_map(|Place { line, at, .. }| {
            let number = usize::from(*line);
            let rest = self.lines.get(number)?.get(usize::try_from(*at).ok()?..)?;
            Some((number, cut(rest, self.form.separator).0))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_pieces_of_all_lines_in_order() {
        let mut keys = Keys::default();
        let [b, a, absent] = ["b", "a", "c"].map(|name| keys.number(name));
        assert_eq!(keys.number("a"), a, "one number a name");
        let name = |piece: &'_ [u8]| -> Option<Cow<'static, [u8]>> { Some(piece.get(..1)?.to_vec().into()) };
        let form = Form { separator: b";", name };
        let lines = [&b"b1;a1;x;b2;;a2"[..], b"a3;b3"];
        let pieces = Pieces::read(&keys, form, lines.into_iter());
        assert!(pieces.of(a).eq([(0, &b"a1"[..]), (0, b"a2"), (1, b"a3")]));
        assert!(pieces.of(b).eq([(0, &b"b1"[..]), (0, b"b2"), (1, b"b3")]));
        assert_eq!(pieces.of(absent).count(), 0);
    }
}

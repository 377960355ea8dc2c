//! A text compared with many at once.

/// A text with its value.
type Entry<T> = (Box<[u8]>, T);

/// Texts, each once, in order.
#[derive(Debug)]
pub(crate) struct Sorted<T>(Vec<Entry<T>>);

/// A look-up, byte by byte.
#[derive(Clone)]
pub(crate) struct Search<'k, T> {
    /// Those that begin with what came so far, in order: the shortest first.
    texts: &'k [Entry<T>],
    length: usize,
}

/// So many are passed over one by one.
const FEW: usize = 4;

impl<T> Default for Sorted<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Sorted<T> {
    /// Adds a text, unless it is there.
    pub(crate) fn insert(&mut self, text: Box<[u8]>, value: T) {
        if let Err(place) = self.0.binary_search_by(|(known, _)| known.cmp(&text)) {
            self.0.insert(place, (text, value));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, if they are so few that one after the other is sooner compared.
    pub(crate) fn few(&self) -> Option<&[Entry<T>]> {
        Some(&*self.0).filter(|texts| texts.len() <= FEW)
    }

    pub(crate) fn search(&self) -> Search<'_, T> {
        Search { texts: &self.0, length: 0 }
    }
}

impl<'k, T> Search<'k, T> {
    pub(crate) fn step(&mut self, byte: u8) {
        let at = self.length;
        self.length = at.saturating_add(1);
        let next = |(text, _): &Entry<T>| text.get(at).copied();
        let byte = Some(byte);
        let mut texts = self.texts;
        if texts.len() > FEW && (texts.first().and_then(next) != byte || texts.last().and_then(next) != byte) {
            let start = texts.partition_point(|text| next(text) < byte);
            let end = texts.partition_point(|text| next(text) <= byte);
            texts = texts.get(start..end).unwrap_or_default();
        }
        while let Some((_, rest)) = texts.split_first().filter(|(first, _)| next(first) < byte) {
            texts = rest;
        }
        while let Some((_, rest)) = texts.split_last().filter(|(last, _)| next(last) > byte) {
            texts = rest;
        }
        self.texts = texts;
    }

    /// Whether no text begins with the bytes so far.
    pub(crate) fn is_over(&self) -> bool {
        self.texts.is_empty()
    }

    /// The value of the text so far; `None` if it is not one of the texts, or empty.
    pub(crate) fn found(&self) -> Option<&'k T> {
        self.texts.first().filter(|(text, _)| text.len() == self.length).map(|(_, value)| value)
    }
}

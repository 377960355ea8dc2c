//! The syntax of patterns: what `regex` reads, without what no whole name needs.

/// A set of ASCII bytes. Names hold no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Set(u128);

/// A pattern, read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Expression {
    /// One byte of these.
    One(Set),
    /// One after the other.
    Sequence(Vec<Self>),
    Either(Vec<Self>),
    /// So many times, or any number from `least` on.
    Repeated {
        what: Box<Self>,
        least: usize,
        most: Option<usize>,
    },
}

/// The part that cannot be read, and its place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// In bytes.
    pub(super) at: usize,
    pub(super) why: &'static str,
}

/// Groups in groups.
const MAX_DEPTH: usize = 50;

/// Names have 63 bytes.
const MAX_COUNT: usize = 255;

const COUNT: &str = "a count is {2}, {2,} or {2,5}, at most 255; a brace itself is \\{";
const SET: &str = "a set has no closing bracket";

/// Reads a pattern.
pub(super) fn parse(text: &str) -> Result<Expression, Mistake> {
    let mut parser = Parser { text, at: 0, depth: 0, ignores_case: false };
    let expression = parser.either()?;
    match parser.peek() {
        None => Ok(expression),
        Some(_) => Err(parser.mistake("a closing parenthesis has no opening one")),
    }
}

impl Set {
    const NONE: Self = Self(0);
    const ALL: Self = Self(u128::MAX);

    /// Empty for a character that no name contains.
    fn of(character: char) -> Self {
        Self::range(character, character)
    }

    fn range(first: char, last: char) -> Self {
        (0..128u8).filter(|byte| (first..=last).contains(&char::from(*byte))).fold(Self::NONE, Self::with)
    }

    fn with(self, byte: u8) -> Self {
        Self(self.0 | 1u128.checked_shl(byte.into()).unwrap_or(0))
    }

    fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn inverted(self) -> Self {
        Self(!self.0)
    }

    pub(super) fn has(self, byte: u8) -> bool {
        Self::NONE.with(byte).0 & self.0 != 0
    }

    /// With each letter in both cases.
    fn in_both_cases(self) -> Self {
        let letters = (0..128u8).filter(|byte| byte.is_ascii_alphabetic() && self.has(*byte));
        letters.fold(self, |set, byte| set.with(byte.to_ascii_lowercase()).with(byte.to_ascii_uppercase()))
    }
}

struct Parser<'p> {
    text: &'p str,
    at: usize,
    depth: usize,
    /// As `(?i)` asks.
    ignores_case: bool,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at = self.at.saturating_add(next.len_utf8());
        Some(next)
    }

    /// Whether this comes next; skips it if so.
    fn takes(&mut self, text: &str) -> bool {
        let is_next = self.rest().starts_with(text);
        if is_next {
            self.at = self.at.saturating_add(text.len());
        }
        is_next
    }

    fn mistake(&self, why: &'static str) -> Mistake {
        Mistake { at: self.at, why }
    }

    /// Alternatives up to the end of a group, or of all.
    fn either(&mut self) -> Result<Expression, Mistake> {
        let ignores_case = self.ignores_case;
        let mut ways = vec![self.sequence()?];
        while self.takes("|") {
            ways.push(self.sequence()?);
        }
        self.ignores_case = ignores_case;
        Ok(Expression::Either(ways))
    }

    fn sequence(&mut self) -> Result<Expression, Mistake> {
        let mut parts = Vec::new();
        // A whole name is matched anyway.
        if self.depth == 0 {
            self.takes("^");
        }
        while let Some(next) = self.peek() {
            match next {
                '|' | ')' => break,
                '$' if self.depth == 0 && (self.rest() == "$" || self.rest().starts_with("$|")) => {
                    self.next();
                    break;
                }
                '(' if self.takes("(?i)") => self.ignores_case = true,
                _ => {
                    let part = self.part()?;
                    parts.push(self.repeated(part)?);
                }
            }
        }
        Ok(Expression::Sequence(parts))
    }

    /// What a repetition may follow.
    fn part(&mut self) -> Result<Expression, Mistake> {
        let start = self.at;
        let at_start = |why| Err(Mistake { at: start, why });
        let set = match self.next() {
            Some('(') => return self.group(start),
            Some('[') => self.set(start)?,
            Some('\\') => self.escape(start)?,
            Some('.') => Set::ALL,
            Some('*' | '+' | '?' | '{') => return at_start("a repetition has nothing before it"),
            Some('^' | '$') => return at_start("an anchor stands inside; the whole name is matched, so leave it out"),
            Some(other) => Set::of(other),
            None => Set::NONE,
        };
        Ok(Expression::One(if self.ignores_case { set.in_both_cases() } else { set }))
    }

    fn group(&mut self, start: usize) -> Result<Expression, Mistake> {
        let at_start = |why| Mistake { at: start, why };
        let ignores_case = self.ignores_case;
        if ["?=", "?!", "?<=", "?<!"].iter().any(|kind| self.rest().starts_with(kind)) {
            return Err(at_start("look-around is not supported"));
        }
        if self.takes("?i:") {
            self.ignores_case = true;
        } else if !self.takes("?:") && self.peek() == Some('?') {
            return Err(at_start("a group begins with (, (?: or (?i: and has no name and no other flag"));
        }
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            return Err(at_start("groups stand too deep in one another"));
        }
        let inner = self.either()?;
        self.depth = self.depth.saturating_sub(1);
        self.ignores_case = ignores_case;
        if self.takes(")") { Ok(inner) } else { Err(at_start("a group has no closing parenthesis")) }
    }

    /// A part with what stands behind it: any number of repetitions, each lazy or not, which a whole match does not tell apart.
    fn repeated(&mut self, mut what: Expression) -> Result<Expression, Mistake> {
        loop {
            let (least, most) = match self.peek() {
                Some('*') => (0, None),
                Some('+') => (1, None),
                Some('?') => (0, Some(1)),
                Some('{') => self.count()?,
                _ => return Ok(what),
            };
            self.next();
            self.takes("?");
            what = Expression::Repeated { what: Box::new(what), least, most };
        }
    }

    /// `{2}`, `{2,}` or `{2,5}`, up to its closing brace.
    fn count(&mut self) -> Result<(usize, Option<usize>), Mistake> {
        let mistake = self.mistake(COUNT);
        let Some((inner, _)) = self.rest().strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
            return Err(mistake);
        };
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let number = |text: &str| text.parse().ok().filter(|number| is_number(text) && *number <= MAX_COUNT);
        let (least, most) = match inner.split_once(',') {
            None => (number(inner), Some(number(inner))),
            Some((least, "")) => (number(least), None),
            Some((least, most)) => (number(least), Some(number(most))),
        };
        let read = match (least, most) {
            (Some(least), None) => Some((least, None)),
            (Some(least), Some(Some(most))) if least <= most => Some((least, Some(most))),
            (Some(_) | None, _) => None,
        };
        self.at = self.at.saturating_add(inner.len()).saturating_add(1);
        read.ok_or(mistake)
    }

    /// The set after its opening bracket.
    fn set(&mut self, start: usize) -> Result<Set, Mistake> {
        let is_inverted = self.takes("^");
        let mut set = if self.takes("]") { Set::of(']') } else { Set::NONE };
        loop {
            if self.takes("]") {
                return Ok(if is_inverted { self.cased(set).inverted() } else { set });
            }
            set = set.or(self.item(start)?);
        }
    }

    fn cased(&self, set: Set) -> Set {
        if self.ignores_case { set.in_both_cases() } else { set }
    }

    /// A byte, a range or an escape within a set.
    fn item(&mut self, start: usize) -> Result<Set, Mistake> {
        let before = self.at;
        if ["[", "&&", "--", "~~"].iter().any(|kind| self.rest().starts_with(kind)) {
            return Err(self.mistake("a set holds bytes, ranges and \\d, \\w, \\s; neither sets nor operations"));
        }
        let first = self.next().ok_or(Mistake { at: start, why: SET })?;
        if first == '\\' {
            let escaped = self.escape(before)?;
            if self.rest().starts_with('-') && !self.rest().starts_with("-]") {
                return Err(Mistake { at: before, why: "a range begins and ends with a character itself" });
            }
            return Ok(escaped);
        }
        if !self.rest().starts_with('-') || self.rest().starts_with("-]") {
            return Ok(Set::of(first));
        }
        self.next();
        match self.next() {
            Some(last) if first <= last && last != '\\' && last != '[' => Ok(Set::range(first, last)),
            Some(_) => {
                Err(Mistake { at: before, why: "a range begins and ends with a character itself, in their order" })
            }
            None => Err(Mistake { at: start, why: SET }),
        }
    }

    /// The escape after a backslash.
    fn escape(&mut self, start: usize) -> Result<Set, Mistake> {
        let digits = Set::range('0', '9');
        let words = digits.or(Set::range('a', 'z')).or(Set::range('A', 'Z')).or(Set::of('_'));
        let blanks = " \t\n\r\u{b}\u{c}".chars().map(Set::of).fold(Set::NONE, Set::or);
        let why = match self.next() {
            Some('d') => return Ok(digits),
            Some('D') => return Ok(digits.inverted()),
            Some('w') => return Ok(words),
            Some('W') => return Ok(words.inverted()),
            Some('s') => return Ok(blanks),
            Some('S') => return Ok(blanks.inverted()),
            Some(mark) if mark.is_ascii_punctuation() && !matches!(mark, '<' | '>') => return Ok(Set::of(mark)),
            Some('1'..='9') => "backreferences are not supported",
            Some(_) => "this escape is not known; \\d, \\w, \\s and those of punctuation are",
            None => "a backslash escapes nothing",
        };
        Err(Mistake { at: start, why })
    }
}

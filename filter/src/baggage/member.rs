//! The grammar of W3C Baggage: list-members, their keys and values.
//!
//! W3C Baggage, "Definition": `list-member = key OWS "=" OWS value *( OWS ";" OWS property )`.

use std::borrow::Cow;

use crate::bytes::grammar::{Bytes, is_token};
use crate::bytes::percent::decode;
use crate::bytes::text::{cut, elements, split, trim};

/// A key of ours: a token, so configured that no spelling of it needs an escape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key(pub(crate) Box<str>);

/// One list-member, without the white space around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member<'a> {
    /// The whole member with its properties, to pass on byte for byte.
    pub(crate) text: &'a [u8],
    /// The text before the first `=` or `;`, valid or not.
    pub(crate) key: &'a [u8],
    value: Option<&'a [u8]>,
    properties: Option<&'a [u8]>,
    /// Whether it is known to keep to the grammar.
    is_plain: bool,
}

/// The list-members of a line; empty list elements are passed over (RFC 9110 §5.6.1.2).
pub(crate) fn members(line: &[u8]) -> impl Iterator<Item = Member<'_>> {
    elements(line).map(Member::parse)
}

/// The key of a list element, which may be no member.
pub(crate) fn key_of(element: &[u8]) -> &[u8] {
    let end = element.iter().position(|byte| matches!(byte, b'=' | b';'));
    trim(end.and_then(|end| element.get(..end)).unwrap_or(element))
}

/// The value of a list element, decoded; `None` for what is no member.
pub(crate) fn value_of(element: &[u8]) -> Option<Cow<'_, [u8]>> {
    Member::parse(trim(element)).value()
}

/// The same, but for a member with a property of a name that belongs into the value: the member is returned as it is.
pub(crate) fn whole_value_of<'a>(
    element: &'a [u8],
    belongs: fn(&[u8]) -> bool,
) -> Option<Result<Cow<'a, [u8]>, &'a [u8]>> {
    let member = Member::parse(trim(element));
    let name = |property| trim(cut(property, b"=").0);
    let is_part = member.properties.is_some_and(|properties| split(properties, b";").map(name).any(belongs));
    member.value().map(|value| if is_part { Err(member.text) } else { Ok(value) })
}

impl<'a> Member<'a> {
    fn parse(text: &'a [u8]) -> Self {
        Self::plain(text).unwrap_or_else(|| Self::general(text))
    }

    /// `key=value` and no more, which is valid: most members, and each of their bytes is looked at once.
    fn plain(text: &'a [u8]) -> Option<Self> {
        let (key, rest) = text.split_at_checked(text.iter().position(|byte| !Bytes::TOKEN.has(*byte))?)?;
        let value = rest.strip_prefix(b"=").filter(|value| Bytes::OCTET.hold(value) && !key.is_empty())?;
        Some(Self { text, key, value: Some(value), properties: None, is_plain: true })
    }

    fn general(text: &'a [u8]) -> Self {
        let (pair, properties) = cut(text, b";");
        let (key, value) = cut(pair, b"=");
        Self { text, key: trim(key), value: value.map(trim), properties, is_plain: false }
    }

    /// Whether the member keeps to the grammar; an empty property is tolerated.
    pub(crate) fn is_valid(&self) -> bool {
        let are_properties = |list| split(list, b";").all(|text| is_property(trim(text)));
        self.is_plain
            || (is_token(self.key) && self.value.is_some_and(is_value) && self.properties.is_none_or(are_properties))
    }

    /// The value, percent-decoded; a plus is a plus. `None` for a member outside the grammar.
    pub(crate) fn value(&self) -> Option<Cow<'a, [u8]>> {
        self.value.filter(|_| self.is_valid()).map(decode)
    }
}

/// `*baggage-octet` with whole percent escapes: printable ASCII without `"`, `,`, `;`, `\`.
fn is_value(text: &[u8]) -> bool {
    Bytes::OCTET.hold(text) || is_escaped(text)
}

/// The same where there are escapes.
fn is_escaped(text: &[u8]) -> bool {
    let mut parts = split(text, b"%");
    let begins_with_digits = |after: &[u8]| after.get(..2).is_some_and(|pair| Bytes::HEXADECIMAL.hold(pair));
    parts.next().is_some_and(|plain| Bytes::OCTET.hold(plain))
        && parts.all(|after| begins_with_digits(after) && Bytes::OCTET.hold(after))
}

/// `property = key [ OWS "=" OWS value ]`, or empty.
fn is_property(text: &[u8]) -> bool {
    let (key, value) = cut(text, b"=");
    text.is_empty() || (is_token(trim(key)) && value.is_none_or(|value| is_value(trim(value))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(text: &str) -> Member<'_> {
        let mut found = members(text.as_bytes());
        let member = found.next().expect("a member");
        assert!(found.next().is_none(), "one member");
        member
    }

    #[test]
    fn keeps_to_the_grammar() {
        for valid in
            ["a=1", "a=", "a==", "a = 1 ; p", "a=1;p=2;q", "a=1;", "a=1;;p", "a=%20", "a=1+1/2", "a=1;p=a=b", "a=1;%zz"]
        {
            assert!(only(valid).is_valid(), "{valid}");
        }
        for invalid in [
            "a",
            "=1",
            "a b=1",
            "a=1 2",
            "a=\"1\"",
            "a=\\",
            "a=%",
            "a=%2",
            "a=%GG",
            "a=1;p=%GG",
            "a=1;p q",
            "a=1;=2",
            "a=\u{e9}",
            "k\u{e9}=1",
            "a;p=1",
            "a=1;p=\"",
        ] {
            assert!(!only(invalid).is_valid(), "{invalid}");
            assert!(only(invalid).value().is_none(), "{invalid}");
        }
    }

    /// Every text of up to six of the bytes that matter.
    #[test]
    fn a_plain_member_is_what_it_would_be_among_any() {
        let mut texts = vec![Vec::new()];
        for _ in 0..6 {
            let longer = |text: &Vec<u8>| b"a=;% \"".map(|byte| [text, &[byte][..]].concat());
            texts.extend(texts.iter().flat_map(longer).collect::<Vec<_>>());
        }
        let mut plain = 0;
        for text in texts.iter().map(|text| trim(text)) {
            let (member, general) = (Member::parse(text), Member::general(text));
            let read = |member: Member<'_>| (member.is_valid(), member.value().map(Cow::into_owned));
            assert_eq!((member.key, read(member)), (general.key, read(general)), "{text:?}");
            plain += usize::from(member.is_plain);
        }
        assert!(plain > 0 && plain < texts.len());
    }

    #[test]
    fn reads_a_value_decoded_once() {
        for (text, value) in [
            ("a=1;p", "1"),
            (" a\t= b=c ", "b=c"),
            ("a=%66eat%2Dx", "feat-x"),
            ("a=%2566", "%66"),
            ("a=1+1", "1+1"),
            ("a=caf%C3%A9", "caf\u{e9}"),
        ] {
            assert_eq!(only(text).value().as_deref(), Some(value.as_bytes()), "{text}");
        }
    }

    #[test]
    fn passes_over_empty_elements() {
        let keys: Vec<_> = members(b" ,a=1,,\t, b=2,").map(|member| member.key).collect();
        assert_eq!(keys, [b"a", b"b"]);
    }
}

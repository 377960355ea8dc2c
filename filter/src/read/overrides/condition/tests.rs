//! One table for what conditions are, and one for when they hold.

use super::*;

/// What a text becomes in the canonical form.
fn canonical(text: &str, when: &str) -> Option<String> {
    Conditions::parse(text.as_bytes(), when).map(|conditions| String::from_utf8(conditions.0).unwrap())
}

#[test]
fn conditions_lose_white_space_and_nothing_else() {
    for (text, when, expected) in [
        ("method=POST", ";", "method=POST"),
        ("caller=foo;method=PUT|POST", ";", "caller=foo;method=PUT|POST"),
        (" method\t= ! POST |PUT ; caller =foo ", ";", "method=!POST|PUT;caller=foo"),
        ("method=post|POST|post", ";", "method=post|POST|post"),
        ("caller=Foo_1.ns-x", ";", "caller=Foo_1.ns-x"),
        ("method=POST?caller=!foo", "?", "method=POST;caller=!foo"),
        ("method=POST && caller=foo", " && ", "method=POST;caller=foo"),
        ("method=M-SEARCH", ";", "method=M-SEARCH"),
        ("method=A|B|C|D|E|F|G|H", ";", "method=A|B|C|D|E|F|G|H"),
    ] {
        assert_eq!(canonical(text, when).as_deref(), Some(expected), "{text:?}");
        assert_eq!(canonical(expected, ";").as_deref(), Some(expected), "the canonical form is its own");
    }
}

#[test]
fn what_is_unknown_or_malformed_is_none() {
    let [long, longest] = [254, 253].map(|length| format!("caller={}", "a".repeat(length)));
    for text in [
        "",
        " ",
        ";",
        "method=POST;",
        ";method=POST",
        "method=POST;;caller=foo",
        "method",
        "method=",
        "method=!",
        "method=!!POST",
        "method=POST|",
        "method=|POST",
        "method=POST||PUT",
        "method=POST|!PUT",
        "method=PO ST",
        "method=P\u{d6}ST",
        "method=PO+ST",
        "method==POST",
        "METHOD=POST",
        "Caller=foo",
        "tenant=a",
        "=foo",
        "caller=a/b",
        "caller=foo;tenant=a",
        "method=POST;method=PUT",
        "caller=foo;method=POST;caller=!foo",
        "method=A|B|C|D|E|F|G|H|I",
        &long,
    ] {
        assert_eq!(canonical(text, ";"), None, "{text:?}");
    }
    assert!(canonical(&longest, ";").is_some());
}

#[test]
fn all_of_them_have_to_hold() {
    use Unmet::{Caller, CallerUnknown, Method};
    let foo = Some("foo");
    for (text, method, caller, expected) in [
        ("method=POST", "POST", None, None),
        ("method=POST", "GET", foo, Some(Method)),
        ("method=POST", "post", foo, Some(Method)),
        ("method=POST", "POSTS", foo, Some(Method)),
        ("method=POST|PUT", "PUT", None, None),
        ("method=!POST|PUT", "PUT", None, Some(Method)),
        ("method=!POST|PUT", "GET", None, None),
        // What is not known is no reason to count.
        ("method=!POST", "", foo, Some(Method)),
        ("method=POST", "", foo, Some(Method)),
        ("caller=foo", "GET", foo, None),
        ("caller=FOO", "GET", foo, None),
        ("caller=foo", "GET", Some("Foo"), None),
        ("caller=foo", "GET", Some("foo.ns"), Some(Caller)),
        ("caller=bar|foo", "", foo, None),
        ("caller=!bar", "GET", foo, None),
        ("caller=!bar|foo", "GET", foo, Some(Caller)),
        ("caller=foo", "GET", None, Some(CallerUnknown)),
        ("caller=!bar", "GET", None, Some(CallerUnknown)),
        ("method=POST;caller=foo", "POST", foo, None),
        ("method=POST;caller=foo", "GET", foo, Some(Method)),
        ("caller=foo;method=POST", "POST", Some("bar"), Some(Caller)),
        // If the method does not match, the caller does not matter.
        ("caller=foo;method=POST", "GET", None, Some(Method)),
        ("caller=!foo;method=!GET", "POST", None, Some(CallerUnknown)),
    ] {
        let call = Call { method: method.as_bytes(), caller: caller.map(str::as_bytes) };
        let conditions = Conditions::parse(text.as_bytes(), ";").unwrap();
        assert_eq!(conditions.unmet(&call), expected, "{text:?} for {method:?} of {caller:?}");
    }
}

//! Mistakes in a list of sandboxes: what is wrong, where, and what to write instead.

use super::written_beside;

/// A list that is right.
const LIST: &str = r#"gateway: {name: gateway, namespace: edge}
backend: "{service}-{tenant}"
services:
  - {name: shop, namespace: shop, port: 8080, hosts: [www.example.com]}
  - {name: cart, namespace: shop, port: 8080}
sandboxes:
  - {name: feat-x, tenant: feat-x, deploys: [shop, cart]}
  - {name: feat-y, tenant: feat-y, deploys: [cart]}
"#;

#[test]
fn a_list_that_is_right_makes_routes() {
    let (code, out, summary) = written_beside(LIST, &[], &[]);
    assert!(code == 0 && out.starts_with("---\napiVersion: "), "{out}");
    assert_eq!(summary, "2 services, 2 sandboxes\n");
}

/// What was changed into what, where that is told, and how.
#[test]
fn each_mistake_is_shown_in_its_line_with_its_remedy() {
    let mut wrong = Vec::new();
    for (was, is, at, said) in [
        ("tenant: feat-y", "tenent: feat-y", "8:20", "unknown field; did you mean tenant? known here: name, tenant,"),
        ("hosts: [www", "host: [www", "4:47", "unknown field; did you mean hosts?"),
        ("sandboxes:", "sandboxs:", "6:1", "unknown field; did you mean sandboxes?"),
        ("port: 8080}", "port: \"8080\"}", "5:41", "is \"8080\"; write a port from 1 to 65535, without quotes"),
        ("port: 8080}", "port: 70000}", "5:41", "is the number 70000; write a port"),
        ("name: cart, ", "", "5:5", "missing; write {name: shop, namespace: shop, port: 8080}"),
        ("name: cart", "name: Cart", "5:12", "\"Cart\" is not a valid name; write 1 to 63 of a-z, 0-9 and -"),
        ("name: cart", "name: shop", "5:5", "shop.shop occurs here twice; keep one"),
        ("name: feat-y", "name: feat-x", "8:5", "feat-x occurs here twice; keep one"),
        ("name: feat-y", "name: stable", "8:12", "\"stable\" is reserved for all other requests; rename it"),
        ("tenant: feat-y, ", "", "8:5", "names neither a `tenant` nor a `version`"),
        ("tenant: feat-y", "tenant: 42", "8:28", "is the number 42; write \"42\", in quotes"),
        ("tenant: feat-y", "tenant: -a", "8:5", "\"-a\" is not a tenant for the filter: write 1 to 63 of"),
        ("tenant: feat-y", "tenant: Feat-Y", "8:46", "with no - at either end; write it in lower case"),
        ("name: feat-y", "name: Feat-Y", "8:12", "with no - at either end; write it in lower case"),
        ("tenant: feat-y", "tenant: feat-x", "8:46", "x-tenant: feat-x leads to the sandbox feat-x already"),
        (
            "[cart]",
            "[card]",
            "8:46",
            "\"card\" is not one of the services; did you mean cart? list it under `services` first",
        ),
        ("[cart]", "[cart, cart]", "8:52", "the sandbox feat-y deploys cart twice; keep one"),
        ("[cart]", "[]", "8:45", "is empty; write the names of its services, as in [shop]"),
        ("[cart]", "cart", "8:45", "is \"cart\"; write a list, as in [shop]"),
        (
            "[cart]",
            "[{service: cart, backend: a.b.c}]",
            "8:71",
            "\"a.b.c\" names no Service; write NAME or NAME.NAMESPACE",
        ),
        (
            "{service}-{tenant}",
            "{service}-{tenat}",
            "2:10",
            "{tenat} is not a placeholder; did you mean {tenant}? known here: {service},",
        ),
        ("{service}-{tenant}", "{service}-{tenant", "2:10", "has a { without }"),
        ("{service}-{tenant}", "version=", "2:10", "\"version=\" is not a label; write KEY=VALUE"),
        ("{service}-{tenant}", "{service}-{version}", "7:46", "needs a version for {version}; give the sandbox one"),
        (
            "backend: \"{service}-{tenant}\"\n",
            "",
            "6:46",
            "does not say where the sandbox's version is; give the file a `backend`",
        ),
        ("[www.example.com]", "[www]", "4:55", "\"www\" is not a host; write a full name in lower case"),
        (
            "gateway: {name: gateway, namespace: edge}\n",
            "",
            "1:1",
            "missing; services have hosts, so write {name: gateway,",
        ),
        (
            "gateway: {",
            "mesh: false\ngateway: {labels: {}, ",
            "2:19",
            "has no labels; write the labels of the gateway's pods",
        ),
        ("port: 8080}", "port: 8080, path: /a}", "5:53", "has no meaning without a host; add `hosts`"),
        ("port: 8080}", "port: 8080, hosts: [www.example.com]}", "5:5", "www.example.com/ occurs here twice"),
        (
            "port: 8080}",
            "port: 8080, hosts: [a.b, www.example.com], path: /a}",
            "4:5",
            "shares some of its `hosts` with cart",
        ),
        ("port: 8080, hosts", "port: 8080, path: a/, hosts", "4:53", "\"a/\" is not a path; write its prefix"),
        (
            "port: 8080}",
            "port: 8080, stable: \"{service}-{tenant}\"}",
            "5:55",
            "names a sandbox by {tenant} or {version}",
        ),
        (
            "{service}-{tenant}",
            "app={tenant}",
            "4:5",
            "stable: missing; the Service shop has the pods of its sandboxes, too",
        ),
        ("services:", "services: []\nb:", "3:11", "is empty; write the services that have versions in sandboxes"),
        ("services:", "services: &a 1\nb:", "3:11", "is the number 1; write a list"),
        ("services:", "services: [\nb:", "", "is not YAML"),
    ] {
        let list = LIST.replacen(was, is, 1);
        assert_ne!(list, LIST, "{was}");
        let (code, out, problem) = written_beside(&list, &[], &["--kind", "virtual-services"]);
        assert_eq!((code, out.as_str()), (2, ""), "{is}: {problem}");
        let place = format!("--> sandboxes.yaml:{at}");
        if !problem.contains(said) || !problem.contains(&place) {
            wrong.push(format!("{is}: {said:?} at {at} in {problem}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn all_mistakes_are_shown_at_once_in_the_order_of_their_lines() {
    let list = LIST.replace("name: cart", "name: C").replace("deploys", "deploy");
    let (_, _, problem) = written_beside(&list, &[], &[]);
    let lines: Vec<_> = problem.lines().filter_map(|line| line.trim().strip_prefix("--> sandboxes.yaml:")).collect();
    assert_eq!(lines.len(), 2, "{problem}");
    let places: Vec<_> =
        lines.iter().map(|place| place.split(':').map(|it| it.parse::<u32>().unwrap()).collect()).collect();
    assert!(places.is_sorted_by(|one: &Vec<_>, other| one < other), "{lines:?}");
}

#[test]
fn what_cannot_be_used_is_said() {
    let two = format!("{LIST}---\n{LIST}");
    for (list, arguments, said) in [
        (two.as_str(), &[][..], "holds 2 documents; write one"),
        (LIST, &["--configuration", "none.yaml"], "none.yaml: No such file"),
        (LIST, &["--config", "bad.yaml"], "the filter refuses the configuration"),
        (LIST, &["--prune", "-", "--deployed", "-"], "several arguments are `-`, but stdin can be read once"),
        (LIST, &["--backend", "{service}-{tenant}"], "cannot be used with"),
        (LIST, &["--label", "a"], "--deployed <FILE>"),
        (LIST, &["--kind", "match-tree"], "port: missing; Istio names virtual hosts by it"),
        (LIST, &["--kind", "match-tree"], "labels: missing; write those of the gateway's pods"),
    ] {
        let (code, out, problem) =
            written_beside(list, &[("bad.yaml", "version: 1\nrole: edge\nstrip: [a b]\n")], arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{problem}");
        assert!(problem.contains(said), "{said:?} in {problem}");
    }
    let (code, _, problem) = written_beside("mesh: false\nservices: [{name: a, namespace: b, port: 1}]\n", &[], &[]);
    assert!(code == 2 && problem.contains("routes nothing: `mesh` is false"), "{problem}");
}

#[test]
fn a_mistake_that_is_everywhere_is_shown_once() {
    let list = LIST.replace("{service}-{tenant}", "{service}-{version}");
    let (_, _, problem) = written_beside(&list, &[], &[]);
    assert_eq!(problem.matches("error: ").count(), 1, "{problem}");
    assert!(problem.ends_with("\nthe same: sandboxes[0].deploys[1], sandboxes[1].deploys[0]\n"), "{problem}");
}

/// What is written as `tenent` is not missing, too.
#[test]
fn a_misspelt_field_is_one_mistake() {
    for (was, is) in [
        ("tenant: feat-y", "tenent: feat-y"),
        ("services:", "servces:"),
        ("port: 8080}", "ports: 8080}"),
        ("deploys: [cart]", "deploys: cart"),
    ] {
        let (_, _, problem) = written_beside(&LIST.replace(was, is), &[], &[]);
        assert_eq!(problem.matches("error: ").count(), 1, "{problem}");
    }
}

#[test]
fn a_backend_that_tells_no_versions_apart_is_warned_of() {
    for (backend, is_told) in [
        ("shop-v2", true),
        ("{service}-v2", true),
        ("sandbox-{tenant}", true),
        ("{service}.{tenant}", false),
        ("{service}-{tenant}", false),
    ] {
        let (code, _, said) = written_beside(&LIST.replace("{service}-{tenant}", backend), &[], &[]);
        assert_eq!(code, 0, "{said}");
        assert_eq!(said.starts_with("warning: `backend` leads "), is_told, "{backend}: {said}");
    }
}

#[test]
fn what_a_match_tree_leaves_out_is_said() {
    let list = LIST.replace("namespace: edge}", "namespace: edge, port: 80, labels: {a: b}}");
    let (code, _, said) = written_beside(&list, &[], &["--kind", "match-tree"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("left out the sandboxes of cart: it has no `hosts`") && !said.contains("of shop"), "{said}");
}

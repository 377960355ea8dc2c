//! `tenancy test`: what passes, what fails, and what is no table.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::process::Command;

const CONFIG: &str = r#"
version: 1
role: edge
tenant:
  from: [{host: "{tenant}.www.example.com"}, {cookie: tenant, trust: anyone}]
  to: [{header: x-tenant}]
"#;

/// The exit code of the command, and what it prints to both.
fn run(table: &str) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("gateway.yaml"), CONFIG).unwrap();
    fs::write(folder.path().join("table.yaml"), table).unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_tenancy")).args(["test", "table.yaml"]).current_dir(&folder).output();
    let run = run.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (run.status.code().unwrap(), text(run.stdout), text(run.stderr))
}

#[test]
fn rows_pass_by_what_they_expect() {
    let (code, out, _) = run(r#"
config: gateway.yaml
rows:
  - name: has and lacks
    request: {authority: feat-x.www.example.com, headers: ["X-Tenant: evil", "x-other: \xff"]}
    expect: {has: ["X-Tenant:  feat-x", "x-other: \xff"], lacks: [cookie]}
  - name: all of it
    request: {headers: ["x-tenant: evil", "b: 2", "a: 1", "b: 1"], trailers: ["x-tenant: evil", "c: 1"]}
    expect: {upstream: ["a: 1", "b: 2", "b: 1"], trailers_upstream: ["c: 1"]}
  - name: refused
    request: {authority: feat-x.www.example.com, headers: ["cookie: tenant=a"]}
    expect: {refused: 400}
  - {name: a tunnel, request: {method: CONNECT, authority: "a:443"}, expect: {refused: 400}}
"#);
    assert_eq!((code, out.as_str()), (0, "4 passed, 0 failed\n"));
}

#[test]
fn a_failing_row_shows_what_was_expected_and_why_it_is_not_so() {
    let (code, out, _) = run(r#"
config: gateway.yaml
rows:
  - {name: wrong, request: {headers: ["cookie: tenant=a"]}, expect: {has: ["x-tenant: b"], lacks: [X-Tenant]}}
  - {name: goes on, request: {headers: ["cookie: tenant=a"]}, expect: {refused: 400}}
  - {name: is refused, request: {headers: ["cookie: tenant=a; tenant=b"]}, expect: {upstream: []}}
  - {name: in order, request: {headers: ["b: 1", "b: 2"]}, expect: {upstream: ["b: 2", "b: 1"]}}
"#);
    assert_eq!(code, 1);
    for line in [
        "table.yaml: wrong: failed",
        "  expected \"x-tenant: b\", which did not leave",
        "  expected no \"X-Tenant\", which left",
        "  |   tenant.from[0].host    absent: the host does not match the pattern",
        "  |   tenant.from[1].cookie  chosen: a",
        "  |     + x-tenant: a",
        "  expected 400, but the request goes on",
        "  expected the request to go on, got 400: the request names two different tenants (tenant.onConflict)",
        r#"  upstream: expected ["b: 2", "b: 1"], got ["b: 1", "b: 2"]"#,
        "0 passed, 4 failed",
    ] {
        assert!(out.lines().any(|printed| printed == line), "{line:?} in\n{out}");
    }
}

#[test]
fn what_is_no_table_is_told_with_its_place() {
    let row = |row: &str| format!("config: gateway.yaml\nrows:\n  - {row}\n");
    for (table, expected) in [
        (row("{name: a, expect: {}}"), "a: expects nothing; write upstream, has, lacks, refused or redirected"),
        (row("{name: a, expect: {lack: []}}"), "unknown field `lack`, expected one of `upstream`"),
        (row("{name: a, request: {headers: [a]}, expect: {refused: 400}}"), "a: expected a header as in"),
        (row("{name: a, request: {headers: [\"a: \\u0100\"]}, expect: {refused: 400}}"), "above U+00FF"),
        ("config: gateway.yaml\nrows: []\n".into(), "table.yaml: rows is empty"),
        (
            "config: none.yaml\nrows: [{name: a, expect: {refused: 400}}]\n".into(),
            "table.yaml: config: none.yaml: No such",
        ),
        (
            "config: {version: 1, role: edge}\nrows: [{name: a, expect: {refused: 400}}]\n".into(),
            "tenant, overrides or strip",
        ),
    ] {
        let (code, out, problem) = run(&table);
        assert_eq!((code, out.contains("passed")), (2, false), "{table}");
        assert!(problem.starts_with("tenancy: ") && problem.contains(expected), "{expected:?} in {problem}");
    }
}

#[test]
fn a_redirect_is_compared_by_its_lines() {
    let config = r#"config: {version: 1, role: edge, tenant: {to: [{header: x-tenant}], from: [{cookie: t, trust: anyone},
  {query: t, trust: anyone, link: {cookie: t, maxAge: 1h}}]}}"#;
    let row = |lines: &str| {
        run(&format!(
            "{config}\nrows:\n  - {{name: a, request: {{path: /?t=dev, headers: [\"sec-fetch-mode: navigate\", \"sec-fetch-dest: document\"]}}, \
             expect: {{redirected: {lines}}}}}\n"
        ))
    };
    let cookie = "set-cookie: t=dev; Max-Age=3600; Path=/; HttpOnly; Secure; SameSite=Lax";
    let (code, out, problem) = row(&format!("[\"cache-control: no-store\", \"Location: /\", \"{cookie}\"]"));
    assert_eq!((code, out.as_str()), (0, "1 passed, 0 failed\n"), "{problem}");
    let (code, out, _) = row("[\"location: /a\"]");
    assert!(out.contains("redirected: expected [\"location: /a\"], got"), "{out}");
    for line in ["  |   answered 302", "  |       location: /"] {
        assert!(out.lines().any(|printed| printed == line), "{line:?} in\n{out}");
    }
    assert_eq!(code, 1);
}

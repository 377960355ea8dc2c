//! `seal`.

use super::mistakes::have_one_mistake;
use super::{all_are_accepted, compile, edge, mesh, mistakes, warnings};

const KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQva9rvytDLFTpUagwpJaQDPHfY8pNyg2Ye4bAwBPVPx1PN5fqzZVqtUnI9rRaQx11mi0z7kgxoteRNw0E6vYDw==";

/// An edge with a tenant, and with this seal.
fn signing(seal: &str) -> String {
    edge(&format!(
        r#""tenant": {{"from": [{{"host": "{{tenant}}.a.com"}}], "to": [{{"header": "x"}}]}}, "seal": {{{seal}}}"#
    ))
}

/// A mesh proxy with a tenant, and with this seal and more fields.
fn verifying(seal: &str, more: &str) -> String {
    mesh(&format!(r#""tenant": {{"to": [{{"header": "x"}}]}}, "seal": {{"verify": {{"k1": "{KEY}"}} {seal}}} {more}"#))
}

fn keys(keys: &str) -> String {
    mesh(&format!(r#""tenant": {{"to": [{{"header": "x"}}]}}, "seal": {{"verify": {keys}}}"#))
}

const SIGN: &str = r#""sign": {"key": "k1", "privateKeyEnv": "TENANCY_SEAL_KEY"}"#;

#[test]
fn an_edge_signs_and_the_mesh_verifies() {
    all_are_accepted([
        signing(SIGN),
        signing(&format!(r#"{SIGN}, "ttl": 10.0, "header": "X-Seal""#)),
        signing(r#""sign": {"key": "k1", "privateKeyEnv": "my.key-1"}"#),
        verifying("", ""),
        verifying(r#", "unsealed": "count", "verificationsPerSecond": 1"#, r#", "peers": "mtls""#),
        keys(&format!(r#"{{"k1": "\n{KEY} ", "{}": "{KEY}"}}"#, "k".repeat(32))),
    ]);
    have_one_mistake([
        (signing(""), "seal.sign: missing; name the key that signs, as in {key: k1, privateKeyEnv: TENANCY_SEAL_KEY}"),
        (keys("{}"), "seal.verify: names 0 keys; name 1 to 8, as in {k1: MFkw…}"),
        (
            mesh(r#""tenant": {"to": [{"header": "x"}]}, "seal": {}"#),
            "seal.verify: missing; name the public key of each edge",
        ),
        (
            signing(&format!(r#"{SIGN}, "unsealed": "drop""#)),
            "seal.unsealed: decides nothing at an edge, where a client could bring another's seal; move it to the mesh",
        ),
        (
            verifying(r#", "ttl": 60"#, ""),
            "seal.ttl: decides nothing in the mesh, where what is signed could be invented; move it to the edge",
        ),
        (edge(&format!(r#""strip": ["x"], "seal": {{{SIGN}}}"#)), "seal: has nothing to seal; add tenant or overrides"),
    ]);
}

#[test]
fn a_key_is_refused_where_it_stands_and_a_private_one_is_not_shown() {
    let head = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0w";
    let secret =
        format!("{head}awIBAQQgikrSECRETSECRETSECRETSECRETSECRETSECRETSECRETSECRETSECRETSECRETSECRETSECRETSECRET");
    let key = |fields: &str| signing(&format!(r#""sign": {{"key": "k1", {fields}}}"#));
    let private = [
        key(&format!(r#""privateKeyEnv": "{secret}""#)),
        key(&format!(r#""privateKeyEnv": "{head}=""#)),
        key(&format!(r#""privateKeyEnv": ["{secret}"]"#)),
        key(&format!(r#""privateKey": "-----BEGIN PRIVATE KEY-----\n{secret}""#)),
        key(&format!(r#""privateKey": {{"{head}": 1}}"#)),
    ];
    for config in private {
        let found = mistakes(&config);
        let told = compile(config.as_bytes()).unwrap_err().to_string();
        assert!(found.len() == 1 && found[0].starts_with("seal.sign.privateKey"), "{found:?}");
        assert!(!told.contains(head), "{told}");
    }
    let cut = KEY.trim_end_matches("YDw==");
    have_one_mistake([
        (key(r#""privateKeyEnv": """#), "seal.sign.privateKeyEnv: expected the name of a variable"),
        (signing(r#""sign": {"key": "k1"}"#), "seal.sign: expected exactly one of privateKeyEnv, privateKey"),
        (signing(r#""sign": {"privateKeyEnv": "K"}"#), "seal.sign.key: missing; name the key, as seal.verify does"),
        (
            signing(r#""sign": {"key": "a.b", "privateKeyEnv": "K"}"#),
            "seal.sign.key: expected a key's name of 1 to 32 letters",
        ),
        (keys(&format!(r#"{{"a.b": "{KEY}"}}"#)), "seal.verify.a.b: expected a key's name of 1 to 32 letters"),
        (keys(&format!(r#"{{"k1": "{cut}"}}"#)), "seal.verify.k1: expected a public key on P-256 as base64"),
        (keys(r#"{"k1": null}"#), "seal.verify.k1: expected a public key on P-256 as base64"),
        (keys("[]"), "seal.verify: expected an object, found []"),
    ]);
}

#[test]
fn all_mistakes_of_a_seal_are_found_at_once() {
    let config = verifying(r#", "unsealed": "x", "verificationsPerSecond": 0, "header": "", "sign": 1"#, "");
    let paths: Vec<_> = mistakes(&config).iter().map(|line| line.split(':').next().unwrap().to_owned()).collect();
    assert_eq!(paths, ["seal.sign", "seal.header", "seal.unsealed", "seal.verificationsPerSecond"]);
}

/// Its own names are nobody else's.
#[test]
fn names_are_taken_once() {
    let baggage = r#""tenant": {"to": [{"baggage": "tenancy-seal"}]}"#;
    have_one_mistake([
        (verifying(r#", "header": "X""#, ""), "seal.header: \"x\" carries the tenant already"),
        (
            mesh(&format!(r#"{baggage}, "seal": {{"verify": {{"k1": "{KEY}"}}}}"#)),
            "seal: \"tenancy-seal\" carries the tenant already",
        ),
    ]);
}

#[test]
fn sources_that_nobody_reads_are_warned_of() {
    let sources = |unsealed: &str| {
        warnings(&mesh(&format!(
            r#""tenant": {{"from": [{{"header": "y"}}], "to": [{{"header": "x"}}]}}, "peers": "mtls",
            "overrides": {{"from": [], "to": [{{"header": "z"}}]}},
            "seal": {{"verify": {{"k1": "{KEY}"}}, "unsealed": "{unsealed}"}}"#
        )))
    };
    let [warning] = &sources("drop")[..] else { panic!("{:?}", sources("drop")) };
    assert!(warning.starts_with("warning: tenant.from: decides nothing where seal.unsealed is drop"), "{warning}");
    assert_eq!(sources("count"), [""; 0]);
}

/// Wherever a private key is put by mistake, the log shows no character of its secret part: the first 48 of all are alike.
#[test]
fn no_mistake_shows_a_private_key() {
    const SECRET: &str = "w6bQ9zR2xT5vY8uK1mN4pL7sD0fG3hJ6";
    let private = format!("MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg{SECRET}oUQDQgAE");
    let hexadecimal = "c63e".repeat(16);
    for configuration in [
        signing(&format!(r#""sign": {{"key": "{private}", "privateKeyEnv": "KEY"}}"#)),
        signing(&format!(r#""sign": {{"key": "k1", "privateKeyEnv": "{private}"}}"#)),
        signing(&format!(r#""sign": {{"key": "k1", "privateKeyEnv": "{hexadecimal}"}}"#)),
        signing(&format!(r#""sign": {{"key": "k1", "privateKey": "{private}!"}}"#)),
        signing(&format!(r#""sign": {{"{private}": "k1"}}"#)),
        signing(&format!(r#""sign": "{private}""#)),
        signing(&format!(r#"{SIGN}, "ttl": "{private}""#)),
        signing(&format!(r#"{SIGN}, "header": "{private}/""#)),
        signing(&format!(r#"{SIGN}, "{private}": 1"#)),
        keys(&format!(r#""{private}""#)),
        keys(&format!(r#"{{"{private}": "{KEY}"}}"#)),
        keys(&format!(r#"{{"k1": "{private}"}}"#)),
    ] {
        let findings = compile(configuration.as_bytes()).unwrap_err().to_string().to_ascii_lowercase();
        let parts = |secret: &str| secret.as_bytes().windows(8).map(<[u8]>::to_ascii_lowercase).collect::<Vec<_>>();
        let shows = |part: &Vec<u8>| findings.as_bytes().windows(8).any(|window| window == part);
        assert!(!parts(SECRET).iter().any(shows) && !findings.contains(&hexadecimal), "{findings}");
    }
}

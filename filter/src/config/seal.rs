//! `seal`: an edge signs the context, the mesh verifies it.

use base64ct::{Base64, Encoding};

use crate::baggage::Key;
use crate::request::Role;
use crate::seal::{
    HEADER, MAX_KEY_BYTES, MEMBER, OnUnsealed, PrivateKey, Seal, SealTargets, Signing, Verification, is_key_name,
};

use super::draft::Draft;
use super::node::{Node, Object, short};
use super::ownership::{Owner, Use};
use super::place;

/// Seconds, up to ninety days, for queues.
const TTL: std::ops::RangeInclusive<u64> = 10..=7_776_000;
const DEFAULT_TTL: u64 = 60;
/// Per second: up to the load of one core.
const VERIFICATIONS: std::ops::RangeInclusive<u64> = 1..=5000;
const DEFAULT_VERIFICATIONS: u32 = 500;

/// Rotation needs three: the previous key, the current one and the next one.
const MAX_KEYS: usize = 8;

/// The prefix of a public key on P-256, before the point: SubjectPublicKeyInfo in DER (RFC 5480 §2), uncompressed.
const P256_KEY: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];
/// Fewer than any private key has, as base64 or hexadecimal digits.
const MAX_VARIABLE_BYTES: usize = 40;

/// The bytes of a point's two coordinates.
const P256_POINT: usize = 64;

/// Fields that only an edge has, and those that only the mesh has.
const OF_EDGE: [&str; 2] = ["sign", "ttl"];
const OF_MESH: [&str; 3] = ["verify", "unsealed", "verificationsPerSecond"];

/// `None` without `seal`. What it means is told by what it says: an edge that reads the configuration of a mesh, for
/// unknown peers, verifies too.
pub(super) fn read(config: &Object<'_>, draft: &mut Draft) -> Option<(SealTargets, Seal)> {
    let node = config.field("seal")?;
    let seal = node.object(&["sign", "ttl", "verify", "unsealed", "verificationsPerSecond", "header"])?;
    refuse_misplaced(&seal, draft.role);
    if config.field("tenant").is_none() && config.field("overrides").is_none() {
        node.mistake("has nothing to seal; add tenant or overrides");
    }
    let targets = read_targets(&node, &seal, draft);
    let seal = match (seal.field("verify"), draft.role) {
        (Some(verify), _) => read_verification(&verify, &seal, config).map(Seal::Verify),
        (None, Role::Edge) => read_signing(&seal).map(Seal::Sign),
        (None, Role::Mesh | Role::Waypoint) => {
            let remedy = "name the public key of each edge, as in {k1: MFkw…}; tenancy seal new-key prints it";
            seal.required("verify", remedy)?;
            None
        }
    };
    Some((targets?, seal?))
}

fn refuse_misplaced(seal: &Object<'_>, role: Role) {
    let (names, why): (&[_], _) = match role {
        Role::Edge => (&OF_MESH, "where a client could bring another's seal; move it to the mesh"),
        Role::Mesh | Role::Waypoint => (&OF_EDGE, "where what is signed could be invented; move it to the edge"),
    };
    for node in names.iter().filter_map(|name| seal.field(name)) {
        node.mistake(format!("decides nothing {}, {why}", place(role)));
    }
}

/// If no baggage is written, the member is merely owned: no client may send it, and it does not leave the mesh.
fn read_targets(node: &Node<'_>, seal: &Object<'_>, draft: &mut Draft) -> Option<SealTargets> {
    let header = match seal.field("header") {
        Some(name) => draft.owned.target_header(&name, Owner::Seal),
        None => draft.owned.own_header(HEADER, node, Owner::Seal),
    };
    let is_written = draft.owned.writes_baggage();
    let usage = if is_written { Use::Written } else { Use::Read };
    let member = draft.owned.own_key((Key(MEMBER.into()), usage), node, Owner::Seal);
    Some(SealTargets { header: header?, baggage: member.filter(|_| is_written) })
}

fn read_signing(seal: &Object<'_>) -> Option<Signing> {
    let ttl = seal.field("ttl").map_or(Some(DEFAULT_TTL), |node| node.whole(&TTL));
    let remedy = "name the key that signs, as in {key: k1, privateKeyEnv: TENANCY_SEAL_KEY}";
    let sign = seal.required("sign", remedy)?.object(&["key", "privateKeyEnv", "privateKey"])?;
    let key = sign.required("key", "name the key, as seal.verify does in the mesh, as in k1");
    let key = key.and_then(|node| {
        let name = node.text()?;
        read_key_name(name, &node).then(|| name.into())
    });
    let private_key = read_private_key(&sign);
    Some(Signing { private_key: private_key?, key: key?, ttl: ttl? })
}

fn read_private_key(sign: &Object<'_>) -> Option<PrivateKey> {
    match (sign.field("privateKeyEnv"), sign.field("privateKey")) {
        (Some(name), None) => {
            let read = name.value.as_str().filter(|name| is_variable(name));
            if read.is_none() {
                // Does not show the value, which may be the key itself.
                name.mistake("expected the name of a variable of the module's environment, as in TENANCY_SEAL_KEY");
            }
            read.map(|name| PrivateKey::Env(name.into()))
        }
        (None, Some(key)) => {
            key.warn("stands in every dump of this proxy's configuration; use privateKeyEnv but for a test");
            let read = key.value.as_str().and_then(PrivateKey::decode);
            if read.is_none() {
                // Does not show the value, which may be most of a key.
                key.mistake("expected a private key on P-256 as base64 (PKCS#8, DER); tenancy seal new-key prints one");
            }
            read.map(PrivateKey::Der)
        }
        (None, None) | (Some(_), Some(_)) => {
            sign.mistake("expected exactly one of privateKeyEnv, privateKey");
            None
        }
    }
}

/// Whether this is a valid name of an environment variable in Kubernetes. A private key is not.
fn is_variable(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    (1..=MAX_VARIABLE_BYTES).contains(&name.len()) && name.bytes().all(fits)
}

impl PrivateKey {
    /// A private key from its text: PKCS#8 in DER as base64, with white space around or without.
    ///
    /// `None` if it is none; whether it can sign, the host has to say.
    pub fn decode(text: &str) -> Option<Vec<u8>> {
        let der = Base64::decode_vec(text.trim_ascii()).ok()?;
        // A sequence, and longer than the scalar alone (RFC 5208 §5).
        (der.first() == Some(&0x30) && (64..=512).contains(&der.len())).then_some(der)
    }
}

fn read_verification(verify: &Node<'_>, seal: &Object<'_>, config: &Object<'_>) -> Option<Verification> {
    let words = [("drop", OnUnsealed::Drop), ("count", OnUnsealed::Count)];
    let unsealed = seal.field("unsealed").map_or(Some(OnUnsealed::Drop), |node| node.word(&words));
    if unsealed == Some(OnUnsealed::Drop) {
        warn_of_sources(config);
    }
    let per_second = seal
        .field("verificationsPerSecond")
        .map_or(Some(DEFAULT_VERIFICATIONS), |node| u32::try_from(node.whole(&VERIFICATIONS)?).ok());
    let keys = read_public_keys(verify);
    Some(Verification { keys, unsealed: unsealed?, per_second: per_second? })
}

fn read_public_keys(verify: &Node<'_>) -> Vec<(Box<str>, Vec<u8>)> {
    let Some(entries) = verify.map() else { return Vec::new() };
    if !(1..=MAX_KEYS).contains(&entries.len()) {
        verify.mistake(format!("names {} keys; name 1 to {MAX_KEYS}, as in {{k1: MFkw…}}", entries.len()));
    }
    let entries = entries.iter().take(MAX_KEYS);
    entries.filter_map(|(name, node)| Some(((*name).into(), read_public_key(name, node)?))).collect()
}

fn read_public_key(name: &str, node: &Node<'_>) -> Option<Vec<u8>> {
    let is_named = read_key_name(name, node);
    let is_key = |key: &Vec<u8>| key.strip_prefix(&P256_KEY).is_some_and(|point| point.len() == P256_POINT);
    let decode = |text: &str| Base64::decode_vec(text.trim_ascii()).ok();
    let key = node.value.as_str().and_then(decode).filter(is_key);
    if key.is_none() {
        node.expected(
            "a public key on P-256 as base64 (SubjectPublicKeyInfo, DER, without the lines of PEM), which tenancy seal new-key prints",
        );
    }
    key.filter(|_| is_named)
}

fn read_key_name(name: &str, node: &Node<'_>) -> bool {
    let is_name = is_key_name(name);
    if !is_name {
        node.mistake(format!(
            "expected a key's name of 1 to {MAX_KEY_BYTES} letters, digits, \"-\" and \"_\", found {:?}",
            short(name)
        ));
    }
    is_name
}

/// If the seal is the only source, no other is read.
fn warn_of_sources(config: &Object<'_>) {
    for node in ["tenant", "overrides"].into_iter().filter_map(|name| config.field(name)) {
        if let Some(from) = node.child("from").filter(|from| from.value.as_array().is_some_and(|list| !list.is_empty()))
        {
            from.warn("decides nothing where seal.unsealed is drop: what a seal holds is all there is; leave it out");
        }
    }
}

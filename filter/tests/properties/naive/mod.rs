//! The filter once more, written from its contract for clarity alone: the real one has to agree with it.
//!
//! Text is Latin-1, a char for a byte, so that arbitrary bytes are plain strings. A configuration is
//! taken as valid, and read again for every request.

mod baggage;
mod conditions;
mod destinations;
mod egress;
mod link;
mod names;
mod overrides;
mod repair;
mod seal;
mod tenant;

pub(crate) use egress::leaves;
pub(crate) use names::{fold, is_stripped};
use seal::Sealed;
pub(crate) use seal::{MEMBER, decoded, drops, encoded, header, held, made};
use serde_json::Value;
use tenancy_filter::{Answer, Refusal};

/// Header lines, name and value.
pub(crate) type Lines = Vec<(String, String)>;

/// A request, and what the proxy knows of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    pub(crate) lines: Lines,
    pub(crate) token: Option<Payload>,
    pub(crate) is_unknown_peer: bool,
    pub(crate) direction: Direction,
    /// The name of its route, and the route's cluster.
    pub(crate) route: Option<(String, String)>,
}

/// Which way a request passes the proxy.
#[derive(Clone, Debug, Default)]
pub(crate) enum Direction {
    #[default]
    Unspecified,
    Inbound,
    /// By this cluster.
    Outbound(String),
}

impl Call {
    /// The cluster that its route chose; empty if nobody says.
    pub(crate) fn cluster(&self) -> &str {
        match &self.direction {
            Direction::Outbound(cluster) => cluster,
            Direction::Unspecified | Direction::Inbound => self.route.as_ref().map_or("", |(_, cluster)| cluster),
        }
    }
}

/// The payload of a verified token.
#[derive(Clone, Debug, Default)]
pub(crate) struct Payload {
    pub(crate) issuer: String,
    pub(crate) claims: Vec<(Vec<String>, Claimed)>,
}

#[derive(Clone, Debug)]
pub(crate) enum Claimed {
    Single(String),
    List(Vec<String>),
}

/// The header lines that leave, or what is answered.
pub(crate) fn outcome(config: &Value, call: &Call) -> Result<Lines, Answer> {
    let scene = Scene::new(config, call);
    let mut lines = rewritten(&scene, config, call)?;
    repair::remove_malformed(&scene, &mut lines);
    Ok(lines)
}

fn rewritten(scene: &Scene, config: &Value, call: &Call) -> Result<Lines, Answer> {
    if is_tunnel(&call.lines) {
        match scene.is_edge {
            false => {
                let mut lines = call.lines.clone();
                put_destinations(config, &mut lines, None);
                return Ok(lines);
            }
            true if config["connect"] != "pass" => return Err(Refusal::Tunnel.into()),
            true => {}
        }
    }
    if scene.is_leaving {
        return Ok(egress::withhold(scene));
    }
    let (tenant, overrides, seal) = decided(scene)?;
    let mut lines = call.lines.clone();
    if scene.is_edge {
        names::strip(scene, &mut lines);
    } else if seal::drops(config) {
        names::strip_forms(scene, &mut lines);
    }
    for target in list(&config["tenant"]["to"]).filter_map(|target| target["header"].as_str()) {
        put(&mut lines, target, tenant.clone());
    }
    overrides::write(scene, &overrides, &mut lines);
    seal::header(config).iter().for_each(|name| put(&mut lines, name, seal.clone()));
    put_destinations(config, &mut lines, destinations::offered(scene, tenant.as_deref(), &overrides));
    baggage::write(scene, tenant.as_deref(), &overrides, seal.as_deref(), &mut lines);
    Ok(lines)
}

/// What a request carries, and the seal beside it.
fn decided(scene: &Scene) -> Result<(Option<String>, overrides::Entries, Option<String>), Answer> {
    let refused = match seal::read(scene)? {
        Sealed::By(text, tenant, overrides) => return Ok((tenant, overrides, Some(text))),
        Sealed::No(_) if seal::drops(scene.config) => return Ok((None, Vec::new(), None)),
        Sealed::No(refused) => refused,
    };
    link::follow(scene)?;
    let tenant = tenant::resolve(scene)?;
    let overrides = overrides::resolve(scene)?;
    let seal = refused.or(seal::sign(scene, tenant.as_deref(), &overrides));
    Ok((tenant, overrides, seal))
}

fn put_destinations(config: &Value, lines: &mut Lines, clusters: Option<String>) {
    config["destinations"]["header"].as_str().into_iter().for_each(|name| put(lines, name, clusters.clone()));
}

/// The trailers that leave.
pub(crate) fn trailers(config: &Value, call: &Call) -> Lines {
    let mut scene = Scene::new(config, call);
    // Wherever the request goes.
    let goes_out = config["role"] == "waypoint" || matches!(call.direction, Direction::Outbound(_));
    scene.is_leaving = !scene.is_edge && goes_out;
    if scene.is_leaving {
        return egress::withhold(&scene);
    }
    let stays = |(name, _): &&(String, String)| !scene.is_edge || !names::is_ours(&scene, name);
    call.lines.iter().filter(stays).cloned().collect()
}

/// One request under one configuration.
struct Scene<'a> {
    config: &'a Value,
    call: &'a Call,
    is_edge: bool,
    /// Whether it goes to an external host.
    is_leaving: bool,
    /// The token, where its issuer counts.
    token: Option<&'a Payload>,
    /// Whether it vouches for `trust: verified`.
    vouches: bool,
}

impl<'a> Scene<'a> {
    fn new(config: &'a Value, call: &'a Call) -> Self {
        let is_edge = config["role"] == "edge" || (config["peers"] == "mtls" && call.is_unknown_peer);
        let is_listed = |token: &Payload| list(&config["verified"]["issuers"]).any(|issuer| *issuer == token.issuer);
        let accepted = |token: &&Payload| is_listed(token) || tenant::names_issuer(&config["tenant"], &token.issuer);
        let token = call.token.as_ref().filter(accepted);
        let is_leaving = !is_edge && leaves(config, call);
        let mut scene = Self { config, call, is_edge, is_leaving, token, vouches: false };
        scene.vouches = token.is_some() && scene.has_one_of_the_wanted();
        scene
    }

    fn has_one_of_the_wanted(&self) -> bool {
        let Some(path) = self.config["verified"].get("claim") else { return true };
        let wanted = |value: &String| list(&self.config["verified"]["anyOf"]).any(|wanted| wanted == value);
        match self.claim(path) {
            None => false,
            Some(Claimed::Single(value)) => wanted(value),
            Some(Claimed::List(values)) => values.iter().any(wanted),
        }
    }

    fn claim(&self, path: &Value) -> Option<&'a Claimed> {
        let path = segments(path);
        self.token?.claims.iter().find(|(claim, _)| *claim == path).map(|(_, value)| value)
    }

    /// The values of a header, a line each, under its exact name.
    fn values(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let name = name.to_ascii_lowercase();
        self.call.lines.iter().filter(move |(other, _)| *other == name).map(|(_, value)| value.as_str())
    }

    /// What the previous proxy wrote, which only the mesh believes.
    fn decided(&self, section: &str) -> Vec<&'a Value> {
        let targets = list(&self.config[section]["to"]);
        targets.filter(|_| !self.is_edge).collect()
    }

    /// The believed entries of `from`; what was read already is not read again.
    fn sources(&self, section: &str) -> Vec<&'a Value> {
        let decided = self.decided(section);
        let is_new = |source: &&Value| !decided.iter().any(|target| same_place(target, source));
        list(&self.config[section]["from"]).filter(|source| self.believes(source)).filter(is_new).collect()
    }

    fn believes(&self, source: &Value) -> bool {
        let needs_no_trust =
            source.get("of").is_none() && ["host", "claim", "issuer"].iter().any(|kind| source.get(kind).is_some());
        let trust = source["trust"].as_str().unwrap_or("mesh");
        needs_no_trust || !self.is_edge || trust == "anyone" || (trust == "verified" && self.vouches)
    }
}

fn same_place(a: &Value, b: &Value) -> bool {
    let headers = a["header"].as_str().zip(b["header"].as_str());
    let keys = a["baggage"].as_str().zip(b["baggage"].as_str());
    headers.is_some_and(|(a, b)| a.eq_ignore_ascii_case(b)) || keys.is_some_and(|(a, b)| a == b)
}

/// A CONNECT without a `:protocol` that says what it carries.
pub(crate) fn is_tunnel(lines: &Lines) -> bool {
    let value = |name| lines.iter().rfind(|(other, _)| other == name).map_or("", |(_, value)| value.as_str());
    let protocol = value(":protocol");
    value(":method") == "CONNECT" && (protocol.is_empty() || protocol.eq_ignore_ascii_case("bytestream"))
}

/// Leaves one line of this name, or none.
fn put(lines: &mut Lines, name: &str, value: Option<String>) {
    let name = name.to_ascii_lowercase();
    lines.retain(|(other, _)| *other != name);
    lines.extend(value.map(|value| (name, value)));
}

pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The domains of Kubernetes' clusters.
fn clusters(config: &Value) -> Vec<String> {
    let named = list(&config["clusterDomains"]).filter_map(Value::as_str).map(str::to_ascii_lowercase);
    if config.get("clusterDomains").is_some() { named.collect() } else { vec!["cluster.local".to_owned()] }
}

fn segments(path: &Value) -> Vec<String> {
    let index = |segment: &Value| segment.as_f64().map_or_else(String::new, |index| index.abs().to_string());
    let segment = |segment: &Value| segment.as_str().map_or_else(|| index(segment), str::to_owned);
    match path.as_str() {
        Some(dotted) => dotted.split('.').map(str::to_owned).collect(),
        None => list(path).map(segment).collect(),
    }
}

/// Optional white space (RFC 9110 §5.6.3) is all that anybody trims here.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// Percent-decoding, once; what is no escape stands for itself.
pub(crate) fn decode(text: &str) -> String {
    let mut parts = text.split('%');
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits: Vec<u32> = part.chars().take(2).map_while(|digit| digit.to_digit(16)).collect();
        match digits[..] {
            [high, low] => {
                decoded.extend([char::from((high * 16 + low) as u8)].into_iter().chain(part.chars().skip(2)))
            }
            _ => decoded.extend(["%", part]),
        }
    }
    decoded
}

//! `tenancy explain`.

use std::ffi::OsString;
use std::io::{IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use tenancy::{Request, explain};

use super::moment::Moment;
use super::words::{Format, Sender, Way};
use super::{Problem, input, instances, render};

/// Explains what becomes of a request: the headers that the upstream gets, or the refusal, and a line for each
/// decision.
///
/// Several configurations are a chain: the output of each is the input of the next. A file with several configurations,
/// such as a bootstrap with a stripping and a resolving instance, is a chain in its order.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// A file with configurations: alone, in a manifest or in a bootstrap; `-` reads stdin
    #[arg(short, long, visible_alias = "configuration", value_name = "FILE", required = true)]
    config: Vec<PathBuf>,
    /// Only the configurations with these names
    #[arg(long, value_name = "PLUGIN")]
    name: Vec<String>,
    /// A header line, also `host` or a pseudo-header such as `:scheme`
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<OsString>,
    /// A trailer line
    #[arg(long = "trailer", value_name = "NAME: VALUE")]
    trailers: Vec<OsString>,
    #[arg(long, default_value = "GET")]
    method: String,
    /// The path, with its query
    #[arg(long, default_value = "/")]
    path: String,
    /// The head of an HTTP/1.1 request; `-` reads stdin, which is the default without -H
    #[arg(long, value_name = "FILE", conflicts_with_all = ["method", "path"])]
    request: Option<PathBuf>,
    /// The claims of the verified token, as JSON
    #[arg(long, value_name = "FILE")]
    token: Option<PathBuf>,
    /// The direction of the listener; `outbound` shows what an external host gets
    #[arg(long, value_enum, default_value = "unspecified")]
    direction: Way,
    /// The cluster that the route chooses, as in outbound|8080||shop.prod.svc.cluster.local
    #[arg(long, value_name = "NAME", default_value = "")]
    cluster: String,
    /// The name of the route
    #[arg(long, value_name = "NAME", default_value = Request::ROUTE)]
    route: String,
    /// Whether the caller presented a client certificate, or is the workload beside the proxy
    #[arg(long, value_enum, default_value = "known")]
    peer: Sender,
    /// The workload beside the proxy, if the configuration has no `caller`
    #[arg(long, value_name = "NAME")]
    caller: Option<String>,
    /// When the request comes, for seals: 2026-01-31T08:00:00Z, or seconds since 1970; otherwise now
    #[arg(long, value_name = "TIME")]
    time: Option<Moment>,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  tenancy explain -c gateway.yaml -H 'host: feat-x.www.example.com' -H 'x-tenant: evil'
  tenancy explain -c gateway.yaml -H 'host: www.example.com' --token claims.json
  tenancy explain -c sidecar.yaml --direction outbound -H 'host: api.example.com' -H 'x-tenant: dev1'
  tenancy explain -c gateway.yaml -c sidecar.yaml --format json < request.txt";

impl Arguments {
    pub(crate) fn run(&self) -> Result<ExitCode, Problem> {
        let mut instances = instances::load(&self.config, &self.name)?;
        instances::set_caller(&mut instances, self.caller.as_deref());
        let explanation = explain(&instances, &self.request()?);
        match self.format {
            Format::Text => render::explanation(&mut anstream::stdout(), &explanation)?,
            Format::Json => writeln!(std::io::stdout(), "{:#}", explanation.to_json())?,
        }
        Ok(ExitCode::SUCCESS)
    }

    fn request(&self) -> Result<Request, Problem> {
        let mut request = self.head()?;
        for line in &self.headers {
            request.push_line(line.as_encoded_bytes())?;
        }
        for line in &self.trailers {
            request.push_trailer(line.as_encoded_bytes())?;
        }
        if !request.has_authority() {
            return Err(Problem::new("the request has no host; give one, as in -H 'host: www.example.com'"));
        }
        if let Some(path) = &self.token {
            let claims = instances::read(path)?;
            let claims = serde_json::from_str(&claims);
            let claims: serde_json::Value =
                claims.map_err(|why| Problem::new(format!("--token {}: is not JSON: {why}", path.display())))?;
            if !claims.get("iss").is_some_and(serde_json::Value::is_string) {
                let remedy = "so it does not count; give it one, as in {\"iss\": \"https://idp.example.com\"}";
                eprintln!("warning: --token {}: has no iss, {remedy}", path.display());
            }
            request.token = Some(claims);
        }
        request.cluster.clone_from(&self.cluster);
        request.route.clone_from(&self.route);
        request.direction = self.direction.into();
        request.peer = self.peer.into();
        request.time = self.time.unwrap_or_else(Moment::now).0;
        Ok(request)
    }

    /// The request that the arguments describe, or the one on stdin.
    fn head(&self) -> Result<Request, Problem> {
        let is_piped = self.headers.is_empty() && !std::io::stdin().is_terminal();
        let path = self.request.clone().or_else(|| is_piped.then(|| PathBuf::from("-")));
        let Some(path) = path else {
            return Ok(Request::without_authority(&self.method, &self.path));
        };
        let name = if input::is_stdin(&path) { "stdin".into() } else { path.display().to_string() };
        let mut bytes = Vec::new();
        let read = input::open(&path).and_then(|mut input| input.read_to_end(&mut bytes));
        read.map_err(|why| Problem::new(format!("{name}: {why}")))?;
        Request::parse(&bytes).map_err(|why| Problem::new(format!("{name}: {why}")))
    }
}

//! What is the same on every run: the allocations and instructions of the filter itself, and the host calls, the fuel
//! and the memory of the compiled module in the wasm host.

use std::io::{Write, stderr};
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use integration::cases::{Direction, Passage};
use integration::wasm_host::{Action, Exchange, WasmHost};
use integration::{Headers, root};
use tenancy_filter::{Filter, Tally};
use workload::{Counted, borrowed, counted, decide_at, decided};

use crate::allocations::allocations;
use crate::baseline::Figure;
use crate::callgrind::{has_valgrind, instructions_of};

/// After this number of requests the module takes the same for each.
const WARM_UP: usize = 10;

/// All figures that this machine can count; prints those that it cannot.
pub fn measure() -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for counted in counted() {
        figures.push(core_allocations(&counted)?);
        figures.extend(module(&counted)?);
    }
    if has_valgrind() {
        figures.extend(core_instructions()?);
    } else {
        // Also if a test captures its output.
        writeln!(stderr(), "left out: the core's instructions; needs valgrind (Debian: apt-get install valgrind)")?;
    }
    Ok(figures)
}

fn core_allocations(Counted { get, configuration, is_inbound, .. }: &Counted) -> Result<Figure> {
    let filter = Filter::from_config(configuration.as_bytes())?.filter;
    let (lines, tally) = (get.headers(), Tally::default());
    let headers = borrowed(&lines);
    let (count, _) = allocations(|| decided(&filter, &headers, *is_inbound, &tally, |changes| changes.len()));
    Ok(Figure::new(format!("core, {}: allocations", get.name), count))
}

fn module(Counted { get, configuration, is_inbound, .. }: &Counted) -> Result<Vec<Figure>> {
    let mut host = WasmHost::start()?;
    let root = host.configure(configuration)?.context("a configuration that the module takes")?;
    let bytes = |(name, value): (String, String)| (name.into_bytes(), value.into_bytes());
    let headers = Headers(get.headers().into_iter().map(bytes).collect());
    let filter = Filter::from_config(configuration.as_bytes())?.filter;
    let (mut fuel, mut expected) = (0, headers.clone());
    for (name, value) in decide_at(&filter, &borrowed(&get.headers()), *is_inbound) {
        expected.0.retain(|(known, _)| *known != name.as_bytes());
        expected.0.extend(value.map(|value| (name.into_bytes(), value.into_bytes())));
    }
    let direction = if *is_inbound { Direction::Inbound } else { Direction::Unspecified };
    // The first route shows that a sidecar is not a waypoint.
    let passage = Passage { direction, cluster: "inbound|80||".into(), ..Passage::default() };
    for _ in 0..WARM_UP {
        host.forget();
        let before = host.fuel()?;
        let stream =
            host.open(root, Exchange { headers: headers.clone(), passage: passage.clone(), ..Exchange::default() })?;
        let action = host.on_request_headers(stream)?;
        let left = host.close(stream)?;
        fuel = host.fuel()? - before;
        ensure!(action == Action::Continue && left.headers == expected, "the answer is wrong: {left:?}");
    }
    let calls = u64::try_from(host.journal().len())?;
    Ok(vec![
        Figure::new(format!("module, {}: host calls", get.name), calls),
        Figure::new(format!("module, {}: memory in KiB", get.name), u64::try_from(host.memory()? / 1024)?),
        Figure::new(format!("module, {}: fuel", get.name), fuel).compiled_by(module_compiler()),
    ])
}

/// The release build of the core, without a proxy and without WebAssembly.
fn core_instructions() -> Result<Vec<Figure>> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "-q", "--release", "--locked", "-p", "workload"]).current_dir(root());
    ensure!(command.status()?.success(), "workload does not build");
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let program = root().join(target).join("release/workload");
    let compiler = format!("{}, {}", output(Command::new("rustc").arg("--version"))?, env::consts::ARCH);
    let mut figures = Vec::new();
    for Counted { get, times, .. } in counted() {
        let instructions = |times: usize| instructions_of(&program, &[&get.name, &times.to_string()]);
        let (many, few) = (instructions(times + times / 10)?, instructions(times / 10)?);
        let figure = Figure::new(format!("core, {}: instructions", get.name), (many - few) / u64::try_from(times)?);
        figures.push(figure.compiled_by(Some(compiler.clone())));
    }
    Ok(figures)
}

/// What built the module, as its build left it beside it.
fn module_compiler() -> Option<String> {
    let module = env::var_os("MODULE").unwrap_or_else(|| "target/tenancy_filter.wasm".into());
    let beside = root().join(module).with_extension("rustc");
    Some(fs::read_to_string(beside).ok()?.trim().to_owned())
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

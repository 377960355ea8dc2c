//! What the module remembers by trace id: after the end of its VM, and with a host that fails.

use anyhow::{Context, Result};
use integration::cases::{Case, Direction, Passage};
use integration::text::Text;
use integration::wasm_host::{Action, Exchange, Fault, RootContext, Shared, Stream, WasmHost};

const CONFIGURATION: &str = r#"{
    "version": 1,
    "role": "mesh",
    "tenant": {"to": [{"header": "x-tenant"}]},
    "repair": {"by": ["traceparent"], "slots": 64, "lingerSeconds": 5}
}"#;
const SET: &str = "proxy_set_shared_data";

/// A worker of a proxy.
struct Worker {
    host: WasmHost,
    root: RootContext,
}

fn traceparent(id: u32) -> String {
    format!("traceparent: 00-{id:032x}-00000000000000aa-01")
}

impl Worker {
    fn of(proxy: &Shared) -> Result<Self> {
        let mut host = WasmHost::start_with(proxy)?;
        let root = host.configure(CONFIGURATION)?.context("a configuration that is accepted")?;
        Ok(Self { host, root })
    }

    fn send(&mut self, direction: Direction, headers: &[&str]) -> Result<Stream> {
        let line = |text: &&str| Text::Plain((*text).into());
        let exchange = Exchange::of(&Case {
            authority: "cart".into(),
            headers: headers.iter().map(line).collect(),
            passage: Passage { direction, ..Passage::default() },
            ..Case::default()
        });
        let stream = self.host.open(self.root, exchange)?;
        assert_eq!(self.host.on_request_headers(stream)?, Action::Continue);
        Ok(stream)
    }

    /// A request of a tenant, under way.
    fn receive(&mut self, id: u32, tenant: &str) -> Result<Stream> {
        self.send(Direction::Inbound, &[&traceparent(id), &format!("x-tenant: {tenant}")])
    }

    /// The tenant of a call that brings a trace id alone.
    fn call(&mut self, id: u32) -> Result<Vec<String>> {
        let stream = self.send(Direction::Outbound, &[&traceparent(id)])?;
        Ok(self.host.close(stream)?.headers.values("x-tenant"))
    }
}

#[test]
fn a_vm_that_dies_takes_nothing_with_it() -> Result<()> {
    let proxy = Shared::default();
    let mut victim = Worker::of(&proxy)?;
    victim.receive(1, "dev1")?;
    drop(victim);
    proxy.wait(60_000);
    let mut reloaded = Worker::of(&proxy)?;
    assert_eq!(reloaded.call(1)?, ["dev1"], "its stream may be open yet");
    let again = reloaded.receive(1, "dev2")?;
    assert_eq!(reloaded.call(1)?, [""; 0], "two contexts");
    reloaded.host.close(again)?;
    proxy.wait(24 * 60 * 60 * 1000);
    assert_eq!(reloaded.call(1)?, [""; 0]);
    reloaded.receive(1, "dev3")?;
    assert_eq!(reloaded.call(1)?, ["dev3"], "nobody's stream lasts that long");
    Ok(())
}

/// A proxy that hands the headers over again makes no slot stay for a day.
#[test]
fn a_stream_lets_go_of_all_that_it_held() -> Result<()> {
    let proxy = Shared::default();
    let mut worker = Worker::of(&proxy)?;
    let stream = worker.receive(1, "dev1")?;
    worker.host.on_request_headers(stream)?;
    worker.host.close(stream)?;
    proxy.wait(5_000);
    assert_eq!(worker.call(1)?, [""; 0]);
    Ok(())
}

#[test]
fn all_workers_share_what_one_remembers() -> Result<()> {
    let proxy = Shared::default();
    let [mut one, mut other] = [Worker::of(&proxy)?, Worker::of(&proxy)?];
    let stream = one.receive(1, "dev1")?;
    assert_eq!(other.call(1)?, ["dev1"]);
    let same = other.receive(1, "dev1")?;
    one.host.close(stream)?;
    proxy.wait(60_000);
    assert_eq!(one.call(1)?, ["dev1"], "the other's stream is open");
    other.host.close(same)?;
    proxy.wait(4_999);
    assert_eq!(one.call(1)?, ["dev1"]);
    proxy.wait(1);
    assert_eq!(one.call(1)?, [""; 0]);
    Ok(())
}

/// Whatever a proxy calls, and however often, each slot is let go once.
#[test]
fn a_slot_is_let_go_whatever_callbacks_came() -> Result<()> {
    let proxy = Shared::default();
    let mut worker = Worker::of(&proxy)?;
    let unheard = worker.host.open(worker.root, Exchange::default())?;
    worker.host.on_delete(unheard)?;
    let twice = worker.receive(1, "dev1")?;
    worker.host.on_request_headers(twice)?;
    worker.host.on_delete(twice)?;
    proxy.wait(4_999);
    assert_eq!(worker.call(1)?, ["dev1"]);
    proxy.wait(1);
    assert_eq!(worker.call(1)?, [""; 0]);
    Ok(())
}

/// An id that cannot be looked up may contradict the one that can.
#[test]
fn half_a_recollection_restores_nothing() -> Result<()> {
    let proxy = Shared::default();
    let mut host = WasmHost::start_with(&proxy)?;
    let configuration = CONFIGURATION.replace("[\"traceparent\"]", "[\"traceparent\", \"x-request-id\"]");
    let root = host.configure(&configuration)?.context("a configuration that is accepted")?;
    let mut worker = Worker { host, root };
    worker.receive(1, "victim")?;
    worker.send(Direction::Inbound, &["x-request-id: r2", "x-tenant: other"])?;
    for fault in [false, true] {
        if fault {
            worker.host.fail("proxy_get_shared_data", 1, Fault::Fails);
        }
        let stream = worker.send(Direction::Outbound, &[&traceparent(1), "x-request-id: r2"])?;
        assert_eq!(worker.host.close(stream)?.headers.values("x-tenant"), [""; 0]);
    }
    Ok(())
}

/// Another table would hold an id without what contradicts it.
#[test]
fn an_update_of_slots_forgets_nothing() -> Result<()> {
    let proxy = Shared::default();
    let mut worker = Worker::of(&proxy)?;
    let before: Vec<_> = (1..=8).map(|id| worker.receive(id, "dev1")).collect::<Result<_>>()?;
    let (keys, _) = proxy.size();
    assert!(worker.host.reconfigure(worker.root, &CONFIGURATION.replace("64", "4096"))?);
    assert!(
        worker.host.log().iter().any(|line| line.contains("repair.slots: the proxy keeps")),
        "{:?}",
        worker.host.log()
    );
    for id in 1..=8 {
        assert_eq!(worker.call(id)?, ["dev1"], "{id}");
    }
    worker.receive(1, "attacker")?;
    assert_eq!(worker.call(1)?, [""; 0], "two contexts");
    for stream in before {
        worker.host.close(stream)?;
    }
    proxy.wait(5_000);
    assert_eq!(worker.call(2)?, [""; 0], "its request let it go");
    assert_eq!(proxy.size().0, keys);
    Ok(())
}

/// The key is of the first VM that asks, and of the clock where the proxy has no random bytes.
#[test]
fn a_vm_without_random_bytes_has_the_table_of_the_others() -> Result<()> {
    for is_first in [true, false] {
        let proxy = Shared::default();
        proxy.wait(1_000_000_007);
        let deny = |host: &mut WasmHost| host.fail("random_get", 0, Fault::Fails);
        let start = |is_denied: bool| -> Result<Worker> {
            let mut host = WasmHost::start_with(&proxy)?;
            if is_denied {
                deny(&mut host);
            }
            let root = host.configure(CONFIGURATION)?.context("a configuration that is accepted")?;
            Ok(Worker { host, root })
        };
        let [mut one, mut other] = [start(is_first)?, start(!is_first)?];
        for id in 1..=8 {
            one.receive(id, "dev1")?;
            assert_eq!(other.call(id)?, ["dev1"]);
        }
    }
    Ok(())
}

#[test]
fn repair_without_shared_data_is_refused_and_says_why() -> Result<()> {
    for (call, fault) in [("proxy_get_shared_data", Fault::Fails), (SET, Fault::Fails), (SET, Fault::Loses)] {
        let mut host = WasmHost::start()?;
        host.fail(call, 0, fault);
        assert!(host.configure(CONFIGURATION)?.is_none(), "{call}");
        let log = host.log().concat();
        assert!(log.contains("repair: the proxy gives no access to its shared data"), "{call}: {log}");
        host.recover();
        assert!(host.configure(CONFIGURATION)?.is_some(), "{call}");
    }
    Ok(())
}

#[test]
fn an_update_that_is_lost_some_times_is_made_in_the_end() -> Result<()> {
    let mut worker = Worker::of(&Shared::default())?;
    worker.host.fail_times(SET, 99, Fault::Loses);
    worker.receive(1, "dev1")?;
    assert_eq!(worker.call(1)?, ["dev1"]);
    Ok(())
}

/// What could not be made ambiguous is told to nobody.
#[test]
fn an_update_that_is_always_lost_closes_its_bucket() -> Result<()> {
    for fault in [Fault::Loses, Fault::Fails] {
        let proxy = Shared::default();
        let [mut worker, mut losing] = [Worker::of(&proxy)?, Worker::of(&proxy)?];
        worker.receive(1, "victim")?;
        // All but the last resort, which takes any version.
        losing.host.fail_times(SET, if fault == Fault::Loses { 100 } else { 1 }, fault);
        let attacker = losing.receive(1, "attacker")?;
        assert_eq!((worker.call(1)?, losing.call(1)?), (vec![], vec![]), "{fault:?}");
        losing.host.close(attacker)?;
        proxy.wait(23 * 60 * 60 * 1000);
        worker.receive(1, "victim")?;
        assert_eq!(worker.call(1)?, [""; 0], "{fault:?}: as long as a stream may last");
    }
    Ok(())
}

#[test]
fn a_host_without_shared_data_or_clock_breaks_no_request() -> Result<()> {
    for call in [SET, "proxy_get_shared_data", "proxy_get_current_time_nanoseconds"] {
        let mut worker = Worker::of(&Shared::default())?;
        worker.host.fail(call, 0, Fault::Fails);
        let stream = worker.receive(1, "dev1")?;
        assert!(worker.call(1)?.is_empty(), "{call}");
        assert_eq!(worker.host.close(stream)?.headers.values("x-tenant"), ["dev1"], "{call}");
    }
    Ok(())
}

/// However many ids come, and however long each is.
#[test]
fn a_flood_finds_the_memory_bounded() -> Result<()> {
    let proxy = Shared::default();
    let mut worker = Worker::of(&proxy)?;
    for id in 1..=600 {
        let stream = worker.receive(id, &"x".repeat(63))?;
        if id % 2 == 0 {
            worker.host.close(stream)?;
        }
    }
    let (keys, bytes) = proxy.size();
    assert!(keys <= 8 + 1 && bytes <= 64 * 700, "{keys} keys, {bytes} bytes");
    Ok(())
}

//! The host functions that the module needs; any other is a trap with its name.

use playground::Headers;
use tenancy_filter_envoy::Pairs;
use wasmi::{Caller, Error, Extern, Memory, Val};

use super::encoding;
use super::foreign;
use super::shared::Shared;
use super::state::{Fault, NOT_FOUND, Reply, State};

const OK: u32 = 0;
const BAD_ARGUMENT: u32 = 2;
const CAS_MISMATCH: u32 = 8;
const INTERNAL_FAILURE: u32 = 10;

const REQUEST_HEADERS: u64 = 0;
const REQUEST_TRAILERS: u64 = 1;
const PLUGIN_CONFIGURATION: u64 = 7;
const DEBUG: u32 = 1;
const INFO: u32 = 2;

/// A host call under way.
struct Call<'c> {
    caller: Caller<'c, State>,
    memory: Memory,
    fault: Option<Fault>,
}

/// Answers a call of a host function with its status.
pub(super) fn answer(
    name: &str,
    mut caller: Caller<'_, State>,
    arguments: &[Val],
    results: &mut [Val],
) -> Result<(), Error> {
    let memory = caller.get_export("memory").and_then(Extern::into_memory).ok_or_else(|| Error::new("no memory"))?;
    caller.data_mut().journal.push(name.into());
    let fault = caller.data_mut().fault(name);
    let arguments = arguments.iter().map(number).collect::<Result<Vec<_>, _>>()?;
    let status = match fault {
        Some(Fault::Fails) => INTERNAL_FAILURE,
        Some(Fault::Loses) => CAS_MISMATCH,
        _ => Call { caller, memory, fault }.run(name, &arguments)?,
    };
    if let [result] = results {
        *result = Val::I32(status.cast_signed());
    }
    Ok(())
}

fn number(value: &Val) -> Result<u64, Error> {
    match value {
        Val::I32(number) => Ok(u64::from(number.cast_unsigned())),
        Val::I64(number) => Ok(number.cast_unsigned()),
        _ => Err(Error::new("a number that no host function takes")),
    }
}

impl Call<'_> {
    fn run(&mut self, name: &str, arguments: &[u64]) -> Result<u32, Error> {
        match (name, arguments) {
            ("proxy_log", &[_, data, size]) => self.log(data, size),
            ("proxy_get_log_level", &[level]) => {
                let number: u32 = if self.caller.data().is_debugging { DEBUG } else { INFO };
                self.write(level, &number.to_le_bytes())?;
                Ok(OK)
            }
            ("proxy_get_buffer_bytes", &[kind, start, length, data, size]) => {
                self.buffer(kind, start, length, data, size)
            }
            ("proxy_get_header_map_pairs", &[map, data, size]) => self.pairs(map, data, size),
            ("proxy_replace_header_map_value", &[map, name, name_size, value, value_size]) => {
                let (name, value) = (self.bytes(name, name_size)?, self.bytes(value, value_size)?);
                Ok(self.change(map, &name, Some(value)))
            }
            ("proxy_remove_header_map_value", &[map, name, size]) => {
                let name = self.bytes(name, size)?;
                Ok(self.change(map, &name, None))
            }
            ("proxy_send_local_response", &[status, _, _, body, size, headers, headers_size, _]) => {
                self.reply(status, body, size, headers, headers_size)
            }
            ("proxy_get_property", &[path, path_size, data, size]) => self.property(path, path_size, data, size),
            ("proxy_set_tick_period_milliseconds", &[period]) => {
                let state = self.caller.data_mut();
                state.tick_periods.insert(state.context, period);
                Ok(OK)
            }
            ("proxy_get_current_time_nanoseconds", &[time]) => {
                let nanoseconds = self.caller.data().shared.milliseconds() * 1_000_000;
                self.write(time, &nanoseconds.to_le_bytes())?;
                Ok(OK)
            }
            ("proxy_call_foreign_function", &[name, name_size, text, text_size, data, size]) => {
                let (name, text) = (self.bytes(name, name_size)?, self.bytes(text, text_size)?);
                match foreign::answer(&String::from_utf8_lossy(&name), &text) {
                    Ok(answer) => self.hand_over(answer, data, size),
                    Err(status) => Ok(status),
                }
            }
            ("environ_sizes_get", &[count, size]) => {
                let variables = self.variables();
                let bytes: usize = variables.iter().map(Vec::len).sum();
                self.write_size(count, variables.len())?;
                self.write_size(size, bytes)
            }
            ("environ_get", &[places, texts]) => self.environment(places, texts),
            ("random_get", &[data, size]) => {
                let random = Shared::random(index(size)?);
                self.write(data, &random)?;
                Ok(OK)
            }
            ("proxy_get_shared_data", &[key, key_size, data, size, version]) => {
                let key = self.bytes(key, key_size)?;
                self.shared_data(&key, data, size, version)
            }
            ("proxy_set_shared_data", &[key, key_size, data, size, version]) => {
                let (key, data) = (self.bytes(key, key_size)?, self.bytes(data, size)?);
                self.set_shared_data(key, data, version)
            }
            ("proxy_define_metric", &[_, name, size, number]) => self.define_metric(name, size, number),
            ("proxy_increment_metric", &[number, count]) => Ok(self.count(number, count)),
            _ => Err(Error::new(format!("the module calls {name}, which this host does not offer"))),
        }
    }

    /// The environment, each variable with a zero behind it (WASI, `environ_get`).
    fn variables(&self) -> Vec<Vec<u8>> {
        let variables = self.caller.data().environment.iter();
        variables.map(|(name, value)| format!("{name}={value}\0").into_bytes()).collect()
    }

    fn environment(&mut self, mut places: u64, mut texts: u64) -> Result<u32, Error> {
        for variable in self.variables() {
            self.write_size(places, index(texts)?)?;
            self.write(texts, &variable)?;
            places += 4;
            texts += variable.len() as u64;
        }
        Ok(OK)
    }

    fn write_size(&mut self, place: u64, size: usize) -> Result<u32, Error> {
        let size = u32::try_from(size).map_err(|_| Error::new("more than 4 GiB"))?;
        self.write(place, &size.to_le_bytes())?;
        Ok(OK)
    }

    fn shared_data(&mut self, key: &[u8], data: u64, size: u64, version: u64) -> Result<u32, Error> {
        let Some((bytes, current)) = self.caller.data().shared.get(key) else { return Ok(NOT_FOUND) };
        self.write(version, &current.to_le_bytes())?;
        self.hand_over(bytes, data, size)
    }

    fn set_shared_data(&mut self, key: Vec<u8>, data: Vec<u8>, version: u64) -> Result<u32, Error> {
        let version = u32::try_from(version).map_err(|_| Error::new("a version of more than 32 bits"))?;
        Ok(if self.caller.data().shared.set(key, data, version) { OK } else { CAS_MISMATCH })
    }

    fn log(&mut self, data: u64, size: u64) -> Result<u32, Error> {
        let message = self.bytes(data, size)?;
        self.caller.data_mut().log.push(String::from_utf8_lossy(&message).into_owned());
        Ok(OK)
    }

    fn buffer(&mut self, kind: u64, start: u64, length: u64, data: u64, size: u64) -> Result<u32, Error> {
        let state = self.caller.data();
        match (kind, state.configurations.get(&state.context)) {
            (PLUGIN_CONFIGURATION, Some(text)) => {
                let wanted = text.bytes().skip(index(start)?).take(index(length)?).collect();
                self.hand_over(wanted, data, size)
            }
            _ => Ok(NOT_FOUND),
        }
    }

    fn pairs(&mut self, map: u64, data: u64, size: u64) -> Result<u32, Error> {
        let Some(lines) = self.map(map) else { return Ok(BAD_ARGUMENT) };
        let bytes = encoding::pairs_or_nothing(&lines.0);
        self.hand_over(bytes, data, size)
    }

    /// Removes every line of a name, and adds one if there is a value.
    fn change(&mut self, map: u64, name: &[u8], value: Option<Vec<u8>>) -> u32 {
        let Some(lines) = self.map(map) else { return BAD_ARGUMENT };
        lines.0.retain(|(known, _)| known != name);
        lines.0.extend(value.map(|value| (name.to_vec(), value)));
        OK
    }

    fn reply(&mut self, status: u64, body: u64, size: u64, headers: u64, headers_size: u64) -> Result<u32, Error> {
        let lines = self.bytes(headers, headers_size)?;
        let mut pairs = Pairs::new();
        tenancy_filter_envoy::pairs(&lines, &mut pairs).ok_or_else(|| Error::new("headers that are none"))?;
        let headers = Headers(pairs.iter().map(|line| (line.name.to_vec(), line.value.to_vec())).collect());
        let body = String::from_utf8_lossy(&self.bytes(body, size)?).into_owned();
        let status = u32::try_from(status).map_err(|_| Error::new("a status of more than 32 bits"))?;
        let Some(exchange) = self.caller.data_mut().exchange() else { return Ok(BAD_ARGUMENT) };
        exchange.replies.push(Reply { status, headers, body });
        Ok(OK)
    }

    fn property(&mut self, path: u64, path_size: u64, data: u64, size: u64) -> Result<u32, Error> {
        let path = self.bytes(path, path_size)?;
        let path = String::from_utf8(path).map_err(|_| Error::new("a property's path that is no text"))?;
        let path: Vec<_> = path.split('\0').collect();
        let state = self.caller.data_mut();
        let of_node = state.node.property(&path);
        match of_node.or_else(|_| state.exchange().map_or(Err(NOT_FOUND), |exchange| exchange.property(&path))) {
            Ok(value) => self.hand_over(value, data, size),
            Err(status) => Ok(status),
        }
    }

    fn define_metric(&mut self, name: u64, size: u64, number: u64) -> Result<u32, Error> {
        let name = String::from_utf8_lossy(&self.bytes(name, size)?).into_owned();
        let metrics = &mut self.caller.data_mut().metrics;
        // As in Envoy, a name that is known keeps its number: two configurations of a VM share their metrics.
        let place = metrics.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
            metrics.push((name, 0));
            metrics.len() - 1
        });
        self.write(number, &u32::try_from(place).expect("few metrics").to_le_bytes())?;
        Ok(OK)
    }

    fn count(&mut self, number: u64, count: u64) -> u32 {
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        let Some((_, total)) = self.caller.data_mut().metrics.get_mut(place) else { return BAD_ARGUMENT };
        *total += count;
        OK
    }

    fn map(&mut self, map: u64) -> Option<&mut Headers> {
        let exchange = self.caller.data_mut().exchange()?;
        match map {
            REQUEST_HEADERS => Some(&mut exchange.headers),
            REQUEST_TRAILERS => Some(&mut exchange.trailers),
            _ => None,
        }
    }

    /// Writes bytes into memory that the module allocates, and says where; nothing is a null pointer.
    fn hand_over(&mut self, mut bytes: Vec<u8>, data: u64, size: u64) -> Result<u32, Error> {
        if self.fault == Some(Fault::Truncates) {
            bytes.pop();
        }
        let length = u32::try_from(bytes.len()).map_err(|_| Error::new("more than 4 GiB"))?;
        let place = if bytes.is_empty() { 0 } else { self.allocate(length)? };
        self.write(u64::from(place), &bytes)?;
        self.write(data, &place.to_le_bytes())?;
        self.write(size, &length.to_le_bytes())?;
        Ok(OK)
    }

    fn allocate(&mut self, size: u32) -> Result<u32, Error> {
        // As in Envoy: the ABI's name for it, or an older one.
        let names = ["proxy_on_memory_allocate", "malloc"];
        let allocate = names.iter().find_map(|name| self.caller.get_export(name)).and_then(Extern::into_func);
        let allocate = allocate.ok_or_else(|| Error::new("the module allocates nothing"))?;
        let allocate = allocate.typed::<u32, u32>(&self.caller)?;
        allocate.call(&mut self.caller, size)
    }

    fn bytes(&self, place: u64, size: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = vec![0; index(size)?];
        self.memory.read(&self.caller, index(place)?, &mut bytes)?;
        Ok(bytes)
    }

    fn write(&mut self, place: u64, bytes: &[u8]) -> Result<(), Error> {
        Ok(self.memory.write(&mut self.caller, index(place)?, bytes)?)
    }
}

fn index(number: u64) -> Result<usize, Error> {
    usize::try_from(number).map_err(|_| Error::new("a place beyond memory"))
}

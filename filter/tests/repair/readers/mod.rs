//! What real readers make of a line of a trace header: their rules as they stand in their sources, so that no line which
//! the filter lets through means another request to one of them. The fuzz target `trace` uses the same table.

mod numbers;
mod uuids;

use numbers::{c_unsigned, digits, go_int, java_half, js_decimal, js_hex, python_int, rust_int};

/// An id as a reader has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Id {
    /// The low 64 bits of a trace's.
    Trace(u64),
    /// That of a request, as it is forwarded.
    Request(String),
}

/// A library that reads a header.
pub(crate) struct Reader {
    pub(crate) who: &'static str,
    /// The repository, the file and the function.
    pub(crate) source: &'static str,
    pub(crate) header: &'static str,
    pub(crate) read: fn(&str) -> Option<Id>,
}

/// Text without the white space around it.
fn trimmed(line: &str) -> &str {
    line.trim_matches(|c: char| c.is_ascii_whitespace())
}

/// One of a number of fields.
fn field(line: &str, separator: char, counts: std::ops::RangeInclusive<usize>, at: usize) -> Option<&str> {
    let fields: Vec<_> = line.split(separator).collect();
    fields.get(at).copied().filter(|_| counts.contains(&fields.len()))
}

/// The traceparent's id, if the line begins as the recommendation says.
fn by_place(line: &str) -> Option<&str> {
    let is_cut = [2, 35, 52].iter().all(|at| line.as_bytes().get(*at) == Some(&b'-'));
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let rest_fits = [0..2, 36..52, 53..55].into_iter().all(|place| line.get(place).is_some_and(is_hex));
    let ends = matches!(line.as_bytes().get(55), None | Some(b'-'));
    line.get(3..35).filter(|_| is_cut && rest_fits && ends)
}

/// The first place that looks like `ID-SPAN`, wherever it is.
fn anywhere(line: &str) -> Option<&str> {
    let is_lower_hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let starts = (0..line.len()).flat_map(|start| [32, 16].map(|length| (start, start + length)));
    let mut found = starts.filter(|(start, end)| {
        line.get(*start..*end).is_some_and(is_lower_hex)
            && line.as_bytes().get(*end) == Some(&b'-')
            && line.get(end + 1..end + 17).is_some_and(is_lower_hex)
    });
    found.next().and_then(|(start, end)| line.get(start..end))
}

fn of_length<'t>(text: &'t str, lengths: &[usize]) -> Option<&'t str> {
    Some(text).filter(|text| lengths.contains(&text.len()))
}

/// `%3A` and the like.
fn unescaped(line: &str) -> String {
    let mut parts = line.split('%');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => text.extend([char::from(byte)].into_iter().chain(part[2..].chars())),
            None => text.extend(['%'].into_iter().chain(part.chars())),
        }
    }
    text
}

/// What Zipkin's tracer in Envoy takes for the low half, by the place of the first hyphen.
fn zipkin_single(line: &str) -> Option<Id> {
    let at = if line.as_bytes().get(32) == Some(&b'-') { 16 } else { 0 };
    let is_cut = line.as_bytes().get(at + 16) == Some(&b'-') && (33..=68).contains(&line.len());
    line.get(at..at + 16).filter(|_| is_cut).and_then(|half| c_unsigned(half, 16))
}

/// Brave reads each half by itself; one that holds something else is zero.
fn brave_single(line: &str) -> Option<Id> {
    let at = if line.as_bytes().get(32) == Some(&b'-') { 16 } else { 0 };
    let is_cut = line.as_bytes().get(at + 16) == Some(&b'-') && (33..=69).contains(&line.len());
    line.get(at..at + 16).filter(|_| is_cut).and_then(java_half)
}

/// Each by a reader's header. Those of Envoy stand in [`TRACERS`].
#[rustfmt::skip]
pub(crate) const READERS: &[Reader] = &[
    Reader { who: "OpenTelemetry Go", source: "open-telemetry/opentelemetry-go propagation/trace_context.go extract", header: "traceparent",
        read: |line| digits(by_place(line)?) },
    Reader { who: "OpenTelemetry JavaScript", source: "open-telemetry/opentelemetry-js packages/opentelemetry-core/src/trace/W3CTraceContextPropagator.ts parseTraceParent", header: "traceparent",
        read: |line| digits(by_place(trimmed(line))?) },
    Reader { who: "OpenTelemetry Python", source: "open-telemetry/opentelemetry-python opentelemetry-api/src/opentelemetry/trace/propagation/tracecontext.py extract", header: "traceparent",
        read: |line| python_int(by_place(trimmed(line))?, 16) },
    Reader { who: "OpenTelemetry Java", source: "open-telemetry/opentelemetry-java api/all/src/main/java/io/opentelemetry/api/trace/propagation/W3CTraceContextPropagator.java extractContextFromTraceParent", header: "traceparent",
        read: |line| digits(by_place(line)?) },
    Reader { who: "OpenTelemetry Rust", source: "open-telemetry/opentelemetry-rust opentelemetry-sdk/src/propagation/trace_context.rs extract_span_context", header: "traceparent",
        read: |line| rust_int(field(trimmed(line), '-', 4..=usize::MAX, 1)?, 16) },
    Reader { who: "Datadog JavaScript", source: "DataDog/dd-trace-js packages/dd-trace/src/opentracing/propagation/text_map.js _extractTraceparentContext", header: "traceparent",
        read: |line| js_hex(by_place(trimmed(line))?) },
    Reader { who: "Datadog Python", source: "DataDog/dd-trace-py ddtrace/propagation/http.py _hex_id_to_dd_id", header: "traceparent",
        read: |line| python_int(by_place(trimmed(line))?.get(16..)?, 16) },

    Reader { who: "OpenTelemetry Go", source: "open-telemetry/opentelemetry-go-contrib propagators/b3/b3_propagator.go extractSingle", header: "b3",
        read: |line| digits(of_length(line.split('-').next()?, &[16, 32]).filter(|_| line.len() >= 33)?) },
    Reader { who: "OpenTelemetry JavaScript", source: "open-telemetry/opentelemetry-js packages/opentelemetry-propagator-b3/src/B3SinglePropagator.ts extract", header: "b3",
        read: |line| digits(anywhere(line)?) },
    Reader { who: "OpenTelemetry Python", source: "open-telemetry/opentelemetry-python propagator/opentelemetry-propagator-b3/src/opentelemetry/propagators/b3/__init__.py extract", header: "b3",
        read: |line| digits(of_length(field(line, '-', 2..=4, 0)?, &[16, 32])?) },
    Reader { who: "OpenTelemetry Java", source: "open-telemetry/opentelemetry-java extensions/trace-propagators/…/B3PropagatorExtractorSingleHeader.java extractSpanContextFromSingleHeader", header: "b3",
        read: |line| digits(of_length(field(line.trim_end_matches('-'), '-', 2..=4, 0)?, &[16, 32])?) },
    Reader { who: "OpenTelemetry Rust", source: "open-telemetry/opentelemetry-rust-contrib opentelemetry-zipkin/src/propagator/mod.rs extract_single_header", header: "b3",
        read: |line| rust_int(of_length(field(line, '-', 2..=4, 0)?, &[16, 32])?, 16) },
    Reader { who: "Brave", source: "openzipkin/brave brave/src/main/java/brave/propagation/B3SingleFormat.java parseB3SingleFormat", header: "b3",
        read: brave_single },

    Reader { who: "OpenTelemetry Go", source: "open-telemetry/opentelemetry-go-contrib propagators/b3/b3_propagator.go extractMultiple", header: "x-b3-traceid",
        read: |line| digits(of_length(line, &[16, 32])?) },
    Reader { who: "OpenTelemetry Python", source: "open-telemetry/opentelemetry-python propagator/opentelemetry-propagator-b3/src/opentelemetry/propagators/b3/__init__.py extract", header: "x-b3-traceid",
        read: |line| python_int(of_length(line, &[16, 32])?, 16) },
    Reader { who: "OpenTelemetry Java", source: "open-telemetry/opentelemetry-java extensions/trace-propagators/…/Common.java isTraceIdValid", header: "x-b3-traceid",
        read: |line| digits(of_length(line, &[16, 32])?) },
    Reader { who: "OpenTelemetry Rust", source: "open-telemetry/opentelemetry-rust-contrib opentelemetry-zipkin/src/propagator/mod.rs extract_trace_id", header: "x-b3-traceid",
        read: |line| rust_int(of_length(line, &[16, 32])?, 16) },
    Reader { who: "Brave", source: "openzipkin/brave brave/src/main/java/brave/internal/HexCodec.java lowerHexToUnsignedLong", header: "x-b3-traceid",
        read: |line| Some(line).filter(|line| (1..=32).contains(&line.len()))?.get(line.len().saturating_sub(16)..).and_then(java_half) },
    Reader { who: "Datadog JavaScript", source: "DataDog/dd-trace-js packages/dd-trace/src/id.js createBuffer", header: "x-b3-traceid",
        read: js_hex },
    Reader { who: "Datadog Python", source: "DataDog/dd-trace-py ddtrace/propagation/http.py _b3_id_to_dd_id", header: "x-b3-traceid",
        read: |line| python_int(line.get(line.len().saturating_sub(16)..)?, 16) },

    Reader { who: "Datadog JavaScript", source: "DataDog/dd-trace-js packages/dd-trace/src/id.js fromString", header: "x-datadog-trace-id",
        read: js_decimal },
    Reader { who: "Datadog Go", source: "DataDog/dd-trace-go ddtrace/tracer/util.go parseUint64", header: "x-datadog-trace-id",
        read: go_int },
    Reader { who: "Datadog Python", source: "DataDog/dd-trace-py ddtrace/propagation/http.py _DatadogMultiHeader._extract", header: "x-datadog-trace-id",
        read: |line| python_int(line, 10) },
    Reader { who: "OpenTelemetry Rust", source: "open-telemetry/opentelemetry-rust-contrib opentelemetry-datadog/src/lib.rs extract_trace_id", header: "x-datadog-trace-id",
        read: |line| rust_int(line, 10) },

    Reader { who: "OpenTelemetry Go", source: "open-telemetry/opentelemetry-go-contrib propagators/jaeger/jaeger_propagator.go extract", header: "uber-trace-id",
        read: |line| digits(of_length(field(line, ':', 4..=4, 0)?, &[16, 32])?) },
    Reader { who: "OpenTelemetry JavaScript", source: "open-telemetry/opentelemetry-js packages/opentelemetry-propagator-jaeger/src/JaegerPropagator.ts deserializeSpanContext", header: "uber-trace-id",
        read: |line| digits(field(&unescaped(line), ':', 4..=4, 0)?) },
    Reader { who: "OpenTelemetry Python", source: "open-telemetry/opentelemetry-python propagator/opentelemetry-propagator-jaeger/src/opentelemetry/propagators/jaeger/__init__.py extract", header: "uber-trace-id",
        read: |line| python_int(field(&unescaped(line), ':', 4..=4, 0)?, 16) },
    Reader { who: "OpenTelemetry Java", source: "open-telemetry/opentelemetry-java extensions/trace-propagators/…/JaegerPropagator.java getSpanContextFromHeader", header: "uber-trace-id",
        read: |line| digits(field(unescaped(&line.replace('+', " ")).trim_end_matches(':'), ':', 4..=4, 0)?) },
    Reader { who: "OpenTelemetry Rust", source: "open-telemetry/opentelemetry-rust opentelemetry-jaeger-propagator/src/propagator.rs extract_trace_id", header: "uber-trace-id",
        read: |line| rust_int(field(&line.replace("%3A", ":"), ':', 4..=5, 0)?, 16) },

    Reader { who: "Google Cloud Go", source: "googleapis/google-cloud-go logging/logging.go deconstructXCloudTraceContext", header: "x-cloud-trace-context",
        read: |line| digits(line.split_once('/')?.0.rsplit(|c: char| !c.is_ascii_hexdigit()).next()?) },
    Reader { who: "Google Cloud Python", source: "GoogleCloudPlatform/opentelemetry-operations-python opentelemetry-propagator-gcp/src/opentelemetry/propagators/cloud_trace_propagator/__init__.py extract", header: "x-cloud-trace-context",
        read: |line| digits(of_length(line.split_once('/')?.0, &[32])?) },

    Reader { who: "Rails", source: "rails/rails actionpack/lib/action_dispatch/middleware/request_id.rb make_request_id", header: "x-request-id",
        read: |line| kept(line.chars().filter(|c| c.is_ascii_alphanumeric() || "_-@".contains(*c)).take(255).collect()) },
    Reader { who: "Plug (Phoenix)", source: "elixir-plug/plug lib/plug/request_id.ex valid_request_id?", header: "x-request-id",
        read: |line| kept(line.to_owned()).filter(|_| (20..=200).contains(&line.len())) },
    Reader { who: "an application that forwards it", source: "Istio, \"Distributed Tracing FAQ\"", header: "x-request-id",
        read: |line| kept(line.to_owned()) },
    Reader { who: "Java", source: "openjdk/jdk src/java.base/share/classes/java/util/UUID.java fromString1", header: "x-request-id",
        read: uuids::java },
    Reader { who: "Python", source: "python/cpython Lib/uuid.py UUID.__init__", header: "x-request-id",
        read: uuids::python },
    Reader { who: "Go", source: "google/uuid uuid.go Parse", header: "x-request-id",
        read: uuids::go },
];

/// Those that run in the proxy, before any filter, and write what they read behind all of them.
#[rustfmt::skip]
pub(crate) const TRACERS: &[Reader] = &[
    Reader { who: "OpenTelemetry", source: "envoyproxy/envoy source/extensions/tracers/opentelemetry/span_context_extractor.cc extractSpanContext", header: "traceparent",
        read: |line| digits(by_place(of_length(line, &[55])?)?) },
    Reader { who: "Datadog", source: "DataDog/dd-trace-cpp src/datadog/w3c_propagation.cpp extract_traceparent", header: "traceparent",
        read: |line| digits(by_place(trimmed(line))?) },
    Reader { who: "Zipkin", source: "envoyproxy/envoy source/extensions/tracers/zipkin/span_context_extractor.cc extractSpanContextFromB3SingleFormat", header: "b3",
        read: zipkin_single },
    Reader { who: "Zipkin", source: "envoyproxy/envoy source/extensions/tracers/zipkin/span_context_extractor.cc extractSpanContext", header: "x-b3-traceid",
        read: |line| c_unsigned(if line.len() == 32 { line.get(16..)? } else { line }, 16) },
    Reader { who: "Datadog", source: "DataDog/dd-trace-cpp src/datadog/trace_id.cpp parse_hex", header: "x-b3-traceid",
        read: |line| digits(trimmed(line)) },
    Reader { who: "Datadog", source: "DataDog/dd-trace-cpp src/datadog/parse_util.cpp parse_uint64", header: "x-datadog-trace-id",
        read: |line| trimmed(line).parse().ok().filter(|_| !trimmed(line).starts_with('+')).and_then(numbers::trace) },
];

fn kept(id: String) -> Option<Id> {
    (!id.is_empty()).then_some(Id::Request(id))
}

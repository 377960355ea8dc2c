//! Reads requests on standard input with OpenTelemetry's baggage propagator for Rust, as `../read.sh` says.

use std::error::Error;
use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue};
use opentelemetry::Context;
use opentelemetry::baggage::BaggageExt;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::BaggagePropagator;

fn main() -> Result<(), Box<dyn Error>> {
    for request in io::stdin().lines() {
        println!("{}", answer(&request?)?);
    }
    Ok(())
}

fn answer(request: &str) -> Result<String, Box<dyn Error>> {
    let headers = headers(request)?;
    let extracted = BaggagePropagator::new().extract_with_context(&Context::new(), &HeaderExtractor(&headers));
    let entries = extracted.baggage().iter();
    let texts = entries.flat_map(|(key, (value, _))| [key.as_str(), value.as_str()]);
    Ok(texts.map(|text| STANDARD.encode(text)).collect::<Vec<_>>().join(" "))
}

/// As hyper hands them over: each line for itself, its bytes as they are.
fn headers(request: &str) -> Result<HeaderMap, Box<dyn Error>> {
    let mut headers = HeaderMap::new();
    for line in request.split(' ') {
        headers.append("baggage", HeaderValue::from_bytes(&STANDARD.decode(line)?)?);
    }
    Ok(headers)
}

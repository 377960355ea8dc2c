// Reads requests on standard input with OpenTelemetry's baggage propagator for JavaScript, as ../read.sh says.
'use strict';

const readline = require('node:readline');
const { ROOT_CONTEXT, defaultTextMapGetter, propagation } = require('@opentelemetry/api');
const { W3CBaggagePropagator } = require('@opentelemetry/core');

const propagator = new W3CBaggagePropagator();

function answer(request) {
  const extracted = propagator.extract(ROOT_CONTEXT, headers(request), defaultTextMapGetter);
  const entries = propagation.getBaggage(extracted)?.getAllEntries() ?? [];
  const texts = entries.flatMap(([key, entry]) => [key, entry.value]);
  return texts.map((text) => Buffer.from(text).toString('base64')).join(' ');
}

// As node:http hands them over: lines of one name joined, their bytes as characters.
function headers(request) {
  const lines = request.split(' ').map((line) => Buffer.from(line, 'base64').toString('latin1'));
  return { baggage: lines.join(', ') };
}

readline.createInterface({ input: process.stdin }).on('line', (request) => console.log(answer(request)));

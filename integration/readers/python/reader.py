"""Reads requests on standard input with OpenTelemetry's baggage propagator for Python, as ../read.sh says."""

import sys
from base64 import b64decode, b64encode

from opentelemetry import baggage
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context


def answer(request):
    extracted = W3CBaggagePropagator().extract(headers(request), Context())
    texts = (text for entry in baggage.get_all(extracted).items() for text in entry)
    return " ".join(b64encode(text.encode()).decode() for text in texts)


def headers(request):
    """As WSGI hands them over: lines of one name joined, their bytes as characters."""
    lines = (b64decode(line).decode("latin-1") for line in request.split(" "))
    return {"baggage": ",".join(lines)}


for line in sys.stdin:
    print(answer(line.rstrip("\n")))

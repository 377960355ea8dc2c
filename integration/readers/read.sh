#!/usr/bin/env bash
# Reads requests on standard input with OpenTelemetry's SDK of one language: go, java, javascript, python or rust.
#
# A request is a line: its baggage lines in base64, with a space between them. The answer is a line: key and value of
# each member that the SDK extracted, in base64, with a space between them.
#
# What the SDK needs is fetched by the language's own tool, as its lock file says, into the tool's cache or
# target/readers, once.
set -euo pipefail
language=$1
cd "$(dirname "$0")/$language"
fetched=$(cd ../../.. && pwd)/target/readers/$language

# Fetches into an empty folder, unless this lock file has been fetched already; the command is the rest.
fetch() {
    ! cmp -s "$1" "$fetched/fetched" || return 0
    rm -rf "$fetched"
    mkdir -p "$fetched"
    "${@:2}" >&2
    # Last: an interrupted fetch is none.
    cp "$1" "$fetched/fetched"
}

jars() {
    mvn -q -B dependency:copy-dependencies -DoutputDirectory="$fetched"
    (cd "$fetched" && sha256sum --check --quiet --strict) <jars.sha256
}

packages() {
    cp package.json package-lock.json "$fetched"
    npm ci --silent --prefix "$fetched" --ignore-scripts --no-audit --no-fund
}

wheels() {
    python3 -m pip install --quiet --root-user-action ignore --target "$fetched" \
        --only-binary=:all: --require-hashes -r requirements.txt
}

case $language in
go) exec go run . ;;
java)
    fetch jars.sha256 jars
    exec java -cp "$fetched/*" Reader.java
    ;;
javascript)
    fetch package-lock.json packages
    NODE_PATH=$fetched/node_modules exec node reader.js
    ;;
python)
    fetch requirements.txt wheels
    PYTHONPATH=$fetched exec python3 reader.py
    ;;
rust) exec cargo run -q --locked --target-dir "$fetched" ;;
esac

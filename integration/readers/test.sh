#!/usr/bin/env bash
# The part of `make test` that runs OpenTelemetry's SDKs: those whose tools are here. It wants the module.
set -euo pipefail
cd "$(dirname "$0")"

# Rust is here: it runs the test.
readers=(rust)
missing=()
# A reader's language, whether its tools are here, and where they come from.
reader() {
    if "$2" >/dev/null 2>&1; then
        readers+=("${1,,}")
    else
        missing+=("left out: whether OpenTelemetry's SDK in $1 reads us; needs $3")
    fi
}
# From 1.21 on, Go fetches the release that go.mod asks for, also where its distributor would not; an older one cannot
# read the file.
export GOTOOLCHAIN=${GOTOOLCHAIN:-auto}
has_go() { (cd go && go list -m); }
has_java() { command -v javac && command -v mvn; }
has_javascript() { command -v node && command -v npm; }
has_python() { python3 -m pip --version; }

reader Go has_go "Go 1.25 (https://go.dev/dl)"
reader Java has_java "a JDK 17 and Maven (apt-get install default-jdk-headless maven)"
reader JavaScript has_javascript "Node.js 18.19 and npm (apt-get install nodejs npm)"
reader Python has_python "Python 3.10 with pip (apt-get install python3-pip)"

cargo test --locked --test readers -- --ignored --exact "${readers[@]}"
[ ${#missing[@]} -gt 0 ] || exit 0
printf '%s\n' "${missing[@]}"
# Where nobody reads the last lines, what is left out is missing.
[ "${CI:-}" != true ]

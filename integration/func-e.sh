#!/usr/bin/env bash
# The part of `make test` that needs func-e, which Go builds: the README's commands on Envoys that func-e runs.
set -euo pipefail
cd "$(dirname "$0")/.."

# From 1.21 on, Go knows the variable, and fetches the release that func-e asks for.
export GOTOOLCHAIN=${GOTOOLCHAIN:-auto}
if [ -z "$(go env GOTOOLCHAIN 2>/dev/null)" ]; then
    echo "left out: the README's commands under func-e; needs Go 1.21 (https://go.dev/dl)"
    # Where nobody reads the last lines, what is left out is missing.
    [ "${CI:-}" != true ]
    exit
fi
if [ "$(uname -s)" != Linux ]; then
    echo "left out: the README's commands under func-e, whose Envoys outlive it elsewhere than on Linux"
    exit
fi

release=1.6.0
folder=$PWD/target/func-e/$release
[ -x "$folder/func-e" ] || GOBIN=$folder go install "github.com/tetratelabs/func-e/cmd/func-e@v$release"
# Its logs, and its Envoys.
FUNC_E_HOME=$(mktemp -d) && export FUNC_E_HOME
trap 'rm -rf "$FUNC_E_HOME"' EXIT
FUNC_E=$folder/func-e cargo test --locked --test readme commands_answer_as_printed

# What `make run` takes where func-e is installed.
envoy=$FUNC_E_HOME/versions/1.36.4/bin/envoy
mkdir -p "${envoy%/*}"
ln -sf "$ENVOY_PATH" "$envoy"
took=$(env -u ENVOY_PATH PATH="$folder:$PATH" ENVOY_VERSION=1.36 integration/envoy.sh)
[ "$took" = "$envoy" ] || { echo "envoy.sh took $took, not func-e's $envoy" && exit 1; }

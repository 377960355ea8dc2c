#!/usr/bin/env bash
# Builds the release module, or another crate (PACKAGE FILE [CARGO'S ARGUMENT…]), with the toolchain at hand, and says
# which that was.
set -euo pipefail
cd "$(dirname "$0")/.."

source wasm-plugin/toolchain.sh

package=${1:-tenancy-filter-plugin}
module=${2:-target/tenancy_filter.wasm}
shift $(($# < 2 ? $# : 2))
arguments=("$@")
# Where Debian's compiler is not the usual one, it would evict the work of that.
debian_dir=target$([ "$(command -v rustc)" = /usr/bin/rustc ] || echo /debian)

say() { echo "module: $*" >&2; }

flags=()
remap() { flags+=("--remap-path-prefix=$1=$2"); }

# Panic messages hold paths: wherever it is built, the module shall be the same.
remap "$PWD" /tenancy-filter
remap "${CARGO_HOME:-$HOME/.cargo}" /cargo

# trim DIR MODULE: drops what the SDK exports and we have no reason for; see interface.yaml
trim() {
    env -u RUSTC_BOOTSTRAP "${CARGO:-cargo}" run -q --locked --bin tenancy-filter-trim --target-dir "$1" -- "$2"
}

# build DIR ARGUMENT…: with CARGO, into DIR
build() {
    local dir=$1
    shift
    # Unlike RUSTFLAGS, this form takes paths with spaces.
    CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f' && echo "${flags[*]}") "${CARGO:-cargo}" build -p "$package" \
        --release --locked --target "$target" --target-dir "$dir" ${arguments[@]+"${arguments[@]}"} "$@"
    local built=$dir/$target/release/${package//-/_}.wasm trimmed=$dir/trimmed.wasm
    cp "$built" "$trimmed"
    # Another crate stays as it comes out of the linker.
    [ "$package" != tenancy-filter-plugin ] || trim "$dir" "$trimmed"
    # An untouched module rebuilds nothing behind it.
    cmp -s "$trimmed" "$module" || cp "$trimmed" "$module"
    # What its instructions depend on, beside its source.
    "${RUSTC:-rustc}" --version >"${module%.wasm}.rustc"
}

if has_target; then
    say "building with $(rustc --version)"
    remap "$(rustc --print sysroot)" /rust
    CARGO=cargo build target
elif has_debian; then
    say "building with Debian's $(/usr/bin/rustc --version), std from its source"
    remap "$debian_src" /rust
    remap "$(readlink -f "$debian_src")" /rust
    flags+=("-Clinker=$(debian_linker | head -n 1)")
    # Building std is still unstable in cargo, which needs to be told that we know.
    CARGO=/usr/bin/cargo RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 build "$debian_dir" -Zbuild-std=std,panic_abort
else
    say "no Rust here compiles to $target; get one with:" $(toolchain_remedy)
    exit 1
fi

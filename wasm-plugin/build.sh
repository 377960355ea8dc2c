#!/usr/bin/env bash
# Builds the release module, or another crate (PACKAGE FILE [CARGO'S ARGUMENT…]), with the toolchain at hand, and says
# which that was.
set -euo pipefail
cd "$(dirname "$0")/.."

target=wasm32-unknown-unknown
package=${1:-tenancy-filter-plugin}
module=${2:-target/tenancy_filter.wasm}
shift $(($# < 2 ? $# : 2))
arguments=("$@")
debian_dir=target/debian # Debian's compiler is of another version, which would evict the usual one's work.
debian_src=/usr/lib/rustlib/src/rust

say() { echo "module: $*" >&2; }
has() { command -v "$1" >/dev/null; }

has_target() {
    has cargo && has rustc && compgen -G "$(rustc --print sysroot)/lib/rustlib/$target/lib/libcore-*.rlib" >/dev/null
}

# Not after it failed once: without a network each build would wait for it.
rustup_adds_target() {
    has rustup && [ ! -d "$debian_dir" ] || return 1
    say "adding the target $target with rustup"
    # macOS has no `timeout`.
    local patience=''
    ! has timeout || patience='timeout 60'
    $patience rustup target add "$target" 2>/dev/null && has_target && return
    say "rustup cannot add it"
    return 1
}

installed() { dpkg -s "$@" >/dev/null 2>&1; }

install() {
    local root=''
    [ "$(id -u)" = 0 ] || root='sudo -n'
    $root true 2>/dev/null || return 1
    say "installing Debian's $*"
    # The lists of a fresh machine are empty.
    apt-cache show "$@" >/dev/null 2>&1 || $root apt-get update -qq >&2 || return 1
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends "$@" >&2
}

debian_toolchain() {
    has apt-get || return 1
    local packages=(rustc-web cargo-web rust-web-src)
    installed "${packages[@]}" || install "${packages[@]}"
}

# rustup's, or the one that matches the LLVM of Debian's compiler: others need not read its objects.
debian_linker() {
    compgen -G "$(rustc --print sysroot)/lib/rustlib/*/bin/rust-lld" && return
    local llvm
    llvm=$(/usr/bin/rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
    has "wasm-ld-$llvm" || install "lld-$llvm" || return 1
    command -v "wasm-ld-$llvm"
}

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

if has_target || rustup_adds_target; then
    say "building with $(rustc --version)"
    remap "$(rustc --print sysroot)" /rust
    CARGO=cargo build target
elif debian_toolchain && linker=$(debian_linker | head -n 1); then
    say "building with Debian's $(/usr/bin/rustc --version), std from its source"
    remap "$debian_src" /rust
    remap "$(readlink -f "$debian_src")" /rust
    flags+=("-Clinker=$linker")
    # Building std is still unstable in cargo, which needs to be told that we know.
    CARGO=/usr/bin/cargo RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 build "$debian_dir" -Zbuild-std=std,panic_abort
else
    say "no Rust that compiles to $target; with rustup: rustup target add $target;" \
        "on Debian, as root: apt-get install rustc-web cargo-web rust-web-src" \
        "and the lld-N of the LLVM that /usr/bin/rustc -vV names"
    exit 1
fi

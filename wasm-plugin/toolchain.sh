# Which Rust compiles to WebAssembly here, and how to get one. build.sh, `make doctor` and .ci/install read it.

target=wasm32-unknown-unknown
debian_src=/usr/lib/rustlib/src/rust

has() { command -v "$1" >/dev/null; }

# Whether the usual compiler has the target, as rustup's does once it was added.
has_target() {
    has cargo && has rustc && compgen -G "$(rustc --print sysroot)/lib/rustlib/$target/lib/libcore-*.rlib" >/dev/null
}

# Of Debian's compiler, or of the one that apt-get would install.
debian_llvm() {
    if [ -x /usr/bin/rustc ]; then /usr/bin/rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p'; else
        apt-cache depends --recurse --important rustc-web 2>/dev/null | sed -n 's/.*libllvm\([0-9]*\).*/\1/p' | head -n 1
    fi
}

# rustup's, or the one that matches the LLVM of Debian's compiler: others need not read its objects.
debian_linker() {
    ! has rustc || ! compgen -G "$(rustc --print sysroot)/lib/rustlib/*/bin/rust-lld" || return 0
    command -v "wasm-ld-$(debian_llvm)"
}

# Debian's packages that are missing.
debian_lacks() {
    local package llvm
    for package in rustc-web cargo-web rust-web-src; do
        dpkg -s "$package" >/dev/null 2>&1 || echo "$package"
    done
    llvm=$(debian_llvm)
    debian_linker >/dev/null || [ -z "$llvm" ] || echo "lld-$llvm"
}

# Debian's, which has no target and makes one from its source.
has_debian() { has dpkg && [ -z "$(debian_lacks)" ]; }

toolchain_remedy() {
    ! has rustup || echo "rustup target add $target"
    ! has apt-get || echo "$(has rustup && echo "or, if rustup has no network, ")as root: apt-get install" $(debian_lacks)
    has rustup || has apt-get || echo "https://rustup.rs, then rustup target add $target"
}

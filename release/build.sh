#!/usr/bin/env bash
# Puts what a release consists of into target/release-VERSION. REGISTRY says where its image will lie.
set -euo pipefail
cd "$(dirname "$0")/.."
source release/names.sh

# What CHANGELOG.md says of this version, without its heading.
changes() { awk -v heading="## [$version]" '/^## / { is_ours = index($0, heading) == 1; next } is_ours' CHANGELOG.md; }

check_tree() {
    local changed tags
    changed=$(git status --porcelain) || fail "a release is made of a commit, and this is no git checkout; clone it"
    [ -z "$changed" ] || fail "the tree differs from its commit; commit or remove:"$'\n'"$changed"
    tags=$(git tag --points-at HEAD --list 'v*')
    [ -z "$tags" ] || grep -qx "v$version" <<<"$tags" ||
        fail "the tag" $tags "is not v$version, the version in Cargo.toml; change the one or the other"
    [[ $(changes) =~ [^[:space:]] ]] ||
        fail "CHANGELOG.md says nothing under \"## [$version]\", the version in Cargo.toml; write what changed there"
}

check_tools() {
    command -v cargo-cyclonedx >/dev/null || fail "no cargo-cyclonedx; get it with: cargo install --locked cargo-cyclonedx"
    [[ $(tar --version) == *GNU* ]] || fail "tar is not GNU's, which alone sorts what it packs; on macOS: brew install gnu-tar"
}

# As `make tools` does, but without the folders of whoever builds it.
build_command() {
    local flags=("--remap-path-prefix=$PWD=/tenancy-filter" "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo")
    CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f' && echo "${flags[*]}") cargo build --locked --release -p tenancy --target "$host"
}

# The sums of the files that are published beside them and the notes.
sums() (
    cd "$release"
    find * -prune -type f ! -name NOTES.md ! -name SHA256SUMS -exec sha256sum {} + | LC_ALL=C sort -k 2
)

# pack FOLDER: as an archive beside it, of the same bytes wherever the same commit is packed.
pack() {
    tar --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --mtime="@$SOURCE_DATE_EPOCH" \
        -C "$1" -cf - . | gzip -n9 >"$1.tar.gz"
}

notes() {
    echo "Image: \`$image@$digest\`"
    echo
    echo "The module was built with $(cat target/tenancy_filter.rustc)."
    changes
}

check_registry
check_tree
check_tools
host=$(rustc -vV | sed -n 's/^host: //p')
export SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)

build_command
make -s page image >&2
digest=$(image_digest target/image)
rm -rf "$release"
mkdir -p "$release"
cp target/tenancy_filter.wasm "$release"
cp "target/$host/release/tenancy" "$release/tenancy-$host"
cp -r target/image target/page wasm-plugin/manifests "$release"
release/set-image.sh "$release/manifests" "$image" "$digest"
for folder in image manifests page; do pack "$release/$folder"; done
release/sbom.sh tenancy-filter-plugin wasm32-unknown-unknown >"$release/tenancy_filter.cdx.json"
release/sbom.sh tenancy "$host" >"$release/tenancy.cdx.json"
notes >"$release/NOTES.md"
sums >"$release/SHA256SUMS"
echo "release: $release, of the image $image@$digest"

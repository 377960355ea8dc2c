# Sourced by the scripts beside it: what a release is called, and where it lies.

fail() {
    echo "release: $*" >&2
    exit 1
}

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml)
release=target/release-$version
# GitHub's names have capitals, a registry's have none.
registry=$(tr '[:upper:]' '[:lower:]' <<<"${REGISTRY:-}")
image=$registry/tenancy-filter

# Its manifests name the image by this.
check_registry() {
    [ -n "$registry" ] || fail "where will the image lie? For instance: make release REGISTRY=ghcr.io/OWNER"
    [[ $registry =~ ^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*$ ]] ||
        fail "REGISTRY=$registry is no host with a path; write it without oci:// and without a slash at the end," \
            "as in ghcr.io/owner"
}

# image_digest LAYOUT: the digest of the one image in it.
image_digest() { grep -o 'sha256:[0-9a-f]\{64\}' "$1/index.json"; }

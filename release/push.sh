#!/usr/bin/env bash
# Pushes the image of target/release-VERSION to REGISTRY, pulls it again by its digest, compares it with the module, and
# prints the image's name with that digest.
set -euo pipefail
cd "$(dirname "$0")/.."
source release/names.sh

# The version in go.mod, which tells what it lacks.
crane() { go -C release tool crane "$@"; }

check_registry
[ -d "$release/image" ] || fail "no $release; run: make release REGISTRY=$registry"
digest=$(image_digest "$release/image")
grep -q "newName: oci://$image\$" "$release/manifests/image/kustomization.yaml" ||
    fail "the manifests in $release name another registry than $registry; run: make release REGISTRY=$registry"

command -v go >/dev/null || fail "the push needs Go 1.24 (https://go.dev/dl)"

# Whoever applied the manifests of a version keeps what that version was.
if there=$(crane digest "$image:$version" 2>/dev/null) && [ "$there" != "$digest" ]; then
    fail "$image:$version is there already, as $there; a released version never changes: raise it in Cargo.toml"
fi
crane push "$PWD/$release/image" "$image:$version" >&2
crane export "$image@$digest" - | tar -xOf - plugin.wasm | cmp - "$release/tenancy_filter.wasm" >&2 ||
    fail "what $image@$digest holds is not the module; see what else pushes to that registry"
echo "$image@$digest"

#!/usr/bin/env bash
# set-image.sh MANIFESTS IMAGE DIGEST: names the image in a copy of wasm-plugin/manifests, wherever it is named there.
set -euo pipefail

manifests=$1 image=$2 digest=$3
placeholder=registry.example.com/tenancy-filter
components=$manifests/image/kustomization.yaml

find "$manifests" -name '*.yaml' | while read -r file; do
    sed -e "s|$placeholder:[0-9][0-9.]*|$image@$digest|" -e "s|$placeholder|$image|g" \
        -e "s|^\( *\)newTag: .*|\1digest: $digest|" -e '/^ *# digest: /d' "$file" >"$file.set"
    mv "$file.set" "$file"
done
if ! grep -q "newName: oci://$image\$" "$components" || ! grep -q "digest: $digest\$" "$components"; then
    echo "release: $components has no newName and newTag to set; mend it or release/set-image.sh" >&2
    exit 1
fi

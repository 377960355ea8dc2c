#!/usr/bin/env bash
# sbom.sh PACKAGE TARGET: prints what PACKAGE is made of for TARGET, as CycloneDX: the crates that `cargo tree` lists.
#
# cargo-cyclonedx counts the features that any member of a workspace asks for, and writes beside each manifest. So it
# sees a copy of the commit that has no members but those in PACKAGE, and none of what only their tests need.
set -euo pipefail
cd "$(dirname "$0")/.."

package=$1 target=$2
copy=$PWD/target/sbom

rm -rf "$copy"
mkdir -p "$copy"
# The crates of the workspace stand with their folders.
mapfile -t members < <(cargo tree --locked -p "$package" --target "$target" -e normal --prefix none -f '{p}' |
    sed -n "s|^[^(]*($PWD/\([^)]*\)).*|\1|p" | sort -u)
git archive HEAD Cargo.toml Cargo.lock "${members[@]}" | tar -xf - -C "$copy"
sed "s|^members = .*|members = [$(printf '"%s", ' "${members[@]}")]|" Cargo.toml >"$copy/Cargo.toml"
for member in "${members[@]}"; do
    awk '/^\[/ { is_shipped = $0 != "[dev-dependencies]" } is_shipped' "$member/Cargo.toml" >"$copy/$member/Cargo.toml"
done
(cd "$copy" && cargo cyclonedx --quiet --format json --spec-version 1.5 --no-build-deps --target "$target" \
    --override-filename sbom)
for member in "${members[@]}"; do
    if grep -q "^name = \"$package\"" "$copy/$member/Cargo.toml"; then
        # As a URL, which spells a space otherwise; wherever the copy lies, the bytes are the same.
        sed 's|path+file://[^"#]*/target/sbom/|path+file:///tenancy-filter/|g' "$copy/$member/sbom.json"
    fi
done

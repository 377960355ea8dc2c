#!/usr/bin/env bash
# The part of `make test` that is written in Go, because Istio's CRDs, kustomize and the registry are. It wants the
# image of `make image`, and cargo for `tenancy check`.
set -euo pipefail
cd "$(dirname "$0")"

if ! command -v go >/dev/null; then
    echo "left out: the manifests against Istio's CRDs and the image through a registry; needs Go 1.24 (https://go.dev/dl)"
    # Where nobody reads the last lines, what is left out is missing.
    [ "${CI:-}" != true ]
    exit
fi
unformatted=$(gofmt -l .)
if [ -n "$unformatted" ]; then
    echo "gofmt -w $unformatted"
    exit 1
fi
# Never from the cache, which does not see that a file outside the Go module changed.
go test -count=1 ./...

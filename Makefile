# CONTRIBUTING.md says more. PORT, ENVOY_VERSION and ENVOY_PATH reach the recipes through the environment.

SHELL := bash

module := target/tenancy_filter.wasm
# Bytes. It is compiled once a worker and shipped to every proxy.
module_limit := 300000

# Starts a recipe line that needs an Envoy; stops it if there is none.
with_envoy = @ENVOY_PATH=$$(integration/envoy.sh) && export ENVOY_PATH MODULE=$(module) &&

.PHONY: help run test check module envoy clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' Makefile

run: module ## start the playground: a gateway, a sidecar and a shop on 127.0.0.1 (PORT=… chooses the gateway's port)
	@cargo build --locked -p integration --bin playground
	$(with_envoy) cargo run -q --locked -p integration --bin playground

test: check module ## test everything: format, lints, unit tests, documentation, and end to end on a real Envoy
	@size=$$(wc -c <$(module)) && echo "module: $$((size)) bytes of $(module_limit)" && \
	if [ $$size -ge $(module_limit) ]; then echo "module: too big; drop a dependency or a feature of one"; exit 1; fi
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps -p tenancy-filter
	@if command -v cargo-deny >/dev/null; then cargo deny check bans licenses sources; \
	else echo "left out: licences and sources, for want of cargo-deny (cargo install cargo-deny)"; fi
	$(with_envoy) cargo test --locked --workspace
	@echo "all passed"

check: ## test the fast part, without Envoy
	cargo fmt --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo test --locked -p tenancy-filter

module: ## build the release module, target/tenancy_filter.wasm
	@wasm-plugin/build.sh

envoy: ## fetch Envoy (ENVOY_VERSION=… chooses the release) and print its path
	@integration/envoy.sh

clean: ## remove what was built and fetched
	cargo clean

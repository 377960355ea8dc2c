# CONTRIBUTING.md says more. PORT, ENVOY_PATH, ENVOY_VERSION, ENVOY_VERSIONS and REGISTRY reach the recipes by the
# environment.

SHELL := bash

# rust-toolchain.toml asks rustup for stable. Where it has another compiler alone, that one serves: nothing is fetched
# unasked.
export RUSTUP_AUTO_INSTALL ?= 0
ifneq ($(shell command -v rustup),)
ifeq ($(shell RUSTUP_AUTO_INSTALL=0 rustc --version 2>/dev/null),)
export RUSTUP_TOOLCHAIN := $(word 1,$(shell rustup default 2>/dev/null))
endif
endif

module := target/tenancy_filter.wasm
# Bytes. It is compiled once a worker and shipped to every proxy.
module_limit := 420000

# Starts a recipe line that needs an Envoy; stops it if there is none.
with_envoy = @ENVOY_PATH=$$(integration/envoy.sh) && export ENVOY_PATH MODULE=$(module) &&

# Runs a command beside the rest of its recipe line, and ends it with that. In a group of its own, because a command that a
# shell runs in the background ignores Ctrl-C.
beside = set -m; $(1) & beside=$$!; set +m; trap 'kill -- -$$beside 2>/dev/null' EXIT

# How long each target is fuzzed.
FUZZ_SECONDS ?= 10
fuzz_targets := configuration request baggage conditions trace link host templates seal

page_module := target/tenancy_page.wasm
build_page := wasm-plugin/build.sh tenancy-page $(page_module) --no-default-features && \
cargo run -q --locked --bin tenancy-page -- $(page_module) target/page

.PHONY: help doctor needed run test matrix lints check module tools page image envoy record fuzz coverage soak bench baseline release push rehearse clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

doctor: ## say which tools are here, and how to get the others
	@integration/doctor.sh

needed:
	@integration/doctor.sh must

# The two builds side by side: the module's ends on one core. The page, which takes a while, once Envoy can start.
run: needed ## start the playground: a gateway, a sidecar and a shop on 127.0.0.1 (PORT=… chooses the gateway's port)
	@$(call beside,cargo build --locked --bin playground); wasm-plugin/build.sh && wait $$beside
	$(with_envoy) { $(call beside,{ $(build_page); } >target/page.log 2>&1); cargo run -q --locked --bin playground; }

test: needed lints module page image ## test everything: format, lints, unit tests, documentation, and end to end on a real Envoy
	@size=$$(wc -c <$(module)) && echo "module: $$((size)) bytes of $(module_limit)" && \
	if [ $$size -ge $(module_limit) ]; then echo "module: too big; drop a dependency or a feature of one"; exit 1; fi
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps -p tenancy-filter -p tenancy-filter-envoy
	@if command -v cargo-deny >/dev/null; then cargo deny check bans licenses sources; else \
	echo "left out: licences and sources; needs cargo-deny (cargo install --locked cargo-deny)"; \
	[ "$${CI:-}" != true ]; fi
	$(with_envoy) cargo test --locked --workspace
	@if rustup run nightly cargo --version >/dev/null 2>&1 && command -v cargo-fuzz >/dev/null; then \
	$(MAKE) -s fuzz FUZZ_SECONDS=5; \
	else echo "left out: fuzzing; needs a nightly toolchain and cargo-fuzz (make doctor says how to get them)"; fi
	$(with_envoy) integration/func-e.sh
	@integration/readers/test.sh
	@integration/istio/crds/test.sh
	@echo "all passed"

matrix: module ## test on each line of Envoy (ENVOY_VERSIONS="1.36 1.39.1" chooses), with a table at the end
	@integration/matrix.sh

# With the features that the module has; make test runs the same tests with those of all front ends.
check: lints ## test the fast part, without Envoy
	cargo test --locked -p tenancy-filter -p tenancy-filter-envoy

lints:
	cargo fmt --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	@if go -C release list -m >/dev/null 2>&1; then \
	go -C release tool actionlint "$$PWD"/.github/workflows/*.yml && echo "workflows: no complaints"; else \
	echo "left out: the workflows; needs Go 1.24 (https://go.dev/dl)"; [ "$${CI:-}" != true ]; fi

module: ## build the release module, target/tenancy_filter.wasm
	@wasm-plugin/build.sh

tools: ## build the tenancy command, target/tenancy
	@cargo build --locked --release -p tenancy
	@built=$$(cargo metadata --format-version 1 --no-deps | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p') && \
	mkdir -p target && ln -sf "$$built/release/tenancy" target/tenancy

page: ## build the page that explains requests, target/page, for any static host
	@$(build_page)

image: module ## pack the module as an OCI image, target/image; the last line is its digest
	@cargo run -q --locked --bin tenancy-filter-image -- $(module) target/image

envoy: ## fetch Envoy (ENVOY_VERSION=… chooses the release) and print its path
	@integration/envoy.sh

record: module ## record what istiod pushes for the scenarios (PILOT_DISCOVERY=… names its program)
	@cargo build --locked --bin record
	$(with_envoy) cargo run -q --locked --bin record

fuzz: ## fuzz the filter, FUZZ_SECONDS=10 a target; needs a nightly toolchain
	@rustup run nightly cargo --version >/dev/null 2>&1 || \
	{ echo "fuzz: no nightly toolchain; get one with: rustup toolchain install nightly"; exit 1; }
	@command -v cargo-fuzz >/dev/null || { echo "fuzz: no cargo-fuzz; get it with: cargo install --locked cargo-fuzz"; exit 1; }
	@cd filter && for target in $(fuzz_targets); do \
	echo "fuzz: $$target, $(FUZZ_SECONDS) seconds" && mkdir -p fuzz/corpus/$$target && \
	cargo +nightly fuzz run -s none $$target fuzz/corpus/$$target fuzz/seeds/$$target -- \
	-max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 -verbosity=0 || exit 1; done

coverage: ## measure which lines of the filter its own tests reach; fails under 96 %
	@command -v cargo-tarpaulin >/dev/null || \
	{ echo "coverage: no cargo-tarpaulin; get it with: cargo install --locked cargo-tarpaulin"; exit 1; }
	cargo tarpaulin --engine ptrace -p tenancy-filter -p tenancy-filter-envoy --include-files 'filter/src/*' 'filter/envoy/src/*' \
	--fail-under 96 --skip-clean --out Stdout

soak: module ## a million requests, a thousand configurations, floods of trace ids and of seals: memory stays flat (SOAK_REQUESTS, SOAK_UPDATES)
	$(with_envoy) cargo test --locked --test soak -- --ignored --nocapture --test-threads 1

bench: module ## measure what a request costs, and draw it (BENCH="inside counted growth destinations clusters seals worst startup timed" chooses parts)
	$(with_envoy) cargo run -q --locked --bin benches

baseline: module ## take today's counts as the baseline that make test holds, for a REASON="…"
	@MODULE=$(module) cargo run -q --locked --bin benches -- baseline

release: ## put a release into target/release-VERSION, for an image at REGISTRY=ghcr.io/OWNER
	@release/build.sh

push: ## push the release's image to REGISTRY=…, and print its name with its digest
	@release/push.sh

rehearse: ## release twice from clones, compare, and run what the workflows run, with a registry on 127.0.0.1
	cargo test --locked --test release -- --ignored --nocapture

clean: ## remove what was built and fetched
	cargo clean

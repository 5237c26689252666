# Thin lines: what a target does is in scripts/. `make help` lists them.
BUILD ?= .build
export BUILD

.DEFAULT_GOAL := help
.PHONY: help run test test-cluster check fmt bench fuzz soak image cluster clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## build for release and serve examples/ on 127.0.0.1:8080 (arguments: make run ARGS='--listen 127.0.0.1:9000')
	@scripts/run $(ARGS)

test: ## run every test that needs no pods, over real sockets and real processes too
	@scripts/test $(ARGS)

test-cluster: ## run F2S as two pods on a real Kubernetes, which is built and started for it (as root)
	@scripts/test-cluster $(ARGS)

check: ## format, tidiness and warnings: what must be clean before each commit
	@scripts/check

fmt: ## format all Swift
	@swift format format --in-place --parallel --recursive Package.swift Sources Tests Fuzz

bench: ## what f2s costs beside nginx, haproxy and Go (arguments: make bench ARGS='--rounds 5')
	@scripts/bench $(ARGS)

fuzz: ## feed the codec and llhttp with the same made-up bytes for 60 s (arguments: make fuzz ARGS=20)
	@scripts/fuzz $(ARGS)

soak: ## what takes long: all real servers as functions, half an hour of chaos, 10,000,000 fuzzed inputs
	@scripts/soak $(ARGS)

image: ## build f2s' container image without Docker (arguments: make image ARGS='registry/f2s:1 f2s.tar')
	@scripts/image $(ARGS)

cluster: ## start a Kubernetes of one node to play with; `scripts/cluster down` ends it
	@scripts/cluster up $(ARGS)
	@scripts/cluster env

clean: ## remove what was built
	@rm -rf "$(BUILD)" .build-fuzz

# The targets only call scripts/. `make help` lists them.
BUILD ?= .build
export BUILD

.DEFAULT_GOAL := help
.PHONY: help run test test-cluster check fmt bench fuzz soak image cluster clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## make the release build and serve examples/ on 127.0.0.1:8080 (make run ARGS='--listen 127.0.0.1:9000')
	@scripts/run $(ARGS)

test: ## run every test that needs no pods, including those with real sockets and processes
	@scripts/test $(ARGS)

test-cluster: ## run the tests of F2S as two pods on a real Kubernetes, which is built and started (needs root)
	@scripts/test-cluster $(ARGS)

check: ## check format, tidiness and warnings; must pass before each commit
	@scripts/check

fmt: ## format all Swift
	@swift format format --in-place --parallel --recursive Package.swift Sources Tests Fuzz

bench: ## compare the cost of f2s with nginx, haproxy and Go (make bench ARGS='--rounds 5')
	@scripts/bench $(ARGS)

fuzz: ## feed the codec and llhttp the same random bytes for 60 s (make fuzz ARGS=20)
	@scripts/fuzz $(ARGS)

soak: ## run the long tests: all real servers, half an hour of chaos, schemathesis, testssl.sh, 10,000,000 fuzzed inputs
	@scripts/soak $(ARGS)

image: ## build the container image of f2s without Docker (make image ARGS='registry/f2s:1 f2s.tar')
	@scripts/image $(ARGS)

cluster: ## start a Kubernetes of one node for experiments; `scripts/cluster down` ends it
	@scripts/cluster up $(ARGS)
	@scripts/cluster env

clean: ## remove the build folders
	@rm -rf "$(BUILD)" .build-fuzz

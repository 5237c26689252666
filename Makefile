# Thin lines: what a target does is in scripts/. `make help` lists them.
BUILD ?= .build
export BUILD

.DEFAULT_GOAL := help
.PHONY: help run test check fmt bench fuzz soak clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## build for release and serve examples/ on 127.0.0.1:8080 (arguments: make run ARGS='--listen 127.0.0.1:9000')
	@scripts/run $(ARGS)

test: ## run every test, over real sockets and real processes too
	@scripts/test $(ARGS)

check: ## format, tidiness and warnings: what must be clean before each commit
	@scripts/check

fmt: ## format all Swift
	@swift format format --in-place --parallel --recursive Package.swift Sources Tests Fuzz

bench: ## what f2s costs beside nginx, haproxy and Go (arguments: make bench ARGS='--rounds 5')
	@scripts/bench $(ARGS)

fuzz: ## feed the codec and llhttp with the same made-up bytes for 60 s (arguments: make fuzz ARGS=20)
	@scripts/fuzz $(ARGS)

soak: ## what takes long: 10,000,000 fuzzed inputs on all cores
	@scripts/soak $(ARGS)

clean: ## remove what was built
	@rm -rf "$(BUILD)" .build-fuzz

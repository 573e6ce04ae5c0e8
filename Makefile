# The two commands to know: `make demo` and `make test`. Everything else is CMake with presets
# (CMakePresets.json); this file only installs what is missing and names the usual steps.

JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
CTEST = ctest --output-on-failure --no-tests=error -j $(JOBS)
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help deps release demo test test-oracle engines test-engines asan tsan fuzz format clean install

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps:
	@tools/install_deps build

# $(call build,PRESET,TARGET...): configure and build without touching any other build folder.
build = cmake --preset $(1) -Wno-dev && cmake --build --preset $(1) -j $(JOBS) $(if $(2),--target $(2))

demo: deps ## trains a small CNN on real handwritten digits, saves, loads, shows what it sees
	@$(call build,release,digits_demo)
	build/digits_demo

test: deps ## builds everything and runs all tests
	@$(call build,release)
	$(CTEST) --test-dir build -LE '^recorded$$'

test-oracle: deps ## records cases afresh from Python Keras (in a private .venv), checks files both ways
	@tools/install_deps oracle
	@$(call build,release)
	tools/test_oracle build

engines: ## installs an engine's runtime into .engines: make engines ENGINES="xla"
	@tools/install_deps engines
	tools/engines $(ENGINES)

test-engines: deps ## every engine that is installed: ops, random numbers, all cases recorded from Keras
	@$(call build,release,engine_tests)
	$(CTEST) --test-dir build -L '^engines$$'

asan: deps ## the core's tests under the address and undefined-behaviour sanitizers
	@$(call build,asan-ubsan,core_tests)
	$(CTEST) --test-dir build-asan-ubsan -L '^core$$'

tsan: deps ## the core's tests under the thread sanitizer
	@$(call build,tsan,core_tests)
	$(CTEST) --test-dir build-tsan -L '^core$$'

fuzz: deps ## the file readers under libFuzzer (clang 14): make fuzz SECONDS=600, or RUNS=1000000, a target
	@tools/install_deps fuzz
	@$(call build,fuzz)
	tools/fuzz build-fuzz $(if $(RUNS),--runs $(RUNS),--seconds $(or $(SECONDS),60))

format: ## formats all C++ files as .clang-format says (clang-format 14)
	git ls-files '*.h' '*.cpp' | xargs $(or $(shell command -v clang-format-14),clang-format) -i

clean: ## removes every build folder; installed engines and virtual environments stay
	rm -rf build build-*/

install: deps ## installs the library, its headers and the command: make install PREFIX=/usr/local
	@$(call build,release)
	cmake --install build --prefix $(PREFIX)

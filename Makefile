# Everything a newcomer needs, on a machine with Python 3.11 or later and make.

# The first interpreter on the PATH that is new enough; override with make PYTHON=...
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PEERS := $(VENV)/.peers-installed
LINT = echo "style, types and import directions ..." && $(BIN)/ruff check . && \
	$(BIN)/ruff format --check --quiet . && $(BIN)/mypy && $(BIN)/lint-imports --no-logo

# Else each of the hundreds of processes of a test run compiles the sources anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test chaos fuzz bench lint format lock clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: $(INSTALLED) ## make .venv with the program and its test tools

demo: $(INSTALLED) ## server, workers, a small sweep of the sample, the ranking
	@$(BIN)/arbtune demo

test: $(INSTALLED) ## lint, types, import directions, and the whole suite
	@# Beside lint, which keeps one core busy: else each process of a first run compiles all tests.
	@$(BIN)/python -m pytest --collect-only -qq > /dev/null & $(LINT) && wait
	@echo "the tests ..."
	@# More processes than two cores: many tests wait for workers rather than compute.
	@$(BIN)/python -m pytest -n 6 --dist loadgroup --ignore tests/chaos
	@echo "the promise under fire, in its short form ..."
	@$(BIN)/python -m pytest -n 5 --dist loadgroup tests/chaos
	@echo "the kernels once more, as Python ..."
	@NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -n 2 tests/kernels
	@echo "make test: all is well"

chaos: $(INSTALLED) ## 10,000 jobs under fire (a quarter of an hour); SEED=N replays a run
	@$(BIN)/python -m tests.chaos.driver $(if $(SEED),--seed $(SEED))

fuzz: $(INSTALLED) ## 120,000 damaged data files, then properties in depth; FIRST=N tries others
	@$(BIN)/python -m tests.fuzz.driver $(if $(FIRST),--first $(FIRST))
	@echo "the properties, on 40 times the examples ..."
	@TEST_DEPTH=40 $(BIN)/python -m pytest -n 2 --timeout 1800 tests/property tests/kernels

bench: $(INSTALLED) $(PEERS) ## rates beside others, written to benchmarks/RESULTS.md; ONLY=scale
	@$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY))

lint: $(INSTALLED) ## style, format, types, import directions
	@$(LINT)

format: $(INSTALLED) ## put the code into its format
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format .

LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-package arbtune --custom-compile-command 'make lock' --upgrade

lock: $(INSTALLED) ## pin the newest versions that pyproject.toml allows
	@$(BIN)/python -m pip install --quiet uv
	@$(LOCK) pyproject.toml --extra dev -o requirements-dev.lock
	@$(LOCK) pyproject.toml --constraint requirements-dev.lock -o requirements.lock
	@$(LOCK) pyproject.toml --constraint requirements-dev.lock --extra flower -o requirements-flower.lock
	@$(LOCK) pyproject.toml --constraint requirements-dev.lock --extra traces -o requirements-traces.lock
	@$(LOCK) pyproject.toml --constraint requirements-dev.lock --extra bench -o requirements-bench.lock
	@echo 'setuptools>=80' | $(LOCK) - --constraint requirements-dev.lock -o requirements-build.lock

clean: ## remove what the targets made
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(INSTALLED): requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "arbtune needs Python 3.11 or later; none is on the PATH" >&2; exit 1; }
	@echo "installing into $(VENV), a minute or two ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@echo "compiling the kernels ..."
	@$(BIN)/python -m scripts.prepare_kernels
	@touch $@

$(PEERS): requirements-bench.lock $(INSTALLED)
	@echo "installing the peers of the benchmarks ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@touch $@

# Every task of the project, the same for people and for CI. `make help` lists them.
#
# Nothing has to be installed beforehand but Python 3.11 or newer, make and pip: each task builds
# what it needs in .venv from the versions locked in requirements/, once, and again when they change.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# The first of these names that answers as Python 3.11 or newer.
PYTHON := $(shell for name in python3.11 python3.12 python3.13 python3 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& echo $$name && break; done)

BIN := .venv/bin
JOBS ?= 2
CASE := algeria-russia
AGREEMENT := gazprom-sonatrach-mou-2006
LANG_REPORT ?= en

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONUTF8 := 1

# Tests of the report in a browser run where a Chromium is; then its driver is installed as well.
BROWSER := $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
TEST_READY := .venv/.ready-dev $(if $(BROWSER),.venv/.ready-browser)

# $(call install,NAME): the packages of requirements/NAME.lock, nothing but them, hashes checked.
define install
	@echo "Installing requirements/$(1).lock into .venv (once; a minute or so) ..."
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/$(1).lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch .venv/.ready-$(1)
endef

.PHONY: help setup demo test test-slow check format words docs bench bench-record lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(TEST_READY) ## build .venv with everything that development needs

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "mithaq needs Python 3.11 or newer, and no python3 here is. \
	Install one and run make again."; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "$(PYTHON) cannot make a virtual environment: \
	install its venv module (on Debian and Ubuntu the package python3-venv) and run make again."; exit 1; }

.venv/.ready-run: requirements/run.lock pyproject.toml | .venv/bin/python
	$(call install,run)

.venv/.ready-dev: requirements/dev.lock pyproject.toml | .venv/bin/python
	$(call install,dev)
	@touch .venv/.ready-run

.venv/.ready-bench: requirements/bench.lock pyproject.toml | .venv/bin/python
	$(call install,bench)

.venv/.ready-browser: requirements/browser.lock pyproject.toml | .venv/.ready-dev
	$(call install,browser)

demo: .venv/.ready-run ## the Algeria-Russia case from the record to what it is worth, and report.html
	@BIN=$(BIN) CASE=$(CASE) AGREEMENT=$(AGREEMENT) LANG_REPORT=$(LANG_REPORT) bash scripts/demo.sh

test: $(TEST_READY) ## the tests, without the slow ones
	@$(BIN)/python -m pytest -n $(JOBS)

test-slow: $(TEST_READY) ## the slow tests alone
	@$(BIN)/python -m pytest -m slow -n $(JOBS)

check: .venv/.ready-dev ## style, types, import order
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "run 'make format'"; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python scripts/words.py --check
	@$(BIN)/python scripts/months.py --check
	@$(BIN)/python scripts/docs.py --check

format: .venv/.ready-dev ## put the code into the house format
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

words: .venv/.ready-dev ## collect what is said, update the four languages, compile
	@$(BIN)/python scripts/words.py

docs: .venv/.ready-dev ## write docs/reference anew from the code and its tables
	@$(BIN)/python scripts/docs.py

bench: .venv/.ready-bench ## time the shipped chain beside other solvers
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

bench-record: .venv/.ready-dev ## time a made-up record of 100,000 and of 1,000,000 claims in a store
	@$(BIN)/python -m benchmarks.record $(BENCH_ARGS)

LOCK := .lock-tools/bin/uv pip compile pyproject.toml --quiet --upgrade --universal \
	--python-version 3.11 --fork-strategy fewest --generate-hashes \
	--no-emit-index-url --no-header --no-annotate --group build
lock: ## resolve the versions anew into requirements/ (the only task that changes versions)
	@test -n "$(PYTHON)" || { echo "mithaq needs Python 3.11 or newer."; exit 1; }
	@$(PYTHON) -m venv --clear .lock-tools && .lock-tools/bin/python -m pip install --quiet uv
	@$(LOCK) --output-file requirements/run.lock
	@$(LOCK) --group dev --constraint requirements/run.lock --output-file requirements/dev.lock
	@$(LOCK) --group bench --constraint requirements/dev.lock --output-file requirements/bench.lock
	@$(LOCK) --group browser --constraint requirements/dev.lock --output-file requirements/browser.lock
	@rm -rf .lock-tools

clean: ## remove .venv and every cache
	rm -rf .venv .lock-tools .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis report.html

# Safeconduct. `make demo` and `make test` set up everything they need; prerequisites are Python 3.11 or newer and make.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
BOTH_CORES := -n 2 --dist loadfile --no-loadscope-reorder

# Machines that build images often forbid Python to keep what it compiled. Then each of the many processes here compiles
# all it imports anew, which is half of what a command costs.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo serve test test-all browser lint audit bench lock clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/core.stamp ## the demo world: built, run through the engine, served
	@$(BIN)/safeconduct demo --port $(PORT)

serve: $(VENV)/core.stamp ## console and API on 127.0.0.1:8000 (PORT=… for another)
	@$(BIN)/safeconduct serve --port $(PORT)

test: $(VENV)/dev.stamp ## all tests but those in a browser
	$(BIN)/python -m pytest -m "not browser" $(BOTH_CORES)

browser: $(VENV)/dev.stamp ## the tests that drive Chromium
	$(BIN)/python -m pytest -m browser $(BOTH_CORES) tests/browser

lint: $(VENV)/dev.stamp ## style, types, floors, house rules, translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tools/house_rules.py src
	$(BIN)/lint-imports
	$(BIN)/python -m safeconduct.kernel.cases.lint
	$(BIN)/mypy
	$(BIN)/python -m safeconduct.kernel.ui.translations check

audit: $(VENV)/dev.stamp ## the lock against published vulnerabilities (FILE=an export of OSV for PyPI); no network
	@$(BIN)/python tools/audit.py $(FILE)

bench: $(VENV)/dev.stamp ## measure; writes build/bench.json
	$(BIN)/python -m bench

lock: $(VENV)/dev.stamp ## write the lock files anew
	sh tools/lock.sh

clean: ## remove what was built; the demo's data under var/ stays
	rm -rf $(VENV) build

# uv installs in seconds what pip installs in a minute; where it cannot run, pip does it from the same lock. What serves
# is compiled at once, as pip does it: whoever runs it later is often somebody who may not write there.
define install
	@$(PYTHON) -c 'import sys; sys.exit("Safeconduct needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another with make PYTHON=python3.12 …") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || { echo "Setting up $(VENV) …"; $(PYTHON) -m venv $(VENV); }
	@test -x $(BIN)/hatchling || $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.lock
	@echo "Installing $(1) …"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes $(2) -r $(1) \
	  || $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(1)
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	@touch $@
endef

$(VENV)/core.stamp: requirements/core.lock requirements/bootstrap.lock pyproject.toml
	$(call install,requirements/core.lock,--compile-bytecode)

$(VENV)/dev.stamp: requirements/dev.lock requirements/bootstrap.lock pyproject.toml
	$(call install,requirements/dev.lock)
	@touch $(VENV)/core.stamp

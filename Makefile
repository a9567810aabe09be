# Everything a developer runs. `make help` lists it; nothing needs to be installed by hand but
# Python 3.11, 3.12 or 3.13 and make.

PYTHON ?= python3
VENV ?= .venv
UV_VERSION := 0.13.9

export UV_PROJECT_ENVIRONMENT := $(VENV)
export UV_PYTHON_DOWNLOADS := never
# Hundreds of short processes import the same libraries: bytecode is kept, whatever the shell says.
unexport PYTHONDONTWRITEBYTECODE
export PATH := $(CURDIR)/$(VENV)/bin:$(CURDIR)/node_modules/.bin:$(PATH)

RUN := $(VENV)/bin/
CODE := functions infra local cli contracts benchmarks tests app.py
SETUP := $(VENV)/.synced node_modules/.installed

# Quiet unless it fails: $(call quietly,what it is,command)
quietly = @printf '%-14s' '$(1)'; if output=$$($(2) 2>&1); then echo ok; else echo FAILED; echo "$$output"; exit 1; fi

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo up down test check unit integration infra simulate e2e lint format types arch bench-x12 bench-rules bench-remit clean

help: ## List what can be made
	@echo 'Usage: make TARGET [VARIABLE=value]'
	@echo
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  PYTHON=python3.13  the interpreter to set up with (3.11 to 3.13)'
	@echo '  VENV=.venv313      another virtual environment, to keep two interpreters side by side'

setup: $(SETUP) ## Install the pinned tools and libraries into .venv and node_modules

demo: $(SETUP) ## Run a day end to end on the local cloud (FHIR=DIR REPORT=FILE.json HTML=FILE SEED=N FAULTS=N CLAIMS_PER_FILE=N)
	@$(RUN)billing demo $(if $(FHIR),--fhir "$(FHIR)") $(if $(REPORT),--report "$(REPORT)") \
	  $(if $(HTML),--html "$(HTML)") $(if $(SEED),--seed "$(SEED)") $(if $(FAULTS),--faults "$(FAULTS)") \
	  $(if $(CLAIMS_PER_FILE),--claims-per-file "$(CLAIMS_PER_FILE)")

up: $(SETUP) ## Start the local cloud, leave it running, say how to reach it
	@$(RUN)billing up

down: $(SETUP) ## Stop what `make up` started
	@$(RUN)billing down

test: $(SETUP) ## Everything that must hold: lint, types, architecture, then every test
	$(call quietly,format,$(RUN)ruff format --check --quiet $(CODE))
	$(call quietly,lint,$(RUN)ruff check --quiet $(CODE))
	$(call quietly,types,$(RUN)mypy $(CODE))
	$(call quietly,architecture,$(RUN)lint-imports)
	@$(RUN)pytest -q -n 2 --dist loadfile

check: $(SETUP) ## What to run before a commit: format, lint, types, architecture, unit tests
	$(call quietly,format,$(RUN)ruff format --check --quiet $(CODE))
	$(call quietly,lint,$(RUN)ruff check --quiet $(CODE))
	$(call quietly,types,$(RUN)mypy $(CODE))
	$(call quietly,architecture,$(RUN)lint-imports)
	@$(RUN)pytest -q -n 2 --dist loadfile tests/unit

unit: $(SETUP) ## Pure code and small parts; no network
	@$(RUN)pytest -q -n 2 --dist loadfile tests/unit

integration: $(SETUP) ## Adapters, steps and workflows against an in-process AWS
	@$(RUN)pytest -q -n 2 --dist loadfile $(wildcard tests/contract tests/integration tests/simulation)

infra: $(SETUP) ## The template, the compliance packs and the state machines
	@$(RUN)pytest -q tests/infrastructure

simulate: $(SETUP) ## Every crash, lost answer and order of two deliveries of a submission
	@$(RUN)billing simulate

e2e: $(SETUP) ## A whole day on the deployed template
	@$(RUN)pytest -q tests/e2e

lint: $(SETUP) ## Find mistakes and habits this code base does not have
	@$(RUN)ruff check $(CODE)

format: $(SETUP) ## Put the code into its one form
	@$(RUN)ruff format $(CODE)
	@$(RUN)ruff check --fix --exit-zero --quiet $(CODE)

types: $(SETUP) ## Check the types, strictly
	@$(RUN)mypy $(CODE)

arch: $(SETUP) ## Check which room may import which
	@$(RUN)lint-imports

bench-x12: $(SETUP) ## Read and write X12 against the other libraries, speed and memory
	@$(RUN)python -m benchmarks.x12

bench-rules: $(SETUP) ## Judge claims by 300 rules and tables of real size: speed, memory, growth
	@$(RUN)python -m benchmarks.rules

bench-remit: $(SETUP) ## Post remittances of 10, 1,000 and 100,000 claims: speed, memory, cost per claim
	@$(RUN)python -m benchmarks.remit

clean: ## Remove everything that was made here, the virtual environment included
	rm -rf $(VENV) node_modules build cdk.out .local .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- set-up: each step leaves a stamp and is skipped while nothing it depends on has changed ---

$(VENV)/.uv-$(UV_VERSION):
	@command -v $(PYTHON) >/dev/null || \
	  { echo '$(PYTHON) was not found: install Python 3.11, 3.12 or 3.13, or name it: make PYTHON=/path/to/python3.13' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "$$($(PYTHON) --version) cannot run this: install Python 3.11, 3.12 or 3.13, or name it: make PYTHON=/path/to/python3.13" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo 'Python has no venv module here: install it (Debian and Ubuntu: apt install python3-venv)' >&2; exit 1; }
	@echo 'Set-up 1 of 3: virtual environment $(VENV) with uv $(UV_VERSION)'
	@$(PYTHON) -m venv $(VENV)
	@$(RUN)python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

$(VENV)/.synced: $(VENV)/.uv-$(UV_VERSION) pyproject.toml uv.lock
	@echo 'Set-up 2 of 3: Python packages and node, as locked'
	@$(RUN)uv sync --frozen
	@touch $@

node_modules/.installed: $(VENV)/.synced package.json package-lock.json
	@echo 'Set-up 3 of 3: the CDK command line, as locked'
	@$(RUN)npm ci --no-audit --no-fund --loglevel=error
	@touch $@

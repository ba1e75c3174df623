# Everything is set up on the way: only git, make and Python 3.11 or later are needed.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Hundreds of processes are started, and each would compile all its modules again.
unexport PYTHONDONTWRITEBYTECODE

VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=

PYTEST := $(BIN)/pytest -n auto --dist loadscope --no-loadscope-reorder

RUN_LOCKS := requirements/run.txt
PROFILES := tick propose check
DEV_LOCKS := requirements/dev.txt
PACKAGE := pyproject.toml setup.py
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate

.PHONY: help demo test lint soak fuzz bench lock dist trace clean

help: ## show the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 14

demo: $(VENV)/.run ## play one ticket's life, offline and without keys
	@$(BIN)/patchgate demo $(ARGS)

test: $(VENV)/.dev ## run the tests
	@$(PYTEST) $(ARGS)

lint: $(VENV)/.dev ## check style, types, workflows and shipped YAML
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python tests/lint_yaml.py
	@$(BIN)/python tests/interpolation.py

soak: $(VENV)/.dev ## run the long tests too: every kill of the whole demo
	@$(PYTEST) --soak $(ARGS)

fuzz: $(VENV)/.dev ## run the property tests with many more examples
	@$(PYTEST) --hypothesis-profile=fuzz $(ARGS)

bench: $(VENV)/.dev ## measure, side by side and as ratios
	@$(BIN)/python -m benchmarks $(ARGS)

lock: $(VENV)/.dev ## renew the hash-locked requirements from pyproject.toml
	@$(COMPILE) $(ARGS) pyproject.toml requirements/build.in -o requirements/run.txt
	@$(COMPILE) $(ARGS) --extra dev -c requirements/run.txt pyproject.toml \
		requirements/build.in -o requirements/dev.txt
	@for profile in $(PROFILES); do \
		$(COMPILE) -c requirements/run.txt requirements/$$profile.in \
			-o requirements/$$profile.txt; \
	done
	@$(COMPILE) -c requirements/dev.txt requirements/uv.in -o requirements/uv.txt

dist: $(VENV)/.dev ## build the archives to publish; ARGS names the tag that they are for
	@./requirements/build $(VENV) $(ARGS)

trace: $(VENV)/.dev ## renew the documents that are made from code
	@$(BIN)/python tests/requirements_trace.py
	@$(BIN)/python tests/configuration_page.py

clean: ## remove what was built and set up
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .exchanges
	@find . -name __pycache__ -prune -exec rm -rf {} +
	@rm -rf src/*.egg-info

# Stamps hold the digest of what was installed, so that a set-up that changes nothing is skipped
# even when a checkout or a copy gave the lock a newer date.
$(VENV)/.run: $(RUN_LOCKS) $(PACKAGE)
	@./requirements/install $(VENV) run

$(VENV)/.dev: $(DEV_LOCKS) $(PACKAGE)
	@./requirements/install $(VENV) dev

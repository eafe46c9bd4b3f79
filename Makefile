# make run             the assistant on http://127.0.0.1:7860, on the demo world
# make run DATA=DIR    the same on a dataset folder, in a store of its own
# make test            format, lint, types and the whole test suite
#
# GPU=1                leave torch unpinned, so that pip takes the build with CUDA
# TORCH_INDEX=URL      another index to look for torch in, such as PyTorch's own with CPU-only builds
# PYTHON=python3.12    the Python (3.11 or newer) to make the environment with
# VENV=DIR             where the environment is made

VENV ?= .venv
BIN := $(VENV)/bin
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input \
	$(if $(TORCH_INDEX),--extra-index-url "$(TORCH_INDEX)")
STAMP := $(VENV)/.installed$(if $(GPU),-gpu)
LINTED := assistant memory_store tests app.py

RECENT := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for each in python3 python3.13 python3.12 python3.11; do \
	if $$each -c '$(RECENT)' 2>/dev/null; then echo $$each; break; fi; done)

STORE = $(if $(DATA),MRREC_DATASET="$(DATA)" MRREC_STORE="$${MRREC_STORE:-.mrrec/$(notdir $(patsubst %/,%,$(DATA)))}")

.PHONY: help run test lint clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# //p' Makefile

run: $(STAMP)
	$(STORE) $(BIN)/python app.py

test: $(STAMP)-test lint
	$(BIN)/python -m pytest

lint: $(STAMP)-test
	$(BIN)/ruff format --check $(LINTED)
	$(BIN)/ruff check $(LINTED)
	$(BIN)/mypy assistant memory_store app.py

clean:
	rm -rf .mypy_cache .pytest_cache .ruff_cache build *.egg-info

$(BIN)/python:
	@test -n "$(PYTHON)" || { \
	  echo "MR.Rec needs Python 3.11 or newer; python3 here is $$(python3 --version 2>&1). Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; \
	  exit 1; }
	@$(PYTHON) -c '$(RECENT)' || { echo "$(PYTHON) is older than Python 3.11." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(STAMP): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing into $(VENV): a few minutes the first time."
	$(if $(GPU),grep -v '^torch==',cat) constraints.txt > $(VENV)/constraints.txt
	$(PIP_INSTALL) -c $(VENV)/constraints.txt -e .
	@touch $@

$(STAMP)-test: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing into $(VENV), with what tests and training need: a few minutes the first time."
	$(if $(GPU),grep -v '^torch==',cat) constraints.txt > $(VENV)/constraints.txt
	$(PIP_INSTALL) -c $(VENV)/constraints.txt -e ".[test,train]"
	@touch $@ $(STAMP)

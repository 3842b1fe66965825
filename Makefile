# Every target sets up first what it needs; `make setup` again takes under a second.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup demo test unit soak mutate lint audit bench docs lock clean

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make setup   .venv with the locked packages, and Pulumi's engine
setup:
	@$(PYTHON) tools/setup.py

## make demo    a real `pulumi up` of sessions.yaml against the sandbox
demo: setup
	@$(BIN)/python tools/demo.py

## make test    every test; the unit tests alone must reach all branches of the core
test: setup
	@$(BIN)/python tools/programs.py
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n 2 --dist worksteal --cov --cov-report term tests/unit
# Two workers for each core of CI: a quarter of the time, these tests wait for other processes.
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n 4 --dist worksteal --ignore tests/unit

## make unit    the unit tests: about a minute
unit: setup
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n 2 --dist worksteal tests/unit

## make soak    the same faults and crashes more often, guided fuzzing, and long waits: about 50 minutes
soak: setup
	@TORNADO_SOAK=1 PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n 2 --dist worksteal \
	  tests/faults tests/acceptance/test_crashes.py tests/scale/test_soak.py

## make mutate  small changes of the core that no unit test notices; ONLY=gate for one folder
mutate: setup
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tools/mutate.py $(ONLY)

## make lint    format, lint, types
lint: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

## make audit   known vulnerabilities of the locked packages; exit code 3 if it could not look
audit: setup
	@$(BIN)/python tools/audit.py

## make bench   the ratios of bench/results.json, measured now; QUICK=1 only looks at counts
bench: setup
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python bench/run.py

## make docs    the docs as a site, in build/site
docs: setup
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

## make lock    requirements.lock and the example's anew from pyproject.toml (needs uv)
lock:
	@uv pip compile pyproject.toml --extra sandbox --group dev --generate-hashes --universal --python-version 3.11 \
	  --no-header --quiet --no-strip-extras --upgrade --output-file requirements.lock
	@uv pip compile pyproject.toml --constraint requirements.lock --generate-hashes --universal --python-version 3.11 \
	  --no-header --no-annotate --quiet --output-file examples/agents/requirements.lock

## make clean   everything that these targets made in this folder
clean:
	@rm -rf .venv .demo Pulumi.demo.yaml .hypothesis .mypy_cache .pytest_cache .ruff_cache .coverage* mutants build *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Every target sets up first what it needs; `make setup` again takes under a second.
PYTHON ?= python3
BIN := .venv/bin

# The programs of `.venv` come first, as in an activated environment.
RUN := PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python
TESTS := $(RUN) -m pytest --dist worksteal
# With it, each worker of each run would rewrite the assertions of all tests again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test quick unit package soak mutate lint audit bench docs lock clean

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make setup   .venv with the locked packages, and Pulumi's engine
setup:
	@$(PYTHON) tools/setup.py

## make demo    a real `pulumi up` of sessions.yaml against the sandbox
demo: setup
	@$(BIN)/python tools/demo.py

## make test    every test but those of `make package`; the unit tests alone must reach all branches of the core
test: setup
	@$(BIN)/python tools/programs.py
	@$(TESTS) -n 2 --cov --cov-report term tests/unit
# Two workers for each core of CI: a quarter of the time, these tests wait for other processes.
	@$(TESTS) -n 4 --ignore tests/unit

## make quick   the unit tests, and the first short story of each acceptance file: two minutes
quick: setup
	@$(TESTS) -n 4 --quick tests/unit tests/acceptance

## make unit    the unit tests: about a minute
unit: setup
	@$(TESTS) -n 2 tests/unit

## make package what is published: built twice, installed into each Python that is here, by `pulumi new`, as a hook
package: setup
	@$(TESTS) -n 2 -m package tests/acceptance

## make soak    faults and crashes in every combination and larger numbers, random weeks, guided fuzzing, long waits: over an hour
soak: setup
	@TORNADO_SOAK=1 $(TESTS) -n 2 \
	  tests/faults tests/acceptance/test_crashes.py tests/acceptance/test_scenarios.py tests/acceptance/test_checks.py \
	  tests/acceptance/test_canary.py tests/acceptance/test_promotion.py tests/acceptance/test_upgrade.py tests/acceptance/test_weeks.py \
	  tests/scale/test_bench.py tests/scale/test_soak.py tests/scale/test_dense_files.py tests/scale/test_sockets.py \
	  tests/unit/cli/test_surroundings.py tests/unit/cli/test_hostile_files.py tests/unit/runs/test_polling_at_scale.py \
	  tests/unit/runs/test_start.py tests/unit/agents/test_start.py tests/unit/reports/test_omissions.py
	@TORNADO_SOAK=1 $(TESTS) -n 2 -m hypothesis tests/unit

## make mutate  small changes of the core that no unit test notices; ONLY=runs for one folder, TENTH=1 for every tenth
mutate: setup
	@$(RUN) tools/mutate.py $(if $(TENTH),--tenth) $(ONLY)

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
	@$(RUN) bench/run.py

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

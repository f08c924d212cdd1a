# The first target that needs it makes .venv from locked, hashed requirements; the second time nothing is done.
PYTHON ?= python3
BIN := .venv/bin
FUZZ_SEED ?= 0
SCRIPTS = $(shell grep -rlE '^\#!.*bash$$|^\# shellcheck shell=' .ci fixtures)

.PHONY: drill game-day game-day-data game-day-services test lint bench fuzz gate-cluster mutants kill-matrix canary provision images lock clean
.DEFAULT_GOAL := drill

.venv/.ready: requirements.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

drill: .venv/.ready  ## the main job: the release drills on the embedded sandbox
	$(BIN)/drill run features/release

game-day: .venv/.ready  ## every scenario of features/ that needs no cluster, two drills at a time
	@$(MAKE) --no-print-directory --keep-going --jobs 2 game-day-data game-day-services

DATA := features/database features/safety
game-day-data: .venv/.ready
	$(BIN)/drill run $(DATA) --tag 'not kind'

game-day-services: .venv/.ready
	$(BIN)/drill run $(filter-out $(DATA) features/cluster,$(wildcard features/*)) --tag 'not kind'

lint: .venv/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/shellcheck --external-sources $(SCRIPTS)
	$(BIN)/mypy

test: lint  ## everything this machine can run
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -m "not benchmark and not alone" --numprocesses 2 --durations 60 --durations-min 5
	$(BIN)/coverage run -m pytest -m alone --durations 20 --durations-min 5
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered --fail-under=90

provision:  ## what drills on kind need: says what is missing and asks before it does anything
	fixtures/kind/provision

images:  ## the container images that drills on kind need: pulled, or built
	$(PYTHON) fixtures/images/build.py

fuzz: .venv/.ready  ## 10,000 damaged inputs of each kind; FUZZ_SEED=2 does other damage
	$(BIN)/pytest tests/fuzz -s --no-header --quiet --inputs 10000 --fuzz-seed $(FUZZ_SEED)

bench: .venv/.ready
	$(BIN)/pytest tests/benchmarks -m benchmark -s --no-header --quiet

gate-cluster: .venv/.ready  ## every rollback script for a cluster through every scenario of the gate: about an hour
	$(BIN)/pytest tests/integration/test_kind_gate.py --whole-corpus --quiet

mutants: .venv/.ready  ## changes the code that measures and judges, and looks whether a test notices
	$(BIN)/python -m tests.mutants

kill-matrix: .venv/.ready  ## ends drills at every record of their journals, and looks whether anything is left
	$(BIN)/python -m tests.kill_matrix.matrix $(CELLS)

canary: .venv/.ready  ## every scenario that needs no cluster with secrets in every place, and a search through all that was made
	$(BIN)/python -m tests.canary $(FEATURES)

lock:  ## renew the locked requirements (needs uv)
	uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --universal --python-version 3.11 \
	  --no-header --extra dev --extra sample pyproject.toml -o requirements.txt
	cd fixtures/images/python && uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url \
	  --python-version 3.13 --python-platform linux --no-header requirements.in -o requirements.txt
	uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --constraint requirements.txt \
	  --python-version 3.13 --python-platform linux --no-header pyproject.toml fixtures/images/drill/build.in \
	  -o fixtures/images/drill/requirements.txt

clean:
	rm -rf .venv reports/runs

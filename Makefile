# Everything a fresh machine needs is made by the first target that needs it: .venv from locked, hashed requirements.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: drill test lint bench lock clean
.DEFAULT_GOAL := drill

.venv/.ready: requirements.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

drill: .venv/.ready  ## the main job: the release drills on the embedded sandbox
	$(BIN)/drill run features/release

lint: .venv/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint  ## everything this machine can run
	$(BIN)/pytest --cov --cov-report=term:skip-covered --cov-fail-under=90

bench: .venv/.ready
	$(BIN)/pytest tests/benchmarks -m benchmark -s --no-header

lock:  ## renew the locked requirements (needs uv)
	uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --universal --python-version 3.11 \
	  --no-header --extra dev --extra sample pyproject.toml -o requirements.txt

clean:
	rm -rf .venv reports/runs

# Every target works on a fresh machine with make and Python 3.11 or newer (with venv).
PYTHON ?= python3
BIN := .venv/bin
LOCK := requirements/dev.txt

.PHONY: setup demo run test test-real-days check faults faults-quick bench judge judge-final docs pictures lock
setup: .venv/ready

# $(call install,lock file,what it holds): a lock file has hashes, so pip installs exactly what was tested, or nothing.
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Paperboy needs Python 3.11 or newer. Name one with: make $(MAKECMDGOALS) PYTHON=python3.12")'
	@echo 'Installing $(2) into .venv. Nothing outside this folder is changed.'
	@echo '[1/3] Making .venv'
	@$(PYTHON) -m venv .venv
	@echo '[2/3] Getting the packages of $(1), and unpacking them, which takes the longest'
	@$(BIN)/python -m pip install --disable-pip-version-check --require-hashes --requirement $(1)
	@echo '[3/3] Installing Paperboy itself'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
endef

.venv/ready: $(LOCK) pyproject.toml
	$(call install,$(LOCK),about 530 MB for the bot and its tests and checks)
	@touch $@ .venv/ready-demo

# A part of what `make setup` installs, with the same versions; so each can come first.
.venv/ready-demo: requirements/demo.txt pyproject.toml
	$(call install,$<,about 180 MB for the demo)
	@touch $@

demo: $(if $(wildcard .venv/ready),setup,.venv/ready-demo)
	$(BIN)/paperboy demo

run: setup
	$(BIN)/paperboy run

# Uses all cores; `pytest` alone uses one. Tests wait a lot, so there are three workers for two cores. They start hundreds
# of bots, so Python keeps its bytecode even if the environment says otherwise.
test: export PYTEST_XDIST_AUTO_NUM_WORKERS = $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) * 3 // 2)')
test: export PYTHONDONTWRITEBYTECODE =
test: setup
	$(BIN)/pytest -n auto --dist worksteal

# Needs captured days of the papers API beside the project.
test-real-days: setup
	$(BIN)/pytest -n auto -m real_days

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/project/test_docs.py

# Takes less than 20 minutes: every fault of Discord at every place, 200 kills, bad neighbours, 2,000 people, and 100 kills
# of three processes on one PostgreSQL, which also move and are cut off. It fails if
# a digest is lost or posted twice. `make faults SEED=7` repeats the choices of an earlier run.
faults: setup
	$(BIN)/python -m faults $(SEED:%=--seed %)
	$(BIN)/python -m pytest -q -n auto --both-engines -k postgres tests/delivery tests/composing tests/following tests/lookups tests/cogs

# A part of `make faults`, within five minutes.
faults-quick: setup
	$(BIN)/python -m faults --quick $(SEED:%=--seed %)

# Takes half an hour, because it makes archives of up to 200,000 papers for four engines.
bench: setup
	$(BIN)/python -m bench

# How well the search ranks, on queries that are not used for tuning.
judge: setup
	$(BIN)/python -m bench.judge

# The same on the sealed queries, for the end of a work on ranking: each asking is noted in bench/fresh/askings.jsonl.
judge-final: setup
	$(BIN)/python -m bench.judge --final

# Writes the command reference and the example settings from the code.
docs: setup
	$(BIN)/python -m tests.support.reference

# Takes the pictures in the docs, with an installed Chromium. Takes about a minute.
pictures: setup
	$(BIN)/paperboy demo --pictures docs/images

# Renews the lock files after a change of dependencies.
lock:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra models --constraint requirements/run.txt pyproject.toml -o requirements/models.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra semantic --constraint requirements/models.txt pyproject.toml -o requirements/semantic.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra multilingual --constraint requirements/models.txt pyproject.toml -o requirements/multilingual.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra postgres --constraint requirements/run.txt pyproject.toml -o requirements/postgres.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra build --extra demo --constraint requirements/semantic.txt pyproject.toml -o requirements/demo.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev --constraint requirements/models.txt --constraint requirements/demo.txt pyproject.toml -o $(LOCK)
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"])' | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --constraint $(LOCK) - -o requirements/build.txt

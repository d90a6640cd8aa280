# Every target works on a fresh machine with make and Python 3.11 or newer (with venv).
PYTHON ?= python3
BIN := .venv/bin
LOCK := requirements/dev.txt

.PHONY: setup demo run test test-real-days check faults faults-quick bench judge docs pictures lock
setup: .venv/ready

# The lock file has hashes, so pip installs exactly what was tested, or nothing.
.venv/ready: $(LOCK) pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Paperboy needs Python 3.11 or newer; name one with make PYTHON=…")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

demo: setup
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

# Takes less than 15 minutes: every fault of Discord at every place, 200 kills, bad neighbours. It fails if a digest is
# lost or posted twice. `make faults SEED=7` repeats the choices of an earlier run.
faults: setup
	$(BIN)/python -m faults $(SEED:%=--seed %)

# A part of `make faults`, within five minutes.
faults-quick: setup
	$(BIN)/python -m faults --quick $(SEED:%=--seed %)

# Takes half an hour, because it makes archives of up to 200,000 papers for four engines.
bench: setup
	$(BIN)/python -m bench

# How well the search ranks, on the half of the judged set that is not used for tuning.
judge: setup
	$(BIN)/python -m bench.judge

# Writes the command reference and the example settings from the code.
docs: setup
	$(BIN)/python -m tests.support.reference

# Takes the pictures in the docs, with an installed Chromium.
SCENES := digest panel extras thread forum compact cards recap
pictures: setup
	for scene in $(SCENES); do $(BIN)/paperboy demo --scene $$scene --screenshot docs/images/$$scene.png || exit 1; done

# Renews the lock files after a change of dependencies.
lock:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra semantic --constraint requirements/run.txt pyproject.toml -o requirements/semantic.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev --constraint requirements/semantic.txt pyproject.toml -o $(LOCK)

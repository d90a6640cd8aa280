# Every target sets itself up on a fresh machine that has Python 3.11 (or newer) with venv, and make.
PYTHON ?= python3
BIN := .venv/bin
LOCK := requirements/dev.txt

.PHONY: setup demo run test test-real-days check faults faults-quick bench judge docs pictures lock
setup: .venv/ready

# The lock file carries hashes, so pip installs exactly what was tested or nothing.
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

# On all the cores; `pytest` alone runs them one after the other. Hundreds of bots are started: they keep their bytecode,
# even where the environment says otherwise.
test: export PYTHONDONTWRITEBYTECODE =
test: setup
	$(BIN)/pytest -n auto --dist worksteal

# Over hundreds of captured days of the papers API, where they lie beside the project.
test-real-days: setup
	$(BIN)/pytest -n auto -m real_days

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/project/test_docs.py

# Under a quarter of an hour: every fault of Discord at every place, 200 kills, bad neighbours; it fails where a digest
# is lost or comes twice. `make faults SEED=7` chooses what an earlier run chose.
faults: setup
	$(BIN)/python -m faults $(SEED:%=--seed %)

# A part of it, within five minutes.
faults-quick: setup
	$(BIN)/python -m faults --quick $(SEED:%=--seed %)

# Half an hour: it grows the archive to 200,000 papers for four engines.
bench: setup
	$(BIN)/python -m bench

# How well the search ranks, on the half of the judged set that nothing is tuned on.
judge: setup
	$(BIN)/python -m bench.judge

# Renew what is written from the code: the command reference and the example settings.
docs: setup
	$(BIN)/python -m tests.support.reference

# Renew the pictures in the docs, with an installed Chromium.
SCENES := digest panel extras thread forum compact cards recap
pictures: setup
	for scene in $(SCENES); do $(BIN)/paperboy demo --scene $$scene --screenshot docs/images/$$scene.png || exit 1; done

# Renew the lock files after a change of dependencies.
lock:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra semantic --constraint requirements/run.txt pyproject.toml -o requirements/semantic.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev --constraint requirements/semantic.txt pyproject.toml -o $(LOCK)

# Every target sets itself up on a fresh machine that has Python 3.11 (or newer) with venv, and make.
PYTHON ?= python3
BIN := .venv/bin
LOCK := requirements/dev.txt

.PHONY: setup demo run test check bench lock
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

test: setup
	$(BIN)/pytest

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/test_docs.py tests/test_settings.py

bench: setup
	$(BIN)/python -m bench

# Renew the lock files after a change of dependencies.
lock:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev --constraint requirements/run.txt pyproject.toml -o $(LOCK)

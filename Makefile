# Two commands for newcomers: `make demo` and `make test`. Both set up everything they need first.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready
JOBS ?= 2
PORT ?= 8000

.PHONY: setup demo serve test test-deep lint reference browser bench-peers pin

setup: $(STAMP)

$(STAMP): .ci/requirements-dev.txt pyproject.toml admin_app/translations/en/LC_MESSAGES/messages.po
	@$(PYTHON) -c 'import sys; sys.version_info < (3, 11) and sys.exit("Python 3.11 or later is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/requirements-dev.txt
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/pybabel --quiet compile --directory admin_app/translations
	$(BIN)/python -m compileall -q admin_app models workflows
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/shouwang demo --port $(PORT)

serve: $(STAMP)
	$(BIN)/shouwang serve

browser:
	sh .ci/browser

test: $(STAMP) browser
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder -m "not deep"

test-deep: $(STAMP) browser
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# What the program is measured beside (bench/README.md), in an environment of its own that nothing else uses.
bench-peers: .venv-peers/.ready

.venv-peers/.ready: bench/peers/requirements.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r bench/peers/requirements.txt
	touch $@

# Writes docs/reference anew from the code; the tests compare it.
reference: $(STAMP)
	$(BIN)/python -m tests.architecture.reference

# Renews the pins after a change of dependencies in pyproject.toml or bench/peers/requirements.in.
PIN := $(BIN)/pip-compile --quiet --allow-unsafe --generate-hashes --strip-extras --no-header --no-emit-index-url \
  --no-emit-find-links --no-emit-trusted-host
pin: $(STAMP)
	$(PIN) --extra dev --output-file .ci/requirements-dev.txt pyproject.toml
	$(PIN) --output-file bench/peers/requirements.txt bench/peers/requirements.in

# Two commands on a fresh machine: `make demo` and `make test`. Each sets up what it needs in .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
DEV    := $(VENV)/.ready-dev

.PHONY: demo test check bench oracle fuzz format wheel clean help

help:            ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("topple needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; try make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(READY): $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[pictures]'
	touch $@

$(DEV): $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: $(READY)   ## set up, then train, explain and verify on a generated catalogue (no network after set-up)
	$(BIN)/topple demo --overwrite

test: $(DEV)     ## set up, then run all tests
	$(BIN)/python -m pytest

check: $(DEV)    ## format, lint, strict types, layer contracts, tests with the docs' examples
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

bench: $(READY)  ## quality, speed, growth, steps to build/bench.json; BENCH="--models FOLDER --beside VERSION" for others
	$(BIN)/python -m benchmarks.bench $(BENCH)

oracle: $(DEV)   ## hold 50,000 explanations against brute force; ORACLE="--queries 2000 --seed 1" for others
	$(BIN)/python -m benchmarks.oracle $(ORACLE)

fuzz: $(DEV)     ## break files, command lines and calls, 10,000 cases; FUZZ="--cases 500 --seed 1" for others
	$(BIN)/python -m benchmarks.fuzz $(FUZZ)

format: $(DEV)   ## rewrite the code in the project's format
	$(BIN)/ruff format src tests benchmarks
	$(BIN)/ruff check --fix src tests benchmarks

wheel:           ## build the wheel and the source distribution, check them, and try the wheel in a new environment
	rm -rf dist build/wheel
	$(PYTHON) -m venv build/wheel/tools
	build/wheel/tools/bin/pip install --quiet --disable-pip-version-check build twine
	build/wheel/tools/bin/python -m build --outdir dist .
	build/wheel/tools/bin/python -m twine check --strict dist/*
	$(PYTHON) -m venv build/wheel/venv
	build/wheel/venv/bin/pip install --quiet --disable-pip-version-check -c constraints.txt dist/*.whl
	build/wheel/venv/bin/topple doctor

clean:           ## remove what make made
	rm -rf $(VENV) build dist topple-demo

# Two commands on a fresh machine: `make demo` and `make test`. Each sets up what it needs in .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
# The versions to install: constraints-oldest.txt for the oldest that pyproject.toml allows, nothing for the newest.
CONSTRAINTS := constraints.txt
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --no-compile $(if $(CONSTRAINTS),-c $(CONSTRAINTS))
# pip compiles sources on one core; some packages hold files that are not to be compiled.
COMPILE := $(BIN)/python -W ignore -m compileall -qq -j 0 $(VENV) || exit 0
DIST    := build/dist/venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
READY  := $(VENV)/.ready
DEV    := $(VENV)/.ready-dev

.PHONY: demo serve test test-engines check lint docs bench bench-serve bench-scale oracle fuzz chaos format dist clean help

help:            ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(VENV)/pyvenv.cfg:
	$(PYTHON) -c 'import sys; sys.exit("topple needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; try make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(READY): $(VENV)/pyvenv.cfg pyproject.toml $(CONSTRAINTS)
	$(INSTALL) -e '.[pictures]'
	$(COMPILE)
	touch $@

$(DEV): $(VENV)/pyvenv.cfg pyproject.toml $(CONSTRAINTS)
	$(INSTALL) -e '.[dev]'
	$(COMPILE)
	touch $(READY) $@

demo: $(READY)   ## set up, then train, explain and verify on a generated catalogue (no network after set-up)
	$(BIN)/topple demo --overwrite

serve: $(READY)  ## set up, train on a generated catalogue, and serve the page and the API; prints the address
	$(INSTALL) -e '.[serve]'
	$(BIN)/topple demo --overwrite
	$(BIN)/topple serve films=topple-demo/model

test: $(DEV)     ## set up, then run all tests, a process for each core; TEST="-x tests/cli" for others
	$(BIN)/topple doctor # compiles the inner loops once and on all cores; else each process of the tests would
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal $(TEST)

test-engines: $(DEV) ## the batch on Ray and Spark: installs both (Spark needs Java 17), and runs tests/engines
	$(INSTALL) -e '.[ray,spark]'
	TOPPLE_NO_SKIPS_OF_ENGINES=1 $(BIN)/python -m pytest tests/engines $(TEST)

check: lint test ## format, lint, strict types, layer contracts, tests, which build the docs and run their examples

lint: $(DEV)     ## the part of check that is done in a minute: format, lint, strict types, layer contracts
	$(BIN)/ruff format --check src tests benchmarks docs
	$(BIN)/ruff check src tests benchmarks docs
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(DEV)     ## the docs site, in build/docs/html; warnings are errors; DOCS=--links asks the addresses of the web too
	$(BIN)/python -m docs.site $(DOCS)

bench: $(READY)  ## quality, speed, growth, steps to build/bench.json; BENCH="--models FOLDER --beside VERSION" for others
	$(BIN)/python -m benchmarks.bench $(BENCH)

bench-serve: $(DEV) ## requests a second of the service beside the library's batch; SERVE="--models FOLDER" says of which models
	$(BIN)/python -m benchmarks.serve $(SERVE)

bench-scale: $(DEV) ## batches of every user: rate, memory, workers, growth; SCALE="--epinions FOLDER --ml-1m FILE --minutes 10"
	$(BIN)/python -m benchmarks.scale $(SCALE)

oracle: $(DEV)   ## hold 50,000 explanations against brute force; ORACLE="--queries 2000 --seed 1" for others
	$(BIN)/python -m benchmarks.oracle $(ORACLE)

fuzz: $(DEV)     ## break files, command lines and calls, 10,000 cases; FUZZ="--cases 500 --seed 1" for others
	$(BIN)/python -m benchmarks.fuzz $(FUZZ)

chaos: $(DEV)    ## kill workers and parents of a batch 100 times, fill a disk, poison every shard; CHAOS="--kills 20 --seed 1" for others
	$(BIN)/python -m benchmarks.chaos $(CHAOS)

format: $(DEV)   ## rewrite the code in the project's format
	$(BIN)/ruff format src tests benchmarks docs
	$(BIN)/ruff check --fix src tests benchmarks docs

dist:            ## build wheel and source distribution, check them, install the wheel in a new environment, run the demo there
	rm -rf dist build/dist
	$(PYTHON) -m venv build/dist/tools
	$(subst /venv/,/tools/,$(DIST))/pip install --quiet --disable-pip-version-check build twine
	$(subst /venv/,/tools/,$(DIST))/python -m build --outdir dist .
	$(subst /venv/,/tools/,$(DIST))/python -m twine check --strict dist/*
	$(PYTHON) -m venv build/dist/venv
	$(DIST)/pip install --quiet --disable-pip-version-check $(if $(CONSTRAINTS),-c $(CONSTRAINTS)) dist/*.whl
	cd build/dist && $(CURDIR)/$(DIST)/topple doctor && $(CURDIR)/$(DIST)/topple demo --out demo

clean:           ## remove what make made
	rm -rf $(VENV) build dist topple-demo

# dockernb. `make` alone lists the targets.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
# The testbed needs only the standard library, so it can run before the environment is complete.
TESTBED := $(PYTHON) -m tests.testbed
DEMO := notebooks/01-build-an-image.ipynb
DOCKERNB := $(VENV)/bin/dockernb
# The base image of the notebooks: pulled, or made from the distribution's packages.
BASE := debian:bookworm-slim
PREPARE = echo "looking for $(BASE)"; $(DOCKERNB) pull --if-missing $(BASE) 2>/dev/null || $(DOCKERNB) base $(BASE)

.DEFAULT_GOAL := help
.PHONY: help venv demo lab course test bench growth lint testbed testbed-down clean
.DELETE_ON_ERROR:

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

venv: $(VENV)/.stamp-test  ## the environment for development, in .venv

demo: $(VENV)/.stamp-base  ## build the first notebook's image with the embedded engine, no Docker needed
	@mkdir -p build/demo
	@DOCKERNB_ENGINE=embedded sh -ec '$(PREPARE); \
	  $(DOCKERNB) run --quiet $(DEMO) -o build/demo/01-build-an-image.ipynb --context notebooks; \
	  $(DOCKERNB) export $(DEMO) -o build/demo/Dockerfile; \
	  $(PY) tests/print_cards.py build/demo/01-build-an-image.ipynb build/demo/Dockerfile'
	@echo "executed notebook: build/demo/01-build-an-image.ipynb"
	@echo "Dockerfile:        build/demo/Dockerfile"

lab: $(VENV)/.stamp-lab  ## open the notebooks in JupyterLab
	@sh -ec '$(PREPARE)'
	@$(VENV)/bin/jupyter lab notebooks/

course: $(VENV)/.stamp-test  ## run the course with the embedded engine, and write its outputs into notebooks/
	@rm -rf build/course/cache
	@DOCKERNB_ENGINE=embedded DOCKERNB_HOME=$(CURDIR)/build/course \
	  sh -ec '$(PREPARE); $(PY) -m tests.course'

test: lint  ## set everything up, then lint and run the whole test suite
	@$(TESTBED) run -- $(PY) -m pytest --numprocesses 2 --dist loadfile $(PYTEST_ARGS)

bench: $(VENV)/.stamp-test  ## measure: a table, and the figures as JSON (BENCH_ARGS="ROW... --docs")
	@$(TESTBED) run --parts docker,images,registry,browser -- $(PY) -m tests.bench $(BENCH_ARGS)

growth: $(VENV)/.stamp-test  ## measure how costs grow (BENCH_ARGS="CURVE... --docs")
	@$(TESTBED) run --parts docker,images,browser -- $(PY) -m tests.bench.growth $(BENCH_ARGS)

lint: $(VENV)/.stamp-test  ## ruff and mypy
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy -p dockernb -p tests.testbed

testbed:  ## bring Docker, images, registry and browser up and leave them running
	@$(TESTBED) up

testbed-down:  ## stop the testbed; what it has downloaded stays
	@$(TESTBED) down

clean:  ## remove .venv and what was built; `make testbed-down` stops the testbed
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find dockernb tests -name __pycache__ -type d -prune -exec rm -rf {} +

# One stamp for each set of extras; .stamp-test has everything that the others have.
$(VENV)/.stamp-base: EXTRAS :=
$(VENV)/.stamp-lab: EXTRAS := [lab]
$(VENV)/.stamp-test: EXTRAS := [test]
$(VENV)/.stamp-%: pyproject.toml $(PY)
	$(PY) -m pip install --quiet --editable '.$(EXTRAS)'
	@touch $@

# Debian has venv in a package of its own.
$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "dockernb needs Python 3.11 or newer: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { [ "$$(id -u)" = 0 ] && apt-get update && apt-get install -y python3-venv; } || \
	  { echo "$(PYTHON) has no venv module: install Debian's python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Every target sets up what it needs in .venv by itself, and does so anew when pyproject.toml or
# requirements.lock changed. Another Python than `python3`: make PYTHON=/usr/bin/python3.12 …

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
PIP := $(BIN)/python -m pip --disable-pip-version-check
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-header --extra dev

# What `make demo` speaks: English where the user's locale is English, else French.
LOCALE := $(firstword $(LC_ALL) $(LC_MESSAGES) $(LANG))
SPEAK := $(if $(filter en%,$(LOCALE)),en,fr)

.PHONY: help setup demo test test-slow lint check fix crash bench translations lock clean
.DEFAULT_GOAL := help

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

demo: $(READY) ## eight files through the connector, against a simulated platform
	@$(BIN)/connector --lang $(SPEAK) demo

test: $(READY) ## the whole test suite but what takes minutes
	$(BIN)/python -m pytest -n 3 --dist loadfile --ignore tests/crash
	$(BIN)/python -m pytest tests/crash

test-slow: $(READY) ## the tests that take minutes
	$(BIN)/python -m pytest -m slow

lint: $(READY) ## style, form, types, and what may import what
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy connector tests $(wildcard bench/*.py)
	$(BIN)/lint-imports

check: lint test ## lint and test

fix: $(READY) ## put style and form right where that can be done by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

MINUTES ?= 20
crash: $(READY) ## kill it at every point, for MINUTES=20, and check that nothing is lost or sent twice
	$(BIN)/python -m tests.crash --minutes $(MINUTES)
	$(BIN)/python -m tests.crash --level syscalls --minutes $(MINUTES)

bench: $(READY) ## how many files a minute, and how near bare lxml, on this machine
	$(BIN)/python bench/journey.py
	$(BIN)/python bench/validation.py
	$(BIN)/python bench/ereporting.py

LOCALES := $(wildcard connector/locale/*/LC_MESSAGES/connector.po)
translations: $(READY) ## what gettext reads of the help in other languages, from connector/locale/**/*.po
	@for one in $(LOCALES); do $(BIN)/pybabel -q compile -i $$one -o $${one%.po}.mo; done

lock: $(READY) ## requirements.lock anew from pyproject.toml; UPGRADE=1 takes the newest of everything
	@test -x $(BIN)/uv || $(PIP) install --quiet uv
	$(LOCK) $(if $(UPGRADE),--upgrade) pyproject.toml --output-file requirements.lock

clean: ## remove the environment and everything that can be made again
	rm -rf .venv .demo .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist

setup: $(READY) ## only the set-up
	@:

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed as \"$(PYTHON)\"; name another with: make PYTHON=/path/to/python"; \
		exit 1; }
	@# Debian ships venv without its heart (ensurepip) unless python3-venv is installed.
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && \
			DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null; \
		else \
			echo "Python's venv is missing; install it, e.g. with: sudo apt-get install python3-venv"; \
			exit 1; \
		fi; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@echo "Setting up .venv (once; about a minute) ..."
	@$(PIP) install --quiet --require-hashes --requirement requirements.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

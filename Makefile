# What people and CI run. Every target sets up what it needs by itself: `make serve` and `make test` work in a fresh clone.

VENV ?= .venv
BIN = $(VENV)/bin
ARGS ?=

# Written when an installation is complete, so that it is done again only when what it was made from has changed.
RUNTIME = $(VENV)/.runtime-installed
DEV = $(VENV)/.dev-installed

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help serve test quick simulate check docs bench lock clean

help: ## List these targets
	@printf '\nDialogue: a realtime event server whose history does not end.\n\n'
	@awk 'BEGIN { FS = ":.*## " } /^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile
	@printf '\nOptions go in ARGS, as in:  make serve ARGS="--port 8080"    make test ARGS="tests/domain -x"\n\n'

serve: $(RUNTIME) ## Run the bundled chat at http://127.0.0.1:3000, kept in SQLite
	@PYTHONPATH="$(CURDIR)/.links" exec $(BIN)/python -m dialogue serve $(ARGS)

test: $(DEV) ## Run all tests, in two processes; with ARGS in one
	@$(BIN)/python -m pytest $(or $(ARGS),--numprocesses 2)

quick: $(DEV) ## Run the tests of domain, application and contracts, but PostgreSQL's: under a minute
	@$(BIN)/python -m pytest tests/domain tests/application tests/contracts \
		-k 'not postgresql and not pooled' --numprocesses 2 $(ARGS)

simulate: $(DEV) ## Run a cluster on virtual time, SEEDS=1000 times, from SEED=1 on
	@$(BIN)/python -m tests.simulation --seeds $(or $(SEEDS),1000) --first $(or $(SEED),1) $(ARGS)

check: $(DEV) ## Check format, lint, types and import rules, and that the rules still bite
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	@printf 'Planted violations must be caught:\n'
	@$(BIN)/python -m pytest --quiet tests/packaging/test_import_rules.py

docs: $(DEV) ## Run every example of README and docs, and follow their links
	@$(BIN)/python -m pytest tests/docs $(ARGS)

bench: $(DEV) ## Measure, and print a table
	@$(BIN)/python tests/benchmarks $(ARGS)

lock: ## Pin the dependencies of pyproject.toml anew, with hashes, for all platforms
	@$(FIND_PYTHON); "$$python" -m venv --clear build/lock
	build/lock/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.13'
	$(LOCK) --output-file requirements.lock
	$(LOCK) --extra dev --constraints requirements.lock --output-file requirements-dev.lock

clean: ## Remove caches and builds; the virtual environment and the databases stay
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# --- Set-up ----------------------------------------------------------------------------------------------------------

# The first Python that is new enough, and runs: `python3` may be an old one, and a pyenv shim may exist and fail.
FIND_PYTHON = \
	for python in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
		"$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && break; \
		python=; \
	done; \
	if [ -z "$$python" ]; then \
		echo 'Dialogue needs Python 3.11 or later, with venv and pip, and found none.' >&2; \
		echo '  Debian, Ubuntu:  apt install python3 python3-venv' >&2; \
		echo '  macOS:           brew install python@3.13' >&2; \
		echo '  elsewhere:       make PYTHON=/path/to/python3.13 ...' >&2; \
		exit 1; \
	fi

# An environment that is half made, or whose Python is gone or too old, is made anew.
MAKE_VENV = \
	if ! $(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
		$(FIND_PYTHON); \
		echo "Making $(VENV) with $$("$$python" --version)"; \
		"$$python" -m venv --clear $(VENV); \
	fi

INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check

$(RUNTIME): requirements.lock
	@$(MAKE_VENV)
	@echo 'Installing what the server needs (requirements.lock)'
	@$(INSTALL) --require-hashes --requirement requirements.lock
	@touch $@

# The build back-end is in the lock too, so nothing is installed here without its hash.
$(DEV): requirements-dev.lock pyproject.toml
	@$(MAKE_VENV)
	@echo 'Installing what development needs (requirements-dev.lock)'
	@$(INSTALL) --require-hashes --requirement requirements-dev.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $(RUNTIME) $@

# One lock for every platform and Python. The addresses that this machine installs from are not written down.
LOCK = UV_CUSTOM_COMPILE_COMMAND='make lock' build/lock/bin/uv pip compile --quiet --no-config --upgrade --universal \
	--python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links pyproject.toml

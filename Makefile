# Each target makes its own virtual environment: on a fresh machine with Python and make, any of them may come first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SCAN := pipelines_client/_scan
NATIVE := $(if $(shell command -v rustc),$(SCAN)/libscan.so)
PEERS := .venv-peers
# One more than the cores of a small machine: tests of outages and of old clients mostly wait.
WORKERS ?= 3
# What our users may have: each Python, and with the oldest of them the lowest versions that pyproject.toml allows.
PYTHONS ?= 3.10 3.11 3.12 3.13
QUICK_HALF := tests/message tests/client tests/destinations tests/routing tests/state tests/delivery tests/test_config.py \
	tests/test_files.py tests/test_signals.py tests/cli/test_status.py tests/cli/test_dead_letters.py tests/cli/test_leaving.py

.PHONY: help native demo rehearsal test test-all test-quick test-lowest soak mutate soak-day scale snapshots images comparison bench bench-smoke check format lint types \
	imports clean
help: ## Say what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(STAMP): pyproject.toml
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "installing what is needed into $(VENV), once"
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@# For the public purchase log in it, not for its code: that brings pandas, whose mere presence slows every import of duckdb.
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps lifetimes==0.11.3
	@touch $(STAMP)

$(PEERS)/.installed: benchmarks/peers.txt
	@test -d $(PEERS) || $(PYTHON) -m venv $(PEERS)
	@echo "installing what the benchmark of parity compares with into $(PEERS), once"
	@$(PEERS)/bin/pip install --quiet --disable-pip-version-check --requirement benchmarks/peers.txt
	@touch $@

$(PEERS): $(PEERS)/.installed

$(SCAN)/libscan.so: build_native.py $(wildcard $(SCAN)/src/*.rs)
	@echo "building the native reader, once"
	@$(PYTHON) build_native.py

native: ## Build the native reader of parity, which needs a Rust compiler; without it Python reads all lines
	@$(PYTHON) build_native.py && echo "built $(SCAN)/libscan.so"

demo: $(STAMP) ## Both APIs on this machine, a real dual-write with planted faults, and the parity report
	@$(BIN)/python examples/demo.py

rehearsal: $(STAMP) ## All stages of a cutover with traffic that never stops: an outage, a step back, and on again
	@$(BIN)/python examples/rehearsal.py

test: $(STAMP) $(NATIVE) ## All tests
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

.venv-%/.installed: pyproject.toml
	@PYENV_VERSION=$* python$* -m venv .venv-$*
	@echo "installing what all tests need into .venv-$*, once"
	@.venv-$*/bin/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@.venv-$*/bin/pip install --quiet --disable-pip-version-check --no-deps lifetimes==0.11.3
	@touch $@

.venv-quick-%/.installed: pyproject.toml
	@PYENV_VERSION=$* python$* -m venv .venv-quick-$*
	@.venv-quick-$*/bin/pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

.venv-lowest/.installed: pyproject.toml tests/support/lowest.py
	@PYENV_VERSION=$(firstword $(PYTHONS)) python$(firstword $(PYTHONS)) -m venv --clear .venv-lowest
	@.venv-lowest/bin/pip install --quiet --disable-pip-version-check 'tomli>=2'
	@.venv-lowest/bin/python tests/support/lowest.py > .venv-lowest/constraints.txt
	@.venv-lowest/bin/pip install --quiet --disable-pip-version-check --constraint .venv-lowest/constraints.txt --editable '.[test]'
	@touch $@

test-all: $(PYTHONS:%=.venv-%/.installed) $(NATIVE) ## All tests, on each Python (PYTHONS="3.10 3.13")
	@$(foreach each,$(PYTHONS),echo "Python $(each)"; .venv-$(each)/bin/python -m pytest --numprocesses $(WORKERS) --dist loadfile || exit 1;)

test-quick: $(PYTHONS:%=.venv-quick-%/.installed) ## The client's tests, on each Python
	@$(foreach each,$(PYTHONS),echo "Python $(each)"; .venv-quick-$(each)/bin/python -m pytest --numprocesses $(WORKERS) $(QUICK_HALF) || exit 1;)

test-lowest: .venv-lowest/.installed ## The client's tests, with the lowest versions that pyproject.toml allows
	.venv-lowest/bin/python -m pytest --numprocesses $(WORKERS) $(QUICK_HALF)
	.venv-lowest/bin/pipelines-client drain --help >/dev/null

soak: $(STAMP) $(NATIVE) ## Ten minutes of kills, outages and restarts on this machine, ending in proof (MINUTES=1 for a try)
	$(BIN)/python -m pytest -m soak tests/durability tests/parity tests/evidence tests/privacy
	$(BIN)/python tests/soak/soak.py --minutes $(or $(MINUTES),10)

mutate: $(STAMP) ## Change the modules that judge, one small change at a time, and list what no test notices (MODULES="gates loss")
	$(BIN)/python tests/mutation $(MODULES)

soak-day: $(STAMP) ## One leg down for a simulated day; it catches up in order (RATE=500 messages a second takes an hour)
	$(BIN)/python tests/soak/day.py --rate $(or $(RATE),25)

scale: $(STAMP) ## Parity from facts, 100 thousand to 20 million messages a side: time and memory (SIZES="100000 1000000")
	$(BIN)/python -m benchmarks.scale $(SIZES)

snapshots: $(STAMP) ## Write what the renderings of parity look like today, and the schema of its JSON; look at the diff
	UPDATE_SNAPSHOTS=1 $(BIN)/python -m pytest tests/test_public_api.py tests/parity/render/test_snapshots.py

images: $(STAMP) ## Take the pictures in docs/images of the demo's report (needs Chromium)
	$(BIN)/python examples/demo.py --out demo-out
	$(BIN)/python tests/support/pictures.py demo-out/report.json docs/images

comparison: $(STAMP) ## The clients that this one replaces and ours in 30 situations; rewrites docs/comparison.md
	$(BIN)/python tests/differential

bench: $(STAMP) $(NATIVE) $(PEERS)/.installed ## What it costs beside the client it replaces; rewrites docs/performance.md (CASES="cpu web" or QUICK=1 for a try)
	@$(BIN)/python -m benchmarks $(CASES) $(if $(QUICK),--quick)

bench-smoke: $(STAMP) $(NATIVE) $(PEERS)/.installed ## The same, as small as shows that no figure is broken
	@$(BIN)/python -m benchmarks --smoke

check: format lint types imports bench-smoke test ## What CI runs

format: $(STAMP) ## Is everything formatted?
	$(BIN)/ruff format --check .

lint: $(STAMP)
	$(BIN)/ruff check .

types: $(STAMP) ## Do mypy and pyright find a mistake?
	$(BIN)/mypy
	MYPYPATH=examples $(BIN)/mypy --strict --config-file pyproject.toml $(wildcard examples/*.py)
	$(BIN)/basedpyright --pythonpath $(BIN)/python

imports: $(STAMP) ## Do the rooms only know the rooms below them?
	$(BIN)/lint-imports

clean: ## Remove the environment and all caches
	rm -rf $(VENV) .venv-* .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache demo-out rehearsal-out bench-out

# Everything a checkout can do. It needs Python 3.11 or newer, git and make, and nothing else;
# `make interop` also needs a C++ compiler, because quickfix is built from its source.
# `make fuzz` needs Linux: atheris has wheels for nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.setup
INTEROP := $(VENV)/.interop
FUZZ := $(VENV)/.fuzz
OPPONENTS := $(VENV)/.opponents
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
UV_COMPILE := uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run test test-protocol test-house lint format bench load opponents interop fuzz simulate mutants kill-points power-cuts endurance soak verify-market alerts lock clean

SEEDS ?= 2000
FROM ?= 1
JOBS ?= 2

help:  ## Say what each target does.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(SETUP)  ## Create .venv from the locked, hashed requirements.

$(SETUP): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Sluice needs Python 3.11 or newer; $(PYTHON) is older or missing." >&2; \
		echo "Name another interpreter: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
		echo "$(PYTHON) cannot create a virtual environment: its venv module is missing." >&2; exit 1; }
	$(PIP) install --quiet --require-hashes --only-binary :all: -r requirements-dev.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --no-index -e .
	@touch $@

run: $(SETUP)  ## Run the demonstration: a simulated market, a router and one OMS order.
	$(BIN)/sluice demo

test: $(SETUP)  ## Run the test suite, but for the interop, soak and market tests.
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target test-protocol test-house

# Two halves that take about as long, side by side.
PROTOCOL := tests/fix tests/cli tests/fuzz tests/experiments tests/trials
QUICK := -m "not interop and not soak and not market"

test-protocol: $(SETUP)
	$(BIN)/pytest $(QUICK) -p no:cacheprovider $(PROTOCOL)

test-house: $(SETUP)
	$(BIN)/pytest $(QUICK) $(PROTOCOL:%=--ignore=%)

lint: $(SETUP)  ## Check style, formatting and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(SETUP)  ## Rewrite the sources in the project's format.
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

bench: $(SETUP)  ## Run every benchmark; print one JSON object with every target.
	@$(BIN)/python -m bench

load: $(SETUP)  ## Load the real daemon; LOAD="--rate 300 --seconds 600 --search".
	@$(BIN)/python -m bench.load $(LOAD)

opponents: $(OPPONENTS)  ## Install Vowpal Wabbit and river, which `make bench` then compares the learners with.

$(OPPONENTS): $(SETUP) requirements-opponents.lock
	$(PIP) install --quiet --require-hashes --no-deps --only-binary :all: -r requirements-opponents.lock
	@touch $@

interop: $(INTEROP)  ## Test against QuickFIX as OMS and as venue (builds quickfix: needs a C++ compiler).
	$(BIN)/pytest -m interop tests/interop

$(INTEROP): $(SETUP) requirements-interop.lock
	$(PIP) install --quiet --require-hashes --no-deps --no-build-isolation -r requirements-interop.lock
	@touch $@

fuzz: $(FUZZ)  ## Fuzz framer, codec and session; FUZZ_TARGET, FUZZ_INPUTS, FUZZ_SECONDS, FUZZ_SEED.
	@$(BIN)/python -m tests.fuzz

$(FUZZ): $(SETUP) requirements-fuzz.lock
	$(PIP) install --quiet --require-hashes --no-deps --only-binary :all: -r requirements-fuzz.lock
	@touch $@

simulate: $(SETUP)  ## Play seeds of the simulation until one breaks an invariant; SEEDS, FROM, JOBS.
	@$(BIN)/sluice fuzz --seeds $(SEEDS) --from $(FROM) --jobs $(JOBS)

mutants: $(SETUP)  ## Prove that the simulation finds each defect of tests/mutants; MUTANTS, MUTANT_SEEDS.
	@$(BIN)/python -m tests.mutants $(MUTANTS)

kill-points: $(SETUP)  ## Kill the daemon at every point of ten parents; KILL_POINTS=FIRST-LAST.
	@$(BIN)/python -m tests.crash.kill_points $(KILL_POINTS)

power-cuts: $(SETUP)  ## Cut its machine's power there; KILL_POINTS=FIRST-LAST.
	@$(BIN)/python -m tests.crash.kill_points --power $(KILL_POINTS)

endurance: $(SETUP)  ## The daemon under load and faults for long; ENDURANCE="--minutes 60 --rate 12 --seed 1".
	@$(BIN)/python -m tests.crash.endurance $(ENDURANCE)

soak: $(SETUP)  ## Run the long tests.
	$(BIN)/pytest -m soak --timeout 3600

verify-market: $(SETUP)  ## Check the simulated market; SLUICE_MARKET_SEEDS, SLUICE_MARKET_JOBS.
	$(BIN)/pytest -m market tests/market -s --timeout 14400

alerts:  ## Check the alerts (needs promtool, which comes with Prometheus).
	@command -v promtool > /dev/null || { \
		echo "make alerts needs promtool: install Prometheus (apt-get install prometheus)" >&2; \
		exit 1; }
	promtool check rules deploy/prometheus/alerts.yml
	promtool test rules deploy/prometheus/alerts_test.yml

lock:  ## Renew the lock files after a change of pyproject.toml (needs uv).
	$(UV_COMPILE) --extra dev pyproject.toml -o requirements-dev.lock
	$(UV_COMPILE) --no-deps --extra interop pyproject.toml | \
		awk '/^quickfix==/ { keep = 1 } /^[a-z]/ && !/^quickfix==/ { keep = 0 } keep' \
		> requirements-interop.lock
	$(UV_COMPILE) --no-deps --extra fuzz pyproject.toml | \
		awk '/^atheris==/ { keep = 1 } /^[a-z]/ && !/^atheris==/ { keep = 0 } keep' \
		> requirements-fuzz.lock
	$(UV_COMPILE) --no-deps --extra opponents pyproject.toml | \
		awk '/^(river|vowpalwabbit)==/ { keep = 1 } \
			/^[a-z]/ && !/^(river|vowpalwabbit)==/ { keep = 0 } keep' \
		> requirements-opponents.lock

clean:  ## Remove what was built: .venv, caches, state.
	rm -rf $(VENV) build dist var *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: help install demo test lint format bench soak fuzz audit lock browser clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(INSTALLED)  ## .venv with the locked versions, and the front-end packages

$(INSTALLED): requirements.lock pyproject.toml package-lock.json
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps -e .
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm ci --no-audit --no-fund --loglevel=error
	touch $(INSTALLED)

demo: install  ## the site with its demo challenge, scored by real workers (PORT=8000)
	@exec $(BIN)/python manage.py demo

# Each of the hundreds of processes that the tests start would compile the site anew.
test: export PYTHONDONTWRITEBYTECODE :=
test: install browser  ## every test
	$(BIN)/python -c "from scoring.warmup import warm_up; warm_up()"
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

browser:  ## chromium and nginx for the tests, from the system's packages
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core >/dev/null; }
	@PATH="$$PATH:/usr/sbin" command -v nginx >/dev/null || \
	  { apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends nginx >/dev/null; }

lint: install  ## ruff, mypy, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	DATABASE_URL=postgres:///lint REDIS_URL=redis:// SECRET_KEY=lint DATA_DIR=var/lint $(BIN)/mypy .
	$(BIN)/lint-imports --no-cache

format: install  ## rewrite the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install  ## speed and memory, as ratios against oracles in the same run
	$(BIN)/python -m tests.benchmarks --write

fuzz: install  ## changed files into every reader of participants' files (FUZZ_MINUTES=10)
	$(BIN)/python -m tests.fuzz

audit: install  ## known vulnerabilities in the locked packages (needs the network)
	@.ci/audit

soak: install  ## 500 submissions through a site that is harmed 100 times
	$(BIN)/python -m tests.soak --submissions 500 --faults 100 --seed 1

lock: install  ## write the lock file anew
	$(BIN)/python -m pip install --quiet uv
	.ci/lock

clean:  ## remove what the demo and the tests made
	rm -rf var test-results

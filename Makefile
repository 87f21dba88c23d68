# `make demo` and `make test` need Python 3.10 to 3.12 and nothing else: the first call creates .venv
# (1 to 3 minutes), later calls find it ready.
#
# Settings:  make demo TORCH="torch==2.13.0"   what pip installs as torch; may hold pip arguments
#            make env MMCV=compiled            compile mmcv's operators; MMCV=pure goes back
#            make test PYTHON=python3.11       the Python that .venv is made with
#            make demo DEMO_ARGS="…"           arguments of tools/demo.py
#            make test TEST_ARGS="-k canvas"   arguments of pytest
#            make test JOBS=8                  how many processes run the tests

TORCH ?=
MMCV ?=
PYTHON ?=
DEMO_ARGS ?=
TEST_ARGS ?=
JOBS ?= 2
PY := .venv/bin/python
# One thread for each process: more would take the cores from each other.
PYTEST := OMP_NUM_THREADS=1 $(PY) -m pytest --numprocesses $(JOBS) --dist loadgroup

# Taken in this order, the first that really runs; a shim of pyenv may exist and fail.
PYTHONS := $(or $(PYTHON),$(PY) python3 python3.12 python3.11 python3.10 python \
	$(wildcard $(HOME)/.pyenv/versions/3.1[012].*/bin/python))
SUITABLE := import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))

.PHONY: help env demo test test-slow lint clean

help:
	@echo "make demo       train, score and picture HPS + ISI and Panoptic FPN on generated scenes"
	@echo "make test       run the tests (make test-slow: those that take minutes)"
	@echo "make lint       ruff and mypy"
	@echo "make env        only create .venv"
	@echo "make clean      remove .venv and caches"

env:
	@for python in $(PYTHONS); do \
		if $$python -c '$(SUITABLE)' > /dev/null 2>&1; then \
			exec $$python tools/misc/setup_env.py --torch '$(TORCH)' --mmcv '$(MMCV)'; \
		fi; \
	done; \
	echo "No Python 3.10, 3.11 or 3.12 runs here (tried: $(PYTHONS))." >&2; \
	echo "Install one, on Debian and Ubuntu: apt install python3 python3-venv;" >&2; \
	echo "or name it: make PYTHON=/path/to/python3.11 …" >&2; \
	exit 1

demo: env
	@$(PY) tools/demo.py $(DEMO_ARGS)

test: env
	@$(PYTEST) -m "not slow" $(TEST_ARGS)

test-slow: env
	@$(PYTEST) -m slow $(TEST_ARGS)

lint: env
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

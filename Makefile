# `make demo` and `make test` install all they need into .venv; nothing else is touched.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
PYTHON ?= python3
RUN := $(UV) run --no-sync

# OpenCV and mongod are linked against these; most machines have them
LIBRARIES := libGL.so.1:libgl1 libglib-2.0.so.0:libglib2.0-0 libcurl.so.4:libcurl4

.PHONY: help install system demo test lint types lock locked clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/python -m pip install --quiet --disable-pip-version-check uv

.venv/.installed: pyproject.toml $(filter .uv/bin/uv,$(UV))
	$(UV) sync --quiet --all-extras
	@touch $@

install: system .venv/.installed ## everything into .venv

system:
	@command -v ldconfig >/dev/null || exit 0; \
	known=$$(ldconfig -p); missing=; \
	for pair in $(LIBRARIES); do \
	  grep -q "$${pair%%:*}" <<<"$$known" || missing+=" $${pair##*:}"; \
	done; \
	[ -z "$$missing" ] && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -q && apt-get install -y -q --no-install-recommends $$missing; \
	else \
	  echo "Missing system libraries; on Debian: sudo apt-get install$$missing" >&2; exit 1; \
	fi

demo: install ## the main job on the embedded sample
	$(RUN) fercurate demo

test: install lint types ## lint, types and tests
	$(RUN) pytest -n 2 --dist loadgroup --no-loadscope-reorder -m "not alone"
	$(RUN) pytest -m alone

lint: install
	$(RUN) ruff check .
	$(RUN) ruff format --check .

types: install
	$(RUN) mypy

lock: $(filter .uv/bin/uv,$(UV)) ## write requirements.lock: all versions and hashes, for every Python
	$(UV) lock --quiet --upgrade
	$(UV) export --quiet --frozen --all-extras --no-emit-project --no-annotate --no-header \
	  --format requirements-txt --output-file requirements.lock

locked: system $(filter .uv/bin/uv,$(UV)) ## exactly the versions of requirements.lock into .venv
	$(UV) venv --quiet --clear
	$(UV) pip sync --quiet --require-hashes requirements.lock
	$(UV) pip install --quiet --no-deps --editable .
	@touch .venv/.installed

clean: ## remove what was installed and made
	rm -rf .venv .uv datasets/demo datasets/demo-source reports/demo-audit

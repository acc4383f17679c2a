# Run `make` to list the targets. Requires only python3 >= 3.11 (with venv) and make.

PYTHON ?= python3
BIN := .venv/bin
MEMBERS := packages/todochat packages/durable-chatkit packages/model-client packages/task-phrases packages/task-tools packages/offline-assistant packages/terminal-chat packages/settings-docs services/auth-session services/tasks services/todo-agent services/chat-gateway deploy/local
PACKAGES := todochat durable-chatkit model-client task-phrases task-tools offline-assistant terminal-chat settings-docs auth-session tasks-service todo-agent chat-gateway todochat-local
PYPROJECTS := pyproject.toml $(MEMBERS:%=%/pyproject.toml)
SOURCES := $(MEMBERS:%=%/src)
PROGRAMS := .ci/audit.py deploy/compose/make_secrets.py deploy/docker/healthy.py deploy/kubernetes/render.py deploy/release/todochat_release
TESTS := $(wildcard $(MEMBERS:%=%/tests)) services/todo-agent/evals tests
PROSE := '*.md' '*.py' '*.ts' '*.tsx' '*.css' '*.mjs' '*.sh' '*.toml' '*.yaml' '*.yml'
# Generated files, texts in other languages, and notes of old releases.
PROSE_SKIP := '\.d\.ts$$|/migrations/versions/|/locale/|CHANGELOG\.md|tests/deploy/rendered/|^\.prose/'
# Node.js is installed from a wheel by `make .venv`.
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix frontend
IMAGES := auth-session tasks todo-agent chat-gateway edge
REGISTRY ?=
VERSION ?= 0.1.0
ENGINE ?= docker
COMPOSE ?= $(ENGINE) compose
COMMA := ,
SBOM_DIR ?= dist
DATA_DIR ?= .todochat
# One more than CI's cores: tests of whole stacks wait a lot.
PYTEST_WORKERS ?= 3
# Many container images set it; then every process would recompile all its imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help up dev down reset .venv test test-all test-frontend test-python eval chaos bench bench-tasks screenshots lint lint-frontend format types check lock env-docs secrets manifests images images-check compose-check release-check audit sbom prose clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-zA-Z._-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: .venv ## start everything and print the address to open (Ctrl-C stops it)
	@$(BIN)/todochat up --data-dir $(DATA_DIR)

dev: .venv ## the same, and restart a service when its code changes
	@$(BIN)/todochat up --data-dir $(DATA_DIR) --reload

down: .venv ## stop what `todochat up --detach` started
	@$(BIN)/todochat down --data-dir $(DATA_DIR)

reset: .venv ## delete all local data: accounts, chats, tasks
	@$(BIN)/todochat reset --data-dir $(DATA_DIR)

.venv: .venv/.ready ## create the Python environment only
	@echo "environment: .venv is up to date"

.venv/.ready: requirements.lock $(PYPROJECTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "python3 is older than 3.11; pass PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/pip || { echo "environment: creating .venv"; $(PYTHON) -m venv .venv || { echo "python3 has no venv module (Debian: apt install python3-venv)"; exit 1; }; }
	@echo "environment: installing the locked packages"
	@awk '/^uv==/ {on=1} on {print} on && !/\\$$/ {exit}' requirements.lock > .venv/uv.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r .venv/uv.txt
	@$(BIN)/uv pip sync --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation $(MEMBERS:%=-e %)
	@touch $@

frontend/node_modules/.package-lock.json: frontend/package-lock.json .venv/.ready
	@echo "frontend: installing the locked packages"
	@$(NPM) ci --no-audit --no-fund --silent
	@touch $@

test: .venv frontend/node_modules/.package-lock.json ## run the tests (real PostgreSQL, Valkey, Caddy and Chromium; under 10 minutes)
	@$(MAKE) --no-print-directory -j2 test-frontend test-python SELECTED="not slow"

test-all: .venv frontend/node_modules/.package-lock.json ## run all tests, including the slow ones
	@$(MAKE) --no-print-directory -j2 test-frontend test-python

# Prints at its end, so that its lines aren't among those of pytest.
test-frontend:
	@printed=$$($(NPM) run --silent test 2>&1); code=$$?; echo "$$printed"; exit $$code

test-python:
	@$(BIN)/pytest -q -n $(PYTEST_WORKERS) --dist loadfile --no-loadscope-reorder -m "$(SELECTED)"

# MODEL and BASE_URL: an OpenAI-compatible server, with OPENAI_API_KEY from the environment; API=chat_completions;
# ONLY: cases with this text; SHOW=1: print all replies (services/todo-agent/evals/README.md).
eval: .venv ## play conversations with the offline assistant, or with MODEL= at BASE_URL=, and check what they end in
	@PYTHONPATH=services/todo-agent/evals:services/tasks/tests $(BIN)/python -m todo_evals $(if $(MODEL),--model "$(MODEL)") \
		$(if $(BASE_URL),--base-url "$(BASE_URL)") $(if $(API),--api "$(API)") $(if $(ONLY),--only "$(ONLY)") $(if $(SHOW),--show)

chaos: .venv ## kill, stop and freeze processes with N=200 seeds from SEED=1, and check that nothing is lost
	@PYTHONPATH=tests $(BIN)/python -m chaos --seeds $(or $(N),200) --first $(or $(SEED),1) $(if $(LOGS),--logs $(LOGS))

bench: .venv ## measure, in ratios to a peer in the same run
	@for bench in tests/bench/bench_*.py; do PYTHONPATH=tests $(BIN)/python $$bench || exit 1; done

bench-tasks: .venv ## measure the tasks service with TASKS=1000000 and LISTENERS=2000 of the change feed
	@PYTHONPATH=tests:services/tasks/tests $(BIN)/python tests/bench/tasks_at_scale.py

screenshots: .venv ## take the pictures in docs/images: every page, wide and narrow, light and dark; the examples
	@PYTHONPATH=tests $(BIN)/python -m browser.screenshots docs/images
	@PYTHONPATH=tests $(BIN)/python -m browser.example_screenshots docs/images/examples

lint: lint-frontend prose ## ruff, formatter, import contracts, spelling, bandit, biome
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/codespell README.md CONTRIBUTING.md CHANGELOG.md docs packages services deploy
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive $(SOURCES) $(PROGRAMS)

# Reports the phrases in .prose/house.yml.
prose: .venv frontend/node_modules/.package-lock.json ## check the language of docs, comments and texts
	@git ls-files -- $(PROSE) | grep -Ev $(PROSE_SKIP) | PATH="$(CURDIR)/$(BIN):$$PATH" xargs frontend/node_modules/.bin/textlint \
		--config .prose/textlint.json --rules-base-directory $(CURDIR)/frontend/node_modules --format unix

lint-frontend: .venv frontend/node_modules/.package-lock.json ## biome
	@$(NPM) run --silent lint

format: .venv frontend/node_modules/.package-lock.json ## fix what ruff and biome can fix
	@$(NPM) run --silent fmt
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

# One run per test folder, because several have a conftest.py. todo-agent's tests use fixtures and
# kits of durable-chatkit's tests, a benchmark those of tasks.
types: .venv frontend/node_modules/.package-lock.json ## mypy --strict, also of the tests, and tsc
	@$(NPM) run --silent types
	@$(BIN)/mypy $(SOURCES) $(PROGRAMS) conftest.py examples/own-agent/tea_house.py examples/own-server/shop.py examples/exported-workflow/returns.py examples/embed/crm.py
	@cd examples/own-state && MYPYPATH=. $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml club.py club_service.py
	@for tests in $(TESTS); do MYPYPATH=$$tests:packages/durable-chatkit/tests:services/tasks/tests:services/todo-agent/evals $(BIN)/mypy $$tests || exit 1; done

check: lint types test ## run everything that CI runs

lock: $(BIN)/uv ## resolve requirements.lock again (UPGRADE=1: to the newest versions)
	@$(BIN)/uv pip compile --quiet $(if $(UPGRADE),--upgrade) $(PYPROJECTS) --all-extras --group dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header $(PACKAGES:%=--no-emit-package %) -o requirements.lock

$(BIN)/uv:
	@$(MAKE) --no-print-directory .venv

env-docs: .venv ## write docs/configuration.md and compose's .env.example from the settings structs
	@$(BIN)/python -m settings_docs.configuration_page docs/configuration.md
	@$(BIN)/python -m settings_docs.env_example deploy/compose/.env.example

secrets: ## create strong secrets for compose, except those that exist
	@$(PYTHON) deploy/compose/make_secrets.py

manifests: ## render the Kubernetes manifests for the tests (needs kubectl)
	@$(PYTHON) deploy/kubernetes/render.py

# REGISTRY=registry.example.com/ and VERSION are part of the names; ENGINE=podman; BASE is another base,
# INDEX a file with variables of another package index (deploy/docker/README.md). Podman's default
# format has no HEALTHCHECK.
images: ## build the five images, and print the commands that publish them
	@for name in $(IMAGES); do \
		case $$name in edge) file=edge ;; *) file=service ;; esac; \
		$(ENGINE) build $(if $(findstring podman,$(ENGINE)),--format docker) --file deploy/docker/$$file.Dockerfile --build-arg SERVICE=$$name --build-arg VERSION=$(VERSION) \
			--build-arg REVISION=$$(git rev-parse HEAD) $(if $(BASE),--build-arg BASE=$(BASE)) $(if $(INDEX),--secret id=index$(COMMA)src=$(INDEX)) \
			--tag $(REGISTRY)todochat/$$name:$(VERSION) . || exit 1; \
	done
	@for name in $(IMAGES); do echo "$(ENGINE) push $(REGISTRY)todochat/$$name:$(VERSION)"; done

# Requires root, buildah and debootstrap; BUILT=1 checks existing images.
images-check: .venv ## build the images and run all of them as one system (deploy/docker/README.md)
	@$(BIN)/hadolint deploy/docker/*.Dockerfile
	@PYTHONPATH=tests $(BIN)/python -m images $(if $(BUILT),--built)

# Uses any Docker or Podman with Compose; tests/compose_check lists the steps. BUILT=1: existing images;
# RESTART_ENGINE='systemctl restart docker': also restarts the engine.
compose-check: .venv ## operate compose.yaml on this machine's engine: install, scale, crash, upgrade, restore, rotate
	@PYTHONPATH=tests $(BIN)/python -m compose_check $(if $(BUILT),--built) --restart-engine "$(RESTART_ENGINE)"

# The variables of `images`; COMPOSE='podman-compose'; TRY_OVERRIDE is a file of Compose for the check of
# try.yaml; WITHOUT='images try manifests' omits parts, which otherwise fail where they can't be built.
release-check: .venv frontend/node_modules/.package-lock.json ## build everything of a release into dist, check and list it
	@PATH="$(CURDIR)/$(BIN):$$PATH" PYTHONPATH=deploy/release $(BIN)/python -m todochat_release dist --version "$(VERSION)" \
		--registry "$(REGISTRY)" --engine "$(ENGINE)" --compose "$(COMPOSE)" --override "$(TRY_OVERRIDE)" --without "$(WITHOUT)"

# Queries the registries' advisories; exits with 2 if they are unavailable (.ci/audit.py).
audit: .venv frontend/node_modules/.package-lock.json ## check the locked packages for known vulnerabilities
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python .ci/audit.py

sbom: .venv frontend/node_modules/.package-lock.json ## write a CycloneDX SBOM of each lock to SBOM_DIR (dist)
	@mkdir -p $(SBOM_DIR)
	@$(BIN)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible \
		--output-format JSON --output-file $(SBOM_DIR)/python.cdx.json 2> /dev/null
	@$(NPM) sbom --sbom-format cyclonedx --package-lock-only --loglevel error > $(SBOM_DIR)/npm.cdx.json
	@echo "sbom: $(SBOM_DIR)/python.cdx.json, $(SBOM_DIR)/npm.cdx.json"

clean: ## remove caches and the environment, but no data
	@rm -rf dist .venv frontend/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage htmlcov
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

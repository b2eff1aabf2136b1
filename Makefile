# What people run; every target installs what it needs first. `make help` lists them.

.DEFAULT_GOAL := help
.PHONY: help demo subtitles serve test check bench faults abuse fuzz bench-gpu simulate samples fixtures settings docs clean distclean

ARGS ?=
# Most tests wait for servers rather than work, so there are more workers than cores. Three keep two
# cores busy; five take as long, and a test whose libraries compute in threads seven times as long. A
# file stays in one worker, since its tests share servers; tests/conftest.py orders the files, the
# longest first. ARGS="-n 0" runs without workers, for a debugger.
WORKERS ?= 3

# Where Python may not keep what it compiled, each worker and each server that a test starts compiles
# thousands of modules again.
unexport PYTHONDONTWRITEBYTECODE

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: ## install what it needs, run the real server, subtitle samples/voicemail.mp4
	@scripts/install.sh demo
	@.venv/bin/python -m scripts.demo $(ARGS)

# A file's name is passed on as it was written, whatever signs it holds.
override FILE := $(value FILE)
export FILE TO FORMAT FORCE

subtitles: ## subtitle FILE=talk.mp4 [TO=es] [FORMAT=srt] [FORCE=1], written beside it as talk.es.srt
	@scripts/subtitles.sh

serve: ## run the server in the foreground (PORT, HOST and every other setting count)
	@scripts/serve.sh

test: ## install everything, GPU libraries too, and run every test (ARGS="-k name" for some)
	@scripts/install.sh test
	@# Once, rather than in each worker.
	@.venv/bin/python -m compileall -q app scripts bench abuse fuzz
	@.venv/bin/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: ## format, lint, types, direction of imports, shell scripts, Dockerfile
	@scripts/install.sh test
	@scripts/check.sh

bench: ## measure ratios and write bench/results.json
	@scripts/install.sh test
	@.venv/bin/python -m bench $(ARGS)

abuse: ## attack a real server on loopback and write the table of docs/security.md
	@scripts/install.sh test
	@.venv/bin/python -m abuse $(ARGS)

fuzz: ## send 10,000 random requests from the API's description to a real server (ARGS="--requests 500")
	@scripts/install.sh test
	@.venv/bin/python -m fuzz $(ARGS)

faults: ## kill the workers of a queue of 1,000 jobs again and again, and print what was lost
	@scripts/install.sh test
	@.venv/bin/python -m bench.job_faults $(ARGS)

bench-gpu: ## measure a GPU with models of the true sizes and write docs/benchmarks.md
	@scripts/install.sh test
	@.venv/bin/python -m bench.gpu $(ARGS)

simulate: ## simulate many workers behind RunPod (ARGS="--help" for what can be chosen)
	@scripts/install.sh test
	@.venv/bin/python -m bench.simulation $(ARGS)

samples: ## make samples/ again
	@scripts/install.sh samples
	@.venv/bin/python -m scripts.make_samples

fixtures: ## make what tests use in fixtures/ again (ARGS="aligner" for one)
	@scripts/install.sh test
	@.venv/bin/python -m scripts.fixtures $(ARGS)

settings: ## write docs/settings.md and .env.example again
	@scripts/install.sh test
	@.venv/bin/python -m scripts.settings_table
	@.venv/bin/python -m scripts.env_example

docs: ## build the docs site into site/ (ARGS="-d /somewhere/else")
	@scripts/install.sh docs
	@NO_MKDOCS_2_WARNING=1 .venv/bin/python -m mkdocs build --strict --quiet $(ARGS)

clean: ## remove what runs leave behind
	rm -rf out build dist site cache .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

distclean: clean ## remove .venv and the tests' clients too
	rm -rf .venv tests/clients/node_modules

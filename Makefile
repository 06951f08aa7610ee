.DEFAULT_GOAL := help
.PHONY: help run test check setup soak bench screenshots lock clean
MAKEFLAGS += --no-print-directory

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

run: ## start Marquee: the window, or the server where there is no display (ARGS="serve --port 0")
	@sh packaging/run.sh $(ARGS)

test: ## set up, check and run all tests at reduced sizes (ARGS="tests/hub -k scan" for some)
	@sh packaging/test.sh $(ARGS)

check: ## the fast loop: format, lint, types, imports, unit tests
	@sh packaging/setup.sh check
	@sh packaging/check.sh

setup: ## everything that run and test need, without starting anything
	@sh packaging/setup.sh test

soak: setup ## the tests at full size: hundred-thousands, gigabytes, kill loops
	@.venv/bin/pytest -m soak --timeout 3600 -o faulthandler_timeout=3590 $(or $(ARGS),tests)

bench: ## measure against the peers (nginx, find, a bare aiohttp)
	@sh packaging/setup.sh bench
	@.venv/bin/python -m tests.bench $(ARGS)

screenshots: setup ## make the README's pictures anew
	@.venv/bin/python -m tests.screenshots $(ARGS)

lock: ## write requirements/*.txt anew (ARGS="--upgrade" for newer versions)
	@sh packaging/lock.sh $(ARGS)

clean: ## remove what set-up and tools made here, but no data
	rm -rf .venv build dist server/web/node_modules server/web/dist server/web/openapi.json
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .grimp_cache
	find hub server gui assets tests -name __pycache__ -type d -prune -exec rm -rf {} +

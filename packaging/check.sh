#!/bin/sh
# `make check`, the fast loop: form, rules, types, imports, and the tests that need no other program.
#
#   packaging/check.sh           everything
#   packaging/check.sh static    without the tests
set -eu
cd "$(dirname "$0")/.."
. packaging/parts/common.sh

step() { # NAME COMMAND...
    name=$1
    shift
    "$@" || die "$name failed"
}

step 'ruff format (fix: .venv/bin/ruff format)' .venv/bin/ruff format --check --quiet .
step 'ruff check' .venv/bin/ruff check --quiet .
step 'mypy' .venv/bin/mypy --no-error-summary
step 'import-linter' .venv/bin/lint-imports --no-logo
if [ "${1:-}" = static ]; then exit 0; fi
exec .venv/bin/pytest -q -n 2 --ignore tests/e2e --ignore tests/bench tests

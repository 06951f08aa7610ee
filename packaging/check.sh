#!/bin/sh
# `make check`, the fast loop: form, rules, types, imports, and the tests that need no other program.
#
#   packaging/check.sh           everything
#   packaging/check.sh static    without the tests
set -eu
cd "$(dirname "$0")/.."
. packaging/parts/common.sh

# All steps run, so that one look shows everything there is to mend.
failed=''
step() { # NAME COMMAND...
    name=$1
    shift
    "$@" || failed="$failed${failed:+, }$name"
}

step 'ruff format (mend with .venv/bin/ruff format)' .venv/bin/ruff format --check --quiet .
step 'ruff check' .venv/bin/ruff check --quiet .
step 'mypy' .venv/bin/mypy --no-error-summary
step 'import-linter' .venv/bin/lint-imports --no-logo
if [ -n "$failed" ]; then die "failed: $failed"; fi
if [ "${1:-}" = static ]; then exit 0; fi
exec .venv/bin/pytest -q -n 2 -m 'not soak and not integration' --ignore tests/e2e --ignore tests/bench tests

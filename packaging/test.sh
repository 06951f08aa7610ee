#!/bin/sh
# `make test`: sets up what is missing, then the static checks, the web client's tests and all tests at reduced sizes.
# Arguments go to pytest, and then only pytest runs: packaging/test.sh tests/hub -k scan
set -eu
cd "$(dirname "$0")/.."
. packaging/parts/common.sh
. packaging/parts/web.sh

sh packaging/setup.sh test
if [ $# -gt 0 ]; then exec .venv/bin/pytest "$@"; fi
sh packaging/check.sh static
in_web npm run --silent test
if .venv/bin/pytest -n 2; then exit 0; fi
# Windows, browsers and clocks on two busy cores: what failed beside others is run once more alone, and must pass there.
say 'once more, alone, what failed'
exec .venv/bin/pytest --last-failed --last-failed-no-failures none
